package compare

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/torch/dtype"
)

func shaped(t Tensor, shape ...int64) Tensor {
	t.Shape = shape
	return t
}

func compare(t *testing.T, got, want Tensor, tol Tolerance) Stats {
	t.Helper()
	s, err := Compare(got, want, tol)
	require.NoError(t, err)
	return s
}

func TestStats(t *testing.T) {
	want := shaped(tensorOf([]float32{1, 2, 3, 4, 0, 6}), 2, 3)
	got := shaped(tensorOf([]float32{1, 2.5, 3, 3, 1e-9, 6}), 2, 3)
	s := compare(t, got, want, Default)
	assert.False(t, s.Close)
	assert.False(t, s.BitEqual)
	assert.Equal(t, dtype.Float32, s.DType)
	assert.Equal(t, []int64{2, 3}, s.Shape)
	assert.Equal(t, int64(6), s.Numel)
	assert.Equal(t, int64(2), s.Mismatches)
	assert.Equal(t, []int64{0, 1}, s.FirstMismatch)
	assert.Equal(t, 1.0, s.MaxAbs)
	assert.Equal(t, []int64{1, 0}, s.MaxAbsIndex)
	assert.Equal(t, 0.25, s.MaxRel, "the zero is left out")
	assert.Equal(t, []int64{0, 1}, s.MaxRelIndex, "the first of equals")
	assert.Equal(t, uint64(math.Float32bits(1e-9)), s.MaxULP)
	assert.Equal(t, []int64{1, 1}, s.MaxULPIndex)
	assert.Equal(t, []int64{1, 0}, s.WorstIndex)
	assert.Equal(t, "3", s.Got.String())
	assert.Equal(t, "4", s.Want.String())
	assert.InEpsilon(t, 1-4e-5, s.NeededATol, 1e-5)
}

func TestEqualTensors(t *testing.T) {
	x := shaped(tensorOf([]float64{1, math.Inf(1), 3}), 3, 1)
	s := compare(t, x, x, Tolerance{})
	assert.True(t, s.Close)
	assert.True(t, s.BitEqual)
	assert.Zero(t, s.Mismatches)
	assert.Zero(t, s.MaxAbs)
	assert.Nil(t, s.MaxAbsIndex)
	assert.Nil(t, s.WorstIndex)
	assert.Equal(t, "none", s.Got.String())
	assert.Equal(t, int64(1), s.GotInf)
	assert.Equal(t, int64(1), s.WantInf)
}

func TestEmptyAndScalar(t *testing.T) {
	empty := shaped(tensorOf([]float32{}), 0, 3)
	s := compare(t, empty, empty, Default)
	assert.True(t, s.Close)
	assert.True(t, s.BitEqual)
	assert.Zero(t, s.Numel)

	s = compare(t, shaped(tensorOf([]int32{4})), shaped(tensorOf([]int32{3})), Tolerance{})
	assert.Equal(t, []int64{}, s.FirstMismatch)
	assert.Equal(t, []int64{}, s.MaxAbsIndex)
	assert.Equal(t, 1.0, s.MaxAbs)
	assert.Zero(t, s.MaxULP)
}

func TestSpecialValues(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for name, c := range map[string]struct {
		got, want []float32
		equalNaN  bool
		close     bool
		mismatch  int64
		stats     Stats
	}{
		"nan both":             {[]float32{nan}, []float32{nan}, false, false, 1, Stats{GotNaN: 1, WantNaN: 1, BothNaN: 1}},
		"nan both, equal_nan":  {[]float32{nan}, []float32{nan}, true, true, 0, Stats{GotNaN: 1, WantNaN: 1, BothNaN: 1}},
		"nan in got":           {[]float32{nan, 1}, []float32{1, 1}, true, false, 1, Stats{GotNaN: 1}},
		"nan in want":          {[]float32{1, 1}, []float32{nan, 1}, true, false, 1, Stats{WantNaN: 1}},
		"inf both":             {[]float32{inf, -inf}, []float32{inf, -inf}, false, true, 0, Stats{GotInf: 2, WantInf: 2}},
		"inf of unequal signs": {[]float32{inf}, []float32{-inf}, false, false, 1, Stats{GotInf: 1, WantInf: 1}},
		"inf in want":          {[]float32{1}, []float32{inf}, false, false, 1, Stats{WantInf: 1}},
		"inf in got":           {[]float32{inf}, []float32{1}, false, false, 1, Stats{GotInf: 1}},
		"inf and nan":          {[]float32{inf}, []float32{nan}, true, false, 1, Stats{GotInf: 1, WantNaN: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			s := compare(t, tensorOf(c.got), tensorOf(c.want), Tolerance{RTol: 1e-5, ATol: 1e-8, EqualNaN: c.equalNaN})
			assert.Equal(t, c.close, s.Close)
			assert.Equal(t, c.mismatch, s.Mismatches)
			assert.Equal(t, c.stats.GotNaN, s.GotNaN)
			assert.Equal(t, c.stats.WantNaN, s.WantNaN)
			assert.Equal(t, c.stats.BothNaN, s.BothNaN)
			assert.Equal(t, c.stats.GotInf, s.GotInf)
			assert.Equal(t, c.stats.WantInf, s.WantInf)
			assert.Zero(t, s.MaxAbs, "statistics are of finite pairs")
			assert.Zero(t, s.NeededATol)
			if c.mismatch > 0 {
				assert.Equal(t, []int64{0}, s.WorstIndex)
			}
		})
	}
}

