package compare

import (
	"encoding/binary"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// finiteOf returns the function that reports whether elements of type d certainly
// hold neither NaN nor infinity.
func finiteOf(d dtype.DType) func(raw []byte) bool {
	switch partOf(d) {
	case dtype.Float64:
		return finite64
	case dtype.Float32:
		return finite32
	case dtype.Float16:
		return finite16
	case dtype.BFloat16:
		return finiteBrain
	}
	return func([]byte) bool { return false }
}

// NaN and infinities are the numbers whose exponent bits are all set. Adding one
// unit of the exponent to those bits then carries into the sign bit.

func finite64(raw []byte) bool { return finite(raw, 0x7ff0000000000000, 0x0010000000000000, 1<<63) }

func finite32(raw []byte) bool {
	return finite(raw, 0x7f8000007f800000, 0x0080000000800000, 0x8000000080000000)
}

func finite16(raw []byte) bool {
	return finite(raw, 0x7c007c007c007c00, 0x0400040004000400, 0x8000800080008000)
}

func finiteBrain(raw []byte) bool {
	return finite(raw, 0x7f807f807f807f80, 0x0080008000800080, 0x8000800080008000)
}

// finite tests the numbers eight bytes at a time.
func finite(raw []byte, exponent, unit, sign uint64) bool {
	for len(raw) >= 32 {
		a, b := binary.LittleEndian.Uint64(raw), binary.LittleEndian.Uint64(raw[8:])
		c, d := binary.LittleEndian.Uint64(raw[16:]), binary.LittleEndian.Uint64(raw[24:])
		carry := (a&exponent + unit) | (b&exponent + unit) | (c&exponent + unit) | (d&exponent + unit)
		if carry&sign != 0 {
			return false
		}
		raw = raw[32:]
	}
	var rest [32]byte
	copy(rest[:], raw)
	for i := 0; i < len(rest); i += 8 {
		if (binary.LittleEndian.Uint64(rest[i:])&exponent+unit)&sign != 0 {
			return false
		}
	}
	return true
}
