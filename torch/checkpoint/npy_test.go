package checkpoint

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// TestNPYSameBytes reads what numpy wrote and writes it again: numpy's bytes.
func TestNPYSameBytes(t *testing.T) {
	for _, name := range []string{"f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "c8", "c16", "bool", "scalar", "empty"} {
		t.Run(name, func(t *testing.T) {
			original := filepath.Join("testdata", "good", "npy_"+name+".npy")
			a, err := ReadNPY(original)
			require.NoError(t, err)
			path := filepath.Join(t.TempDir(), "x.npy")
			require.NoError(t, WriteNPY(path, a.DType(), a.Shape(), a.Bytes()))
			want, err := os.ReadFile(original)
			require.NoError(t, err)
			got, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, want, got)
		})
	}
}

func TestWriteNPYRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.npy")
	assert.ErrorIs(t, WriteNPY(path, dtype.BFloat16, []int64{1}, []byte{0, 0}), ErrUnsupported)
	assert.ErrorIs(t, WriteNPY(path, dtype.Float32, []int64{2}, []byte{0, 0, 0, 0}), ErrTensor)
	assert.ErrorIs(t, WriteNPY(path, dtype.Float32, []int64{-1}, nil), ErrTensor)
	assert.ErrorIs(t, WriteNPY(filepath.Join(path, "no", "such"), dtype.Float32, []int64{0}, nil), os.ErrNotExist)
	assert.NoFileExists(t, path)
}

func TestArraySlice(t *testing.T) {
	a, err := ReadNPY(filepath.Join("testdata", "good", "npy_fortran.npy"))
	require.NoError(t, err)
	values, err := ArraySlice[float32](a)
	require.NoError(t, err)
	assert.Len(t, values, 6)
	assert.Equal(t, []int64{2, 3}, a.Shape())
	_, err = ArraySlice[float64](a)
	assert.ErrorIs(t, err, ErrTensor)
	_, err = ReadNPY(filepath.Join("testdata", "good", "state_dict.pt"))
	assert.ErrorIs(t, err, ErrKind)
	_, err = ReadNPY(filepath.Join("testdata", "good"))
	assert.ErrorIs(t, err, ErrNotTorch)
	_, err = ReadNPY(filepath.Join("testdata", "missing"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestOpenNPY(t *testing.T) {
	for _, name := range []string{"npy_f4", "npy_fortran", "npy_big_endian"} {
		path := filepath.Join("testdata", "good", name+".npy")
		a, err := ReadNPY(path)
		require.NoError(t, err)
		f, err := Open(path)
		require.NoError(t, err)
		data, err := f.Value().(*Tensor).Bytes()
		require.NoError(t, err)
		assert.Equal(t, a.Bytes(), data)
		require.NoError(t, f.Close())
	}
}
