package verify

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// width is what a report's lines fit into; only a verdict or a word that is
// longer than a line goes beyond.
const width = 80

// TextOptions say how a report is written for people.
type TextOptions struct {
	Terminal bool // check marks
	Color    bool // ANSI colours
	Verbose  bool // what libtorch said besides: tracebacks
}

// color is an ANSI colour.
type color string

const (
	plain  color = ""
	red    color = "\x1b[31m"
	green  color = "\x1b[32m"
	yellow color = "\x1b[33m"
	faint  color = "\x1b[2m"
)

// page writes lines and keeps the first error.
type page struct {
	w    io.Writer
	opts TextOptions
	err  error
}

func (p *page) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

// paint gives text in a colour.
func (p *page) paint(c color, text string) string {
	if !p.opts.Color || c == plain {
		return text
	}
	return string(c) + text + "\x1b[0m"
}

// field writes a heading and text that hangs beside it, wrapped.
func (p *page) field(heading, text string) {
	lines := wrap(text, width-hang)
	for i, line := range lines {
		if i > 0 {
			heading = ""
		}
		p.printf("%s\n", strings.TrimRight(pad(heading, hang)+line, " "))
	}
}

// hang is the column at which the text of fields begins.
const hang = 11

// item writes a line of a list, whose first word is a label.
func (p *page) item(label, text string) {
	p.indented(pad("  "+label, 15), text)
}

// indented writes text after a lead, wrapped below its first word.
func (p *page) indented(lead, text string) {
	columns := utf8.RuneCountInString(lead)
	for i, line := range wrap(text, width-columns) {
		if i > 0 {
			lead = strings.Repeat(" ", columns)
		}
		p.printf("%s\n", strings.TrimRight(lead+line, " "))
	}
}

func pad(s string, columns int) string {
	if n := utf8.RuneCountInString(s); n < columns {
		return s + strings.Repeat(" ", columns-n)
	}
	return s + " "
}

// wordsOf splits text at spaces, but not within brackets: shapes and indices
// stay whole.
func wordsOf(text string) []string {
	var words []string
	depth := 0
	for _, word := range strings.Fields(text) {
		if depth > 0 {
			words[len(words)-1] += " " + word
		} else {
			words = append(words, word)
		}
		depth = max(0, depth+strings.Count(word, "[")-strings.Count(word, "]"))
	}
	return words
}

// wrap breaks text at spaces into lines of so many columns.
func wrap(text string, columns int) []string {
	var lines []string
	line, n := "", 0
	for _, word := range wordsOf(text) {
		word = shorten(word, columns)
		m := utf8.RuneCountInString(word)
		if n > 0 && n+1+m > columns {
			lines = append(lines, line)
			line, n = "", 0
		}
		if n > 0 {
			line += " "
			n++
		}
		line += word
		n += m
	}
	return append(lines, line)
}

// shorten takes the middle out of a name that is too long: what it belongs to
// and its last part say most.
func shorten(name string, columns int) string {
	runes := []rune(name)
	if len(runes) <= columns || columns < 8 {
		return name
	}
	head := (columns - 1) / 3
	return string(runes[:head]) + "…" + string(runes[len(runes)-(columns-1-head):])
}

// shortenPath takes the first folders off a path that is too long.
func shortenPath(path string, columns int) string {
	for rest := path; utf8.RuneCountInString(path) > columns; path = "…/" + rest {
		_, after, ok := strings.Cut(rest, "/")
		if !ok {
			return shorten(path, columns)
		}
		rest = after
	}
	return path
}

// sizeText writes a number of bytes.
func sizeText(n int64) string {
	const units = "kMGTPE"
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	size, unit := float64(n)/1000, 0
	for size >= 999.5 && unit < len(units)-1 {
		size /= 1000
		unit++
	}
	if size < 9.95 {
		return fmt.Sprintf("%.1f %cB", size, units[unit])
	}
	return fmt.Sprintf("%.0f %cB", size, units[unit])
}
