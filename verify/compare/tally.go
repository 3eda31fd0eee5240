package compare

import (
	"cmp"
	"math"
)

// peak is a greatest value and the first position that has it; at is negative
// while there is none.
type peak[T cmp.Ordered] struct {
	value T
	at    int64
}

// raise takes v at a position after all that were seen before.
func (p *peak[T]) raise(v T, at int64) {
	if p.at < 0 || v > p.value {
		p.value, p.at = v, at
	}
}

func (p *peak[T]) merge(o peak[T]) {
	if o.at < 0 {
		return
	}
	if p.at < 0 || o.value > p.value || o.value == p.value && o.at < p.at {
		*p = o
	}
}

// tally is what one worker has seen. Positions grow within a worker, and merge is
// independent of order, so that the total is that of a single pass.
type tally struct {
	mismatches int64
	first      int64 // position of the first mismatch, or negative
	abs, rel   peak[float64]
	ulp        peak[uint64]
	worst      peak[float64] // how far outside of the tolerance
	needed     float64

	gotNaN, wantNaN, bothNaN int64
	gotInf, wantInf          int64
	unequal                  bool // some bytes differ
}

func newTally() tally {
	t := tally{first: -1}
	t.abs.at, t.rel.at, t.ulp.at, t.worst.at = -1, -1, -1, -1
	return t
}

func (t *tally) merge(o *tally) {
	t.mismatches += o.mismatches
	if o.first >= 0 && (t.first < 0 || o.first < t.first) {
		t.first = o.first
	}
	t.abs.merge(o.abs)
	t.rel.merge(o.rel)
	t.ulp.merge(o.ulp)
	t.worst.merge(o.worst)
	t.needed = max(t.needed, o.needed)
	t.gotNaN += o.gotNaN
	t.wantNaN += o.wantNaN
	t.bothNaN += o.bothNaN
	t.gotInf += o.gotInf
	t.wantInf += o.wantInf
	t.unequal = t.unequal || o.unequal
}

// mismatch records an element that is excess outside of the tolerance, and the
// absolute tolerance that would let it pass.
func (t *tally) mismatch(at int64, excess, needed float64) {
	t.mismatches++
	if t.first < 0 {
		t.first = at
	}
	t.worst.raise(excess, at)
	if needed > t.needed { // the built-in max takes care of NaN, which costs more than all the rest
		t.needed = needed
	}
}

// special records a pair of which at least one element is NaN or infinite.
func (t *tally) special(at int64, got, want class, equal, equalNaN bool) {
	if got == isNaN {
		t.gotNaN++
	}
	if want == isNaN {
		t.wantNaN++
	}
	if got == isInf {
		t.gotInf++
	}
	if want == isInf {
		t.wantInf++
	}
	both := got == isNaN && want == isNaN
	if both {
		t.bothNaN++
	}
	if !equal && !(both && equalNaN) {
		t.mismatch(at, math.Inf(1), 0)
	}
}

// class tells numbers apart from the values that have no distance.
type class uint8

const (
	isFinite class = iota
	isInf
	isNaN
)

func classOf(f float64) class {
	switch {
	case f != f:
		return isNaN
	case math.IsInf(f, 0):
		return isInf
	}
	return isFinite
}
