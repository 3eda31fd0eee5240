package verify

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/seed06459138/torchgo/internal/junit"
	"github.com/seed06459138/torchgo/internal/layout"
)

// WriteJUnit writes the report as JUnit XML, which CI systems show beside tests:
// one suite, with a case for the verdict, which no finding escapes, one for the
// weights, one for what the state does not cover, and one for each leg. What
// proves a difference is a failure, what leaves the question open an error.
func (r *Report) WriteJUnit(w io.Writer) error {
	suite, err := r.suite()
	if err != nil {
		return err
	}
	return junit.Write(w, suite)
}

// suite gives the check as a suite of tests.
func (r *Report) suite() (junit.Suite, error) {
	var text strings.Builder
	if err := r.WriteText(&text, TextOptions{Verbose: true}); err != nil {
		return junit.Suite{}, err
	}
	s := junit.Suite{Name: r.title(), Timestamp: r.Started.Format(time.RFC3339), Properties: r.junitProperties(), Out: text.String()}
	s.Add(verdictCase(r))
	if r.Weights != nil {
		s.Add(findingsCase("weights", r.findingsOf("weight-"), fmt.Sprintf("%d of %d are equal, bit for bit", r.Weights.BitEqual, max(r.Weights.Scripted, r.Weights.BitEqual))))
		s.Add(findingsCase("coverage", r.findingsOf("uncovered"), layout.Count(len(r.Uncovered), "tensor")+" in the scripted file and not in the state"))
	}
	for _, c := range r.Comparisons {
		s.Add(r.legCase(c))
	}
	s.Seconds = junit.Seconds(r.Seconds)
	return s, nil
}

// title names the check by the files whose legs it held against each other.
func (r *Report) title() string {
	var names []string
	for _, l := range r.Legs {
		if name := filepath.Base(l.Path); l.Path != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return "verify"
	}
	return strings.Join(names, ", ")
}

// junitProperties tell what the check ran with and on which files.
func (r *Report) junitProperties() []junit.Property {
	all := []junit.Property{{Name: "verdict", Value: string(r.Verdict)}, {Name: "reference", Value: r.Reference}}
	for _, p := range r.Properties() {
		all = append(all, junit.Property(p))
	}
	for _, f := range r.Files {
		all = append(all, junit.Property{Name: "SHA-256 of " + f.Path, Value: f.SHA256})
	}
	return all
}

// findingsOf gives the findings of which the code begins so.
func (r *Report) findingsOf(prefix string) []Finding {
	var some []Finding
	for _, f := range r.Findings {
		if strings.HasPrefix(string(f.Code), prefix) {
			some = append(some, f)
		}
	}
	return some
}

func verdictCase(r *Report) junit.Case {
	c := junit.Case{Class: "verify", Name: "verdict", Seconds: junit.Seconds(r.Seconds)}
	var lines []string
	for _, f := range r.Findings {
		lines = append(lines, fmt.Sprintf("%s: %s", f.Weight, f.line()))
	}
	fail(&c, r.Verdict, r.Summary, strings.Join(lines, "\n"))
	return c
}

// findingsCase passes when no finding proves anything or leaves it open.
func findingsCase(name string, findings []Finding, out string) junit.Case {
	c := junit.Case{Class: "verify", Name: name, Out: out}
	verdict, summary := verdictOf(findings, "")
	var lines []string
	for _, f := range findings {
		if f.Weight != Note {
			lines = append(lines, f.line())
		}
	}
	fail(&c, verdict, summary, strings.Join(lines, "\n"))
	return c
}

// legCase passes when a leg computes what the reference does.
func (r *Report) legCase(c Comparison) junit.Case {
	one := junit.Case{Class: "verify", Name: r.Title(c) + " against " + r.LabelOf(r.Reference), Out: c.Text()}
	verdict, detail := Unanswered, []string{c.Text()}
	if l := r.legOf(c.Leg); l != nil {
		one.Seconds = junit.Seconds(l.Seconds)
		if l.Detail != "" {
			detail = append(detail, l.Detail)
		}
	}
	if c.Same != nil {
		verdict = Inconsistent
		if *c.Same {
			verdict = Consistent
		}
	}
	for _, o := range c.ranked() {
		detail = append(detail, o.text())
	}
	fail(&one, verdict, c.Text(), strings.Join(detail, "\n"))
	return one
}

// fail makes a case end as a verdict says.
func fail(c *junit.Case, verdict Verdict, message, text string) {
	fault := &junit.Fault{Message: message, Type: string(verdict), Text: text}
	switch verdict {
	case Inconsistent:
		c.Failure = fault
	case Unstable, Unanswered:
		c.Error = fault
	}
}
