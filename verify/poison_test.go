package verify

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seed06459138/torchgo/torch/dtype"
)

func TestPoisonChangesEveryElement(t *testing.T) {
	for d := dtype.Uint8; d.Valid(); d++ {
		t.Run(d.String(), func(t *testing.T) {
			size := d.Size()
			data := make([]byte, 4*size)
			for i := range data {
				data[i] = byte(i % 2)
			}
			bad, ok := poisonOf(d, data)
			known := d == dtype.Bool || d.IsInteger() || d.IsComplex() || d.IsFloat() && d != dtype.Float4E2M1FNx2
			assert.Equal(t, known, ok)
			if !ok {
				return
			}
			assert.Len(t, bad, len(data))
			for at := 0; at < len(data); at += size {
				assert.NotEqual(t, data[at:at+size], bad[at:at+size])
			}
		})
	}
}

func TestPoisonValues(t *testing.T) {
	word := func(n int64) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(n)) }
	for _, c := range []struct{ from, to int64 }{{0, 1}, {255, 256}, {-1, 0}, {math.MaxInt64, math.MinInt64}} {
		bad, ok := poisonOf(dtype.Int64, word(c.from))
		assert.True(t, ok)
		assert.Equal(t, word(c.to), bad)
	}
	bad, _ := poisonOf(dtype.Bool, []byte{0, 1, 1})
	assert.Equal(t, []byte{1, 0, 0}, bad)

	for d, decode := range map[dtype.DType]func([]byte) float64{
		dtype.Float64:  func(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) },
		dtype.Float32:  func(b []byte) float64 { return float64(math.Float32frombits(binary.LittleEndian.Uint32(b))) },
		dtype.Float16:  func(b []byte) float64 { return float64(dtype.F16(binary.LittleEndian.Uint16(b)).Float32()) },
		dtype.BFloat16: func(b []byte) float64 { return float64(dtype.BF16(binary.LittleEndian.Uint16(b)).Float32()) },
		dtype.Complex64: func(b []byte) float64 {
			return float64(math.Float32frombits(binary.LittleEndian.Uint32(b[4:]))) // the imaginary part too
		},
		dtype.Float8E5M2:     func(b []byte) float64 { return float64(dtype.F8E5M2(b[0]).Float32()) },
		dtype.Float8E4M3FN:   func(b []byte) float64 { return float64(dtype.F8E4M3FN(b[0]).Float32()) },
		dtype.Float8E5M2FNUZ: func(b []byte) float64 { return float64(dtype.F8E5M2FNUZ(b[0]).Float32()) },
		dtype.Float8E4M3FNUZ: func(b []byte) float64 { return float64(dtype.F8E4M3FNUZ(b[0]).Float32()) },
		dtype.Float8E8M0FNU:  func(b []byte) float64 { return float64(dtype.F8E8M0FNU(b[0]).Float32()) },
	} {
		bad, ok := poisonOf(d, make([]byte, d.Size()))
		assert.True(t, ok, d)
		assert.True(t, math.IsNaN(decode(bad)), "%v is poisoned with %v", d, decode(bad))
	}
}
