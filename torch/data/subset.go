package data

import (
	"context"
	"fmt"
)

// Subset is a part of a dataset, as torch.utils.data.Subset: the samples that Indices
// say, in that order.
type Subset[B Batch] struct {
	Of      Dataset[B]
	Indices []int
}

// Len tells how many samples there are.
func (s *Subset[B]) Len() int { return len(s.Indices) }

// Batch reads samples of the whole dataset.
func (s *Subset[B]) Batch(ctx context.Context, r Request) (B, error) {
	of := make([]int, len(r.Indices))
	for i, index := range r.Indices {
		of[i] = s.Indices[index]
	}
	r.Indices = of
	return s.Of.Batch(ctx, r)
}

// RandomSplit divides a dataset at random into parts of these sizes, as
// torch.utils.data.random_split does with a generator of the seed. The indices of a part
// are good for another dataset of the same samples, too: one for tests that varies
// nothing.
func RandomSplit[B Batch](d Dataset[B], seed uint64, sizes ...int) ([]*Subset[B], error) {
	n, sum := d.Len(), 0
	for _, size := range sizes {
		if size < 0 {
			return nil, &Error{Msg: fmt.Sprintf("a part of %d samples is not possible", size)}
		}
		sum += size
	}
	if sum != n || n > mostSamples {
		return nil, &Error{Msg: fmt.Sprintf("parts of %v are %d samples, not the %d of the dataset", sizes, sum, n), Remedy: fmt.Sprintf("give sizes of that sum, %d at most", mostSamples)}
	}
	order := permuted(newTwister(seed), n)
	parts := make([]*Subset[B], len(sizes))
	for i, size := range sizes {
		parts[i] = &Subset[B]{Of: d, Indices: order[:size:size]}
		order = order[size:]
	}
	return parts, nil
}
