package notice

import (
	"io"
	"slices"
	"strings"
	"time"

	"github.com/seed06459138/torchgo/internal/junit"
	"github.com/seed06459138/torchgo/internal/layout"
	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/night"
)

// WriteJUnit writes the night as JUnit XML: a case for each check, in the order of
// their names, and one that fails when the run did not come to its end. What is
// inconsistent is a failure; what has no answer, or did not run, is an error.
func (n *Notice) WriteJUnit(w io.Writer) error {
	m := n.Night.Machine
	s := junit.Suite{Name: n.Night.Suite, Timestamp: n.Night.Started.Format(time.RFC3339), Properties: []junit.Property{
		{Name: "night", Value: n.Night.ID}, {Name: "machine", Value: m.Host}, {Name: "libtorch", Value: m.Libtorch}, {Name: "torchgo", Value: m.Torchgo}, {Name: "commit", Value: n.Night.Commit},
	}}
	for _, d := range m.Devices {
		s.Properties = append(s.Properties, junit.Property{Name: d.Name, Value: d.Model})
	}
	results := slices.Clone(n.Night.Results)
	night.Sort(results)
	for i := range results {
		s.Add(n.junitCase(&results[i]))
	}
	for _, name := range n.Night.Missing() {
		s.Add(junit.Case{Class: n.Night.Suite, Name: name, Error: &junit.Fault{Message: "did not run", Type: "missing"}})
	}
	if lost := n.Night.Unassigned(); lost > 0 {
		s.Add(junit.Case{Class: n.Night.Suite, Name: "the shards", Error: &junit.Fault{Message: layout.Count(lost, "check") + " did not run: shards have not come", Type: "missing"}})
	}
	if end := n.Night.End; end != nil {
		s.Seconds = junit.Seconds(end.Seconds)
		s.Out = strings.Join(end.Notes, "\n")
	} else {
		s.Add(junit.Case{Class: n.Night.Suite, Name: "the night", Error: &junit.Fault{Message: "the run did not come to its end", Type: "missing"}})
	}
	return junit.Write(w, s)
}

func (n *Notice) junitCase(r *night.Result) junit.Case {
	c := junit.Case{Class: n.Night.Suite, Name: r.Check, Seconds: junit.Seconds(r.Seconds)}
	var lines []string
	for _, f := range r.Findings {
		line := string(f.Weight) + ": " + f.Text
		if f.Remedy != "" {
			line += ": " + f.Remedy
		}
		lines = append(lines, line)
	}
	for _, attempt := range r.Attempts {
		lines = append(lines, "an earlier attempt: "+attempt)
	}
	text := strings.Join(lines, "\n")
	fault := &junit.Fault{Message: summaryOf(r), Type: string(r.Verdict), Text: text}
	switch r.Verdict {
	case verify.Consistent:
		c.Out = text
	case verify.Inconsistent:
		c.Failure = fault
	default:
		c.Error = fault
	}
	return c
}
