package compare

import (
	"encoding/binary"
	"math"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/torch/dtype"
)

func TestProfileCounts(t *testing.T) {
	got := []float32{1, 2, 3, 4, 5, 6, float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN())}
	want := []float32{1, 2.5, 3.5, 4.05, 5, 1006, 7, float32(math.Inf(1)), float32(math.Inf(1)), float32(math.NaN())}
	p, err := NewProfile(tensorOf(got), tensorOf(want), false, 4)
	require.NoError(t, err)
	assert.EqualValues(t, 3, p.Equal, "1, 5 and the same infinity")
	assert.EqualValues(t, 3, p.Undefined)
	// log10: 0.05 is -1.30, 0.5 is -0.30, 1000 is 3.
	assert.Equal(t, -1.5, p.From)
	counts := make([]int64, 19)
	counts[0], counts[4], counts[18] = 1, 2, 1
	assert.Equal(t, counts, p.Counts)
	var worst []int64
	for _, w := range p.Worst {
		worst = append(worst, w.Index[0])
	}
	assert.Equal(t, []int64{6, 8, 9, 5}, worst, "those without a distance first")
	assert.True(t, math.IsNaN(p.Worst[0].Diff))
	assert.Equal(t, "7", p.Worst[0].Want.String())
	assert.Equal(t, 1000.0, p.Worst[3].Diff)

	p, err = NewProfile(tensorOf(got), tensorOf(want), true, 0)
	require.NoError(t, err)
	assert.EqualValues(t, 4, p.Equal, "NaN equals NaN")
	assert.Empty(t, p.Worst)
}

func TestProfileMap(t *testing.T) {
	t.Run("small", func(t *testing.T) {
		got := []float64{1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 16}
		want := []float64{1, 2, 3, 4, 5, 6, 1, 2, 3, 4.5, 5, 6}
		p, err := NewProfile(shaped(tensorOf(got), 2, 2, 3), shaped(tensorOf(want), 2, 2, 3), false, 1)
		require.NoError(t, err)
		assert.Equal(t, Map{2, 3, []float64{0, 0, 0, 0.5, 0, 10}}, p.Map)
		assert.Equal(t, []int64{1, 1, 2}, p.Worst[0].Index)
	})
	t.Run("down-sampled", func(t *testing.T) {
		const h, w = 100, 1000
		want := make([]float32, 3*h*w)
		got := make([]float32, 3*h*w)
		got[2*h*w+99*w+999] = 2
		got[50*w] = 3
		got[1*h*w+51*w+1] = 1 // the same cell
		got[7*w+500] = float32(math.NaN())
		p, err := NewProfile(shaped(tensorOf(got), 3, h, w), shaped(tensorOf(want), 3, h, w), false, 1)
		require.NoError(t, err)
		assert.Equal(t, [2]int{64, 64}, [2]int{p.Map.Rows, p.Map.Cols})
		seen := 0
		for i, diff := range p.Map.Cells {
			switch i {
			case 63*64 + 63:
				assert.Equal(t, 2.0, diff)
			case 32 * 64:
				assert.Equal(t, 3.0, diff)
			case 4*64 + 32:
				assert.True(t, math.IsNaN(diff))
			default:
				assert.Zero(t, diff, i)
				continue
			}
			seen++
		}
		assert.Equal(t, 3, seen)
		assert.EqualValues(t, 3*h*w-4, p.Equal)
	})
	for name, c := range map[string]struct {
		shape      []int64
		rows, cols int
	}{"scalar": {[]int64{}, 1, 1}, "one dimension": {[]int64{100}, 1, 64}, "a column": {[]int64{7, 1}, 7, 1}, "empty": {[]int64{0, 3}, 1, 3}} {
		t.Run(name, func(t *testing.T) {
			n := int64(1)
			for _, d := range c.shape {
				n *= d
			}
			zero := make([]int32, n)
			p, err := NewProfile(shaped(tensorOf(zero), c.shape...), shaped(tensorOf(zero), c.shape...), false, 3)
			require.NoError(t, err)
			assert.Equal(t, [2]int{c.rows, c.cols}, [2]int{p.Map.Rows, p.Map.Cols})
			assert.EqualValues(t, n, p.Equal)
			assert.Nil(t, p.Counts)
		})
	}
}

