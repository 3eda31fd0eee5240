package dtype

import "math"

// The eight bit floating point kinds of torch. Each is the byte of a storage;
// Float32 decodes it exactly.
type (
	// F8E5M2 has infinities and NaNs as IEEE 754 does, exponent bias 15.
	F8E5M2 uint8
	// F8E4M3FN has no infinity; 0x7f and 0xff are NaN, exponent bias 7.
	F8E4M3FN uint8
	// F8E5M2FNUZ has no infinity and no negative zero; 0x80 is NaN, bias 16.
	F8E5M2FNUZ uint8
	// F8E4M3FNUZ has no infinity and no negative zero; 0x80 is NaN, bias 8.
	F8E4M3FNUZ uint8
	// F8E8M0FNU is a power of two without sign or zero, 2^(b-127); 0xff is NaN.
	F8E8M0FNU uint8
)

var nan32 = float32(math.NaN())

// Float32 returns the same number in single precision.
func (b F8E5M2) Float32() float32 { return F16(uint16(b) << 8).Float32() }

// Float32 returns the same number in single precision.
func (b F8E4M3FN) Float32() float32 {
	if b&0x7f == 0x7f {
		return nan32
	}
	return smallFloat(uint8(b), 3, 7)
}

// Float32 returns the same number in single precision.
func (b F8E5M2FNUZ) Float32() float32 {
	if b == 0x80 {
		return nan32
	}
	return smallFloat(uint8(b), 2, 16)
}

// Float32 returns the same number in single precision.
func (b F8E4M3FNUZ) Float32() float32 {
	if b == 0x80 {
		return nan32
	}
	return smallFloat(uint8(b), 3, 8)
}

// Float32 returns the same number in single precision.
func (b F8E8M0FNU) Float32() float32 {
	if b == 0xff {
		return nan32
	}
	return float32(math.Ldexp(1, int(b)-127))
}

// smallFloat decodes a sign, exponent, fraction byte that has no special values.
func smallFloat(b uint8, fractionBits, bias int) float32 {
	exp := int(b&0x7f) >> fractionBits
	frac := int(b) & (1<<fractionBits - 1)
	if exp == 0 {
		exp = 1
	} else {
		frac |= 1 << fractionBits
	}
	v := math.Ldexp(float64(frac), exp-bias-fractionBits)
	if b&0x80 != 0 {
		v = math.Copysign(v, -1)
	}
	return float32(v)
}

// F4E2M1 decodes one four bit float (sign, 2 exponent, 1 fraction bits) from the
// lower half of b. Float4E2M1FNx2 packs two, the first in the lower half.
func F4E2M1(b uint8) float32 {
	v := [8]float32{0, 0.5, 1, 1.5, 2, 3, 4, 6}[b&7]
	if b&8 != 0 {
		return float32(math.Copysign(float64(v), -1))
	}
	return v
}
