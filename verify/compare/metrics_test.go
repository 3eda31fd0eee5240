package compare

import (
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/torch/dtype"
)

func TestMetrics(t *testing.T) {
	inf := float32(math.Inf(1))
	for name, c := range map[string]struct {
		got, want   Tensor
		cosine, snr float64
	}{
		"equal":         {tensorOf([]float32{1, 2, 3}), tensorOf([]float32{1, 2, 3}), 1, math.Inf(1)},
		"orthogonal":    {tensorOf([]float32{0, 2}), tensorOf([]float32{3, 0}), 0, 10 * math.Log10(9./13)},
		"opposite":      {tensorOf([]float64{-1, -2}), tensorOf([]float64{1, 2}), -1, 10 * math.Log10(1./4)},
		"scaled":        {tensorOf([]float32{2, 4}), tensorOf([]float32{1, 2}), 1, 0},
		"zeros":         {tensorOf([]float32{0}), tensorOf([]float32{0}), 1, math.Inf(1)},
		"against zeros": {tensorOf([]float32{1}), tensorOf([]float32{0}), 0, math.Inf(-1)},
		"halves":        {tensorOf([]dtype.F16{0x3c00, 0x4000}), tensorOf([]dtype.F16{0x3c00, 0x3c00}), 3 / math.Sqrt(10), 10 * math.Log10(2)},
		"complex":       {tensorOf([]complex64{1i}), tensorOf([]complex64{1}), 0, 10 * math.Log10(1./2)},
		"two widths":    {tensorOf([]float64{2}), tensorOf([]float32{1}), 1, 0},
		"infinite":      {tensorOf([]float32{inf, 1, inf}), tensorOf([]float32{inf, 1, 0}), 1, math.Inf(1)},
		"empty":         {tensorOf([]float32{}), tensorOf([]float32{}), 1, math.Inf(1)},
	} {
		t.Run(name, func(t *testing.T) {
			_, m, err := Measure(c.got, c.want, Default)
			require.NoError(t, err)
			assert.InDelta(t, c.cosine, m.Cosine, 1e-15)
			if math.IsInf(c.snr, 0) {
				assert.Equal(t, c.snr, m.SNR)
			} else {
				assert.InDelta(t, c.snr, m.SNR, 1e-12)
			}
		})
	}
	_, m, err := Measure(tensorOf([]int64{1}), tensorOf([]int64{2}), Default)
	require.NoError(t, err)
	assert.Zero(t, m, "integers have none")
}

// Measuring changes nothing else, and does not depend on who measured which block.
func TestMeasureIndependentOfSplit(t *testing.T) {
	got, want := perturbed(3*share*blockLen+77, 1e-4)
	procs := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(procs)
	alone, first, err := Measure(tensorOf(got), tensorOf(want), Default)
	require.NoError(t, err)
	assert.Equal(t, compare(t, tensorOf(got), tensorOf(want), Default), alone)
	assert.InDelta(t, 1, first.Cosine, 1e-7)
	assert.Less(t, first.Cosine, 1.0)
	runtime.GOMAXPROCS(3)
	for range 3 {
		_, m, err := Measure(tensorOf(got), tensorOf(want), Default)
		require.NoError(t, err)
		assert.Equal(t, first, m)
	}
}

func TestTopK(t *testing.T) {
	nan := float32(math.NaN())
	for name, c := range map[string]struct {
		got, want []float32
		shape     []int64
		k         int
		agree     float64
	}{
		"same order":     {[]float32{1, 3, 2}, []float32{10, 30, 20}, []int64{3}, 2, 1},
		"among them":     {[]float32{1, 2, 3}, []float32{1, 3, 2}, []int64{3}, 2, 1},
		"first differs":  {[]float32{1, 2, 3}, []float32{1, 3, 2}, []int64{3}, 1, 0},
		"half of rows":   {[]float32{1, 2, 2, 1}, []float32{1, 2, 1, 2}, []int64{2, 2}, 1, 0.5},
		"half of top":    {[]float32{4, 3, 2, 1}, []float32{4, 1, 3, 2}, []int64{4}, 2, 0.5},
		"tie":            {[]float32{1, 2, 3}, []float32{1, 2, 2}, []int64{3}, 1, 1},
		"k beyond a row": {[]float32{1, 2}, []float32{2, 1}, []int64{2}, 5, 1},
		"NaN is first":   {[]float32{nan, 2}, []float32{1, 2}, []int64{2}, 1, 0},
		"NaN in both":    {[]float32{nan, 2}, []float32{nan, 5}, []int64{2}, 1, 1},
		"scalar":         {[]float32{1}, []float32{2}, []int64{}, 1, 1},
		"no rows":        {[]float32{}, []float32{}, []int64{0, 3}, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			agree, err := TopK(shaped(tensorOf(c.got), c.shape...), shaped(tensorOf(c.want), c.shape...), c.k)
			require.NoError(t, err)
			assert.Equal(t, c.agree, agree)
		})
	}
	_, err := TopK(tensorOf([]int32{1}), tensorOf([]int32{1}), 1)
	assert.Error(t, err)
	_, err = TopK(tensorOf([]float32{1}), tensorOf([]float32{1}), 0)
	assert.ErrorContains(t, err, "top 0")
}

// Ranks are those of sorting.
func TestTopKAsSorted(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	values := make([]float64, 200)
	for i := range values {
		values[i] = float64(r.IntN(40))
	}
	one := newRow(dtype.Float64)
	one.rank(values, 20)
	for i, at := range one.top[1:] {
		before := one.top[i]
		assert.True(t, values[before] > values[at] || values[before] == values[at] && before < at)
	}
	least := one.top[19]
	for i, v := range values {
		if v > values[least] {
			assert.Contains(t, one.top, i)
		}
	}
}

// BenchmarkMeasure measures what metrics cost beside a comparison.
func BenchmarkMeasure(b *testing.B) {
	got, want := perturbed(5_000_000, 1e-6)
	for name, measure := range map[string]bool{"plain": false, "measured": true} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_, _, err := pass(tensorOf(got), tensorOf(want), Default, measure)
				require.NoError(b, err)
			}
		})
	}
}
