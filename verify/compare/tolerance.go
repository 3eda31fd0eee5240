package compare

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// Tolerance is what an element may differ by to be close:
// |got − want| ≤ ATol + RTol·|want|, or no more than ULP steps apart. The zero
// value asks for equality: -0 equals 0, and a NaN nothing.
type Tolerance struct {
	RTol, ATol float64
	EqualNaN   bool // a NaN is close to a NaN

	// ULP is how many steps, from one number of the element type to the next, may
	// lie between two floats, or between the parts of two complex numbers. Integers,
	// bools and floats of two widths have no such steps.
	ULP uint64

	// ByDType takes RTol and ATol from the table of torch.testing.assert_close, by
	// the types of the elements: the looser of two. The fields must be zero then.
	ByDType bool

	// GPU takes them, with ByDType, from a looser table, for what a GPU computed held
	// against what a CPU did: sums of other orders, and kernels of others.
	GPU bool
}

// Default is the tolerance of torch.allclose.
var Default = Tolerance{RTol: 1e-5, ATol: 1e-8}

// AssertClose is the tolerance of torch.testing.assert_close.
var AssertClose = Tolerance{ByDType: true}

// OnGPU is the tolerance of results of a GPU against those of a CPU.
var OnGPU = Tolerance{ByDType: true, GPU: true}

// precisions is the table of torch.testing.assert_close: of floats, and of the
// parts of complex numbers. Other types ask for equality.
var precisions = map[dtype.DType]Tolerance{
	dtype.Float16:  {RTol: 1e-3, ATol: 1e-5},
	dtype.BFloat16: {RTol: 1.6e-2, ATol: 1e-5},
	dtype.Float32:  {RTol: 1.3e-6, ATol: 1e-5},
	dtype.Float64:  {RTol: 1e-7, ATol: 1e-7},
}

// gpuPrecisions are the numbers that PyTorch's own tests of operators give most often
// where those of assert_close are too narrow (torch/testing/_internal, libtorch 2.15).
// TF32 is not covered by them: it has to be off.
var gpuPrecisions = map[dtype.DType]Tolerance{
	dtype.Float16:  {RTol: 1e-2, ATol: 1e-2},
	dtype.BFloat16: {RTol: 1.6e-2, ATol: 1e-2},
	dtype.Float32:  {RTol: 1e-4, ATol: 1e-4},
	dtype.Float64:  {RTol: 2e-7, ATol: 2e-7},
}

// For gives the tolerance with the numbers that it has for elements of two types.
func (t Tolerance) For(got, want dtype.DType) Tolerance {
	if !t.ByDType {
		return t
	}
	table := precisions
	if t.GPU {
		table = gpuPrecisions
	}
	g, w := table[partOf(got)], table[partOf(want)]
	t.RTol, t.ATol, t.ByDType, t.GPU = max(g.RTol, w.RTol), max(g.ATol, w.ATol), false, false
	return t
}

// String says the tolerance as people ask for it: "rtol 1e-05, atol 1e-08",
// "assert_close", "gpu", "exact, NaN equals NaN".
func (t Tolerance) String() string {
	var parts []string
	switch {
	case t.ByDType && t.GPU:
		parts = append(parts, "gpu")
	case t.ByDType:
		parts = append(parts, "assert_close")
	case math.IsInf(t.ATol, 1):
		parts = append(parts, "any difference")
	case t.RTol != 0 || t.ATol != 0:
		parts = append(parts, fmt.Sprintf("rtol %v, atol %v", t.RTol, t.ATol))
	case t.ULP == 0:
		parts = append(parts, "exact")
	}
	if t.ULP != 0 {
		parts = append(parts, strconv.FormatUint(t.ULP, 10)+" ULP")
	}
	text := strings.Join(parts, " or ")
	if t.EqualNaN {
		text += ", NaN equals NaN"
	}
	return text
}

// Check gives a *ToleranceError where the tolerance makes no sense.
func (t Tolerance) Check() error {
	// Written so that NaN fails.
	if t.RTol >= 0 && t.ATol >= 0 && !(t.ByDType && (t.RTol != 0 || t.ATol != 0)) && (t.ByDType || !t.GPU) {
		return nil
	}
	return &ToleranceError{t}
}

// exact reports whether only equal elements are close.
func (t Tolerance) exact() bool { return t.RTol == 0 && t.ATol == 0 }
