package compare

import (
	"math"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// complexes compares complex numbers of which T holds a part.
type complexes[T float32 | float64] struct {
	arithmetic
	steps     steps
	ulp       uint64 // steps that are close, of both parts
	equalNaN  bool
	got, want loader[T]
	finite    func(raw []byte) bool
}

func newComplexes[T float32 | float64](got, want, in dtype.DType, tol Tolerance) *complexes[T] {
	s := &complexes[T]{
		ulp:      tol.ULP,
		equalNaN: tol.EqualNaN,
		got:      newLoader[T](got),
		want:     newLoader[T](want),
		finite:   finiteOf(want),
	}
	// Of two halves there is no arithmetic: they are computed with in single precision.
	s.arithmetic = arithmeticOf(dtype.Float32, tol)
	if in == dtype.Complex128 {
		s.arithmetic = arithmeticOf(dtype.Float64, tol)
	}
	if got == want {
		s.steps = stepsOf(partOf(in))
	}
	return s
}

func (s *complexes[T]) plain(raw []byte) bool { return s.finite(raw) }

func (s *complexes[T]) scan(at int64, got, want []byte, t *tally) {
	g, w := s.got.load(got), s.want.load(want)
	w = w[:len(g)]
	for i := 0; i+1 < len(g); i += 2 {
		if g[i] == w[i] && g[i+1] == w[i+1] && finitePart(g[i]) && finitePart(g[i+1]) {
			continue
		}
		s.look(t, at+int64(i/2), [2]T{g[i], g[i+1]}, [2]T{w[i], w[i+1]}, got[i*s.got.size:], want[i*s.want.size:])
	}
}

// look records a pair of complex numbers; rawGot and rawWant are the bytes of both.
// Every step is rounded to T, but absolute values are taken in double precision.
func (s *complexes[T]) look(t *tally, at int64, got, want [2]T, rawGot, rawWant []byte) {
	g, w := pairClass(got[:]), pairClass(want[:])
	if g != isFinite || w != isFinite {
		t.special(at, g, w, got == want, s.equalNaN)
		return
	}
	exact := math.Hypot(float64(got[0])-float64(want[0]), float64(got[1])-float64(want[1]))
	magnitude := math.Hypot(float64(want[0]), float64(want[1]))
	if exact != 0 {
		t.abs.raise(exact, at)
		if magnitude != 0 {
			t.rel.raise(exact/magnitude, at)
		}
	}

	steps := uint64(0)
	if s.steps.size != 0 {
		steps = max(s.steps.between(rawGot, rawWant), s.steps.between(rawGot[s.got.size:], rawWant[s.want.size:]))
		if steps > 0 {
			t.ulp.raise(steps, at)
		}
	}

	rtol, atol := T(s.rtol), T(s.atol)
	diff := absolute(got[0]-want[0], got[1]-want[1])
	scale := absolute(T(rtol*want[0]), T(rtol*want[1]))
	close := got == want || float64(diff) <= s.max && diff <= atol+scale || s.steps.size != 0 && steps <= s.ulp
	s.settle(t, at, judgement{float64(diff), float64(scale), close})
}

func absolute[T float32 | float64](re, im T) T { return T(math.Hypot(float64(re), float64(im))) }

func finitePart[T float32 | float64](f T) bool { return f-f == 0 }

// pairClass returns the class of a complex number: NaN where a part is one.
func pairClass[T float32 | float64](c []T) class {
	return max(classOf(float64(c[0])), classOf(float64(c[1])))
}