func TestNaNIsWorst(t *testing.T) {
	s := compare(t, tensorOf([]float64{9, 1, math.NaN()}), tensorOf([]float64{1, 1, 1}), Default)
	assert.Equal(t, []int64{2}, s.WorstIndex)
	assert.Equal(t, "NaN", s.Got.String())
	assert.Equal(t, "1", s.Want.String())
	assert.Equal(t, 8.0, s.MaxAbs)
}

func TestErrors(t *testing.T) {
	x := shaped(tensorOf([]float32{1, 2}), 1, 2)
	t.Run("shape", func(t *testing.T) {
		_, err := Compare(x, shaped(x, 2), Default)
		var e *ShapeError
		require.ErrorAs(t, err, &e)
		assert.EqualError(t, err, "shapes differ: got [1 2], want [2]; nothing is broadcast")
	})
	t.Run("dtype", func(t *testing.T) {
		_, err := Compare(x, shaped(tensorOf([]float64{1, 2}), 1, 2), Default)
		var e *DTypeError
		require.ErrorAs(t, err, &e)
		assert.EqualError(t, err, "element types differ: got float32, want float64")
	})
	t.Run("invalid dtype", func(t *testing.T) {
		bad := Tensor{DType: dtype.Invalid}
		_, err := Compare(bad, bad, Default)
		assert.EqualError(t, err, "elements of type invalid can't be compared")
	})
	for name, shape := range map[string][]int64{
		"too short": {3}, "negative": {-1, -2}, "overflow": {math.MaxInt64, 4}, "empty": {0},
	} {
		t.Run("data "+name, func(t *testing.T) {
			_, err := Compare(shaped(x, shape...), shaped(x, shape...), Default)
			var e *DataError
			require.ErrorAs(t, err, &e)
			assert.ErrorContains(t, err, "a float32 tensor of shape")
		})
	}
	for _, tol := range []Tolerance{{RTol: -1}, {ATol: -1e-9}, {RTol: math.NaN()}, {ATol: math.NaN()}} {
		_, err := Compare(x, x, tol)
		var e *ToleranceError
		require.ErrorAs(t, err, &e)
		assert.ErrorContains(t, err, "must be zero or more")
		_, err = CompareWidened(x, shaped(tensorOf([]float64{1, 2}), 1, 2), tol)
		require.ErrorAs(t, err, &e)
	}
}

func TestCompareWidened(t *testing.T) {
	single := tensorOf([]float32{0.1, 2})
	for name, c := range map[string]struct {
		got, want Tensor
		in        dtype.DType
		note      string
		close     bool
	}{
		"float32 and float64": {single, tensorOf([]float64{0.1, 2}), dtype.Float64, "compared as float64: got is float32, want is float64", true},
		"float64 and float32": {tensorOf([]float64{0.1, 2.1}), single, dtype.Float64, "compared as float64: got is float64, want is float32", false},
		"both halves":         {tensorOf([]dtype.F16{dtype.F16From(0.1), dtype.F16From(2)}), tensorOf([]dtype.BF16{dtype.BF16From(0.1), dtype.BF16From(2)}), dtype.Float32, "compared as float32: got is float16, want is bfloat16", false},
		"complex":             {tensorOf([]complex64{1i, 2}), tensorOf([]complex128{1i, 2}), dtype.Complex128, "compared as complex128: got is complex64, want is complex128", true},
		"equal types":         {single, single, dtype.Float32, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := CompareWidened(c.got, c.want, Default)
			require.NoError(t, err)
			assert.Equal(t, c.in, s.DType)
			assert.Equal(t, c.note, s.Note)
			assert.Equal(t, c.close, s.Close)
			assert.Equal(t, c.note == "", s.BitEqual)
			assert.Zero(t, s.MaxULP)
		})
	}
	for name, c := range map[string][2]Tensor{
		"float and integer":   {single, tensorOf([]int64{1, 2})},
		"integers":            {tensorOf([]int32{1, 2}), tensorOf([]int64{1, 2})},
		"complex and float":   {tensorOf([]complex64{1, 2}), single},
		"bool and quantized":  {tensorOf([]bool{true}), {DType: dtype.QInt8, Shape: []int64{1}, Data: []byte{1}}},
		"packed 4-bit floats": {{DType: dtype.Float4E2M1FNx2, Shape: []int64{2}, Data: []byte{1, 2}}, single},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := CompareWidened(c[0], c[1], Default)
			var e *DTypeError
			require.ErrorAs(t, err, &e)
		})
	}
}

