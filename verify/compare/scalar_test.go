package compare

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seed06459138/torchgo/torch/dtype"
)

func TestScalar(t *testing.T) {
	raw := func(d dtype.DType, data ...byte) Tensor { return Tensor{DType: d, Data: data} }
	for _, c := range []struct {
		from Tensor
		text string
		f    float64
	}{
		{tensorOf([]float32{0.1}), "0.1", float64(float32(0.1))},
		{tensorOf([]float64{0.1}), "0.1", 0.1},
		{tensorOf([]float64{math.Inf(-1)}), "-Inf", math.Inf(-1)},
		{tensorOf([]dtype.F16{dtype.F16From(1.5)}), "1.5", 1.5},
		{tensorOf([]dtype.BF16{dtype.BF16From(-3)}), "-3", -3},
		{raw(dtype.Float8E5M2, 0x3c), "1", 1},
		{raw(dtype.Float8E4M3FN, 0x38), "1", 1},
		{raw(dtype.Float8E5M2FNUZ, 0x40), "1", 1},
		{raw(dtype.Float8E4M3FNUZ, 0x40), "1", 1},
		{raw(dtype.Float8E8M0FNU, 127), "1", 1},
		{tensorOf([]int8{-5}), "-5", -5},
		{tensorOf([]uint8{250}), "250", 250},
		{tensorOf([]int16{-500}), "-500", -500},
		{tensorOf([]uint16{65000}), "65000", 65000},
		{tensorOf([]int32{-70000}), "-70000", -70000},
		{tensorOf([]uint32{1 << 31}), "2147483648", 1 << 31},
		{tensorOf([]int64{math.MinInt64 + 1}), "-9223372036854775807", math.MinInt64},
		{tensorOf([]uint64{math.MaxUint64}), "18446744073709551615", math.MaxUint64},
		{tensorOf([]bool{true}), "true", 1},
		{tensorOf([]complex64{1 - 2i}), "1-2j", 1},
		{tensorOf([]complex128{complex(0.5, math.Inf(1))}), "0.5+Infj", 0.5},
		{raw(dtype.Complex32, 0, 0x3c, 0, 0x40), "1+2j", 1},
		{raw(dtype.BComplex32, 0x80, 0x3f, 0, 0xc0), "1-2j", 1},
		{raw(dtype.QInt8, 0xff), "-1", -1},
		{raw(dtype.QInt32, 0xfe, 0xff, 0xff, 0xff), "-2", -2},
		{raw(dtype.QUInt8, 0xff), "255", 255},
		{raw(dtype.Bits16, 0x34, 0x02), "0x0234", 0x234},
		{raw(dtype.Float4E2M1FNx2, 0x21), "0x21", 0x21},
	} {
		t.Run(c.from.DType.String()+" "+c.text, func(t *testing.T) {
			s := scalarAt(c.from, 0)
			assert.Equal(t, c.text, s.String())
			assert.Equal(t, c.f, s.Float64())
			assert.Equal(t, c.from.DType, s.DType())
		})
	}
	assert.Equal(t, 2.0, imag(scalarAt(tensorOf([]complex64{2i}), 0).Complex128()))
}
