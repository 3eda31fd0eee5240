package compare

import (
	"fmt"
	"slices"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// TopK returns how far both tensors agree in which k elements of each row, along the
// last dimension, are the greatest: the mean over the rows of the share of got's k
// that are among want's. A tie is no disagreement: an element counts when want has
// there what is as great as the least of its own k. As in torch.topk a NaN is
// greater than any number. A tensor without rows agrees. The types are floats, which
// need not be equal; shapes are, as for Compare; rows shorter than k agree.
func TopK(got, want Tensor, k int) (float64, error) {
	if err := check(got, want); err != nil {
		return 0, err
	}
	if !isFloat(got.DType) || !isFloat(want.DType) {
		return 0, &DTypeError{Got: got.DType, Want: want.DType}
	}
	if k < 1 {
		return 0, fmt.Errorf("the top %d of a row can't be compared", k)
	}
	numel, _ := want.numel()
	if numel == 0 || len(want.Shape) == 0 {
		return 1, nil
	}
	length := want.Shape[len(want.Shape)-1]
	rows := numel / length
	k = int(min(int64(k), length))

	g, w := newRow(got.DType), newRow(want.DType)
	hits := int64(0)
	for row := range rows {
		mine, theirs := g.load(cut(got, row*length, length)), w.load(cut(want, row*length, length))
		w.rank(theirs, k)
		least := theirs[w.top[k-1]]
		g.rank(mine, k)
		for _, at := range g.top {
			if !greater(least, theirs[at]) {
				hits++
			}
		}
	}
	return float64(hits) / float64(rows*int64(k)), nil
}

// row finds the greatest elements of rows, one after the other.
type row struct {
	loader[float64]
	top []int // indices, the greatest element first
}

func newRow(d dtype.DType) *row { return &row{loader: newLoader[float64](d)} }

// rank finds the k greatest elements; of equal ones the first.
func (r *row) rank(values []float64, k int) {
	r.top = r.top[:0]
	for i, v := range values {
		if len(r.top) == k && !greater(v, values[r.top[k-1]]) {
			continue
		}
		at, _ := slices.BinarySearchFunc(r.top, v, func(other int, v float64) int {
			if greater(v, values[other]) {
				return 1
			}
			return -1
		})
		if len(r.top) == k {
			r.top = r.top[:k-1]
		}
		r.top = slices.Insert(r.top, at, i)
	}
}

// greater orders numbers, NaN above all.
func greater(a, b float64) bool { return a > b || a != a && b == b }
