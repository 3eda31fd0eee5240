package compare

import "github.com/seed06459138/torchgo/torch/dtype"

// singles compares floats that fit in a float32.
type singles struct {
	floats
	got, want loader[float32]
	finite    func(raw []byte) bool
	within    bound
	outside   bound
}

// bound is the square of a tolerance: atol2 + rtol2·want².
type bound struct{ atol2, rtol2 float64 }

func square(atol, rtol float64) bound { return bound{atol * atol, rtol * rtol} }

func newSingles(got, want, in dtype.DType, tol Tolerance) *singles {
	s := &singles{
		floats: floats{arithmetic: arithmeticOf(in, tol), equalNaN: tol.EqualNaN, ulp: tol.ULP},
		got:    newLoader[float32](got),
		want:   newLoader[float32](want),
		finite: finiteOf(want),
		within: bound{atol2: -1}, // no square is less
	}
	if got == want {
		s.steps = stepsOf(in)
	}
	// For numbers that are not negative, a²+b² ≤ (a+b)² ≤ 2·(a²+b²).
	if atol, rtol, ok := s.certain(); ok {
		s.within = square(atol, rtol)
	}
	outside := square(s.hopeless())
	s.outside = bound{2 * outside.atol2, 2 * outside.rtol2}
	return s
}

func (s *singles) plain(raw []byte) bool { return s.finite(raw) }

// scan squares the differences, in double precision, where squares of float32 can
// neither overflow nor vanish: that spares taking absolute values. A pair needs no
// look when it raises no maximum and is certainly within or outside of the
// tolerance; NaN and infinity, of which the difference is one too, always get one.
//
// The float32 numbers are used for nothing but the conversion: the compiler then
// converts in the register that it loaded to, and iterations don't wait for each
// other.
func (s *singles) scan(at int64, got, want []byte, t *tally) {
	g, w := s.got.load(got), s.want.load(want)
	w = w[:len(g)]
	within, outside := s.within, s.outside
	limit2, ratio2, worst2 := s.gates(t)
	for i := range g {
		a, b := float64(g[i]), float64(w[i])
		d := a - b
		d2, b2 := d*d, b*b
		if d2 <= limit2 && d2 <= ratio2*b2 {
			if d2 <= within.atol2+within.rtol2*b2 {
				continue
			}
			if d2 <= worst2 && d2 > outside.atol2+outside.rtol2*b2 {
				t.mismatches++
				continue
			}
		}
		s.look(t, at+int64(i), a, b, got[i*s.got.size:], want[i*s.want.size:])
		limit2, ratio2, worst2 = s.gates(t)
	}
}

// gates returns the squares up to which a difference, its ratio to the wanted
// number, and the difference of a mismatch raise no maximum. MaxAbs is rounded to
// a float32: half a step is free.
func (s *singles) gates(t *tally) (limit2, ratio2, worst2 float64) {
	limit, ratio := t.abs.value*(1+0x1p-26), s.ratio(t)
	worst2 = -1
	if t.worst.at >= 0 {
		worst := min(t.worst.value, t.needed) * (1 - 8*s.eps)
		worst2 = worst * worst
	}
	return limit * limit, ratio * ratio, worst2
}
