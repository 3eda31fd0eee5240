package doctor

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/ctorch"
	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
)

func TestMain(m *testing.M) { torchtest.Main(m) }

func TestWriteText(t *testing.T) {
	d := &Diagnosis{Items: []Item{
		{Name: "libtorch", State: Good, Value: "2.15.0", From: "/lib/libtorch_cpu.so", Notes: []string{"chosen by: download"}},
		{Name: "cmake", State: Missing, Value: "not in $PATH", Remedy: "install it"},
	}}
	assert.False(t, d.Healthy())
	var b strings.Builder
	require.NoError(t, d.WriteText(&b))
	assert.Equal(t, `libtorch   ok       2.15.0
                    from /lib/libtorch_cpu.so
                    chosen by: download
cmake      missing  not in $PATH
                    -> install it
not ready: do what the lines with -> say
`, b.String())

	d.Items[1].State = Absent
	assert.True(t, d.Healthy())
	b.Reset()
	require.NoError(t, d.WriteText(&b))
	assert.Contains(t, b.String(), "ready: nothing that is needed is missing\n")
}

func TestMissingShim(t *testing.T) {
	attempts := func(all ...ctorch.Attempt) error { return &ctorch.LoadError{Tried: all} }
	for _, c := range []struct {
		name string
		err  error
		want []string
	}{
		{"nowhere", attempts(ctorch.Attempt{Path: "/a", Where: "beside the executable", Err: os.ErrNotExist}, ctorch.Attempt{Path: "/b", Where: "the cache folder", Err: os.ErrNotExist}),
			[]string{"tried /a (beside the executable): not there", "tried /b (the cache folder): not there", "make shim"}},
		{"a typing error", attempts(ctorch.Attempt{Path: "/a", Where: "$TORCHGO_SHIM", Err: os.ErrNotExist}), []string{"unset TORCHGO_SHIM"}},
		{"libtorch is gone", attempts(ctorch.Attempt{Path: "/a", Where: "the cache folder", Err: errors.New("libtorch_cpu.so: cannot open")}),
			[]string{"libtorch_cpu.so: cannot open", "the shim that is there cannot open it"}},
		{"no cgo", torch.ErrNoCgo, []string{"CGO_ENABLED=1"}},
		{"another reason", errors.New("wrong\nABI"), []string{"wrong ABI"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &Diagnosis{Items: native{err: c.err}.items()}
			assert.False(t, d.Healthy())
			var b strings.Builder
			require.NoError(t, d.WriteText(&b))
			for _, text := range c.want {
				assert.Contains(t, b.String(), text)
			}
		})
	}
}

func TestTools(t *testing.T) {
	ctx := context.Background()
	t.Setenv("PATH", t.TempDir())
	t.Setenv("CXX", "")
	assert.Equal(t, Missing, examineCompiler(ctx, false).State)
	assert.Equal(t, Absent, examineCompiler(ctx, true).State, "a shim that is there needs no compiler")
	assert.Equal(t, Missing, examineCMake(ctx, false).State)
	assert.Equal(t, Absent, examinePython(ctx).State)
	assert.Equal(t, Good, examineGo(ctx).State, "the program itself runs")

	t.Setenv("CXX", "mycxx")
	assert.Contains(t, examineCompiler(ctx, false).Value, "mycxx")
}

func TestFolders(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TORCHGO_CACHE", folder)
	t.Setenv("LIBTORCH", folder+"/gone")
	t.Setenv("TORCHGO_SHIM", "")
	items := examineFolders()
	require.Len(t, items, 2)
	assert.Equal(t, Item{Name: "cache", State: Good, Value: folder, From: "$TORCHGO_CACHE"}, items[0])
	assert.Equal(t, Missing, items[1].State)
	assert.Contains(t, items[1].Remedy, "unset LIBTORCH")
}

func TestExamine(t *testing.T) {
	torchtest.Require(t)
	d := Examine(context.Background())
	names := map[string]State{}
	for _, i := range d.Items {
		names[i.Name] = i.State
	}
	for _, want := range []string{"Go", "compiler", "cmake", "python3", "libtorch", "shim", "C++ ABI", "CPU", "threads", "CUDA", "cache"} {
		assert.Contains(t, names, want)
	}
	assert.Equal(t, Good, names["libtorch"])
}
