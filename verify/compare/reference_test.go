package compare

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// naive compares element by element, each alone, and sums up without any of the
// short cuts that a scan takes.
func naive(t *testing.T, got, want Tensor, tol Tolerance) Stats {
	size := got.DType.Size()
	n := len(got.Data) / size
	sum := Stats{DType: want.DType, Shape: want.Shape, Numel: int64(n), Tolerance: tol, Close: true, BitEqual: true}
	worst := math.Inf(-1)
	worstAt := -1
	for i := range n {
		g := Tensor{DType: got.DType, Data: got.Data[i*size : (i+1)*size]}
		w := Tensor{DType: want.DType, Data: want.Data[i*size : (i+1)*size]}
		s := compare(t, g, w, tol)
		at := unravel(int64(i), want.Shape)
		if s.MaxAbs > sum.MaxAbs {
			sum.MaxAbs, sum.MaxAbsIndex = s.MaxAbs, at
		}
		if s.MaxRel > sum.MaxRel {
			sum.MaxRel, sum.MaxRelIndex = s.MaxRel, at
		}
		if s.MaxULP > sum.MaxULP {
			sum.MaxULP, sum.MaxULPIndex = s.MaxULP, at
		}
		if !s.Close {
			sum.Close = false
			if sum.Mismatches == 0 {
				sum.FirstMismatch = at
			}
			sum.Mismatches++
			excess := excessOf(g, w, tol)
			if excess > worst {
				worst, worstAt = excess, i
			}
			sum.NeededATol = max(sum.NeededATol, s.NeededATol)
		}
		sum.BitEqual = sum.BitEqual && s.BitEqual
		sum.GotNaN += s.GotNaN
		sum.WantNaN += s.WantNaN
		sum.BothNaN += s.BothNaN
		sum.GotInf += s.GotInf
		sum.WantInf += s.WantInf
	}
	if worstAt >= 0 {
		sum.WorstIndex = unravel(int64(worstAt), want.Shape)
	} else {
		sum.WorstIndex = sum.MaxAbsIndex
	}
	if sum.WorstIndex != nil {
		at := int64(0)
		for d, i := range sum.WorstIndex {
			at = at*want.Shape[d] + i
		}
		sum.Got, sum.Want = scalarAt(got, at), scalarAt(want, at)
	}
	return sum
}

// excessOf returns how far outside of the tolerance one mismatch is.
func excessOf(got, want Tensor, tol Tolerance) float64 {
	t := newTally()
	scannerOf(got.DType, want.DType, want.DType, tol)().scan(0, got.Data, want.Data, &t)
	return t.worst.value
}

// randomPair fills two tensors with numbers of every kind and every distance.
func randomPair(r *rand.Rand, d dtype.DType, shape []int64, style int) (got, want Tensor) {
	n := int64(1)
	for _, s := range shape {
		n *= s
	}
	size := d.Size()
	got = Tensor{d, shape, make([]byte, int(n)*size)}
	want = Tensor{d, shape, make([]byte, int(n)*size)}
	for i := range want.Data {
		want.Data[i] = byte(r.Uint32())
	}
	copy(got.Data, want.Data)
	part := size
	if d.IsComplex() {
		part = size / 2
	}
	for i := 0; i < len(want.Data); i += part {
		g, w := got.Data[i:i+part], want.Data[i:i+part]
		switch {
		case style == 0: // unrelated bits: NaNs, infinities, subnormals, all exponents
			for k := range g {
				g[k] = byte(r.Uint32())
			}
		case style == 1: // a few steps apart
			step(g, r.IntN(7)-3)
		case style == 2 && r.IntN(3) == 0: // numbers around one
			put(d, w, r.NormFloat64())
			put(d, g, r.NormFloat64())
		case style == 2:
			x := r.NormFloat64()
			put(d, w, x)
			put(d, g, x*(1+3e-5*r.NormFloat64()))
		case style == 3: // mostly zeros
			put(d, w, float64(r.IntN(2)))
			put(d, g, float64(r.IntN(2))*math.Exp2(float64(-r.IntN(30))))
		case style == 4 && r.IntN(5000) == 0: // equal but for a few
			step(g, 1)
		}
	}
	return got, want
}

// step adds to the bits of an element.
func step(raw []byte, by int) {
	var b [8]byte
	copy(b[:], raw)
	binary.LittleEndian.PutUint64(b[:], binary.LittleEndian.Uint64(b[:])+uint64(by))
	copy(raw, b[:])
}

// put writes a number as an element, or part of one, of type d; integers get a thousandfold.
func put(d dtype.DType, raw []byte, x float64) {
	switch d {
	case dtype.Float64, dtype.Complex128:
		binary.LittleEndian.PutUint64(raw, math.Float64bits(x))
	case dtype.Float32, dtype.Complex64:
		binary.LittleEndian.PutUint32(raw, math.Float32bits(float32(x)))
	case dtype.Float16, dtype.Complex32:
		binary.LittleEndian.PutUint16(raw, uint16(dtype.F16From(float32(x))))
	case dtype.BFloat16, dtype.BComplex32:
		binary.LittleEndian.PutUint16(raw, uint16(dtype.BF16From(float32(x))))
	default:
		clear(raw)
		raw[0] = byte(int8(x * 40))
	}
}

