package onnx

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// narrow makes small floats again of what was widened to float32, where every
// one of them has its place; of NaN only that it is one stays.
func narrow(data []byte, to dtype.DType) ([]byte, error) {
	size := to.Size()
	out := make([]byte, len(data)/4*size)
	var small func(float32) uint16
	switch to {
	case dtype.Float16:
		small = func(f float32) uint16 { return uint16(dtype.F16From(f)) }
	case dtype.BFloat16:
		small = func(f float32) uint16 { return uint16(dtype.BF16From(f)) }
	case dtype.Float8E4M3FN:
		small = inverse(func(b uint8) float32 { return dtype.F8E4M3FN(b).Float32() })
	case dtype.Float8E4M3FNUZ:
		small = inverse(func(b uint8) float32 { return dtype.F8E4M3FNUZ(b).Float32() })
	case dtype.Float8E5M2:
		small = inverse(func(b uint8) float32 { return dtype.F8E5M2(b).Float32() })
	case dtype.Float8E5M2FNUZ:
		small = inverse(func(b uint8) float32 { return dtype.F8E5M2FNUZ(b).Float32() })
	default:
		return nil, fmt.Errorf("elements of %s cannot be read", to)
	}
	for i := range len(data) / 4 {
		x := small(math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:])))
		if size == 1 {
			out[i] = uint8(x)
		} else {
			binary.LittleEndian.PutUint16(out[2*i:], x)
		}
	}
	return out, nil
}

// inverse gives the function that finds the byte of a value.
func inverse(value func(uint8) float32) func(float32) uint16 {
	bytes := make(map[uint32]uint8, 256)
	nan := uint8(0)
	for b := 255; b >= 0; b-- {
		f := value(uint8(b))
		if f != f {
			nan = uint8(b)
		}
		bytes[math.Float32bits(f)] = uint8(b)
	}
	return func(f float32) uint16 {
		if f != f {
			return uint16(nan)
		}
		return uint16(bytes[math.Float32bits(f)])
	}
}
