// Package markdown writes GitHub's Markdown, for pull requests and summaries of jobs.
package markdown

import (
	"fmt"
	"strings"
)

// mostRows is how many rows of a table are shown: comments of pull requests are of
// limited length.
const mostRows = 40

// Page collects lines.
type Page struct{ strings.Builder }

// Line writes a line.
func (p *Page) Line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

// Table writes a table after an empty line, or nothing without rows.
func (p *Page) Table(head []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	p.Line("\n| %s |\n|%s", strings.Join(head, " | "), strings.Repeat("---|", len(head)))
	for i, row := range rows {
		if i == mostRows {
			p.Line("\nand %d more; `--json` lists them all", len(rows)-mostRows)
			return
		}
		p.Line("| %s |", strings.Join(row, " | "))
	}
}

// Fold writes a part that is closed until somebody opens it.
func (p *Page) Fold(title string, body func()) {
	p.Line("\n<details><summary>%s</summary>", title)
	body()
	p.Line("\n</details>")
}

// Code gives a name as code, which shows it letter by letter.
func Code(name string) string {
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

// Prose gives a sentence of which no letter is taken for Markdown.
func Prose(text string) string {
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
