package compare

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// The numbers are those that torch.testing._comparison.default_tolerances gives in torch 2.15.0.
func TestAssertCloseTable(t *testing.T) {
	for _, c := range []struct {
		got, want  dtype.DType
		rtol, atol float64
	}{
		{dtype.Float16, dtype.Float16, 1e-3, 1e-5},
		{dtype.BFloat16, dtype.BFloat16, 1.6e-2, 1e-5},
		{dtype.Float32, dtype.Float32, 1.3e-6, 1e-5},
		{dtype.Float64, dtype.Float64, 1e-7, 1e-7},
		{dtype.Complex32, dtype.Complex32, 1e-3, 1e-5},
		{dtype.Complex64, dtype.Complex64, 1.3e-6, 1e-5},
		{dtype.Complex128, dtype.Complex128, 1e-7, 1e-7},
		{dtype.Int64, dtype.Int64, 0, 0},
		{dtype.Bool, dtype.Bool, 0, 0},
		{dtype.Float8E4M3FN, dtype.Float8E4M3FN, 0, 0},
		{dtype.Float32, dtype.Float64, 1.3e-6, 1e-5},
		{dtype.BFloat16, dtype.Float16, 1.6e-2, 1e-5},
	} {
		t.Run(c.got.String()+" "+c.want.String(), func(t *testing.T) {
			tol := Tolerance{ByDType: true, EqualNaN: true}.For(c.got, c.want)
			assert.Equal(t, Tolerance{RTol: c.rtol, ATol: c.atol, EqualNaN: true}, tol)
		})
	}
	s := compare(t, tensorOf([]float32{1, 9e-6}), tensorOf([]float32{1, 0}), AssertClose)
	assert.True(t, s.Close)
	assert.Equal(t, Tolerance{RTol: 1.3e-6, ATol: 1e-5}, s.Tolerance, "with the numbers that were used")
	assert.False(t, compare(t, tensorOf([]int64{3}), tensorOf([]int64{4}), AssertClose).Close)
	s, err := CompareWidened(tensorOf([]float32{1}), tensorOf([]float64{1 + 1e-5}), AssertClose)
	require.NoError(t, err)
	assert.True(t, s.Close, "the looser of both")
}

// The numbers for a GPU against a CPU are never less than those of assert_close.
func TestGPUTable(t *testing.T) {
	for element, narrow := range precisions {
		wide := OnGPU.For(element, element)
		assert.GreaterOrEqual(t, wide.RTol, narrow.RTol, element)
		assert.GreaterOrEqual(t, wide.ATol, narrow.ATol, element)
		assert.False(t, wide.GPU || wide.ByDType)
	}
	s := compare(t, tensorOf([]float32{1, 9e-5}), tensorOf([]float32{1, 0}), OnGPU)
	assert.True(t, s.Close)
	assert.False(t, compare(t, tensorOf([]float32{3e-4}), tensorOf([]float32{0}), OnGPU).Close)
	assert.Error(t, Tolerance{GPU: true}.Check(), "a table that is not asked for")
}

func TestULP(t *testing.T) {
	up := func(f float32, n int) float32 {
		for range n {
			f = math.Nextafter32(f, float32(math.Inf(1)))
		}
		return f
	}
	for name, c := range map[string]struct {
		got, want Tensor
		tol       Tolerance
		close     bool
	}{
		"within":             {tensorOf([]float32{up(1, 4)}), tensorOf([]float32{1}), Tolerance{ULP: 4}, true},
		"outside":            {tensorOf([]float32{up(1, 5)}), tensorOf([]float32{1}), Tolerance{ULP: 4}, false},
		"across zero":        {tensorOf([]float32{up(0, 2)}), tensorOf([]float32{-up(0, 2)}), Tolerance{ULP: 4}, true},
		"subnormal":          {tensorOf([]float32{up(0, 5)}), tensorOf([]float32{0}), Tolerance{ULP: 4}, false},
		"or atol":            {tensorOf([]float32{1e-9, up(1, 2)}), tensorOf([]float32{0, 1}), Tolerance{ULP: 2, ATol: 1e-8}, true},
		"half":               {tensorOf([]dtype.F16{0x3c02}), tensorOf([]dtype.F16{0x3c00}), Tolerance{ULP: 2}, true},
		"half outside":       {tensorOf([]dtype.F16{0x3c03}), tensorOf([]dtype.F16{0x3c00}), Tolerance{ULP: 2}, false},
		"both parts":         {tensorOf([]complex64{complex(up(1, 2), 1)}), tensorOf([]complex64{complex(1, up(1, 2))}), Tolerance{ULP: 2}, true},
		"one part":           {tensorOf([]complex64{complex(up(1, 3), 1)}), tensorOf([]complex64{1 + 1i}), Tolerance{ULP: 2}, false},
		"integers":           {tensorOf([]int32{1}), tensorOf([]int32{2}), Tolerance{ULP: 4}, false},
		"infinity":           {tensorOf([]float32{float32(math.Inf(1))}), tensorOf([]float32{math.MaxFloat32}), Tolerance{ULP: 4}, false},
		"NaN":                {tensorOf([]float32{float32(math.NaN())}), tensorOf([]float32{float32(math.NaN())}), Tolerance{ULP: 4}, false},
		"largest, unequal":   {tensorOf([]float64{math.MaxFloat64}), tensorOf([]float64{-math.MaxFloat64}), Tolerance{ULP: 4}, false},
		"8 bits, subnormal":  {Tensor{dtype.Float8E4M3FN, []int64{1}, []byte{3}}, Tensor{dtype.Float8E4M3FN, []int64{1}, []byte{1}}, Tolerance{ULP: 2}, true},
		"two widths have no": {tensorOf([]float64{1 + 0x1p-52}), tensorOf([]float32{1}), Tolerance{ULP: 4}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := CompareWidened(c.got, c.want, c.tol)
			require.NoError(t, err)
			assert.Equal(t, c.close, s.Close)
		})
	}
}

func TestExact(t *testing.T) {
	zero := math.Copysign(0, -1)
	s := compare(t, tensorOf([]float64{zero, math.NaN()}), tensorOf([]float64{0, math.NaN()}), Tolerance{EqualNaN: true})
	assert.True(t, s.Close)
	assert.False(t, s.BitEqual)
	assert.False(t, compare(t, tensorOf([]float64{5e-324}), tensorOf([]float64{0}), Tolerance{}).Close)
}

func TestAnyDifference(t *testing.T) {
	tol := Tolerance{ATol: math.Inf(1)}
	assert.True(t, compare(t, tensorOf([]float32{1, -1e30}), tensorOf([]float32{0, 1e30}), tol).Close)
	assert.False(t, compare(t, tensorOf([]float32{float32(math.NaN())}), tensorOf([]float32{1}), tol).Close)
}

func TestToleranceText(t *testing.T) {
	for text, tol := range map[string]Tolerance{
		"rtol 1e-05, atol 1e-08":         Default,
		"exact":                          {},
		"exact, NaN equals NaN":          {EqualNaN: true},
		"assert_close":                   AssertClose,
		"gpu":                            OnGPU,
		"4 ULP":                          {ULP: 4},
		"rtol 0, atol 1e-08 or 4 ULP":    {ULP: 4, ATol: 1e-8},
		"any difference, NaN equals NaN": {ATol: math.Inf(1), EqualNaN: true},
	} {
		assert.Equal(t, text, tol.String())
	}
	_, err := Compare(tensorOf([]float32{1}), tensorOf([]float32{1}), Tolerance{ByDType: true, RTol: 1e-3})
	assert.ErrorContains(t, err, "can't be given beside it")
}
