package compare

import (
	"math/bits"
	"slices"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// Tensor is a contiguous tensor in memory. Data holds its elements in row-major
// order, little-endian, and is only read; it may be a mapped file and need not be
// aligned. An empty Shape is a scalar.
type Tensor struct {
	DType dtype.DType
	Shape []int64
	Data  []byte
}

// numel returns the number of elements, and whether Data holds exactly those.
func (t Tensor) numel() (int64, bool) {
	n, size := uint64(1), uint64(t.DType.Size())
	for _, d := range t.Shape {
		if d < 0 {
			return 0, false
		}
		if d == 0 {
			return 0, len(t.Data) == 0
		}
		high, low := bits.Mul64(n, uint64(d))
		if high != 0 {
			return 0, false
		}
		n = low
	}
	high, low := bits.Mul64(n, size)
	return int64(n), high == 0 && low == uint64(len(t.Data))
}

// check reports why the pair can't be compared element by element.
func check(got, want Tensor) error {
	if !slices.Equal(got.Shape, want.Shape) {
		return &ShapeError{Got: got.Shape, Want: want.Shape}
	}
	for _, t := range []Tensor{got, want} {
		if !t.DType.Valid() {
			return &DTypeError{Got: got.DType, Want: want.DType}
		}
		if _, ok := t.numel(); !ok {
			return &DataError{DType: t.DType, Shape: t.Shape, Bytes: len(t.Data)}
		}
	}
	return nil
}
