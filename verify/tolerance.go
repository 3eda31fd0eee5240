package verify

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/seed06459138/torchgo/verify/compare"
)

// OutputTolerance is what some outputs may differ by.
type OutputTolerance struct {
	Output    string // name, or pattern as of path.Match; "" is every output
	Tolerance compare.Tolerance
}

// ParseTolerance reads [OUTPUT:]WORD[,WORD…] as of the flag --tolerance. The words
// are allclose, assert_close, gpu (see compare.Tolerance) and exact, and rtol=X, atol=X, ulp=N and equal-nan.
// Beside allclose numbers replace its own, which are also those of a lone rtol or
// atol; ulp=N is for elements that are not close otherwise.
func ParseTolerance(text string) (OutputTolerance, error) {
	var out OutputTolerance
	wrong := func(format string, args ...any) (OutputTolerance, error) {
		return OutputTolerance{}, &Error{Msg: fmt.Sprintf("the tolerance %q %s", text, fmt.Sprintf(format, args...)),
			Remedy: "write [OUTPUT:]WORD[,WORD…] of allclose, assert_close, gpu, exact, rtol=X, atol=X, ulp=N, equal-nan"}
	}
	words := text
	if at := strings.LastIndex(text, ":"); at >= 0 {
		if out.Output, words = text[:at], text[at+1:]; out.Output == "" {
			return wrong("names no output before the colon")
		}
	}
	given := make(map[string]bool)
	var t compare.Tolerance
	for word := range strings.SplitSeq(words, ",") {
		key, value, _ := strings.Cut(word, "=")
		var err error
		switch key {
		case "allclose", "exact", "equal-nan":
			if word != key {
				return wrong("gives a value to %s", key)
			}
			t.EqualNaN = t.EqualNaN || key == "equal-nan"
		case "assert_close":
			t.ByDType = true
		case "gpu":
			t.ByDType, t.GPU = true, true
		case "rtol":
			t.RTol, err = strconv.ParseFloat(value, 64)
		case "atol":
			t.ATol, err = strconv.ParseFloat(value, 64)
		case "ulp":
			t.ULP, err = strconv.ParseUint(value, 10, 64)
		default:
			return wrong("has the unknown word %q", word)
		}
		switch {
		case err != nil:
			return wrong("has %s, whose value is no number", word)
		case given[key]:
			return wrong("says %s twice", key)
		}
		given[key] = true
	}
	bases, numbers := 0, given["rtol"] || given["atol"]
	for _, base := range []string{"allclose", "assert_close", "gpu", "exact"} {
		if given[base] {
			bases++
		}
	}
	switch {
	case bases > 1:
		return wrong("names more than one of allclose, assert_close, gpu and exact")
	case given["exact"] && (numbers || given["ulp"]):
		return wrong("is exact and allows a difference")
	case given["assert_close"] && numbers:
		return wrong("has numbers beside those of assert_close's table")
	case given["gpu"] && numbers:
		return wrong("has numbers beside those of its table")
	case !(t.RTol >= 0 && t.ATol >= 0):
		return wrong("is less than zero, or not a number")
	}
	if given["allclose"] || bases == 0 && !given["ulp"] {
		if !given["rtol"] {
			t.RTol = compare.Default.RTol
		}
		if !given["atol"] {
			t.ATol = compare.Default.ATol
		}
	}
	out.Tolerance = t
	return out, nil
}

// String writes the tolerance for reports: "logits: exact".
func (o OutputTolerance) String() string {
	if o.Output == "" {
		return o.Tolerance.String()
	}
	return o.Output + ": " + o.Tolerance.String()
}

// Tolerance is what the elements of an output may differ by.
type Tolerance struct {
	RTol     Number `json:"rtol"`
	ATol     Number `json:"atol"`
	ULP      uint64 `json:"ulp"` // steps between floats that are close too
	EqualNaN bool   `json:"equal_nan"`
	Text     string `json:"text"` // in words: "rtol 1e-05, atol 1e-08"
	By       string `json:"by"`   // the pattern of outputs that it was given for, "" for all; "gpu" where it is that of GPUs against CPUs
}

// toleranceEntry describes a tolerance in the report.
func toleranceEntry(t compare.Tolerance, by string) Tolerance {
	return Tolerance{RTol: Number(t.RTol), ATol: Number(t.ATol), ULP: t.ULP, EqualNaN: t.EqualNaN, Text: t.String(), By: by}
}

// fits tells whether a pattern is for a name: as of path.Match, or as it is, since
// names such as "[0].logits" hold brackets.
func fits(pattern, name string) bool {
	matched, err := path.Match(pattern, name)
	return err == nil && matched || pattern == name
}

// demands are what outputs are held to.
type demands struct {
	tolerance compare.Tolerance
	outputs   []OutputTolerance // the last that fits an output is its own
	by        string            // why tolerance is not that of the check, or ""
	metrics   []Metric
}

func (s *Spec) demands() demands {
	return demands{tolerance: s.tolerance(), outputs: s.Tolerances, metrics: s.Metrics}
}

// repeated gives what two results of one leg are held to: NaN twice is the same
// result, and metrics are for legs that differ.
func (d demands) repeated() demands {
	d.metrics = nil
	return d.withNaN()
}

// withNaN takes NaN for equal to NaN.
func (d demands) withNaN() demands {
	d.tolerance.EqualNaN = true
	own := make([]OutputTolerance, len(d.outputs))
	for i, o := range d.outputs {
		o.Tolerance.EqualNaN = true
		own[i] = o
	}
	d.outputs = own
	return d
}

// of gives the tolerance of an output, and the pattern that it comes from or "".
func (d demands) of(name string) (compare.Tolerance, string) {
	for i := len(d.outputs) - 1; i >= 0; i-- {
		if fits(d.outputs[i].Output, name) {
			return d.outputs[i].Tolerance, d.outputs[i].Output
		}
	}
	return d.tolerance, d.by
}

// unused notes the patterns that fit none of the outputs: most likely they are
// misspelt.
func (d demands) unused(all []Comparison) []Finding {
	seen := func(used func(OutputComparison) bool) bool {
		for _, c := range all {
			for _, o := range c.Outputs {
				if used(o) {
					return true
				}
			}
		}
		return len(all) == 0
	}
	var findings []Finding
	for _, own := range d.outputs {
		if !seen(func(o OutputComparison) bool { return fits(own.Output, o.Name) }) {
			findings = append(findings, Finding{PatternUnused, Note, own.Output, fmt.Sprintf("--tolerance %s:… fits no output", own.Output), ""})
		}
	}
	for _, m := range d.metrics {
		if !seen(func(o OutputComparison) bool { return m.measured(o) }) {
			findings = append(findings, Finding{PatternUnused, Note, m.String(), fmt.Sprintf("--metric %s fits no output that has one", m), ""})
		}
	}
	return findings
}
