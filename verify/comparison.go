package verify

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/seed06459138/torchgo/internal/layout"
	"github.com/seed06459138/torchgo/torch/dtype"
	"github.com/seed06459138/torchgo/verify/compare"
)

// compareOutputs holds what a leg computed against the reference; label is how
// findings call the leg. recorded says that the reference was read from a file:
// its arrays may be named and widened otherwise than the outputs.
func compareOutputs(label string, got, want []output, held demands, recorded bool) (Comparison, []Finding) {
	c := Comparison{Outputs: []OutputComparison{}}
	if recorded {
		want = adoptNames(want, got)
	}
	var findings []Finding
	if missing, extra := nameDifference(got, want); len(missing)+len(extra) > 0 {
		c.Reason = structureText(missing, extra)
		findings = append(findings, Finding{OutputStructure, Proof, label, fmt.Sprintf("the outputs of %s are others than in the reference: %s", label, c.Reason), ""})
	}
	byName := make(map[string]output, len(got))
	for _, o := range got {
		byName[o.name] = o
	}
	same := len(findings) == 0
	for _, w := range want {
		g, ok := byName[w.name]
		if !ok {
			continue
		}
		o, found := compareOutput(label, g, w, held, recorded)
		c.Outputs = append(c.Outputs, o)
		same = same && o.Same
		findings = append(findings, found...)
	}
	c.Same = &same
	return c, findings
}

// adoptNames gives recorded outputs the names of computed ones: by position,
// unless both have names that tell more than that.
func adoptNames(recorded, computed []output) []output {
	if len(recorded) != len(computed) {
		return recorded
	}
	for i, r := range recorded {
		if !isPlace(r.name) && !isPlace(computed[i].name) {
			return recorded
		}
	}
	named := slices.Clone(recorded)
	for i := range named {
		named[i].name = computed[i].name
	}
	return named
}

// isPlace tells whether the name of an output says no more than where it lies:
// that of one .npy, arr_0, arr_1, … of numpy.savez, or the place in a tuple.
func isPlace(name string) bool { return placeName.MatchString(name) }

var placeName = regexp.MustCompile(`^(arr_\d+|\[\d+\].*)?$`)

// nameDifference lists the outputs that only one side has.
func nameDifference(got, want []output) (missing, extra []string) {
	only := func(a, b []output) (names []string) {
		for _, o := range a {
			if !slices.ContainsFunc(b, func(p output) bool { return p.name == o.name }) {
				names = append(names, o.label())
			}
		}
		return names
	}
	return only(want, got), only(got, want)
}

func structureText(missing, extra []string) string {
	var parts []string
	if len(missing) > 0 {
		parts = append(parts, "without "+strings.Join(missing, ", "))
	}
	if len(extra) > 0 {
		parts = append(parts, "with "+strings.Join(extra, ", "))
	}
	return strings.Join(parts, ", ")
}

// compareOutput compares one output. Shapes and dtypes must be equal, but for
// the width of recorded floats: numpy has no bfloat16.
func compareOutput(label string, got, want output, held demands, recorded bool) (OutputComparison, []Finding) {
	o := OutputComparison{Name: got.label(), DType: typeText(got), Shape: notNil(got.shape), Metrics: []MetricResult{}}
	tol, by := held.of(o.Name)
	o.Tolerance = toleranceEntry(tol.For(got.dtype, want.dtype), by)
	differ := func(code Code, format string, args ...any) []Finding {
		o.Note = fmt.Sprintf(format, args...)
		return []Finding{{code, Proof, o.Name, fmt.Sprintf("%s of %s: %s", o.Name, label, o.Note), ""}}
	}
	switch {
	case got.text != "" || want.text != "":
		o.Got, o.Want = got.text, want.text
		o.Same = got.text == want.text
		o.BitEqual = o.Same
		if !o.Same {
			return o, differ(OutputValues, "is %s, not %s", valueText(got), valueText(want))
		}
		return o, nil
	case !slices.Equal(got.shape, want.shape):
		return o, differ(OutputShape, "has the shape %s, not %s; nothing is broadcast", layout.Shape(got.shape), layout.Shape(want.shape))
	case got.dtype != want.dtype && !(recorded && widens(got.dtype, want.dtype)):
		return o, differ(OutputShape, "is %s, not %s", got.dtype, want.dtype)
	}
	s, metrics, err := compareMeasured(o.Name,
		compare.Tensor{DType: got.dtype, Shape: got.shape, Data: got.data},
		compare.Tensor{DType: want.dtype, Shape: want.shape, Data: want.data}, tol, held.metrics)
	if err != nil {
		return o, differ(OutputShape, "%v", err)
	}
	o.Same, o.BitEqual, o.Elements, o.Mismatches = s.Close, s.BitEqual, s.Numel, s.Mismatches
	o.MaxAbs, o.MaxAbsAt, o.MaxRel, o.MaxRelAt = Number(s.MaxAbs), s.MaxAbsIndex, Number(s.MaxRel), s.MaxRelIndex
	o.MaxULP, o.WorstAt, o.GotNaN, o.WantNaN = s.MaxULP, s.WorstIndex, s.GotNaN, s.WantNaN
	o.Note, o.NeededATol = s.Note, Number(s.NeededATol)
	if s.Numel > 0 && s.WorstIndex != nil {
		o.Got, o.Want = s.Got.String(), s.Want.String()
	}
	var findings []Finding
	for _, m := range metrics {
		if !m.Reached {
			o.Same = false
			findings = append(findings, Finding{OutputMetric, Proof, o.Name, fmt.Sprintf("%s of %s: %s", o.Name, label, m.text()), ""})
		}
	}
	o.Metrics = metrics
	switch {
	case !s.Close && s.BothNaN == s.Mismatches:
		findings = append(findings, Finding{OutputValues, Proof, o.Name, fmt.Sprintf("%s of %s holds NaN where the reference does, in %d of %d elements", o.Name, label, s.BothNaN, s.Numel),
			"--equal-nan takes NaN for equal to NaN"})
	case !s.Close:
		text := fmt.Sprintf("%s of %s differs: max |Δ| %v, %d of %d elements", o.Name, label, o.MaxAbs, s.Mismatches, s.Numel)
		if s.GotNaN > 0 && s.WantNaN == 0 {
			text = fmt.Sprintf("%s of %s holds NaN, %d of %d elements differ", o.Name, label, s.Mismatches, s.Numel)
		}
		findings = append(findings, Finding{OutputValues, Proof, o.Name, text, ""})
	case got.dtype != want.dtype:
		findings = append(findings, Finding{OutputWidened, Note, o.Name, fmt.Sprintf("%s was recorded as %s and is %s: compared in the wider", o.Name, want.dtype, got.dtype), ""})
	}
	return o, findings
}

func typeText(o output) string {
	switch {
	case o.dtype != dtype.Invalid:
		return o.dtype.String()
	case o.text == "None":
		return "None"
	}
	return "str"
}

func valueText(o output) string {
	if o.text != "" {
		return o.text
	}
	return o.dtype.String() + " " + layout.Shape(o.shape)
}
