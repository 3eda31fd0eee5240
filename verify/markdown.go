package verify

import (
	"fmt"
	"io"
	"strings"

	"github.com/seed06459138/torchgo/internal/layout"
)

// mostRows is how many rows of a table the Markdown shows: comments of pull
// requests are of limited length.
const mostRows = 40

// WriteMarkdown writes the report for a pull request, in GitHub's Markdown: the
// verdict, one row for each leg, what to do, and the details folded.
func (r *Report) WriteMarkdown(w io.Writer) error {
	m := &markdown{}
	m.line("## %s %s", verdictMark(r.Verdict), prose(r.Summary))
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

// markdown collects lines.
type markdown struct{ strings.Builder }

func (m *markdown) line(format string, args ...any) { fmt.Fprintf(m, format+"\n", args...) }

// table writes a table after an empty line, or nothing without rows.
func (m *markdown) table(head []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	m.line("\n| %s |\n|%s", strings.Join(head, " | "), strings.Repeat("---|", len(head)))
	for i, row := range rows {
		if i == mostRows {
			m.line("\nand %d more; `--json` lists them all", len(rows)-mostRows)
			return
		}
		m.line("| %s |", strings.Join(row, " | "))
	}
}

// fold writes a part that is closed until somebody opens it.
func (m *markdown) fold(title string, body func()) {
	m.line("\n<details><summary>%s</summary>", title)
	body()
	m.line("\n</details>")
}

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

func (m *markdown) legs(r *Report) {
	var rows [][]string
	for _, c := range r.Comparisons {
		path := ""
		if l := r.legOf(c.Leg); l != nil {
			path = code(l.Path)
		}
		rows = append(rows, []string{sameMark(c.Same), prose(r.Title(c)), path, prose(c.Text())})
	}
	m.table([]string{"same", "leg", "file", "against " + prose(r.LabelOf(r.Reference))}, rows)
}

func (m *markdown) findings(r *Report) {
	listed := 0
	for _, f := range r.Findings {
		if f.Weight == Note {
			continue
		}
		if listed == 0 {
			m.line("")
		}
		if listed++; listed > mostListed {
			m.line("- and more; `--json` lists them all")
			return
		}
		m.line("- %s", prose(f.line()))
	}
}

func (m *markdown) outputs(r *Report) {
	var rows [][]string
	differ := 0
	for _, c := range r.Comparisons {
		for _, o := range c.ranked() {
			same := o.Same
			if !same {
				differ++
			}
			rows = append(rows, []string{sameMark(&same), prose(r.Title(c)), code(o.Name), prose(o.DType + " " + layout.Shape(o.Shape)),
				prose(o.Detail())})
		}
	}
	if len(rows) == 0 {
		return
	}
	m.fold(fmt.Sprintf("%s, %d differ", layout.Count(len(rows), "output"), differ), func() {
		m.table([]string{"same", "leg", "output", "type", "compares"}, rows)
	})
}

func (m *markdown) latencies(r *Report) {
	var rows [][]string
	for _, l := range r.Legs {
		if l.Latency == nil {
			continue
		}
		peak := ""
		if l.Peak > 0 {
			peak = layout.Size(l.Peak)
		}
		t := l.Latency
		rows = append(rows, []string{prose(l.Label), l.Device, durationText(t.P50), durationText(t.P90), durationText(t.P99), durationText(t.Mean), fmt.Sprint(t.Calls), t.Clock, peak})
	}
	if len(rows) > 0 {
		m.fold("Latency", func() {
			m.table([]string{"leg", "device", "p50", "p90", "p99", "mean", "calls", "clock", "GPU memory at most"}, rows)
		})
	}
}

func (m *markdown) weights(w *Weights) {
	var rows [][]string
	add := func(name, what string) { rows = append(rows, []string{code(name), prose(what)}) }
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
	m.fold(fmt.Sprintf("Weights: %d of %d are equal, bit for bit", w.BitEqual, max(w.Scripted, w.BitEqual)), func() {
		if len(rows) == 0 {
			m.line("\nNothing else is to be said of them.")
		}
		m.table([]string{"tensor", "is"}, rows)
	})
}

func (m *markdown) uncovered(all []Uncovered) {
	if len(all) == 0 {
		return
	}
	m.fold(layout.Count(len(all), "tensor")+" in the scripted file and not in the state", func() {
		var rows [][]string
		for _, status := range statusOrder {
			for _, u := range all {
				if u.Status == status {
					rows = append(rows, []string{string(u.Status), code(u.Name), prose(fmt.Sprintf("%s %s %s%s", u.Role, u.DType, layout.Shape(u.Shape), u.Reason()))})
				}
			}
		}
		m.table([]string{"status", "tensor", "is"}, rows)
	})
}

func (m *markdown) files(r *Report) {
	if len(r.Files) == 0 {
		return
	}
	m.fold(layout.Count(len(r.Files), "file"), func() {
		var rows [][]string
		for _, f := range r.Files {
			rows = append(rows, []string{f.Role, code(f.Path), prose(f.Kind + ", " + layout.Size(f.Bytes)), prose(f.Holds), code(f.SHA256)})
		}
		m.table([]string{"role", "file", "kind", "holds", "SHA-256"}, rows)
	})
}

func (m *markdown) environment(r *Report) {
	m.fold("Environment", func() {
		var rows [][]string
		for _, p := range r.Properties() {
			rows = append(rows, []string{p.Name, prose(p.Value)})
		}
		m.table([]string{"what", "was"}, rows)
	})
}

// code gives a name as code, which shows it letter by letter.
func code(name string) string {
	if name == "" {
		return ""
	}
	name = strings.NewReplacer("\n", " ", "\r", " ", "|", `\|`).Replace(name)
	fence := "`"
	for strings.Contains(name, fence) {
		fence += "`"
	}
	if len(fence) > 1 || strings.HasPrefix(name, " ") {
		name = " " + name + " "
	}
	return fence + name + fence
}

// prose gives a sentence of which no letter is taken for Markdown.
func prose(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\n', r == '\r':
			r = ' '
		case strings.ContainsRune("\\`*_[]<>&|#~@", r):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
