package checkpoint

import (
	"bytes"
	"math/big"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// notSaved are the good files whose values torch.load(weights_only=True) refuses.
var notSaved = map[string]bool{
	"long4.pt": true, "defaultdict.pt": true, "namespace.pt": true, "frozenset.pt": true, "numpy_values.pt": true,
}

// TestSaveRoundTrip writes the value of every good file and reads it back: the
// same tagged value, tensors and shared storages.
func TestSaveRoundTrip(t *testing.T) {
	c := goodCorpus(t)
	for _, file := range c.Files {
		if file.Format != "torch-zip" && file.Format != "torch-legacy" || inertOnly[file.Name] {
			continue
		}
		t.Run(file.Name, func(t *testing.T) {
			f, err := Open(filepath.Join(c.Dir, file.Name))
			require.NoError(t, err)
			defer func() { assert.NoError(t, f.Close()) }()
			path := filepath.Join(t.TempDir(), "again.pt")
			err = Save(path, f.Value())
			if notSaved[file.Name] {
				require.ErrorIs(t, err, ErrUnsupported)
				assert.NoFileExists(t, path)
				return
			}
			require.NoError(t, err)
			again, err := Open(path, WeightsOnly())
			require.NoError(t, err)
			defer func() { assert.NoError(t, again.Close()) }()
			require.NoError(t, again.CheckCRC())
			want, got := newTagger(), newTagger()
			assert.Equal(t, canonical(t, want.tag(f.Value(), "$")), canonical(t, got.tag(again.Value(), "$")))
			assert.Equal(t, canonical(t, want.tensors), canonical(t, got.tensors))
			require.NoError(t, want.err)
			require.NoError(t, got.err)

			var first, second bytes.Buffer
			require.NoError(t, SaveTo(&first, f.Value()))
			require.NoError(t, SaveTo(&second, again.Value()))
			assert.Equal(t, first.Bytes(), second.Bytes(), "equal values give equal files")
		})
	}
}

func TestSaveFromReader(t *testing.T) {
	path := filepath.Join("testdata", "good", "checkpoint.pt")
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	mapped, err := Open(path)
	require.NoError(t, err)
	read, err := OpenReader("checkpoint.pt", bytes.NewReader(raw), int64(len(raw)))
	require.NoError(t, err)
	var a, b bytes.Buffer
	require.NoError(t, SaveTo(&a, mapped.Value()))
	require.NoError(t, SaveTo(&b, read.Value()))
	assert.Equal(t, a.Bytes(), b.Bytes())
	require.NoError(t, mapped.Close())
	require.NoError(t, read.Close())
	assert.ErrorIs(t, SaveTo(&a, mapped.Value()), ErrClosed)
}

func TestSaveBuilt(t *testing.T) {
	w, err := NewTensor([]float32{1, 2, 3, 4, 5, 6}, 2, 3)
	require.NoError(t, err)
	half, err := NewTensor([]dtype.BF16{dtype.BF16From(1.5)}, 1)
	require.NoError(t, err)
	yes, err := NewTensor([]bool{true, false}, 2)
	require.NoError(t, err)
	wide, err := NewTensor([]uint64{1 << 63}, 1)
	require.NoError(t, err)
	minus := new(big.Int).Neg(new(big.Int).Lsh(big.NewInt(1), 64))
	root := NewDict(
		Entry{String("w"), w}, Entry{String("half"), half}, Entry{String("yes"), yes}, Entry{String("wide"), wide},
		Entry{String("epoch"), Int(-129)}, Entry{String("loss"), Float(0.25)}, Entry{String("tuple"), &Tuple{Items: []Value{w, None{}}}},
		Entry{String("big"), &Big{Int: minus}}, Entry{Int(7), &List{Items: []Value{Bytes("\x00\xff"), Complex(1 - 2i)}}},
	)
	path := filepath.Join(t.TempDir(), "built.pt")
	require.NoError(t, Save(path, root))
	f, err := Open(path, WeightsOnly())
	require.NoError(t, err)
	defer func() { assert.NoError(t, f.Close()) }()
	got := f.Value().(*Dict)
	require.Equal(t, root.Len(), got.Len())
	loaded, ok := got.Get("w")
	require.True(t, ok)
	values, err := Slice[float32](loaded.(*Tensor))
	require.NoError(t, err)
	assert.Equal(t, []float32{1, 2, 3, 4, 5, 6}, values)
	tuple, _ := got.Get("tuple")
	assert.Same(t, loaded, tuple.(*Tuple).Items[0], "a tensor that is used twice is one tensor")
	number, _ := got.Get("big")
	assert.Equal(t, minus, number.(*Big).Int)
	bits, _ := got.Get("wide")
	unsigned, err := Slice[uint64](bits.(*Tensor))
	require.NoError(t, err)
	assert.Equal(t, []uint64{1 << 63}, unsigned)
}

func TestIntegersRoundTrip(t *testing.T) {
	for shift := range 200 {
		for delta := int64(-2); delta <= 2; delta++ {
			for _, sign := range []int64{1, -1} {
				n := new(big.Int).Lsh(big.NewInt(1), uint(shift))
				n.Add(n, big.NewInt(delta)).Mul(n, big.NewInt(sign))
				var v Value = &Big{Int: n}
				if n.IsInt64() {
					v = Int(n.Int64())
				}
				data, _, err := pickle(v)
				require.NoError(t, err)
				got, _, err := unpickle(string(data), dialect{})
				require.NoError(t, err)
				require.Equal(t, v, got)
			}
		}
	}
}

func TestSaveRefuses(t *testing.T) {
	loop := &Tuple{}
	loop.Items = []Value{&List{Items: []Value{loop}}}
	deep := &List{}
	for range 2 * mostDepth {
		deep = &List{Items: []Value{deep}}
	}
	tests := map[string]struct {
		value Value
		class error
	}{
		"object":           {&Object{Class: "os.system"}, ErrUnsupported},
		"frozenset":        {&Set{Frozen: true}, ErrUnsupported},
		"tuple in itself":  {loop, ErrUnsupported},
		"deep":             {deep, ErrLimit},
		"nothing":          {nil, ErrUnsupported},
		"text of no UTF-8": {String("\xff"), ErrUnsupported},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			path := filepath.Join(folder, "x.pt")
			require.NoError(t, os.WriteFile(path, []byte("old"), 0o600))
			require.ErrorIs(t, Save(path, test.value), test.class)
			kept, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, "old", string(kept))
			files, err := os.ReadDir(folder)
			require.NoError(t, err)
			assert.Len(t, files, 1, "the temporary file is gone")
		})
	}
}
