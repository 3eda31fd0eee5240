package jit_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
)

func TestMain(m *testing.M) { torchtest.Main(m) }

func scenario(parts ...string) string {
	return filepath.Join(append([]string{"..", "testdata", "scenarios"}, parts...)...)
}

func load(t *testing.T, path string, opts ...jit.Option) *jit.Module {
	t.Helper()
	torchtest.Require(t)
	m, err := jit.Load(path, opts...)
	require.NoError(t, err)
	t.Cleanup(m.Close)
	return m
}

func array(t *testing.T, path string) *torch.Tensor {
	t.Helper()
	a, err := checkpoint.ReadNPY(path)
	require.NoError(t, err)
	x, err := torch.FromArray(a)
	require.NoError(t, err)
	t.Cleanup(x.Close)
	return x
}

func TestForwardGivesWhatPythonGave(t *testing.T) {
	for _, dir := range []string{"safe_model_save", "dynamic_model_safe_save/attribute", "dynamic_model_safe_save/buffer"} {
		for _, file := range []string{"model_scripted.pt", "model_traced.pt"} {
			t.Run(dir+"/"+file, func(t *testing.T) {
				m := load(t, scenario(dir, file))
				x, want := array(t, scenario(dir, "x.npy")), array(t, scenario(dir, "expected.npy"))
				for range 3 { // the first run profiles, the second compiles
					y, err := m.Forward(x)
					require.NoError(t, err)
					near, err := y.AllClose(want, 1e-5, 1e-8, false)
					require.NoError(t, err)
					assert.True(t, near, "%v is not %v", y, want)
					assert.False(t, y.RequiresGrad())
					y.Close()
				}
				y, err := m.CallUnoptimized("forward", x)
				require.NoError(t, err)
				equal, err := y.(*torch.Tensor).AllClose(want, 1e-5, 1e-8, false)
				torch.CloseAll(y)
				require.NoError(t, err)
				assert.True(t, equal)
			})
		}
	}
}

func TestLoadFromBytesAndReader(t *testing.T) {
	torchtest.Require(t)
	path := scenario("safe_model_save", "model_scripted.pt")
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	x := array(t, scenario("safe_model_save", "x.npy"))
	want, err := load(t, path).Forward(x)
	require.NoError(t, err)
	defer want.Close()

	fromBytes, err := jit.LoadBytes(data)
	require.NoError(t, err)
	defer fromBytes.Close()
	clear(data) // the module keeps none of it
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	fromReader, err := jit.LoadReader(file)
	require.NoError(t, err)
	defer fromReader.Close()
	for _, m := range []*jit.Module{fromBytes, fromReader} {
		y, err := m.Forward(x)
		require.NoError(t, err)
		equal, err := y.Equal(want)
		y.Close()
		require.NoError(t, err)
		assert.True(t, equal)
	}
}

func TestTensors(t *testing.T) {
	names := func(path string) map[string]jit.Role {
		m := load(t, path)
		all, err := m.Tensors()
		require.NoError(t, err)
		roles := make(map[string]jit.Role)
		for _, n := range all {
			roles[n.Name] = n.Role
			n.Tensor.Close()
		}
		return roles
	}
	assert.Equal(t, map[string]jit.Role{"linear.weight": jit.Parameter, "linear.bias": jit.Parameter, "my_embed": jit.Attribute},
		names(scenario("dynamic_model_safe_save", "attribute", "model_scripted.pt")))
	assert.Equal(t, map[string]jit.Role{"linear.weight": jit.Parameter, "linear.bias": jit.Parameter, "my_embed": jit.Buffer},
		names(scenario("dynamic_model_safe_save", "buffer", "model_scripted.pt")))
	assert.Equal(t, map[string]jit.Role{"linear.weight": jit.Parameter, "linear.bias": jit.Parameter, "CONSTANTS.c0": jit.Constant},
		names(scenario("dynamic_model_safe_save", "attribute", "model_traced.pt")))
}

