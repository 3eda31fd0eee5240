package checkpoint

import (
	"slices"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// Array is a numpy array in memory: contiguous, row-major and little-endian,
// however the file had it. It is safe for concurrent reading.
type Array struct {
	dtype dtype.DType
	shape []int64
	data  []byte
}

// DType returns the element type.
func (a *Array) DType() dtype.DType { return a.dtype }

// Shape returns a copy of the dimensions; a scalar has none.
func (a *Array) Shape() []int64 { return slices.Clone(a.shape) }

// Bytes returns the elements, row-major and little-endian. They are shared with
// the array.
func (a *Array) Bytes() []byte { return a.data }

// Numel returns the number of elements.
func (a *Array) Numel() int64 { return int64(len(a.data) / max(1, a.dtype.Size())) }

// Tensor returns a tensor over the same bytes.
func (a *Array) Tensor() (*Tensor, error) { return TensorFromBytes(a.dtype, a.shape, a.data) }

// ArraySlice returns the elements as Go values, sharing the bytes where they are
// aligned. It fails when T is not the element type.
func ArraySlice[T dtype.Element](a *Array) ([]T, error) {
	if want := dtype.Of[T](); want != a.dtype {
		return nil, fail(ErrTensor, "the array holds %s, %s was asked for", a.dtype, want)
	}
	return sliceOf[T](a.data), nil
}
