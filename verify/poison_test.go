package verify

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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
			known := d == dtype.Bool || d.IsInteger() || d.IsComplex() || d.IsFloat() && d != dtype.Float4E2M1FNx2
			for round := range rounds {
				bad, ok := poisonOf(d, data, round)
				assert.Equal(t, known, ok)
				if !ok {
					continue
				}
				assert.Len(t, bad, len(data))
				for at := 0; at < len(data); at += size {
					assert.NotEqual(t, data[at:at+size], bad[at:at+size])
				}
			}
		})
	}
}

func TestPoisonValues(t *testing.T) {
	word := func(n int64) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(n)) }
	for _, c := range []struct{ from, to int64 }{{0, 1}, {255, 256}, {-1, 0}, {math.MaxInt64, math.MinInt64}} {
		bad, ok := poisonOf(dtype.Int64, word(c.from), 0)
		assert.True(t, ok)
		assert.Equal(t, word(c.to), bad)
		back, ok := poisonOf(dtype.Int64, word(c.to), 1)
		assert.True(t, ok)
		assert.Equal(t, word(c.from), back)
	}
	bad, _ := poisonOf(dtype.Bool, []byte{0, 1, 1}, 0)
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
		bad, ok := poisonOf(d, make([]byte, d.Size()), 0)
		assert.True(t, ok, d)
		assert.True(t, math.IsNaN(decode(bad)), "%v is poisoned with %v", d, decode(bad))
	}
}

// TestSecondRound is about what NaN cannot show: which element is the greatest.
func TestSecondRound(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 100 {
		values := make([]float64, 3+random.IntN(8))
		for i := range values {
			values[i] = random.NormFloat64() * 10
		}
		bad, ok := poisonOf(dtype.Float32, singles(values...), 1)
		require.True(t, ok)
		var after []float64
		for i := range values {
			v := float64(math.Float32frombits(binary.LittleEndian.Uint32(bad[4*i:])))
			assert.NotEqual(t, values[i], v)
			assert.False(t, math.IsNaN(v) || math.IsInf(v, 0))
			after = append(after, v)
		}
		assert.NotEqual(t, slices.Max(after), after[0], "argmax of NaN is 0")
		assert.NotEqual(t, slices.Min(after), after[0], "argmin of NaN is 0")
	}
	bad, ok := poisonOf(dtype.Float32, singles(math.NaN(), math.Inf(1), 0), 1)
	assert.True(t, ok)
	assert.Equal(t, singles(3, 11, -13), bad)
}
