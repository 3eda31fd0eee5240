package verify

import (
	"encoding/binary"
	"math"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// reproducible says why the values of a tensor need not be saved to come back:
// they are those of a structure, which the constructor makes from its
// arguments. "" means that nothing speaks for it. The bytes are row-major and
// little-endian.
//
// A vector of one element says nothing about how it was made, nor do two
// elements about a progression: chance alone gives those.
func reproducible(element dtype.DType, shape []int64, data []byte) string {
	n := int64(1)
	for _, d := range shape {
		n *= d
	}
	size := int64(element.Size())
	switch {
	case n == 0:
		return "empty"
	case len(shape) == 0:
		return "scalar"
	case element == dtype.Bool:
		return "bool"
	case element.IsInteger():
		return "integer"
	case size == 0 || n*size != int64(len(data)) || n == 1:
		return ""
	}
	switch distinct := distinctValues(data, int(size)); {
	case distinct == 1:
		return "all equal"
	case distinct <= mostMaskValues && n >= 2*int64(distinct):
		return "mask of few distinct values"
	}
	if affine(element, shape, data) {
		return "arithmetic progression"
	}
	return ""
}

// mostMaskValues is how many distinct values a mask may have, such as 0 and
// -inf, or 0, -100 and 100.
const mostMaskValues = 4

// distinctValues counts the different elements, up to one more than a mask has.
func distinctValues(data []byte, size int) int {
	var seen [mostMaskValues][]byte
	count := 0
	for at := 0; at < len(data); at += size {
		one := data[at : at+size]
		known := false
		for _, s := range seen[:count] {
			if string(s) == string(one) {
				known = true
				break
			}
		}
		if known {
			continue
		}
		if count == mostMaskValues {
			return count + 1
		}
		seen[count] = one
		count++
	}
	return count
}

// affine reports whether each element is a start plus a fixed step for each
// index, up to the rounding of the dtype: arange, linspace, and the coordinates
// of a grid. Such values have one start and one step for each dimension to
// choose; there must be more elements than that, and in the narrow dtypes, where
// chance does more, twice as many.
func affine(element dtype.DType, shape []int64, data []byte) bool {
	read, epsilon, narrow := reader(element)
	if read == nil {
		return false
	}
	free, n := int64(1), int64(1)
	for _, d := range shape {
		if d > 1 {
			free++
		}
		n *= d
	}
	if n <= free || narrow && n < 2*free {
		return false
	}

	start := read(data, 0)
	steps := make([]float64, len(shape))
	stride := int64(1)
	for d := len(shape) - 1; d >= 0; d-- {
		if shape[d] > 1 {
			// From the far end: the rounding of one step would grow with the index.
			steps[d] = (read(data, (shape[d]-1)*stride) - start) / float64(shape[d]-1)
		}
		stride *= shape[d]
	}

	greatest := 0.0
	for i := range n {
		v := math.Abs(read(data, i))
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
		greatest = max(greatest, v)
	}
	within := 2 * epsilon * greatest
	index := make([]int64, len(shape))
	for i := range n {
		want := start
		for d, at := range index {
			want += float64(at) * steps[d]
		}
		if math.Abs(read(data, i)-want) > within {
			return false
		}
		for d := len(index) - 1; d >= 0; d-- {
			if index[d]++; index[d] < shape[d] {
				break
			}
			index[d] = 0
		}
	}
	return true
}

// reader gives a function that reads element i of a dtype, the dtype's
// precision, and whether it is one of 16 bits; nil for dtypes that are not
// floats of at least 16 bits.
func reader(element dtype.DType) (read func(data []byte, i int64) float64, epsilon float64, narrow bool) {
	switch element {
	case dtype.Float64:
		return func(data []byte, i int64) float64 {
			return math.Float64frombits(binary.LittleEndian.Uint64(data[8*i:]))
		}, 0x1p-52, false
	case dtype.Float32:
		return func(data []byte, i int64) float64 {
			return float64(math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:])))
		}, 0x1p-23, false
	case dtype.Float16:
		return func(data []byte, i int64) float64 {
			return float64(dtype.F16(binary.LittleEndian.Uint16(data[2*i:])).Float32())
		}, 0x1p-10, true
	case dtype.BFloat16:
		return func(data []byte, i int64) float64 {
			return float64(dtype.BF16(binary.LittleEndian.Uint16(data[2*i:])).Float32())
		}, 0x1p-7, true
	}
	return nil, 0, false
}
