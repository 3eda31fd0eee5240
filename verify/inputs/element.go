package inputs

import (
	"encoding/binary"
	"math"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// writer appends the random element i of a range.
type writer func(to []byte, s *stream, i uint64, r Range) []byte

var little = binary.LittleEndian

// writers are those of the types that random numbers can be made of.
var writers = map[dtype.DType]writer{
	dtype.Bool: func(to []byte, s *stream, i uint64, _ Range) []byte { return append(to, byte(s.at(i)>>63)) },

	dtype.Uint8:  integer(1),
	dtype.Int8:   integer(1),
	dtype.Uint16: integer(2),
	dtype.Int16:  integer(2),
	dtype.Uint32: integer(4),
	dtype.Int32:  integer(4),
	dtype.Uint64: integer(8),
	dtype.Int64:  integer(8),

	dtype.Float64:    float(dtype.Float64),
	dtype.Float32:    float(dtype.Float32),
	dtype.Float16:    float(dtype.Float16),
	dtype.BFloat16:   float(dtype.BFloat16),
	dtype.Complex128: complexOf(dtype.Float64),
	dtype.Complex64:  complexOf(dtype.Float32),
	dtype.Complex32:  complexOf(dtype.Float16),
}

func integer(size int) writer {
	return func(to []byte, s *stream, i uint64, r Range) []byte {
		x := uint64(int64(r.Low)) + below(s.at(i), uint64(r.High-r.Low))
		return appendInteger(to, x, size)
	}
}

func appendInteger(to []byte, x uint64, size int) []byte {
	var raw [8]byte
	little.PutUint64(raw[:], x)
	return append(to, raw[:size]...)
}

func float(d dtype.DType) writer {
	return func(to []byte, s *stream, i uint64, r Range) []byte {
		// The conversion keeps a compiler from fusing both operations into one.
		return appendFloat(to, d, r.Low+float64((r.High-r.Low)*unit(s.at(i))))
	}
}

func complexOf(part dtype.DType) writer {
	write := float(part)
	return func(to []byte, s *stream, i uint64, r Range) []byte {
		return write(write(to, s, 2*i, r), s, 2*i+1, r)
	}
}

// appendFloat appends a number rounded to a type.
func appendFloat(to []byte, d dtype.DType, x float64) []byte {
	switch d {
	case dtype.Float64:
		return little.AppendUint64(to, math.Float64bits(x))
	case dtype.Float32:
		return little.AppendUint32(to, math.Float32bits(float32(x)))
	case dtype.Float16:
		return little.AppendUint16(to, uint16(dtype.F16From(float32(x))))
	}
	return little.AppendUint16(to, uint16(dtype.BF16From(float32(x))))
}

// floatOf gives the type of the floats that a type consists of; false for others.
func floatOf(d dtype.DType) (dtype.DType, bool) {
	switch d {
	case dtype.Complex128:
		return dtype.Float64, true
	case dtype.Complex64:
		return dtype.Float32, true
	case dtype.Complex32:
		return dtype.Float16, true
	}
	return d, d.IsFloat()
}

// bounds gives what an integer type holds, as far as float64 counts exactly; false
// for other types.
func bounds(d dtype.DType) (least, greatest float64, ok bool) {
	bits := min(8*d.Size(), 53)
	switch d {
	case dtype.Uint8, dtype.Uint16, dtype.Uint32, dtype.Uint64:
		return 0, math.Ldexp(1, bits) - 1, true
	case dtype.Int8, dtype.Int16, dtype.Int32, dtype.Int64:
		return -math.Ldexp(1, bits-1), math.Ldexp(1, bits-1) - 1, true
	}
	return 0, 0, false
}
