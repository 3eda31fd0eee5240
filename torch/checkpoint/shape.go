package checkpoint

import (
	"math"
	"math/bits"
	"slices"
)

// mostDims is the number of dimensions at which torch stops.
const mostDims = 64

// countElements multiplies the dimensions. A dimension of zero makes the tensor
// empty whatever the others are. It fails on a negative dimension and where the
// number of elements times the largest element would not fit 63 bits.
func countElements(shape []int64) (int64, error) {
	if len(shape) > mostDims {
		return 0, fail(ErrTensor, "%d dimensions; torch has at most %d", len(shape), mostDims)
	}
	empty := false
	for _, n := range shape {
		if n < 0 {
			return 0, fail(ErrTensor, "negative dimension %d", n)
		}
		empty = empty || n == 0
	}
	if empty {
		return 0, nil
	}
	const widest = 16 // bytes of a complex128
	numel := uint64(1)
	for _, n := range shape {
		hi, lo := bits.Mul64(numel, uint64(n))
		if hi != 0 || lo > math.MaxInt64/widest {
			return 0, fail(ErrTensor, "shape %v has more elements than memory has bytes", shape)
		}
		numel = lo
	}
	return int64(numel), nil
}

// checkView refuses a view that leaves its storage of so many elements.
func checkView(shape, strides []int64, offset, elements int64) (numel int64, err error) {
	if len(shape) != len(strides) {
		return 0, fail(ErrTensor, "%d sizes and %d strides", len(shape), len(strides))
	}
	if numel, err = countElements(shape); err != nil {
		return 0, err
	}
	for _, stride := range strides {
		if stride < 0 {
			return 0, fail(ErrTensor, "negative stride %d", stride)
		}
	}
	if offset < 0 || offset > elements {
		return 0, fail(ErrTensor, "starts at element %d of a storage of %d", offset, elements)
	}
	if numel == 0 {
		return 0, nil
	}
	last := uint64(offset)
	for i, n := range shape {
		hi, step := bits.Mul64(uint64(n-1), uint64(strides[i]))
		sum, carry := bits.Add64(last, step, 0)
		if hi != 0 || carry != 0 || sum >= uint64(elements) {
			return 0, fail(ErrTensor, "shape %v with strides %v from element %d reaches past its storage of %d", shape, strides, offset, elements)
		}
		last = sum
	}
	if last >= uint64(elements) {
		return 0, fail(ErrTensor, "element %d of a storage of %d", last, elements)
	}
	return numel, nil
}

// rowMajor returns the strides of a contiguous tensor.
func rowMajor(shape []int64) []int64 {
	strides := make([]int64, len(shape))
	step := int64(1)
	for i := len(shape) - 1; i >= 0; i-- {
		strides[i] = step
		if shape[i] > 1 && step <= math.MaxInt64/shape[i] {
			step *= shape[i]
		}
	}
	return strides
}

// isRowMajor reports whether the elements follow each other in row-major order.
// Strides of dimensions of one element do not matter.
func isRowMajor(shape, strides []int64) bool {
	if slices.Contains(shape, 0) {
		return true
	}
	step := int64(1)
	for i := len(shape) - 1; i >= 0; i-- {
		if shape[i] == 1 {
			continue
		}
		if strides[i] != step {
			return false
		}
		step *= shape[i]
	}
	return true
}
