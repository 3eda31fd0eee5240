package verify

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// singles gives the bytes of float32 values.
func singles(values ...float64) []byte {
	var data []byte
	for _, v := range values {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(v)))
	}
	return data
}

// halves gives the bytes of values in a type of 16 bits.
func halves(round func(float32) uint16, values ...float64) []byte {
	var data []byte
	for _, v := range values {
		data = binary.LittleEndian.AppendUint16(data, round(float32(v)))
	}
	return data
}

func f16(v float32) uint16  { return uint16(dtype.F16From(v)) }
func bf16(v float32) uint16 { return uint16(dtype.BF16From(v)) }

func TestReproducible(t *testing.T) {
	inf := math.Inf(-1)
	linspace := make([]float64, 100)
	for i := range linspace {
		linspace[i] = -1 + 2*float64(i)/99
	}
	var grid []float64 // [2, 3, 4]: a step for each dimension
	for i := range 2 {
		for j := range 3 {
			for k := range 4 {
				grid = append(grid, 0.5+float64(i)*0.1-float64(j)*0.25+float64(k)*3)
			}
		}
	}
	bent := append([]float64(nil), grid...)
	bent[13] += 1e-3
	for _, c := range []struct {
		name    string
		element dtype.DType
		shape   []int64
		data    []byte
		want    string
	}{
		{"scalar", dtype.Float32, nil, singles(0.123), "scalar"},
		{"empty", dtype.Float32, []int64{0, 4}, nil, "empty"},
		{"integers", dtype.Int64, []int64{2}, make([]byte, 16), "integer"},
		{"bytes", dtype.Uint8, []int64{3}, []byte{5, 1, 200}, "integer"},
		{"bools", dtype.Bool, []int64{3}, []byte{1, 0, 1}, "bool"},
		{"zeros", dtype.Float32, []int64{3}, singles(0, 0, 0), "all equal"},
		{"ones of complex", dtype.Complex64, []int64{2}, singles(1, 0, 1, 0), "all equal"},
		{"one element", dtype.Float32, []int64{1}, singles(0.3), ""},
		{"my_embed", dtype.Float32, []int64{2}, singles(0.2303, -1.1229), ""},
		{"arange", dtype.Float32, []int64{5}, singles(0, 1, 2, 3, 4), "arithmetic progression"},
		{"three in a line", dtype.Float32, []int64{1, 3}, singles(0.1, 0.2, 0.3), "arithmetic progression"},
		{"linspace", dtype.Float32, []int64{100}, singles(linspace...), "arithmetic progression"},
		{"grid", dtype.Float32, []int64{2, 3, 4}, singles(grid...), "arithmetic progression"},
		{"grid, one element off", dtype.Float32, []int64{2, 3, 4}, singles(bent...), ""},
		{"three at random", dtype.Float32, []int64{3}, singles(0.1, 0.7, 0.3), ""},
		{"a square has more steps than elements", dtype.Float32, []int64{2, 2}, singles(0.1, 0.7, 0.3, 1.1), ""},
		{"causal mask", dtype.Float32, []int64{2, 2}, singles(0, inf, 0, 0), "mask of few distinct values"},
		{"window mask", dtype.Float32, []int64{4, 2}, singles(0, -100, 0, -100, 100, 0, 0, 0), "mask of few distinct values"},
		{"five values", dtype.Float32, []int64{10}, singles(1, 7, 3, 9, 2, 1, 7, 3, 9, 2), ""},
		{"geometric", dtype.Float32, []int64{5}, singles(1, 2, 4, 8, 16), ""},
		{"with NaN", dtype.Float32, []int64{5}, singles(0, 1, math.NaN(), 3, 4), ""},
		{"arange of float16", dtype.Float16, []int64{6}, halves(f16, 0, 0.1, 0.2, 0.3, 0.4, 0.5), "arithmetic progression"},
		{"three of bfloat16", dtype.BFloat16, []int64{3}, halves(bf16, 0.1, 0.2, 0.3), ""},
		{"complex", dtype.Complex64, []int64{3}, singles(0, 0, 1, 1, 2, 2), ""},
		{"quantized", dtype.QInt8, []int64{3}, []byte{1, 2, 9}, ""},
	} {
		t.Run(c.name, func(t *testing.T) { assert.Equal(t, c.want, reproducible(c.element, c.shape, c.data)) })
	}
}

func TestRandomValuesAreNotReproducible(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct {
		name  string
		round func(float32) uint16
		dtype dtype.DType
	}{{"float32", nil, dtype.Float32}, {"float16", f16, dtype.Float16}, {"bfloat16", bf16, dtype.BFloat16}} {
		t.Run(c.name, func(t *testing.T) {
			wrong := 0
			const tries = 20000
			for range tries {
				n := 1 + random.IntN(6)
				values := make([]float64, n)
				for i := range values {
					values[i] = random.NormFloat64()
				}
				data := singles(values...)
				if c.round != nil {
					data = halves(c.round, values...)
				}
				if reproducible(c.dtype, []int64{int64(n)}, data) != "" {
					wrong++
				}
			}
			assert.LessOrEqual(t, wrong, tries/1000, "of %d random tensors", tries)
		})
	}
}
