package data

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The parts are those of torch.utils.data.random_split of Python torch 2.15.0.
func TestRandomSplit(t *testing.T) {
	for _, c := range []struct {
		sizes []int
		seed  uint64
		want  [][]int
	}{
		{[]int{7, 3}, 42, [][]int{{2, 6, 1, 8, 4, 5, 0}, {9, 3, 7}}},
		{[]int{2, 0, 3}, 7, [][]int{{0, 1}, {}, {3, 2, 4}}},
	} {
		n := 0
		for _, size := range c.sizes {
			n += size
		}
		parts, err := RandomSplit(numbered(t, n), c.seed, c.sizes...)
		require.NoError(t, err)
		require.Len(t, parts, len(c.want))
		for i, part := range parts {
			assert.Equal(t, c.want[i], part.Indices)
		}
	}
	for _, sizes := range [][]int{{7, 2}, {7, 4}, {11, -1}, nil} {
		_, err := RandomSplit(numbered(t, 10), 1, sizes...)
		assert.Error(t, err)
	}
}

func TestSubset(t *testing.T) {
	whole := numbered(t, 10)
	part := &Subset[*Pair]{Of: whole, Indices: []int{9, 3, 7}}
	l, err := NewLoader(part, Options{Batch: 2})
	require.NoError(t, err)
	assert.Equal(t, [][]float32{{9, 3}, {7}}, batches(t, l, 0))
}
