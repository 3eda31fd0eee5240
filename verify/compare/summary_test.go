package compare

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSummarize(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	s := Summarize(tensorOf([]float64{1e9 + 1, 1e9 + 2, nan, 1e9 + 3, -inf, 1e9 + 4}))
	assert.Equal(t, Summary{Min: 1e9 + 1, Max: 1e9 + 4, Mean: 1e9 + 2.5, Std: math.Sqrt(1.25), NaN: 1, Infinite: 1}, s)
	assert.Equal(t, Summary{Min: -3, Max: 5, Mean: 1, Std: 4}, Summarize(tensorOf([]int64{-3, 5})))
	assert.Equal(t, Summary{Min: 0, Max: 1, Mean: 0.5, Std: 0.5}, Summarize(tensorOf([]bool{true, false})))
	assert.Equal(t, Summary{Min: 5, Max: 5, Mean: 5}, Summarize(tensorOf([]complex64{3 + 4i})))
	empty := Summarize(tensorOf([]float32{}))
	assert.True(t, math.IsNaN(empty.Min) && math.IsNaN(empty.Std))
}
