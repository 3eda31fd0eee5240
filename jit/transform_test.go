package jit_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
)

func TestFrozenAndSavedComputeTheSame(t *testing.T) {
	m := load(t, scenario("train_and_save", "model_scripted.pt"))
	x := array(t, scenario("train_and_save", "x.npy"))
	want := array(t, scenario("train_and_save", "expected.npy"))

	path := filepath.Join(t.TempDir(), "again.pt")
	require.NoError(t, os.WriteFile(path, []byte("an older file"), 0o600))
	require.NoError(t, m.Save(path))
	left, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	assert.Len(t, left, 1, "no temporary file stays")

	frozen, err := m.Freeze()
	require.NoError(t, err)
	defer frozen.Close()
	optimized, err := m.OptimizeForInference()
	require.NoError(t, err)
	defer optimized.Close()
	for name, each := range map[string]*jit.Module{"saved": load(t, path), "frozen": frozen, "optimized": optimized, "original": m} {
		t.Run(name, func(t *testing.T) {
			for range 3 {
				y, err := each.Forward(x)
				require.NoError(t, err)
				near, err := y.AllClose(want, 1e-5, 1e-6, false)
				y.Close()
				require.NoError(t, err)
				assert.True(t, near)
			}
		})
	}
	all, err := frozen.Tensors()
	require.NoError(t, err)
	for _, n := range all {
		assert.Equal(t, jit.Constant, n.Role, n.Name)
		n.Tensor.Close()
	}
	assert.NotEmpty(t, all)
}

func TestSaveKeepsTheOldFileWhenItFails(t *testing.T) {
	m := load(t, scenario("safe_model_save", "model_scripted.pt"))
	assert.ErrorIs(t, m.Save(filepath.Join(t.TempDir(), "none", "m.pt")), os.ErrNotExist)
	closed, err := m.Clone()
	require.NoError(t, err)
	closed.Close()
	path := filepath.Join(t.TempDir(), "m.pt")
	require.NoError(t, os.WriteFile(path, []byte("old"), 0o600))
	require.ErrorIs(t, closed.Save(path), torch.ErrClosed)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "old", string(text))
}

// Every kind of value goes to TorchScript and comes back as it was.
func TestValuesRoundTrip(t *testing.T) {
	torchtest.Require(t)
	m, err := jit.Compile(`
def same(self, x: Any) -> Any:
    return x

def lists(self, a: List[int], b: Dict[str, float], c: Optional[Tuple[bool, str]] = None) -> Tuple[List[int], Dict[str, float], Optional[Tuple[bool, str]]]:
    return a, b, c
`)
	require.NoError(t, err)
	defer m.Close()
	values := map[string]torch.Value{
		"None":   torch.None{},
		"bool":   torch.Bool(true),
		"int":    torch.Int(-1 << 62),
		"float":  torch.Float(0.1),
		"cplx":   torch.Complex(1 + 2i),
		"string": torch.String("héllo\x00wörld"),
		"empty":  torch.String(""),
		"device": torch.CPU,
		"list":   torch.List{torch.Int(1), torch.Int(2)},
		"tuple":  torch.Tuple{torch.Int(1), torch.String("a"), torch.Tuple{torch.None{}, torch.Bool(false)}},
		"dict":   &torch.Dict{Entries: []torch.Entry{{Key: torch.String("b"), Value: torch.Int(1)}, {Key: torch.String("a"), Value: torch.Int(2)}}},
		"deep":   torch.List{torch.List{torch.Float(1)}, torch.List{torch.Float(2), torch.Float(3)}},
	}
	for name, v := range values {
		t.Run(name, func(t *testing.T) {
			got, err := m.Call("same", v)
			require.NoError(t, err)
			assert.Equal(t, v, got)
		})
	}
	got, err := m.Call("lists", torch.List{}, &torch.Dict{Entries: []torch.Entry{}}, torch.Tuple{torch.Bool(true), torch.String("x")})
	require.NoError(t, err)
	assert.Equal(t, torch.Tuple{torch.List{}, &torch.Dict{Entries: []torch.Entry{}}, torch.Tuple{torch.Bool(true), torch.String("x")}}, got)
	_, err = m.Call("lists", torch.List{torch.String("no int")}, &torch.Dict{})
	require.ErrorIs(t, err, torch.CodeType)
	assert.Contains(t, err.Error(), "a[0]", "the path of what does not fit")

	_, err = jit.Compile("def broken(self, x):\n    return x +\n")
	require.ErrorIs(t, err, torch.CodeCompile)
	_, err = jit.Compile("def f(self):\x00")
	require.ErrorIs(t, err, torch.CodeCompile)
}

func TestCastConvertsWhatTheModuleHolds(t *testing.T) {
	torchtest.Require(t)
	m, err := jit.Load(scenario("safe_model_save", "model_scripted.pt"))
	require.NoError(t, err)
	defer m.Close()
	wide, err := m.Cast(torch.Float64)
	require.NoError(t, err)
	defer wide.Close()
	for _, c := range []struct {
		m    *jit.Module
		want torch.DType
	}{{wide, torch.Float64}, {m, torch.Float32}} {
		tensors, err := c.m.Tensors()
		require.NoError(t, err)
		require.NotEmpty(t, tensors)
		for _, tensor := range tensors {
			assert.Equal(t, c.want, tensor.Tensor.DType(), tensor.Name)
			tensor.Tensor.Close()
		}
	}
	x, err := torch.Zeros(torch.Float64, torch.CPU, 1, 4)
	require.NoError(t, err)
	defer x.Close()
	y, err := wide.Forward(x)
	require.NoError(t, err)
	assert.Equal(t, torch.Float64, y.DType())
	y.Close()
	_, err = m.Cast(torch.Int32)
	assert.ErrorIs(t, err, torch.CodeType)
}
