package verify

import (
	"encoding/xml"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

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
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(junitSuites{Name: "verify", junitCounts: suite.junitCounts, Suites: []junitSuite{suite}}); err != nil {
		return err
	}
	_, err = io.WriteString(w, "\n")
	return err
}

type junitSuites struct {
	XMLName xml.Name `xml:"testsuites"`
	Name    string   `xml:"name,attr"`
	junitCounts
	Suites []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name      string `xml:"name,attr"`
	Timestamp string `xml:"timestamp,attr"`
	junitCounts
	Properties []junitProperty `xml:"properties>property"`
	Cases      []junitCase     `xml:"testcase"`
	Out        string          `xml:"system-out"`
}

type junitCounts struct {
	Tests    int     `xml:"tests,attr"`
	Failures int     `xml:"failures,attr"`
	Errors   int     `xml:"errors,attr"`
	Skipped  int     `xml:"skipped,attr"`
	Seconds  seconds `xml:"time,attr"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	Class   string      `xml:"classname,attr"`
	Name    string      `xml:"name,attr"`
	Seconds seconds     `xml:"time,attr"`
	Failure *junitFault `xml:"failure"`
	Error   *junitFault `xml:"error"`
	Out     string      `xml:"system-out,omitempty"`
}

// junitFault says why a case did not pass: its message in one line.
type junitFault struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// seconds are written without an exponent, which readers of JUnit don't know.
type seconds float64

func (s seconds) MarshalXMLAttr(name xml.Name) (xml.Attr, error) {
	return xml.Attr{Name: name, Value: strconv.FormatFloat(float64(s), 'f', 3, 64)}, nil
}

// suite gives the check as a suite of tests.
func (r *Report) suite() (junitSuite, error) {
	var text strings.Builder
	if err := r.WriteText(&text, TextOptions{Verbose: true}); err != nil {
		return junitSuite{}, err
	}
	s := junitSuite{Name: r.title(), Timestamp: r.Started.Format(time.RFC3339), Properties: r.junitProperties(), Out: text.String()}
	s.add(verdictCase(r))
	if r.Weights != nil {
		s.add(findingsCase("weights", r.findingsOf("weight-"), fmt.Sprintf("%d of %d are equal, bit for bit", r.Weights.BitEqual, max(r.Weights.Scripted, r.Weights.BitEqual))))
		s.add(findingsCase("coverage", r.findingsOf("uncovered"), layout.Count(len(r.Uncovered), "tensor")+" in the scripted file and not in the state"))
	}
	for _, c := range r.Comparisons {
		s.add(r.legCase(c))
	}
	s.Seconds = seconds(r.Seconds)
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
func (r *Report) junitProperties() []junitProperty {
	all := []junitProperty{{"verdict", string(r.Verdict)}, {"reference", r.Reference}}
	for _, p := range r.Properties() {
		all = append(all, junitProperty(p))
	}
	for _, f := range r.Files {
		all = append(all, junitProperty{"SHA-256 of " + f.Path, f.SHA256})
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

func (s *junitSuite) add(c junitCase) {
	c.Class = "verify"
	s.Cases = append(s.Cases, c)
	s.Tests++
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Error != nil:
		s.Errors++
	}
}

func verdictCase(r *Report) junitCase {
	c := junitCase{Name: "verdict", Seconds: seconds(r.Seconds)}
	var lines []string
	for _, f := range r.Findings {
		lines = append(lines, fmt.Sprintf("%s: %s", f.Weight, f.line()))
	}
	c.fail(r.Verdict, r.Summary, strings.Join(lines, "\n"))
	return c
}

// findingsCase passes when no finding proves anything or leaves it open.
func findingsCase(name string, findings []Finding, out string) junitCase {
	c := junitCase{Name: name, Out: out}
	verdict, summary := verdictOf(findings, "")
	var lines []string
	for _, f := range findings {
		if f.Weight != Note {
			lines = append(lines, f.line())
		}
	}
	c.fail(verdict, summary, strings.Join(lines, "\n"))
	return c
}

// legCase passes when a leg computes what the reference does.
func (r *Report) legCase(c Comparison) junitCase {
	one := junitCase{Name: r.Title(c) + " against " + r.LabelOf(r.Reference), Out: c.Text()}
	verdict, detail := Unanswered, []string{c.Text()}
	if l := r.legOf(c.Leg); l != nil {
		one.Seconds = seconds(l.Seconds)
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
	one.fail(verdict, c.Text(), strings.Join(detail, "\n"))
	return one
}

// fail makes a case end as a verdict says.
func (c *junitCase) fail(verdict Verdict, message, text string) {
	fault := &junitFault{Message: message, Type: string(verdict), Text: text}
	switch verdict {
	case Inconsistent:
		c.Failure = fault
	case Unstable, Unanswered:
		c.Error = fault
	}
}