// A misaligned buffer, as part of a mapped file may be, is read as well.
func TestMisaligned(t *testing.T) {
	aligned := tensorOf([]float64{1, -2, 3e300, 5})
	data := append([]byte{0}, aligned.Data...)[1:]
	other := shaped(tensorOf([]float64{1, -2, 3e300, 6}), 4)
	moved := Tensor{DType: dtype.Float64, Shape: []int64{4}, Data: data}
	assert.True(t, compare(t, moved, aligned, Tolerance{}).BitEqual)
	s := compare(t, moved, other, Tolerance{})
	assert.Equal(t, int64(1), s.Mismatches)
	assert.Equal(t, 1.0, s.MaxAbs)
}

func TestBools(t *testing.T) {
	got := tensorOf([]bool{true, false, true})
	got.Data = []byte{2, 0, 1}
	want := tensorOf([]bool{true, true, true})
	s := compare(t, got, want, Default)
	assert.Equal(t, int64(1), s.Mismatches, "2 is true as well")
	assert.False(t, s.BitEqual)
	assert.Equal(t, "false", s.Got.String())
	assert.Equal(t, "true", s.Want.String())
}

// Types without numbers of their own are close when their bytes are equal.
func TestStoredBytes(t *testing.T) {
	for _, d := range []dtype.DType{dtype.QInt8, dtype.QInt32, dtype.Bits16, dtype.QUInt4x2, dtype.Uint3, dtype.Float4E2M1FNx2} {
		t.Run(d.String(), func(t *testing.T) {
			want := Tensor{DType: d, Shape: []int64{3}, Data: make([]byte, 3*d.Size())}
			got := want
			got.Data = append([]byte(nil), want.Data...)
			got.Data[len(got.Data)-1] = 1
			s := compare(t, got, want, Tolerance{RTol: 1, ATol: 1e9})
			assert.Equal(t, int64(1), s.Mismatches)
			assert.Equal(t, []int64{2}, s.FirstMismatch)
			assert.Equal(t, []int64{2}, s.WorstIndex)
			assert.True(t, compare(t, want, want, Tolerance{}).BitEqual)
		})
	}
}

// Maxima that rise by the least that they can are found, although nothing else is
// remarkable about the pairs: the first one has the greatest relative error and ULP
// distance.
func TestSlowlyRisingErrors(t *testing.T) {
	got, want := []float32{1e-20}, []float32{-1e-30}
	for x := float32(1); len(got) < 100; x += 0x1p-21 { // 5·x is exact
		want = append(want, 4*x)
		got = append(got, 5*x)
		s := compare(t, tensorOf(got), tensorOf(want), Tolerance{RTol: 0.25, ATol: 1})
		assert.Equal(t, []int64{int64(len(got) - 1)}, s.MaxAbsIndex)
		assert.Equal(t, []int64{0}, s.MaxRelIndex)
		assert.Equal(t, []int64{0}, s.MaxULPIndex)
	}
}

// A difference that single precision can't hold is within no tolerance, as in torch.
// The first pair has a greater relative error than the others.
func TestOverflowingDifference(t *testing.T) {
	got := tensorOf([]float32{3e38, 3e38, 3e38})
	want := tensorOf([]dtype.BF16{dtype.BF16From(-1e37), dtype.BF16From(-3e38), dtype.BF16From(-3e38)})
	s, err := CompareWidened(got, want, Tolerance{ATol: 1e300})
	require.NoError(t, err)
	assert.Equal(t, int64(2), s.Mismatches)
	assert.InEpsilon(t, 6e38, s.MaxAbs, 0.01)
}