func TestWritingToAConstantChangesTheResult(t *testing.T) {
	m := load(t, scenario("dynamic_model_safe_save", "attribute", "model_traced.pt"))
	x := array(t, scenario("dynamic_model_safe_save", "attribute", "x.npy"))
	_, err := m.CallUnoptimized("forward", x)
	require.NoError(t, err)
	all, err := m.Tensors()
	require.NoError(t, err)
	for _, n := range all {
		defer n.Tensor.Close()
		if n.Role != jit.Constant {
			continue
		}
		index, ok := n.ConstantIndex()
		assert.True(t, ok)
		assert.Equal(t, 0, index)
		big, err := torch.Full(1e6, n.Tensor.DType(), torch.CPU, n.Tensor.Shape()...)
		require.NoError(t, err)
		require.NoError(t, n.Tensor.CopyFrom(big))
		big.Close()
	}
	y, err := m.CallUnoptimized("forward", x)
	require.NoError(t, err)
	defer torch.CloseAll(y)
	values, err := torch.Slice[float32](y.(*torch.Tensor))
	require.NoError(t, err)
	for _, v := range values {
		assert.Greater(t, v, float32(1e5))
	}
}

func TestModulesAndSignatures(t *testing.T) {
	m := load(t, scenario("safe_model_save", "model_scripted.pt"))
	all, err := m.Modules()
	require.NoError(t, err)
	require.NotEmpty(t, all)
	assert.Equal(t, "", all[0].Name)
	assert.Contains(t, all[0].Type, "MyModel")
	signatures, err := m.Signatures()
	require.NoError(t, err)
	require.Len(t, signatures, 1)
	assert.Equal(t, "forward(x: Tensor) -> Tensor", signatures[0].String())
}

func TestCloneIsIndependent(t *testing.T) {
	m := load(t, scenario("safe_model_save", "model_scripted.pt"))
	x := array(t, scenario("safe_model_save", "x.npy"))
	before, err := m.Forward(x)
	require.NoError(t, err)
	defer before.Close()
	c, err := m.Clone()
	require.NoError(t, err)
	defer c.Close()
	all, err := c.Tensors()
	require.NoError(t, err)
	for _, n := range all {
		zero, err := torch.Zeros(n.Tensor.DType(), torch.CPU, n.Tensor.Shape()...)
		require.NoError(t, err)
		require.NoError(t, n.Tensor.CopyFrom(zero))
		zero.Close()
		n.Tensor.Close()
	}
	after, err := m.Forward(x)
	require.NoError(t, err)
	defer after.Close()
	equal, err := before.Equal(after)
	require.NoError(t, err)
	assert.True(t, equal, "the original is untouched")
	zeros, err := c.Forward(x)
	require.NoError(t, err)
	defer zeros.Close()
	values, err := torch.Slice[float32](zeros)
	require.NoError(t, err)
	assert.Equal(t, make([]float32, len(values)), values)
}

func TestLoadState(t *testing.T) {
	m := load(t, scenario("safe_model_save", "model_scripted.pt"))
	f, err := checkpoint.Open(scenario("safe_model_save", "model_state.pt"))
	require.NoError(t, err)
	defer f.Close()
	state, err := f.State("")
	require.NoError(t, err)
	scope := torch.NewScope()
	defer scope.Close()
	tensors := func(yield func(string, *torch.Tensor) bool) {
		for _, name := range state.Names() {
			stored, _ := state.Tensor(name)
			x, err := torch.FromCheckpoint(stored)
			require.NoError(t, err)
			if !yield(name, scope.Add(x)) {
				return
			}
		}
	}
	report, err := m.LoadState(tensors)
	require.NoError(t, err)
	require.NoError(t, report.Err())
	assert.Equal(t, state.Names(), report.Loaded)

	wrong := func(yield func(string, *torch.Tensor) bool) {
		x, err := torch.FromSlice([]float32{1})
		require.NoError(t, err)
		scope.Add(x)
		_ = yield(state.Names()[0], x) && yield("surplus", x)
	}
	report, err = m.LoadState(wrong)
	require.NoError(t, err)
	require.ErrorIs(t, report.Err(), jit.ErrState)
	assert.Len(t, report.Misfits, 1)
	assert.Equal(t, []string{"surplus"}, report.Unexpected)
	assert.Equal(t, state.Names()[1:], report.Missing)
	for _, word := range []string{"surplus", state.Names()[0], state.Names()[1]} {
		assert.Contains(t, report.Err().Error(), word)
	}
}

