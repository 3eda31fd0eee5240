package data

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The orders are those of a DataLoader of Python torch 2.15.0.
func TestShuffled(t *testing.T) {
	for _, c := range []struct {
		n      int
		seed   uint64
		orders [][]int // epoch by epoch
	}{
		{10, 42, [][]int{{6, 5, 4, 0, 8, 9, 2, 1, 3, 7}, {3, 6, 5, 8, 9, 4, 2, 0, 7, 1}, {7, 4, 5, 0, 9, 1, 3, 2, 8, 6}}},
		{10, 0, [][]int{{3, 7, 5, 2, 0, 8, 1, 6, 9, 4}, {1, 3, 2, 7, 5, 9, 0, 6, 4, 8}, {6, 8, 5, 7, 2, 4, 1, 0, 3, 9}}},
		{25, 7, [][]int{
			{21, 15, 3, 24, 2, 4, 14, 5, 12, 16, 18, 8, 22, 23, 9, 17, 19, 13, 20, 1, 10, 7, 6, 11, 0},
			{7, 4, 11, 22, 9, 10, 17, 0, 16, 24, 18, 21, 6, 13, 8, 1, 2, 5, 14, 12, 19, 15, 20, 23, 3},
		}},
		{1, 3, [][]int{{0}, {0}}},
		{2, 9, [][]int{{0, 1}, {1, 0}, {0, 1}}},
		{0, 1, [][]int{{}}},
	} {
		for epoch, want := range c.orders {
			assert.Equal(t, want, shuffled(c.n, c.seed, epoch), "%d samples, seed %d, epoch %d", c.n, c.seed, epoch)
		}
	}
}

func TestShuffledIsAPermutation(t *testing.T) {
	order := shuffled(100_003, 1<<40+5, 1)
	slices.Sort(order)
	for i, v := range order {
		if i != v {
			t.Fatalf("%d stands where %d should", v, i)
		}
	}
}
