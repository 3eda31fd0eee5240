package compare

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// Scalar is one element of a tensor, bit for bit. The zero Scalar is no element;
// its DType is meaningless and it prints as "none".
type Scalar struct {
	dt  dtype.DType
	set bool
	raw [16]byte
}

func scalarAt(t Tensor, at int64) Scalar {
	s := Scalar{dt: t.DType, set: true}
	size := int64(t.DType.Size())
	copy(s.raw[:], t.Data[at*size:(at+1)*size])
	return s
}

// DType returns the type of the tensor that the element came from.
func (s Scalar) DType() dtype.DType { return s.dt }

// Float64 returns the element as a number, of a complex one the real part. 64-bit
// integers are rounded; quantized, packed and bits types give the stored integer.
func (s Scalar) Float64() float64 { return real(s.Complex128()) }

// Complex128 returns the element as a complex number; see Float64.
func (s Scalar) Complex128() complex128 {
	le := binary.LittleEndian
	raw := s.raw[:]
	switch s.dt {
	case dtype.Complex32:
		return complex(dtype.F16(le.Uint16(raw)).Float64(), dtype.F16(le.Uint16(raw[2:])).Float64())
	case dtype.BComplex32:
		return complex(dtype.BF16(le.Uint16(raw)).Float64(), dtype.BF16(le.Uint16(raw[2:])).Float64())
	case dtype.Complex64:
		return complex(float64(math.Float32frombits(le.Uint32(raw))), float64(math.Float32frombits(le.Uint32(raw[4:]))))
	case dtype.Complex128:
		return complex(math.Float64frombits(le.Uint64(raw)), math.Float64frombits(le.Uint64(raw[8:])))
	case dtype.Float64:
		return complex(math.Float64frombits(le.Uint64(raw)), 0)
	case dtype.Int64:
		return complex(float64(int64(le.Uint64(raw))), 0)
	case dtype.Uint64:
		return complex(float64(le.Uint64(raw)), 0)
	}
	if narrow, ok := narrowFloats[s.dt]; ok {
		return complex(float64(narrow(le.Uint32(raw))), 0)
	}
	return complex(float64(s.integer()), 0)
}

// integer returns an element of at most 32 bits, or the bits that are stored.
func (s Scalar) integer() int64 {
	le := binary.LittleEndian
	raw := s.raw[:]
	switch s.dt {
	case dtype.Int8, dtype.QInt8:
		return int64(int8(raw[0]))
	case dtype.Int16:
		return int64(int16(le.Uint16(raw)))
	case dtype.Int32, dtype.QInt32:
		return int64(int32(le.Uint32(raw)))
	}
	// The bytes after the element are zero.
	return int64(le.Uint64(raw))
}

// String prints the element in the fewest digits that its type needs.
func (s Scalar) String() string {
	width := 32
	if s.dt == dtype.Float64 || s.dt == dtype.Complex128 {
		width = 64
	}
	switch {
	case !s.set:
		return "none"
	case s.dt == dtype.Bool:
		return strconv.FormatBool(s.raw[0] != 0)
	case s.dt.IsComplex():
		c := s.Complex128()
		re := strconv.FormatFloat(real(c), 'g', -1, width)
		im := strconv.FormatFloat(imag(c), 'g', -1, width)
		if im[0] != '-' && im[0] != '+' {
			im = "+" + im
		}
		return re + im + "j"
	case s.dt.IsFloat() && s.dt != dtype.Float4E2M1FNx2:
		return strconv.FormatFloat(s.Float64(), 'g', -1, width)
	case s.dt == dtype.Uint64:
		return strconv.FormatUint(binary.LittleEndian.Uint64(s.raw[:]), 10)
	case s.dt == dtype.Int64:
		return strconv.FormatInt(int64(binary.LittleEndian.Uint64(s.raw[:])), 10)
	case s.dt.IsInteger() || s.dt.IsQuantized():
		return strconv.FormatInt(s.integer(), 10)
	}
	return fmt.Sprintf("0x%0*x", 2*s.dt.Size(), s.integer())
}
