// Package junit writes reports as the XML that CI systems show beside tests.
package junit

import (
	"encoding/xml"
	"io"
	"strconv"
)

// Suite is a suite of tests.
type Suite struct {
	Name      string `xml:"name,attr"`
	Timestamp string `xml:"timestamp,attr"` // RFC 3339
	Counts
	Properties []Property `xml:"properties>property"`
	Cases      []Case     `xml:"testcase"`
	Out        string     `xml:"system-out,omitempty"`
}

// Counts say how the cases ended, and how long they took together.
type Counts struct {
	Tests    int     `xml:"tests,attr"`
	Failures int     `xml:"failures,attr"`
	Errors   int     `xml:"errors,attr"`
	Skipped  int     `xml:"skipped,attr"`
	Seconds  Seconds `xml:"time,attr"`
}

// Property is something that is worth knowing of a suite.
type Property struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

// Case is one test; it passed when it has neither failure nor error.
type Case struct {
	Class   string  `xml:"classname,attr"`
	Name    string  `xml:"name,attr"`
	Seconds Seconds `xml:"time,attr"`
	Failure *Fault  `xml:"failure"`
	Error   *Fault  `xml:"error"`
	Out     string  `xml:"system-out,omitempty"`
}

// Fault says why a case did not pass: its message in one line.
type Fault struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// Seconds are written without an exponent, which readers of JUnit don't know.
type Seconds float64

// MarshalXMLAttr is xml.MarshalerAttr's.
func (s Seconds) MarshalXMLAttr(name xml.Name) (xml.Attr, error) {
	return xml.Attr{Name: name, Value: strconv.FormatFloat(float64(s), 'f', 3, 64)}, nil
}

// Add puts a case behind the others, and counts it.
func (s *Suite) Add(c Case) {
	s.Cases = append(s.Cases, c)
	s.Tests++
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Error != nil:
		s.Errors++
	}
}

// Write writes a document of one suite.
func Write(w io.Writer, s Suite) error {
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	document := struct {
		XMLName xml.Name `xml:"testsuites"`
		Name    string   `xml:"name,attr"`
		Counts
		Suites []Suite `xml:"testsuite"`
	}{Name: "verify", Counts: s.Counts, Suites: []Suite{s}}
	if err := enc.Encode(document); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