var comparable = []dtype.DType{
	dtype.Float32, dtype.Float64, dtype.Float16, dtype.BFloat16,
	dtype.Float8E4M3FN, dtype.Float8E5M2, dtype.Float8E4M3FNUZ, dtype.Float8E5M2FNUZ, dtype.Float8E8M0FNU,
	dtype.Complex32, dtype.BComplex32, dtype.Complex64, dtype.Complex128,
	dtype.Uint8, dtype.Int8, dtype.Uint16, dtype.Int16, dtype.Uint32, dtype.Int32, dtype.Uint64, dtype.Int64,
	dtype.Bool, dtype.QInt8, dtype.Bits16,
}

func TestScanAsNaive(t *testing.T) {
	tolerances := []Tolerance{
		Default, {}, {RTol: 1e-3, ATol: 1e-5, EqualNaN: true}, {RTol: 0.3, ATol: 0.7},
		{RTol: 3, ATol: 1e38}, {ATol: 5e-324}, {RTol: math.Inf(1)}, {RTol: 1.3e-6, ATol: 1e-45},
		{ULP: 1}, {ULP: 2, ATol: 1e-30, EqualNaN: true}, {ULP: 1 << 20}, {ULP: math.MaxUint64}, AssertClose, {ATol: math.Inf(1)},
	}
	for _, d := range comparable {
		t.Run(d.String(), func(t *testing.T) {
			r := rand.New(rand.NewPCG(uint64(d), 1))
			for i := range 5 * len(tolerances) {
				got, want := randomPair(r, d, []int64{1 + r.Int64N(30), 1 + r.Int64N(50)}, i%5)
				tol := tolerances[i/5].For(d, d)
				require.Equal(t, naive(t, got, want, tol), compare(t, got, want, tol), "case %d", i)
			}
		})
	}
}

// The result is that of one pass, however the blocks fall to the workers.
func TestResultIndependentOfSplit(t *testing.T) {
	const n = 3*share*blockLen + 77
	procs := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(procs)
	for _, d := range []dtype.DType{dtype.Float32, dtype.Float64, dtype.BFloat16, dtype.Complex64, dtype.Int16} {
		t.Run(d.String(), func(t *testing.T) {
			r := rand.New(rand.NewPCG(uint64(d), 2))
			for style := range 5 {
				got, want := randomPair(r, d, []int64{n}, style)
				runtime.GOMAXPROCS(1)
				alone := compare(t, got, want, Default)
				if d == dtype.Float32 && style%2 == 0 { // the naive way takes its time
					require.Equal(t, naive(t, got, want, Default), alone, "style %d", style)
				}
				for _, p := range []int{2, 3} {
					runtime.GOMAXPROCS(p)
					for range 3 {
						require.Equal(t, alone, compare(t, got, want, Default), "style %d, %d goroutines", style, p)
					}
				}
			}
		})
	}
}

// At NeededATol nothing finite is a mismatch any more.
func TestNeededATol(t *testing.T) {
	for _, d := range comparable {
		if d.IsQuantized() || d == dtype.Bits16 {
			continue
		}
		t.Run(d.String(), func(t *testing.T) {
			r := rand.New(rand.NewPCG(uint64(d), 3))
			for i := range 60 {
				got, want := randomPair(r, d, []int64{200}, 1+i%3)
				tol := Tolerance{RTol: []float64{0, 1e-5, 1e-2}[i%3], ATol: 1e-8, EqualNaN: true}
				s := compare(t, got, want, tol)
				if math.IsInf(s.NeededATol, 1) {
					continue
				}
				if s.Mismatches > 0 && s.MaxAbs > 0 && s.GotNaN+s.WantNaN+s.GotInf+s.WantInf == 0 {
					assert.Positive(t, s.NeededATol)
				}
				tol.ATol = max(tol.ATol, s.NeededATol)
				s = compare(t, got, want, tol)
				assert.Zero(t, s.NeededATol, "case %d: %+v", i, s)
			}
		})
	}
}

// Errors of a pair, computed another way.
func TestPairErrors(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for range 20000 {
		want := float32(r.NormFloat64() * math.Exp2(float64(r.IntN(270)-149)))
		got, steps := want, r.IntN(20)
		toward := float32(math.Inf(1 - 2*r.IntN(2)))
		for range steps {
			got = math.Nextafter32(got, toward)
		}
		s := compare(t, tensorOf([]float32{got}), tensorOf([]float32{want}), Default)
		require.Equal(t, uint64(steps), s.MaxULP, "%v %v", got, want)
		require.Equal(t, math.Abs(float64(got)-float64(want)), s.MaxAbs)
		if want != 0 {
			require.InDelta(t, math.Abs(float64(got)/float64(want)-1), s.MaxRel, 1e-9)
		}
	}
	for _, c := range []struct {
		got, want float64
		ulp       uint64
	}{
		{1, 1 + 0x1p-52, 1}, {math.Copysign(0, -1), 0, 0}, {-5e-324, 5e-324, 2},
		{-math.MaxFloat64, math.MaxFloat64, 2 * 0x7fefffffffffffff},
	} {
		s := compare(t, tensorOf([]float64{c.got}), tensorOf([]float64{c.want}), Default)
		assert.Equal(t, c.ulp, s.MaxULP, "%v %v", c.got, c.want)
	}
}
