package compare

import (
	"slices"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// Stats is the result of one comparison. Every index is unravelled: one number
// for each dimension, empty for a scalar, nil where there is no such element. Of
// several elements with the same greatest value the first in row-major order is
// named.
type Stats struct {
	DType     dtype.DType // the type that the elements were compared in
	Shape     []int64
	Numel     int64
	Tolerance Tolerance // with the numbers that it had for these types

	Close         bool    // every element is close, as torch.allclose
	BitEqual      bool    // same type and the same bytes
	Mismatches    int64   // elements that are not close
	FirstMismatch []int64 // the first of them

	// MaxAbs is the greatest |got − want| and MaxRel the greatest
	// |got − want| / |want|, over the pairs of finite elements, the latter where
	// want is not zero. MaxAbs is rounded to single precision for float32 and
	// narrower types, as (got - want).abs().max() is in torch.
	MaxAbs      float64
	MaxAbsIndex []int64
	MaxRel      float64
	MaxRelIndex []int64

	// MaxULP is the greatest number of steps, from one number of the element type
	// to the next, that lie between two finite elements; of complex numbers the
	// greater of both parts. Only floats of equal width have it; elsewhere it is 0.
	MaxULP      uint64
	MaxULPIndex []int64

	// WorstIndex is the mismatch that lies furthest outside of the tolerance, one
	// that involves NaN or infinity before all others; without a mismatch the
	// element of MaxAbs. Got and Want are the elements there.
	WorstIndex []int64
	Got, Want  Scalar

	// NeededATol is an absolute tolerance at which, with the same RTol, all finite
	// elements are close: 0 when they are already, +Inf when no tolerance would do.
	NeededATol float64

	GotNaN, WantNaN, BothNaN int64 // BothNaN are positions; they count on both sides too
	GotInf, WantInf          int64

	Note string // what a reader must know besides, such as the type that was widened
}

// stats turns the sum of the workers' tallies into the result.
func (t *tally) stats(got, want Tensor, in dtype.DType, tol Tolerance) Stats {
	numel, _ := want.numel()
	s := Stats{
		DType:         in,
		Shape:         slices.Clone(want.Shape),
		Numel:         numel,
		Tolerance:     tol,
		Close:         t.mismatches == 0,
		BitEqual:      got.DType == want.DType && !t.unequal,
		Mismatches:    t.mismatches,
		FirstMismatch: unravel(t.first, want.Shape),
		MaxAbs:        t.abs.value,
		MaxAbsIndex:   unravel(t.abs.at, want.Shape),
		MaxRel:        t.rel.value,
		MaxRelIndex:   unravel(t.rel.at, want.Shape),
		MaxULP:        t.ulp.value,
		MaxULPIndex:   unravel(t.ulp.at, want.Shape),
		NeededATol:    t.needed,
		GotNaN:        t.gotNaN,
		WantNaN:       t.wantNaN,
		BothNaN:       t.bothNaN,
		GotInf:        t.gotInf,
		WantInf:       t.wantInf,
	}
	worst := t.worst.at
	if worst < 0 {
		worst = t.abs.at
	}
	if worst >= 0 {
		s.WorstIndex = unravel(worst, want.Shape)
		s.Got, s.Want = scalarAt(got, worst), scalarAt(want, worst)
	}
	return s
}

// unravel turns a row-major position into one index for each dimension; nil for
// a negative position.
func unravel(at int64, shape []int64) []int64 {
	if at < 0 {
		return nil
	}
	index := make([]int64, len(shape))
	for d := len(shape) - 1; d >= 0; d-- {
		index[d] = at % shape[d]
		at /= shape[d]
	}
	return index
}
