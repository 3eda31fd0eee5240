package verifytest

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/stretchr/testify/assert"

	"github.com/seed06459138/torchgo/internal/layout"
	"github.com/seed06459138/torchgo/verify/compare"
)

// AllClose asserts that got is close to want, element by element, with the
// tolerance of torch.allclose. Shapes and dtypes must be equal; nothing is
// broadcast. It returns whether that is so.
func AllClose[W, G Values](t assert.TestingT, want W, got G) bool {
	helper(t)
	return AllCloseWithin(t, want, got, compare.Default)
}

// AllCloseWithin is AllClose with another tolerance: compare.AssertClose is that of
// torch.testing.assert_close, by the dtypes.
func AllCloseWithin[W, G Values](t assert.TestingT, want W, got G, tol compare.Tolerance) bool {
	helper(t)
	w, err := tensorOf(want)
	if err != nil {
		return assert.Fail(t, "want can't be read: "+err.Error())
	}
	g, err := tensorOf(got)
	if err != nil {
		return assert.Fail(t, "got can't be read: "+err.Error())
	}
	stats, err := compare.Compare(g, w, tol)
	switch {
	case err != nil:
		return assert.Fail(t, err.Error())
	case !stats.Close:
		return assert.Fail(t, mismatch(stats))
	}
	return true
}

// helper keeps the line of an assertion out of what a failing test points at.
func helper(t assert.TestingT) {
	if h, ok := t.(interface{ Helper() }); ok {
		h.Helper()
	}
}

// mismatch says what differs as torch.testing.assert_close does, and then what it
// leaves out: the worst element, NaN and infinity, the tolerance that would do.
func mismatch(s compare.Stats) string {
	tol := s.Tolerance
	equality := tol.RTol == 0 && tol.ATol == 0 && tol.ULP == 0
	var b strings.Builder
	if equality {
		b.WriteString("Tensor-likes are not equal!\n\n")
	} else {
		b.WriteString("Tensor-likes are not close!\n\n")
	}
	fmt.Fprintf(&b, "Mismatched elements: %d / %d (%.1f%%)\n", s.Mismatches, s.Numel, 100*float64(s.Mismatches)/float64(s.Numel))
	greatest := func(kind string, value float64, index []int64, allowed float64) {
		if index == nil {
			return // no finite element differs
		}
		fmt.Fprintf(&b, "Greatest %s difference: %s at index %s", kind, decimal(value), tuple(index))
		if !equality {
			fmt.Fprintf(&b, " (up to %s allowed)", decimal(allowed))
		}
		b.WriteByte('\n')
	}
	greatest("absolute", s.MaxAbs, s.MaxAbsIndex, tol.ATol)
	greatest("relative", s.MaxRel, s.MaxRelIndex, tol.RTol)
	if tol.ULP > 0 && s.MaxULPIndex != nil {
		fmt.Fprintf(&b, "Greatest ULP distance: %d at index %s (up to %d allowed)\n", s.MaxULP, tuple(s.MaxULPIndex), tol.ULP)
	}
	if s.WorstIndex != nil {
		fmt.Fprintf(&b, "Worst element: got %v, want %v at index %s\n", s.Got, s.Want, tuple(s.WorstIndex))
	}
	if s.GotNaN+s.WantNaN > 0 {
		fmt.Fprintf(&b, "NaN: %d in got, %d in want", s.GotNaN, s.WantNaN)
		if s.BothNaN > 0 && !tol.EqualNaN {
			fmt.Fprintf(&b, ", %d in both, where only EqualNaN takes them for equal", s.BothNaN)
		}
		b.WriteByte('\n')
	}
	if s.GotInf+s.WantInf > 0 {
		fmt.Fprintf(&b, "Infinity: %d in got, %d in want\n", s.GotInf, s.WantInf)
	}
	if s.NeededATol > 0 {
		fmt.Fprintf(&b, "Finite elements are close with atol %.2g and rtol %s\n", above(s.NeededATol), decimal(tol.RTol))
	}
	fmt.Fprintf(&b, "Compared: %v %s", s.DType, layout.Shape(s.Shape))
	return b.String()
}

// above rounds up to two digits, so that what is printed is enough.
func above(x float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(x))-1)
	if up := math.Ceil(x/unit) * unit; up >= x && !math.IsInf(up, 1) {
		return up
	}
	return x
}

func decimal(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

// tuple writes an index as Python does: (1, 2), (1,), ().
func tuple(index []int64) string {
	text := strings.Trim(layout.Shape(index), "[]")
	if len(index) == 1 {
		text += ","
	}
	return "(" + text + ")"
}
