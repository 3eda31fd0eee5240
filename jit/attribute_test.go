package jit_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
)

func TestAttributes(t *testing.T) {
	m := load(t, testFile("values.pt"))
	w := made(t)(torch.FromSlice(make([]float32, 8), 2, 4))
	cases := []struct {
		path string
		v    torch.Value
	}{
		{"scale", torch.Float(0.25)},
		{"names", torch.List{torch.String("x")}},
		{"table", &torch.Dict{Entries: []torch.Entry{{Key: torch.String("two"), Value: torch.Int(2)}}}},
		{"training", torch.Bool(true)},
		{"linear.training", torch.Bool(false)},
		{"linear.weight", w},
	}
	for _, c := range cases {
		t.Run(c.path, func(t *testing.T) {
			before, err := m.Attribute(c.path)
			require.NoError(t, err)
			defer torch.CloseAll(before)
			require.NoError(t, m.SetAttribute(c.path, c.v))
			after, err := m.Attribute(c.path)
			require.NoError(t, err)
			defer torch.CloseAll(after)
			if x, ok := after.(*torch.Tensor); ok {
				assert.True(t, x.SameStorage(w))
				return
			}
			assert.Equal(t, c.v, after)
		})
	}
	inner, err := m.Attribute("linear")
	require.NoError(t, err)
	defer torch.CloseAll(inner)
	linear, err := jit.Instance(inner.(*torch.Object))
	require.NoError(t, err)
	defer linear.Close()
	x := made(t)(torch.FromSlice([]float32{1, 2, 3, 4}, 1, 4))
	y := made(t)(linear.Forward(x))
	assert.Equal(t, []int64{1, 2}, y.Shape())

	bad := []struct {
		path string
		v    torch.Value
		code torch.Code
		want string
	}{
		{"nothing", torch.Int(1), torch.CodeArgument, "has training, _is_full_backward_hook, scale"},
		{"linear.nothing", torch.Int(1), torch.CodeArgument, "no attribute linear.nothing"},
		{"scale.deeper", torch.Int(1), torch.CodeArgument, "no attribute scale"},
		{"", torch.Int(1), torch.CodeArgument, "no attribute"},
		{"a\x00b", torch.Int(1), torch.CodeArgument, "NUL"},
		{"scale", torch.String("x"), torch.CodeType, "expected float, got a string"},
		{"linear.weight", torch.None{}, torch.CodeType, "expected Tensor, got None"},
		{"names", torch.List{torch.Int(1)}, torch.CodeType, "names[0]: expected str"},
		{"scale", nil, torch.CodeArgument, "nil"},
	}
	for _, c := range bad {
		t.Run("refused "+c.path, func(t *testing.T) {
			err := m.SetAttribute(c.path, c.v)
			require.ErrorIs(t, err, c.code)
			if c.want != "has training, _is_full_backward_hook, scale" {
				assert.Contains(t, err.Error(), c.want)
			}
		})
	}
	_, err = m.Attribute("nothing")
	require.ErrorIs(t, err, torch.CodeArgument)
	assert.Contains(t, err.Error(), "scale")
	closed, err := m.Clone()
	require.NoError(t, err)
	closed.Close()
	_, err = closed.Attribute("scale")
	require.ErrorIs(t, err, torch.ErrClosed)
	require.ErrorIs(t, closed.SetAttribute("scale", torch.Float(1)), torch.ErrClosed)
	require.ErrorIs(t, (*jit.Module)(nil).SetAttribute("scale", torch.Float(1)), torch.CodeArgument)
}

func TestExtraFiles(t *testing.T) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	m := load(t, testFile("extra.pt"))
	files, err := m.ExtraFiles()
	require.NoError(t, err)
	assert.Equal(t, map[string][]byte{"labels.txt": []byte("cat\ndog\n"), "config/meta.bin": all}, files, "as Python wrote them")

	files["new"] = []byte{}
	require.NoError(t, m.SetExtraFiles(files))
	path := filepath.Join(t.TempDir(), "again.pt")
	require.NoError(t, m.Save(path))
	frozen, err := m.Freeze()
	require.NoError(t, err)
	defer frozen.Close()
	var archive bytes.Buffer
	n, err := m.WriteTo(&archive)
	require.NoError(t, err)
	assert.EqualValues(t, archive.Len(), n)
	fromBytes, err := jit.LoadBytes(archive.Bytes())
	require.NoError(t, err)
	defer fromBytes.Close()
	for name, each := range map[string]*jit.Module{"saved": load(t, path), "frozen": frozen, "written": fromBytes} {
		again, err := each.ExtraFiles()
		require.NoError(t, err)
		assert.Equal(t, files, again, name)
	}
	none, err := load(t, testFile("layers.pt")).ExtraFiles()
	require.NoError(t, err)
	assert.Empty(t, none)
	require.ErrorIs(t, m.SetExtraFiles(map[string][]byte{"": nil}), torch.CodeArgument)
}

func TestLoadFS(t *testing.T) {
	m, err := jit.LoadFS(os.DirFS("../testdata/jit"), "layers.pt")
	require.NoError(t, err)
	m.Close()
	_, err = jit.LoadFS(os.DirFS("../testdata/jit"), "none.pt")
	require.ErrorIs(t, err, os.ErrNotExist)
	var le *jit.LoadError
	require.ErrorAs(t, err, &le)
	assert.Equal(t, "none.pt", le.Path)
	_, err = jit.LoadFS(os.DirFS(".."), "go.mod")
	require.ErrorAs(t, err, &le)
	assert.Equal(t, "go.mod", le.Path)
}
