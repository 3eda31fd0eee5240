package compare

import (
	"math"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// doubles compares floats as float64.
type doubles struct {
	floats
	got, want  loader[float64]
	atol, rtol float64
}

func newDoubles(got, want dtype.DType, tol Tolerance) *doubles {
	s := &doubles{
		floats: floats{arithmetic: arithmeticOf(dtype.Float64, tol), equalNaN: tol.EqualNaN, ulp: tol.ULP},
		got:    newLoader[float64](got),
		want:   newLoader[float64](want),
		atol:   -1, // no absolute value is less
	}
	if got == want {
		s.steps = stepsOf(got)
	}
	if atol, rtol, ok := s.certain(); ok {
		s.atol, s.rtol = atol, rtol
	}
	return s
}

func (s *doubles) plain(raw []byte) bool { return finite64(raw) }

// scan looks at the pairs that singles.scan would look at; here squares could
// overflow. Where ratio·|want| vanishes it may round up to the difference, so that
// only a smaller difference is out of the question.
func (s *doubles) scan(at int64, got, want []byte, t *tally) {
	g, w := s.got.load(got), s.want.load(want)
	w = w[:len(g)]
	limit, ratio := t.abs.value, s.ratio(t)
	for i := range g {
		a, b := g[i], w[i]
		d, m := math.Abs(a-b), math.Abs(b)
		if d <= limit && (d < ratio*m || d == 0) && d <= s.atol+s.rtol*m {
			continue
		}
		s.look(t, at+int64(i), a, b, got[i*s.got.size:], want[i*s.want.size:])
		limit, ratio = t.abs.value, s.ratio(t)
	}
}