func TestBadCalls(t *testing.T) {
	m := load(t, scenario("safe_model_save", "model_scripted.pt"))
	x := array(t, scenario("safe_model_save", "x.npy"))
	narrow, err := torch.FromSlice([]float32{1, 2}, 1, 2)
	require.NoError(t, err)
	defer narrow.Close()
	cases := []struct {
		name string
		code torch.Code
		call func() error
	}{
		{"too many arguments", torch.CodeArgument, func() error { _, err := m.Forward(x, x); return err }},
		{"no argument", torch.CodeArgument, func() error { _, err := m.Forward(); return err }},
		{"nil argument", torch.CodeArgument, func() error { _, err := m.Forward(nil); return err }},
		{"wrong type", torch.CodeType, func() error { _, err := m.Call("forward", torch.Int(1)); return err }},
		{"no such method", torch.CodeNoMethod, func() error { _, err := m.Call("backward", x); return err }},
		{"NUL in a name", torch.CodeNoMethod, func() error { _, err := m.Call("for\x00ward", x); return err }},
		{"wrong shape", torch.CodeScript, func() error { _, err := m.Forward(narrow); return err }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := c.call()
			require.ErrorIs(t, err, c.code)
			assert.NotContains(t, err.Error(), "\n")
		})
	}
	_, err = m.Forward(narrow)
	var failure *torch.Error
	require.ErrorAs(t, err, &failure)
	assert.Contains(t, failure.Msg, "mat1 and mat2 shapes cannot be multiplied (1x2 and 4x2)")
	assert.NotContains(t, failure.Msg, "Traceback")
	assert.Contains(t, failure.Script, "linear")
	assert.NotEmpty(t, failure.ScriptLine())
}

func TestBadFiles(t *testing.T) {
	torchtest.Require(t)
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, data, 0o600))
		return path
	}
	whole, err := os.ReadFile(scenario("safe_model_save", "model_scripted.pt"))
	require.NoError(t, err)
	cases := []struct{ name, path, want string }{
		{"missing", filepath.Join(dir, "none.pt"), "no such file"},
		{"folder", dir, "folder"},
		{"empty", write("empty.pt", nil), "empty"},
		{"truncated", write("half.pt", whole[:len(whole)/2]), ""},
		{"text", write("text.pt", []byte(strings.Repeat("hello\n", 100))), "text"},
		{"state_dict", scenario("safe_model_save", "model_state.pt"), "torch.jit.save"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := jit.Load(c.path)
			require.Error(t, err)
			var le *jit.LoadError
			require.ErrorAs(t, err, &le)
			assert.Equal(t, c.path, le.Path)
			assert.Contains(t, err.Error(), c.path)
			assert.Contains(t, err.Error(), c.want)
			assert.NotContains(t, err.Error(), "\n")
		})
	}
	_, err = jit.Load(filepath.Join(dir, "none.pt"))
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = jit.Load(scenario("safe_model_save", "model_state.pt"))
	require.ErrorIs(t, err, jit.ErrNotTorchScript)
	_, err = jit.LoadBytes(nil)
	require.Error(t, err)
	_, err = jit.LoadReader(bytes.NewReader(whole[:100]))
	require.Error(t, err)
	_, err = jit.Load(scenario("safe_model_save", "model_scripted.pt"), jit.OnDevice(torch.CUDA(99)))
	require.ErrorIs(t, err, torch.CodeDevice)
}

func TestSharedByGoroutines(t *testing.T) {
	m := load(t, scenario("safe_model_save", "model_scripted.pt"))
	x := array(t, scenario("safe_model_save", "x.npy"))
	want, err := m.Forward(x)
	require.NoError(t, err)
	defer want.Close()
	wanted, err := want.Bytes()
	require.NoError(t, err)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 50 {
				y, err := m.Forward(x)
				if !assert.NoError(t, err) {
					return
				}
				got, err := y.Bytes()
				y.Close()
				assert.NoError(t, err)
				assert.Equal(t, wanted, got, "bit for bit what one goroutine gets")
			}
		})
	}
	wg.Wait()
}

func TestCloseUnderLoad(t *testing.T) {
	torchtest.Require(t)
	x := array(t, scenario("safe_model_save", "x.npy"))
	for range 20 {
		m, err := jit.Load(scenario("safe_model_save", "model_scripted.pt"))
		require.NoError(t, err)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for {
					y, err := m.Forward(x)
					if err != nil {
						if !errors.Is(err, torch.ErrClosed) {
							t.Errorf("unexpected: %v", err)
						}
						return
					}
					y.Close()
				}
			})
		}
		m.Close()
		m.Close()
		wg.Wait()
	}
}
