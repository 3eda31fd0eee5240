package verifytest

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/dtype"
	"github.com/seed06459138/torchgo/verify/compare"
)

func TestMain(m *testing.M) { torchtest.Main(m) }

// recorder is a test that only notes what it is told.
type recorder struct{ text string }

func (r *recorder) Errorf(format string, args ...any) { r.text += fmt.Sprintf(format, args...) }

func saved[T dtype.Element](t *testing.T, values []T, shape ...int64) *checkpoint.Tensor {
	t.Helper()
	one, err := checkpoint.NewTensor(values, shape...)
	require.NoError(t, err)
	return one
}

// The lines up to "Worst element" are what torch.testing.assert_close of torch
// 2.15 says, but where NaN and a wanted zero have no number for it.
func TestMismatch(t *testing.T) {
	nan := float32(math.NaN())
	for _, c := range []struct {
		name      string
		want, got *checkpoint.Tensor
		tol       compare.Tolerance
		text      string
	}{
		{"one element", saved(t, []float32{1, 2, 3, 4}, 2, 2), saved(t, []float32{1, 2, 3, 4.5}, 2, 2), compare.Default,
			`Tensor-likes are not close!

Mismatched elements: 1 / 4 (25.0%)
Greatest absolute difference: 0.5 at index (1, 1) (up to 1e-08 allowed)
Greatest relative difference: 0.125 at index (1, 1) (up to 1e-05 allowed)
Worst element: got 4.5, want 4 at index (1, 1)
Finite elements are close with atol 0.5 and rtol 1e-05
Compared: float32 [2, 2]`},
		{"equality of integers", saved(t, []int64{1, 2, 5}, 3), saved(t, []int64{1, 2, 3}, 3), compare.Tolerance{},
			`Tensor-likes are not equal!

Mismatched elements: 1 / 3 (33.3%)
Greatest absolute difference: 2 at index (2,)
Greatest relative difference: 0.4 at index (2,)
Worst element: got 3, want 5 at index (2,)
Finite elements are close with atol 2.1 and rtol 0
Compared: int64 [3]`},
		{"NaN and infinity", saved(t, []float32{1, 2, float32(math.Inf(1)), nan}, 4), saved(t, []float32{1, nan, 4, nan}, 4), compare.Default,
			`Tensor-likes are not close!

Mismatched elements: 3 / 4 (75.0%)
Worst element: got NaN, want 2 at index (1,)
NaN: 2 in got, 1 in want, 1 in both, where only EqualNaN takes them for equal
Infinity: 0 in got, 1 in want
Compared: float32 [4]`},
		{"a scalar, of which zero is wanted", saved(t, []float64{0}), saved(t, []float64{0.25}), compare.Default,
			`Tensor-likes are not close!

Mismatched elements: 1 / 1 (100.0%)
Greatest absolute difference: 0.25 at index () (up to 1e-08 allowed)
Worst element: got 0.25, want 0 at index ()
Finite elements are close with atol 0.26 and rtol 1e-05
Compared: float64 []`},
		{"steps alone", saved(t, []float32{1, 2}, 2), saved(t, []float32{1, 2.000001}, 2), compare.Tolerance{ULP: 3},
			`Tensor-likes are not close!

Mismatched elements: 1 / 2 (50.0%)
Greatest absolute difference: 9.5367431640625e-07 at index (1,) (up to 0 allowed)
Greatest relative difference: 4.76837158203125e-07 at index (1,) (up to 0 allowed)
Greatest ULP distance: 4 at index (1,) (up to 3 allowed)
Worst element: got 2.000001, want 2 at index (1,)
Finite elements are close with atol 9.6e-07 and rtol 0
Compared: float32 [2]`},
		{"by the dtypes", saved(t, []float32{1, 2}, 2), saved(t, []float32{1, 2.5}, 2), compare.AssertClose,
			`Tensor-likes are not close!

Mismatched elements: 1 / 2 (50.0%)
Greatest absolute difference: 0.5 at index (1,) (up to 1e-05 allowed)
Greatest relative difference: 0.25 at index (1,) (up to 1.3e-06 allowed)
Worst element: got 2.5, want 2 at index (1,)
Finite elements are close with atol 0.5 and rtol 1.3e-06
Compared: float32 [2]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			want, err := tensorOf(c.want)
			require.NoError(t, err)
			got, err := tensorOf(c.got)
			require.NoError(t, err)
			stats, err := compare.Compare(got, want, c.tol)
			require.NoError(t, err)
			assert.Equal(t, c.text, mismatch(stats))

			r := &recorder{}
			assert.False(t, AllCloseWithin(r, c.want, c.got, c.tol))
			for line := range strings.Lines(c.text) {
				assert.Contains(t, r.text, strings.TrimSuffix(line, "\n"))
			}
			assert.Contains(t, r.text, "close_test.go", "the test that failed is named")
		})
	}
}

func TestAbove(t *testing.T) {
	for x, want := range map[float64]float64{0.25: 0.25, 0.2501: 0.26, 0.99999: 1, 1.19209e-7: 1.2e-7, 3: 3, 12345: 13000} {
		assert.InEpsilon(t, want, above(x), 1e-12, "%v", x)
		assert.GreaterOrEqual(t, above(x), x)
	}
	assert.Equal(t, math.Inf(1), above(math.Inf(1)))
	assert.GreaterOrEqual(t, above(5e-324), 5e-324)
	assert.Equal(t, math.MaxFloat64, above(math.MaxFloat64))
}

// passes tells whether two values of each kind that is given are close, and what
// is said when they are not.
func passes[W, G Values](want W, got G) (bool, string) {
	r := &recorder{}
	return AllClose(r, want, got), r.text
}

func TestKindsOfValues(t *testing.T) {
	raw := compare.Tensor{DType: dtype.Float32, Shape: []int64{2}, Data: []byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0x40}}
	for name, ok := range map[string]func() (bool, string){
		"uint8":      func() (bool, string) { return passes([]uint8{1}, []uint8{1}) },
		"int8":       func() (bool, string) { return passes([]int8{1}, []int8{1}) },
		"int16":      func() (bool, string) { return passes([]int16{1}, []int16{1}) },
		"int32":      func() (bool, string) { return passes([]int32{1}, []int32{1}) },
		"int64":      func() (bool, string) { return passes([]int64{1}, []int64{1}) },
		"uint16":     func() (bool, string) { return passes([]uint16{1}, []uint16{1}) },
		"uint32":     func() (bool, string) { return passes([]uint32{1}, []uint32{1}) },
		"uint64":     func() (bool, string) { return passes([]uint64{1}, []uint64{1}) },
		"float32":    func() (bool, string) { return passes([]float32{1, 2}, raw) },
		"float64":    func() (bool, string) { return passes([]float64{1}, []float64{1 + 1e-9}) },
		"complex64":  func() (bool, string) { return passes([]complex64{1i}, []complex64{1i}) },
		"complex128": func() (bool, string) { return passes([]complex128{1i}, []complex128{1i}) },
		"bool":       func() (bool, string) { return passes([]bool{true}, []bool{true}) },
		"F16":        func() (bool, string) { return passes([]dtype.F16{1}, []dtype.F16{1}) },
		"BF16":       func() (bool, string) { return passes([]dtype.BF16{1}, []dtype.BF16{1}) },
		"checkpoint": func() (bool, string) { return passes(raw, saved(t, []float32{1, 2}, 2)) },
		"npy": func() (bool, string) {
			a, err := checkpoint.ReadNPY("../../testdata/scenarios/safe_model_save/expected.npy")
			require.NoError(t, err)
			return passes(a, a)
		},
	} {
		t.Run(name, func(t *testing.T) {
			close, text := ok()
			assert.True(t, close, text)
		})
	}
	for name, c := range map[string]struct {
		fails func() (bool, string)
		text  string
	}{
		"shapes":     {func() (bool, string) { return passes(saved(t, []float32{1, 2}, 1, 2), []float32{1, 2}) }, "shapes differ: got [2], want [1 2]"},
		"dtypes":     {func() (bool, string) { return passes([]float32{1}, []float64{1}) }, "element types differ: got float64, want float32"},
		"values":     {func() (bool, string) { return passes([]bool{true}, []bool{false}) }, "1 / 1 (100.0%)"},
		"nil tensor": {func() (bool, string) { return passes([]bool{true}, (*torch.Tensor)(nil)) }, "got can't be read: there is none"},
		"nil array":  {func() (bool, string) { return passes((*checkpoint.Array)(nil), []bool{false}) }, "want can't be read: there is none"},
		"nil saved":  {func() (bool, string) { return passes((*checkpoint.Tensor)(nil), []bool{false}) }, "want can't be read: there is none"},
		"closed":     {func() (bool, string) { return passes([]bool{true}, &torch.Tensor{}) }, "got can't be read: "},
	} {
		t.Run(name, func(t *testing.T) {
			close, text := c.fails()
			assert.False(t, close)
			assert.Contains(t, text, c.text)
		})
	}
}

func TestTensorsOfLibtorch(t *testing.T) {
	torchtest.Require(t)
	got, err := torch.FromSlice([]float32{1, 2.5}, 2)
	require.NoError(t, err)
	defer got.Close()
	AllClose(t, []float32{1, 2.5}, got)
	AllCloseWithin(t, []float32{1, 2}, got, compare.Tolerance{ATol: 0.5})
	close, text := passes([]float32{1, 2}, got)
	assert.False(t, close)
	assert.Contains(t, text, "Worst element: got 2.5, want 2 at index (1,)")

	// A lazy bit: the bytes in memory are those before negation.
	negated := saved(t, []float32{-1, -2.5}, 2)
	negated.Neg = true
	AllClose(t, negated, got)
}
