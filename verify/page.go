package verify

import (
	"fmt"
	"io"

	"github.com/seed06459138/torchgo/internal/layout"
)

// width is what a report's lines fit into; only a verdict or a word that is
// longer than a line goes beyond.
const width = layout.Width

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
func (p *page) field(heading, text string) { p.indented(layout.Pad(heading, hang), text) }

// hang is the column at which the text of fields begins.
const hang = 11

// item writes a line of a list, whose first word is a label.
func (p *page) item(label, text string) {
	p.indented(layout.Pad("  "+label, 15), text)
}

// indented writes text after a lead, wrapped below its first word.
func (p *page) indented(lead, text string) { p.printf("%s\n", layout.Hang(lead, text)) }
