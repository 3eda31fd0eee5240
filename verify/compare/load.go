package compare

import (
	"encoding/binary"
	"math"
	"slices"
	"unsafe"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// narrowFloats decodes the bits of one element of the floats that fit in a float32.
// Float4E2M1FNx2 is not among them: it packs two numbers.
var narrowFloats = map[dtype.DType]func(bits uint32) float32{
	dtype.Float32:        math.Float32frombits,
	dtype.Float16:        func(b uint32) float32 { return dtype.F16(b).Float32() },
	dtype.BFloat16:       func(b uint32) float32 { return dtype.BF16(b).Float32() },
	dtype.Float8E5M2:     func(b uint32) float32 { return dtype.F8E5M2(b).Float32() },
	dtype.Float8E4M3FN:   func(b uint32) float32 { return dtype.F8E4M3FN(b).Float32() },
	dtype.Float8E5M2FNUZ: func(b uint32) float32 { return dtype.F8E5M2FNUZ(b).Float32() },
	dtype.Float8E4M3FNUZ: func(b uint32) float32 { return dtype.F8E4M3FNUZ(b).Float32() },
	dtype.Float8E8M0FNU:  func(b uint32) float32 { return dtype.F8E8M0FNU(b).Float32() },
}

type number interface {
	uint8 | int8 | uint16 | int16 | uint32 | int32 | uint64 | int64 | float32 | float64
}

var littleEndian = func() bool {
	probe := uint16(1)
	return *(*byte)(unsafe.Pointer(&probe)) == 1
}()

// loader gives blocks of raw elements as a slice of T: the memory itself where it
// can be read as such, else decoded into a buffer that the next load overwrites.
type loader[T number] struct {
	size   int                       // bytes of one raw element, or of half a complex one
	decode func(dst []T, raw []byte) // nil: the elements are T
	buffer []T
}

func (l *loader[T]) load(raw []byte) []T {
	n := len(raw) / l.size
	memory := unsafe.Pointer(unsafe.SliceData(raw))
	if l.decode == nil && littleEndian && uintptr(memory)%unsafe.Alignof(*new(T)) == 0 {
		return unsafe.Slice((*T)(memory), n)
	}
	if len(l.buffer) < n {
		l.buffer = make([]T, n)
	}
	dst := l.buffer[:n]
	if l.decode != nil {
		l.decode(dst, raw)
		return dst
	}
	aligned := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(dst))), len(raw))
	copy(aligned, raw)
	if !littleEndian {
		for i := 0; i < len(aligned); i += l.size {
			slices.Reverse(aligned[i : i+l.size])
		}
	}
	return dst
}

// newLoader returns the loader of the elements, or of the parts of the complex
// elements, of type d.
func newLoader[T float32 | float64](d dtype.DType) loader[T] {
	d = partOf(d)
	l := loader[T]{size: d.Size()}
	switch any(*new(T)).(type) {
	case float32:
		if d == dtype.Float32 {
			return l
		}
	case float64:
		if d == dtype.Float64 {
			return l
		}
	}
	l.decode = decoder[T](d)
	return l
}

// partOf returns the type of the two parts of a complex type, and another type as
// it is.
func partOf(d dtype.DType) dtype.DType {
	switch d {
	case dtype.Complex32:
		return dtype.Float16
	case dtype.BComplex32:
		return dtype.BFloat16
	case dtype.Complex64:
		return dtype.Float32
	case dtype.Complex128:
		return dtype.Float64
	}
	return d
}

func decoder[T float32 | float64](d dtype.DType) func(dst []T, raw []byte) {
	le := binary.LittleEndian
	switch d {
	case dtype.Float16:
		return func(dst []T, raw []byte) {
			for i := range dst {
				dst[i] = T(dtype.F16(le.Uint16(raw[2*i:])).Float32())
			}
		}
	case dtype.BFloat16:
		return func(dst []T, raw []byte) {
			for i := range dst {
				dst[i] = T(dtype.BF16(le.Uint16(raw[2*i:])).Float32())
			}
		}
	case dtype.Float32:
		return func(dst []T, raw []byte) {
			for i := range dst {
				dst[i] = T(math.Float32frombits(le.Uint32(raw[4*i:])))
			}
		}
	}
	number := narrowFloats[d]
	return func(dst []T, raw []byte) {
		for i := range dst {
			dst[i] = T(number(uint32(raw[i])))
		}
	}
}
