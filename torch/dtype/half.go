package dtype

import (
	"math"
	"math/bits"
	"strconv"
)

// F16 is an IEEE 754 half precision number: 1 sign, 5 exponent and 10 fraction
// bits. It has the memory of torch.float16.
type F16 uint16

// F16From rounds f to the nearest half, ties to even. Numbers of 65520 and more
// become infinite. A NaN stays one and keeps its sign and the upper bits of its
// payload, so that F16From(h.Float32()) is h for every h.
func F16From(f float32) F16 {
	b := math.Float32bits(f)
	sign := F16(b >> 16 & 0x8000)
	exp := int(b >> 23 & 0xff)
	frac := b & 0x7fffff
	switch {
	case exp == 0xff && frac != 0:
		payload := F16(frac >> 13)
		if payload == 0 {
			payload = 0x200 // the kept bits are all zero: without this it would read as infinity
		}
		return sign | 0x7c00 | payload
	case exp >= 143: // 2^16 and more, infinity included
		return sign | 0x7c00
	case exp >= 113: // normal halves; rounding may carry into the exponent, up to infinity
		return sign | F16(roundShift(uint32(exp-112)<<23|frac, 13))
	case exp >= 102: // subnormal halves
		return sign | F16(roundShift(frac|0x800000, uint(126-exp)))
	default:
		return sign
	}
}

// roundShift shifts v right by n bits, rounding to nearest, ties to even.
func roundShift(v uint32, n uint) uint32 {
	half := uint32(1) << (n - 1)
	return (v + half - 1 + v>>n&1) >> n
}

// Float32 returns the same number in single precision; the conversion is exact.
func (h F16) Float32() float32 {
	sign := uint32(h&0x8000) << 16
	exp := uint32(h >> 10 & 0x1f)
	frac := uint32(h & 0x3ff)
	switch {
	case exp == 0x1f:
		return math.Float32frombits(sign | 0x7f800000 | frac<<13)
	case exp != 0:
		return math.Float32frombits(sign | (exp+112)<<23 | frac<<13)
	case frac == 0:
		return math.Float32frombits(sign)
	}
	top := uint32(bits.Len32(frac)) // 1..10: the leading bit becomes the implicit one
	return math.Float32frombits(sign | (top+102)<<23 | frac<<(24-top)&0x7fffff)
}

// Float64 returns the same number in double precision.
func (h F16) Float64() float64 { return float64(h.Float32()) }

// String prints the number in the fewest digits that single precision needs.
func (h F16) String() string { return formatSmall(h.Float32()) }

// BF16 is a brain float: the upper half of a single precision number. It has
// the memory of torch.bfloat16.
type BF16 uint16

// BF16From rounds f to the nearest brain float, ties to even. A NaN stays one
// and keeps its sign and the upper bits of its payload.
func BF16From(f float32) BF16 {
	b := math.Float32bits(f)
	if b&0x7fffffff > 0x7f800000 {
		if b&0x7f0000 == 0 {
			b |= 0x400000 // the kept bits are all zero: without this it would read as infinity
		}
		return BF16(b >> 16)
	}
	return BF16((b + 0x7fff + b>>16&1) >> 16)
}

// Float32 returns the same number in single precision; the conversion is exact.
func (b BF16) Float32() float32 { return math.Float32frombits(uint32(b) << 16) }

// Float64 returns the same number in double precision.
func (b BF16) Float64() float64 { return float64(b.Float32()) }

// String prints the number in the fewest digits that single precision needs.
func (b BF16) String() string { return formatSmall(b.Float32()) }

func formatSmall(f float32) string { return strconv.FormatFloat(float64(f), 'g', -1, 32) }
