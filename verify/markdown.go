package verify

import (
	"fmt"
	"io"

	"github.com/seed06459138/torchgo/internal/layout"
	"github.com/seed06459138/torchgo/internal/markdown"
)

// WriteMarkdown writes the report for a pull request, in GitHub's Markdown: the
// verdict, one row for each leg, what to do, and the details folded.
func (r *Report) WriteMarkdown(w io.Writer) error {
	m := &review{}
	m.Line("## %s %s", verdictMark(r.Verdict), markdown.Prose(r.Summary))
	m.legs(r)
	m.findings(r)
	m.outputs(r)
	m.latencies(r)
	if r.Weights != nil {
		m.weights(r.Weights)
		m.uncovered(r.Uncovered)
	}
	m.files(r)
	m.environment(r)
	_, err := io.WriteString(w, m.String())
	return err
}

// review is the Markdown of a report.
type review struct{ markdown.Page }

func verdictMark(v Verdict) string {
	switch v {
	case Consistent:
		return "✅"
	case Inconsistent:
		return "❌"
	}
	return "❔"
}

func sameMark(same *bool) string {
	switch {
	case same == nil:
		return verdictMark(Unanswered)
	case *same:
		return verdictMark(Consistent)
	}
	return verdictMark(Inconsistent)
}

func (m *review) legs(r *Report) {
	var rows [][]string
	for _, c := range r.Comparisons {
		path := ""
		if l := r.legOf(c.Leg); l != nil {
			path = markdown.Code(l.Path)
		}
		rows = append(rows, []string{sameMark(c.Same), markdown.Prose(r.Title(c)), markdown.Prose(r.Computes(c.Leg)), path, markdown.Prose(c.Text())})
	}
	m.Table([]string{"same", "leg", "computes", "file", "against " + markdown.Prose(r.LabelOf(r.Reference))}, rows)
}

func (m *review) findings(r *Report) {
	listed := 0
	for _, f := range r.Findings {
		if f.Weight == Note {
			continue
		}
		if listed == 0 {
			m.Line("")
		}
		if listed++; listed > mostListed {
			m.Line("- and more; `--json` lists them all")
			return
		}
		m.Line("- %s", markdown.Prose(f.line()))
	}
}

func (m *review) outputs(r *Report) {
	var rows [][]string
	differ := 0
	for _, c := range r.Comparisons {
		for _, o := range c.ranked() {
			same := o.Same
			if !same {
				differ++
			}
			rows = append(rows, []string{sameMark(&same), markdown.Prose(r.Title(c)), markdown.Code(o.Name), markdown.Prose(o.DType + " " + layout.Shape(o.Shape)),
				markdown.Prose(o.Detail())})
		}
	}
	if len(rows) == 0 {
		return
	}
	m.Fold(fmt.Sprintf("%s, %d differ", layout.Count(len(rows), "output"), differ), func() {
		m.Table([]string{"same", "leg", "output", "type", "compares"}, rows)
	})
}

func (m *review) latencies(r *Report) {
	var rows [][]string
	for _, l := range r.Timed() {
		peak := ""
		if l.Peak > 0 {
			peak = layout.Size(l.Peak)
		}
		t := l.Latency
		rows = append(rows, []string{markdown.Prose(l.Label), l.Device, SecondsText(t.P50), SecondsText(t.P90), SecondsText(t.P99), SecondsText(t.Mean), fmt.Sprint(t.Calls), t.Clock, peak})
	}
	if len(rows) > 0 {
		m.Fold("Latency", func() {
			m.Table([]string{"leg", "device", "p50", "p90", "p99", "mean", "calls", "clock", "GPU memory at most"}, rows)
		})
	}
}

func (m *review) weights(w *Weights) {
	var rows [][]string
	add := func(name, what string) { rows = append(rows, []string{markdown.Code(name), markdown.Prose(what)}) }
	for _, e := range w.Missing {
		add(e.Name, e.Role+", missing in the state")
	}
	for _, name := range w.Unexpected {
		add(name, "in the state only")
	}
	for _, e := range w.Shapes {
		add(e.Name, fmt.Sprintf("state %s, scripted %s", layout.Shape(e.State), layout.Shape(e.Scripted)))
	}
	for _, e := range w.DTypes {
		add(e.Name, fmt.Sprintf("state %s, scripted %s", e.State, e.Scripted))
	}
	for _, e := range w.Unequal {
		add(e.Name, fmt.Sprintf("max |Δ| %v%s, %d of %d elements differ", e.MaxAbs, atText(e.Index), e.Mismatches, e.Elements))
	}
	for _, e := range w.Covered {
		add(e.Name, fmt.Sprintf("%s, equal to %s", e.Role, e.By))
	}
	m.Fold(fmt.Sprintf("Weights: %d of %d are equal, bit for bit", w.BitEqual, max(w.Scripted, w.BitEqual)), func() {
		if len(rows) == 0 {
			m.Line("\nNothing else is to be said of them.")
		}
		m.Table([]string{"tensor", "is"}, rows)
	})
}

func (m *review) uncovered(all []Uncovered) {
	if len(all) == 0 {
		return
	}
	m.Fold(layout.Count(len(all), "tensor")+" in the scripted file and not in the state", func() {
		var rows [][]string
		for _, status := range statusOrder {
			for _, u := range all {
				if u.Status == status {
					rows = append(rows, []string{string(u.Status), markdown.Code(u.Name), markdown.Prose(fmt.Sprintf("%s %s %s%s", u.Role, u.DType, layout.Shape(u.Shape), u.Reason()))})
				}
			}
		}
		m.Table([]string{"status", "tensor", "is"}, rows)
	})
}

func (m *review) files(r *Report) {
	if len(r.Files) == 0 {
		return
	}
	m.Fold(layout.Count(len(r.Files), "file"), func() {
		var rows [][]string
		for _, f := range r.Files {
			rows = append(rows, []string{f.Role, markdown.Code(f.Path), markdown.Prose(f.Kind + ", " + layout.Size(f.Bytes)), markdown.Prose(f.Holds), markdown.Code(f.SHA256)})
		}
		m.Table([]string{"role", "file", "kind", "holds", "SHA-256"}, rows)
	})
}

func (m *review) environment(r *Report) {
	m.Fold("Environment", func() {
		var rows [][]string
		for _, p := range r.Properties() {
			rows = append(rows, []string{p.Name, markdown.Prose(p.Value)})
		}
		m.Table([]string{"what", "was"}, rows)
	})
}
