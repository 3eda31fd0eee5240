package compare

import (
	"encoding/binary"
	"math"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// floats is what the scanners of real numbers share: the careful look at one pair.
type floats struct {
	arithmetic
	steps    steps
	ulp      uint64 // steps that are close
	equalNaN bool
}

// steps counts the numbers of a type that lie between two of its elements.
type steps struct {
	size     int     // bytes; 0: not counted
	unsigned bool    // there is no sign bit
	unit     float64 // the distance to the next number is at least unit·|number|
}

func stepsOf(d dtype.DType) steps {
	s := steps{size: d.Size()}
	switch d {
	case dtype.Float64:
		s.unit = 0x1p-53
	case dtype.Float32:
		s.unit = 0x1p-24
	case dtype.Float16:
		s.unit = 0x1p-11
	case dtype.BFloat16:
		s.unit = 0x1p-8
	case dtype.Float8E4M3FN, dtype.Float8E4M3FNUZ:
		s.unit = 0x1p-4
	case dtype.Float8E5M2, dtype.Float8E5M2FNUZ:
		s.unit = 0x1p-3
	case dtype.Float8E8M0FNU:
		s.unit, s.unsigned = 0x1p-1, true
	}
	return s
}

// between returns the distance of two finite elements; both zeros are one number.
func (s steps) between(got, want []byte) uint64 {
	g, w := s.ordinal(got), s.ordinal(want)
	if g < w {
		g, w = w, g
	}
	return uint64(g) - uint64(w)
}

// ordinal numbers the elements of a type in their order. Floats are sign and
// magnitude, and greater magnitudes have greater bits.
func (s steps) ordinal(raw []byte) int64 {
	var bits uint64
	switch s.size {
	case 1:
		bits = uint64(raw[0])
	case 2:
		bits = uint64(binary.LittleEndian.Uint16(raw))
	case 4:
		bits = uint64(binary.LittleEndian.Uint32(raw))
	case 8:
		bits = binary.LittleEndian.Uint64(raw)
	}
	sign := uint64(1) << (8*s.size - 1)
	if bits&sign == 0 || s.unsigned {
		return int64(bits)
	}
	return -int64(bits &^ sign)
}

// ratio returns the greatest r such that a pair with |got − want| ≤ r·|want| raises
// neither the relative error nor the number of steps that t has seen.
//
// Two numbers n steps apart, the smaller of magnitude m, differ by at least
// n·unit·m, and m is at least |want| − |got − want|; of unequal signs they differ
// by at least |want|.
func (f *floats) ratio(t *tally) float64 {
	r := t.rel.value
	if f.steps.size != 0 {
		c := float64(t.ulp.value+1) * f.steps.unit
		r = min(r, c/(1+c))
	}
	return r * (1 - 0x1p-40) // whichever way the products were rounded
}

// look records one pair in full; rawGot and rawWant are its bytes.
func (f *floats) look(t *tally, at int64, got, want float64, rawGot, rawWant []byte) {
	diff := math.Abs(got - want)
	if !(diff <= math.MaxFloat64) {
		g, w := classOf(got), classOf(want)
		if g != isFinite || w != isFinite {
			t.special(at, g, w, got == want, f.equalNaN)
			return
		}
	}
	steps, rounded := uint64(0), diff
	if !f.double && diff <= math.MaxFloat32 {
		rounded = float64(float32(diff))
	}
	if diff != 0 {
		t.abs.raise(rounded, at)
		if want != 0 {
			t.rel.raise(diff/math.Abs(want), at)
		}
		if f.steps.size != 0 {
			steps = f.steps.between(rawGot, rawWant)
			t.ulp.raise(steps, at)
		}
	}
	j := judgement{}
	if f.double {
		j = f.judge64(got, want)
	} else {
		j = f.judge32(float32(got), float32(want))
	}
	j.close = j.close || f.steps.size != 0 && steps <= f.ulp
	f.settle(t, at, j)
}

// certain returns a tolerance that is certainly within the real one, as that of
// arithmetic. It is the one of steps where nothing else is close: a pair that is
// within either would be close, but not one that is within the sum of both.
func (f *floats) certain() (atol, rtol float64, ok bool) {
	if f.ulp > 0 && f.steps.size != 0 && f.atol == 0 && f.rtol == 0 {
		c := float64(f.ulp) * f.steps.unit // see ratio; one step less than it could be
		return 0, c / (1 + c) * (1 - 0x1p-40), true
	}
	return f.arithmetic.certain()
}

// hopeless returns a tolerance that is certainly outside of the real one, as that of
// arithmetic: steps are at most twice as far apart as the least distance between
// numbers of their size.
func (f *floats) hopeless() (atol, rtol float64) {
	atol, rtol = f.arithmetic.hopeless()
	if f.ulp == 0 || f.steps.size == 0 {
		return atol, rtol
	}
	c := 2 * float64(f.ulp) * f.steps.unit
	if c >= 0.5 || f.steps.size == 1 { // the least number of 8-bit floats is no float32's
		return math.Inf(1), math.Inf(1)
	}
	return atol + 2*float64(f.ulp)*f.min, rtol + 2*c/(1-c)
}
