package notice

import (
	"fmt"
	"io"

	"github.com/seed06459138/torchgo/internal/layout"
	"github.com/seed06459138/torchgo/internal/markdown"
	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/history"
)

// mostItems is how many entries a list shows.
const mostItems = 50

// WriteMarkdown writes the night for people, in GitHub's Markdown: what is new since
// the nights before, what still is so, all checks that are not consistent, and the
// rest folded.
func (n *Notice) WriteMarkdown(w io.Writer) error {
	p := &markdown.Page{}
	p.Line("## %s %s\n\n%s", mark(n.verdict()), markdown.Prose(n.Headline()), markdown.Prose(n.where()))
	n.news(p)
	n.unwell(p)
	n.notes(p)
	n.slowest(p)
	n.environment(p)
	_, err := io.WriteString(w, p.String())
	return err
}

func mark(v verify.Verdict) string {
	switch v {
	case verify.Consistent:
		return "✅"
	case verify.Inconsistent:
		return "❌"
	}
	return "❔"
}

// news writes what changed.
func (n *Notice) news(p *markdown.Page) {
	if n.Changes == nil {
		return
	}
	p.Line("\n### New since the night before")
	told := 0
	for _, s := range []struct {
		mark   string
		weight history.Weight
	}{{"❌", history.Worse}, {"❔", history.Open}, {"✅", history.Better}} {
		changes := n.changes(s.weight, true)
		told += len(changes)
		list(p, s.mark, changes)
	}
	switch {
	case n.Changes.Before == nil:
		p.Line("\nThere is no night before this one.")
	case told == 0:
		p.Line("\nNothing.")
	}
	if old := append(n.changes(history.Worse, false), n.changes(history.Open, false)...); len(old) > 0 {
		p.Line("\n### As in earlier nights")
		list(p, "", old)
	}
	if known := n.changes(history.Note, true); len(known) > 0 {
		p.Fold(layout.Count(len(known), "thing")+" to know when looking for a cause", func() { list(p, "", known) })
	}
}

// list writes changes as a list.
func list(p *markdown.Page, mark string, changes []history.Change) {
	for i := range changes {
		if i == 0 {
			p.Line("")
		}
		if i == mostItems {
			p.Line("- and %d more", len(changes)-mostItems)
			return
		}
		text := markdown.Prose(changes[i].Text())
		if subject := changes[i].Subject(); subject != "" {
			text = markdown.Code(subject) + ": " + text
		}
		if mark != "" {
			text = mark + " " + text
		}
		p.Line("- %s", text)
	}
}

// unwell writes the checks that are not consistent.
func (n *Notice) unwell(p *markdown.Page) {
	var rows [][]string
	for _, r := range n.failing() {
		rows = append(rows, []string{mark(r.Verdict), markdown.Code(r.Check), markdown.Prose(summaryOf(r))})
	}
	for _, name := range n.Night.Missing() {
		rows = append(rows, []string{mark(verify.Unanswered), markdown.Code(name), "did not run"})
	}
	if lost := n.Night.Unassigned(); lost > 0 {
		rows = append(rows, []string{mark(verify.Unanswered), layout.Count(lost, "other check"), "of shards that have not come"})
	}
	if len(rows) > 0 {
		p.Line("\n### Checks that are not consistent")
		p.Table([]string{"", "check", "why"}, rows)
	}
}

func (n *Notice) notes(p *markdown.Page) {
	var notes []string
	if n.Night.End == nil {
		notes = append(notes, "The run did not come to its end; verify suite --resume goes on with it.")
	} else {
		notes = append(notes, n.Night.End.Notes...)
	}
	if n.Changes != nil {
		notes = append(notes, n.Changes.Notes...)
	}
	for i, note := range notes {
		if i == 0 {
			p.Line("")
		}
		p.Line("> %s", markdown.Prose(note))
	}
}

// slowest folds all checks, those that took longest first.
func (n *Notice) slowest(p *markdown.Page) {
	results := n.bySeconds()
	if len(results) == 0 {
		return
	}
	p.Fold(layout.Count(len(results), "check")+", the slowest first", func() {
		var rows [][]string
		for _, r := range results {
			peak, p50 := "", ""
			if r.Peak > 0 {
				peak = layout.Size(r.Peak)
			}
			for _, l := range r.Legs {
				if l.P50 > 0 && p50 == "" {
					p50 = fmt.Sprintf("%s (%s)", verify.SecondsText(l.P50), l.Name)
				}
			}
			rows = append(rows, []string{mark(r.Verdict), markdown.Code(r.Check), fmt.Sprintf("%.1f s", r.Seconds), peak, markdown.Prose(p50)})
		}
		p.Table([]string{"", "check", "took", "memory", "p50 of a call"}, rows)
	})
}

func (n *Notice) environment(p *markdown.Page) {
	p.Fold("Environment", func() {
		rows := [][]string{}
		add := func(name, value string) {
			if value != "" {
				rows = append(rows, []string{name, markdown.Prose(value)})
			}
		}
		for _, m := range n.machines() {
			add("machine", m.Host)
			add("platform", m.Platform)
			add("processor", m.CPU)
			add("kernels", m.Kernels)
			for _, d := range m.Devices {
				add(d.Name, fmt.Sprintf("%s, driver %s, %s", d.Model, d.Driver, layout.Size(d.Memory)))
			}
			add("libtorch", m.Libtorch)
			add("torchgo", m.Torchgo)
			add("Go", m.Go)
		}
		add("commit", n.Night.Commit)
		add("against", n.Night.Against)
		p.Table([]string{"what", "was"}, rows)
	})
}