// The result must not depend on how many goroutines shared the work.
func TestProfileIsTheSameOnOneProcessor(t *testing.T) {
	got, want := perturbed(300_000, 1e-3)
	got[123_456], want[200_000] = float32(math.NaN()), float32(math.Inf(1))
	a, err := NewProfile(shaped(tensorOf(got), 300, 1000), shaped(tensorOf(want), 300, 1000), false, 50)
	require.NoError(t, err)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	b, err := NewProfile(shaped(tensorOf(got), 300, 1000), shaped(tensorOf(want), 300, 1000), false, 50)
	require.NoError(t, err)
	// NaN equals nothing, not even in a test.
	for _, p := range []*Profile{&a, &b} {
		for i, diff := range p.Map.Cells {
			if math.IsNaN(diff) {
				p.Map.Cells[i] = -1
			}
		}
		for i := range 2 {
			require.True(t, math.IsNaN(p.Worst[i].Diff))
			p.Worst[i].Diff = -1
		}
	}
	assert.Equal(t, a, b)
	total := a.Equal + a.Undefined
	for _, n := range a.Counts {
		total += n
	}
	assert.EqualValues(t, 300_000, total, "every element counts once")
	stats, err := Compare(shaped(tensorOf(got), 300, 1000), shaped(tensorOf(want), 300, 1000), Default)
	require.NoError(t, err)
	assert.Equal(t, stats.MaxAbsIndex, a.Worst[2].Index)
	assert.InEpsilon(t, stats.MaxAbs, a.Worst[2].Diff, 1e-6)
}

func TestProfileOfTypes(t *testing.T) {
	big := func(n uint64) []byte { return binary.LittleEndian.AppendUint64(nil, n) }
	for _, c := range []struct {
		name      string
		got, want Tensor
		diff      float64 // NaN: none
	}{
		{"int64 beyond what a double tells apart", tensorOf([]int64{1<<60 + 1}), tensorOf([]int64{1 << 60}), 1},
		{"int64 from end to end", tensorOf([]int64{math.MinInt64}), tensorOf([]int64{math.MaxInt64}), 1 << 64},
		{"uint64", tensorOf([]uint64{math.MaxUint64}), tensorOf([]uint64{1 << 63}), 1 << 63},
		{"uint8", tensorOf([]uint8{250}), tensorOf([]uint8{5}), 245},
		{"int8", tensorOf([]int8{-128}), tensorOf([]int8{127}), 255},
		{"bool", tensorOf([]bool{true}), tensorOf([]bool{false}), 1},
		{"bools of other bits", Tensor{dtype.Bool, []int64{1}, []byte{2}}, Tensor{dtype.Bool, []int64{1}, []byte{1}}, 0},
		{"float16", tensorOf([]dtype.F16{0x3c00}), tensorOf([]dtype.F16{0x4000}), 1},
		{"two widths", tensorOf([]dtype.BF16{0x3f80}), tensorOf([]float32{3}), 2},
		{"complex64", tensorOf([]complex64{3 + 4i}), tensorOf([]complex64{0}), 5},
		{"complex128 with NaN", tensorOf([]complex128{complex(math.NaN(), 0)}), tensorOf([]complex128{0}), math.NaN()},
		{"minus zero", tensorOf([]float64{math.Copysign(0, -1)}), tensorOf([]float64{0}), 0},
		{"float8", Tensor{dtype.Float8E4M3FN, []int64{1}, []byte{0x38}}, Tensor{dtype.Float8E4M3FN, []int64{1}, []byte{0x40}}, 1},
		{"quantized", Tensor{dtype.QInt8, []int64{1}, []byte{1}}, Tensor{dtype.QInt8, []int64{1}, []byte{2}}, math.NaN()},
		{"denormal", Tensor{dtype.Float64, []int64{1}, big(1)}, Tensor{dtype.Float64, []int64{1}, big(0)}, 5e-324},
		{"too far apart", tensorOf([]float64{math.MaxFloat64}), tensorOf([]float64{-math.MaxFloat64}), math.NaN()},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := NewProfile(c.got, c.want, false, 1)
			require.NoError(t, err)
			switch {
			case c.diff == 0:
				assert.EqualValues(t, 1, p.Equal)
				assert.Empty(t, p.Worst)
			case math.IsNaN(c.diff):
				assert.EqualValues(t, 1, p.Undefined)
				assert.True(t, math.IsNaN(p.Worst[0].Diff))
				assert.True(t, math.IsNaN(p.Map.Cells[0]))
			default:
				assert.Equal(t, c.diff, p.Worst[0].Diff)
				assert.Equal(t, []int64{1}, p.Counts)
				assert.InDelta(t, math.Log10(c.diff), p.From, 0.26)
			}
		})
	}
	_, err := NewProfile(tensorOf([]int64{1}), tensorOf([]float32{1}), false, 1)
	assert.ErrorAs(t, err, new(*DTypeError))
	_, err = NewProfile(tensorOf([]int64{1}), tensorOf([]int64{1, 2}), false, 1)
	assert.ErrorAs(t, err, new(*ShapeError))
}

func BenchmarkProfile(b *testing.B) {
	got, want := perturbed(5_000_000, 1e-6)
	for b.Loop() {
		_, err := NewProfile(shaped(tensorOf(got), 5000, 1000), shaped(tensorOf(want), 5000, 1000), false, 20)
		require.NoError(b, err)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/5e6, "ns/elem")
}
