package compare

import (
	"math"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// arithmetic is the way torch.isclose computes for one element type: in double
// precision, in single precision, or in single precision with every result rounded
// to a narrower type.
type arithmetic struct {
	atol, rtol float64               // as the type has them
	eps        float64               // half the distance from 1 to the next number: relative rounding error
	max, min   float64               // the greatest finite and the least positive number
	double     bool                  // in double precision
	round      func(float32) float32 // to the narrower type, or nil
}

// arithmeticOf returns the arithmetic of floats of type d; 8-bit floats have none
// of their own and are computed with as float32.
func arithmeticOf(d dtype.DType, tol Tolerance) arithmetic {
	if d == dtype.Float64 {
		return arithmetic{atol: tol.ATol, rtol: tol.RTol, eps: 0x1p-53, max: math.MaxFloat64, min: 0x1p-1074, double: true}
	}
	atol, rtol := float32(tol.ATol), float32(tol.RTol)
	a := arithmetic{atol: float64(atol), rtol: float64(rtol), eps: 0x1p-24, max: math.MaxFloat32, min: 0x1p-149}
	switch d {
	case dtype.Float16:
		a.round = func(f float32) float32 { return dtype.F16From(f).Float32() }
		a.eps, a.max, a.min = 0x1p-11, 65504, 0x1p-24
	case dtype.BFloat16:
		a.round = func(f float32) float32 { return dtype.BF16From(f).Float32() }
		a.eps, a.max, a.min = 0x1p-8, 0x1.fep127, 0x1p-133
	}
	if a.round != nil {
		a.atol = float64(a.round(atol)) // torch adds it as an element, and multiplies by rtol as a scalar
	}
	return a
}

// judgement is what torch.isclose computes for one pair of finite numbers.
type judgement struct {
	diff  float64 // |got − want|
	scale float64 // RTol·|want|
	close bool
}

// judge64 and judge32 convert products before they are added to: that keeps a
// compiler from fusing both operations into one that rounds once.

func (a *arithmetic) judge64(got, want float64) judgement {
	diff, scale := math.Abs(got-want), math.Abs(float64(a.rtol*want))
	return judgement{diff, scale, got == want || diff <= a.max && diff <= a.atol+scale}
}

func (a *arithmetic) judge32(got, want float32) judgement {
	diff, scale := abs(got-want), abs(float32(float32(a.rtol)*want))
	if a.round != nil {
		diff, scale = a.round(diff), a.round(scale)
	}
	bound := float32(a.atol) + scale
	if a.round != nil {
		bound = a.round(bound)
	}
	return judgement{
		diff:  float64(diff),
		scale: float64(scale),
		close: got == want || float64(diff) <= a.max && diff <= bound,
	}
}

func abs(f float32) float32 { return math.Float32frombits(math.Float32bits(f) &^ (1 << 31)) }

// excess returns how far outside of the tolerance a pair is.
func (a *arithmetic) excess(j judgement) float64 {
	if e := j.diff - (a.atol + j.scale); e == e {
		return e
	}
	return j.diff // an infinite tolerance times zero
}

// needed returns an absolute tolerance that lets a pair pass. The last term makes
// up for the rounding of the tolerance and of the bound.
func (a *arithmetic) needed(j judgement) float64 {
	if n := j.diff - j.scale + 4*a.eps*j.diff; n == n {
		return n
	}
	return math.Inf(1)
}

// certain returns tolerances that lie so much below the real ones that whatever is
// within them is close, whichever way its bound was rounded. For tolerances so
// large that a difference within them could overflow there are none: ok is false.
func (a *arithmetic) certain() (atol, rtol float64, ok bool) {
	if !(a.rtol <= 0.25 && a.atol <= a.max/4) {
		return 0, 0, false
	}
	margin := 1 - 16*a.eps
	return a.atol * margin, a.rtol * margin, true
}

// hopeless returns tolerances that lie so much above the real ones that whatever is
// outside of them is not close.
func (a *arithmetic) hopeless() (atol, rtol float64) {
	margin := 1 + 16*a.eps
	return a.atol*margin + 4*a.min, a.rtol * margin
}

// settle records whether a pair of finite elements is close.
func (a *arithmetic) settle(t *tally, at int64, j judgement) {
	if !j.close {
		t.mismatch(at, a.excess(j), a.needed(j))
	}
}
