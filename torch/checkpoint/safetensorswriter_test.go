package checkpoint

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/torch/dtype"
)

func tensorOf[T dtype.Element](t testing.TB, data []T, shape ...int64) *Tensor {
	t.Helper()
	out, err := NewTensor(data, shape...)
	require.NoError(t, err)
	return out
}

func stateOf(t testing.TB, tensors ...NamedTensor) *State {
	t.Helper()
	s := NewState()
	for _, n := range tensors {
		require.NoError(t, s.Add(n.Name, n.Tensor))
	}
	return s
}

func TestSafetensorsRoundTrip(t *testing.T) {
	c := goodCorpus(t)
	for _, name := range []string{"state_dict.pt", "dtypes_v2.pt", "views.pt", "strided.pt", "empty_scalar.pt", "big_endian.pt", "many_tensors.pt", "special_floats.pt", "basic.safetensors", "names.safetensors", "unordered.safetensors"} {
		t.Run(name, func(t *testing.T) {
			f, err := Open(filepath.Join(c.Dir, name))
			require.NoError(t, err)
			defer func() { assert.NoError(t, f.Close()) }()
			state, err := f.State("")
			require.NoError(t, err)
			path := filepath.Join(t.TempDir(), "x.safetensors")
			err = SaveSafetensors(path, state, nil)
			if name == "dtypes_v2.pt" {
				require.ErrorIs(t, err, ErrUnsupported, "safetensors has no complex128")
				return
			}
			require.NoError(t, err)
			again, err := Open(path, Only(KindSafetensors))
			require.NoError(t, err)
			defer func() { assert.NoError(t, again.Close()) }()
			assert.Equal(t, map[string]string{"format": "pt"}, again.Metadata())
			got, err := again.State("")
			require.NoError(t, err)
			assert.Equal(t, state.Names(), got.Names())
			changes, err := Diff(state, got)
			require.NoError(t, err)
			assert.Empty(t, changes)
			a, err := state.Hash()
			require.NoError(t, err)
			b, err := got.Hash()
			require.NoError(t, err)
			assert.Equal(t, a, b)
			for _, name := range got.Names() {
				tensor, _ := got.Tensor(name)
				if tensor.Numel() > 0 {
					assert.Zero(t, tensor.Storage().start%int64(min(8, tensor.DType().Size())), "%s is aligned", name)
				}
			}
		})
	}
}

func TestSafetensorsLosses(t *testing.T) {
	w := tensorOf(t, []float32{1, 2}, 2)
	view := *w
	view.Parameter = true
	c128 := tensorOf(t, []complex128{1}, 1)
	s := stateOf(t, NamedTensor{"w", w}, NamedTensor{"view", &view}, NamedTensor{"z", c128})
	require.NoError(t, s.extras.Set(String("m._extra_state"), None{}))
	assert.Equal(t, []string{
		"view: it shares its storage with w",
		"view: that it is a parameter or requires a gradient",
		"z: safetensors has no complex128",
		"m._extra_state: not a tensor",
	}, SafetensorsLosses(s))
	assert.Nil(t, SafetensorsLosses(stateOf(t, NamedTensor{"w", w})))
}

func TestSafetensorsRefuses(t *testing.T) {
	w := tensorOf(t, []uint8{1}, 1)
	for _, name := range []string{"__metadata__", "a\xff"} {
		err := SaveSafetensors(filepath.Join(t.TempDir(), "x"), stateOf(t, NamedTensor{name, w}), nil)
		assert.ErrorIs(t, err, ErrUnsupported, name)
	}
}

func TestPythonReadsSafetensors(t *testing.T) {
	p := startPython(t)
	state := stateOf(t,
		NamedTensor{"a.w", tensorOf(t, []float32{1, -2, 3.5, 0}, 2, 2)}, NamedTensor{"h", tensorOf(t, []dtype.F16{dtype.F16From(0.1)}, 1)},
		NamedTensor{"b", tensorOf(t, []bool{true, false, true}, 3)}, NamedTensor{"n", tensorOf(t, []int64{-1}, 1)},
		NamedTensor{"名", tensorOf(t, []dtype.BF16{dtype.BF16From(3)})}, NamedTensor{"none", tensorOf(t, []float64{}, 0, 4)})
	path := filepath.Join(t.TempDir(), "x.safetensors")
	require.NoError(t, SaveSafetensors(path, state, map[string]string{"k": "v"}))
	r := p.read(t, path)
	if r.Error != "" && assert.Contains(t, r.Error, "No module named 'safetensors'") {
		t.Skip("this Python has no safetensors")
	}
	var value map[string][][2]any
	require.NoError(t, json.Unmarshal(r.Value, &value))
	seen := map[string]bool{}
	for _, entry := range value["dict"] {
		name := entry[0].(map[string]any)["str"].(string)
		got := r.Tensors[int(entry[1].(map[string]any)["tensor"].(float64))]
		want, ok := state.Tensor(name)
		require.True(t, ok, name)
		data, err := want.Bytes()
		require.NoError(t, err)
		assert.Equal(t, hash(data), got["sha256"], name)
		assert.Equal(t, want.DType().String(), got["dtype"], name)
		assert.Equal(t, canonical(t, numbers(want.Shape())), got["shape"], name)
		seen[name] = true
	}
	assert.Len(t, seen, state.Len())
}

func TestPythonReadsNumpy(t *testing.T) {
	p := startPython(t)
	folder := t.TempDir()
	w := tensorOf(t, []float32{1, 2, 3, 4, 5, 6}, 2, 3)
	raw, err := w.Bytes()
	require.NoError(t, err)
	path := filepath.Join(folder, "w.npy")
	require.NoError(t, WriteNPY(path, dtype.Float32, []int64{2, 3}, raw))
	r := p.read(t, path)
	require.Empty(t, r.Error)
	value := map[string]any{}
	require.NoError(t, json.Unmarshal(r.Value, &value))
	assert.Equal(t, hash(raw), value["sha256"])
	assert.Equal(t, []any{2.0, 3.0}, value["shape"])

	path = filepath.Join(folder, "w.npz")
	require.NoError(t, WriteNPZ(path, []NamedTensor{{"w", w}, {"flag", tensorOf(t, []bool{true})}}))
	r = p.read(t, path)
	require.Empty(t, r.Error)
	assert.Contains(t, string(r.Value), hash(raw))
	z, err := OpenNPZ(path)
	require.NoError(t, err)
	defer func() { assert.NoError(t, z.Close()) }()
	assert.Equal(t, []string{"w", "flag"}, z.Names())
	a, err := z.Array("w")
	require.NoError(t, err)
	assert.Equal(t, raw, a.Bytes())
}
