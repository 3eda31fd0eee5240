package inspect

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/seed06459138/torchgo/internal/layout"
)

const (
	hang       = 11 // the column at which the text of fields begins
	widestName = 40 // longer names have their middle taken out
)

// page writes lines and keeps the first error.
type page struct {
	w   io.Writer
	err error
}

func (p *page) line(text string) {
	if p.err == nil {
		_, p.err = fmt.Fprintln(p.w, text)
	}
}

// field writes a heading and text that hangs beside it.
func (p *page) field(heading, text string) { p.line(layout.Hang(layout.Pad(heading, hang), text)) }

// WriteText writes the report for people in lines of 80 columns: totals first,
// then tensors, values and methods; of two files, in what they differ.
func (r *Report) WriteText(w io.Writer) error {
	p := &page{w: w}
	for _, f := range r.Files {
		if f.Values == nil {
			continue // all there is to say of it is its problem
		}
		p.summary(f)
		if len(r.Files) == 1 {
			p.tensors(f.Tensors)
			p.script(f.Script)
			p.values(f.Values)
		}
	}
	if r.Difference != nil {
		p.difference(r.Difference)
	}
	return p.err
}

func (p *page) summary(f File) {
	p.field("file", layout.ShortenPath(f.Path, layout.Width-hang))
	what := f.Kind
	if f.Version > 0 {
		what += fmt.Sprintf(", version %d", f.Version)
	}
	p.field("", what+", "+layout.Size(f.Bytes))
	p.field("sha256", f.SHA256)
	p.field("tensors", f.Totals.text())
	switch s := f.State; {
	case s != nil:
		text := layout.Count(s.Tensors, "tensor")
		if s.Key != "" {
			text += " in " + s.Key
		}
		if s.Prefix != "" {
			text += fmt.Sprintf(", all named %s…", s.Prefix)
		}
		p.field("state", text)
		if s.Hash != "" {
			p.field("content", s.Hash)
		}
	case len(f.StateKeys) > 0:
		p.field("state", "several: "+strings.Join(f.StateKeys, ", "))
	}
	for _, key := range slices.Sorted(maps.Keys(f.Metadata)) {
		p.field("metadata", printable(key)+": "+printable(f.Metadata[key]))
	}
	if f.Problem != "" {
		p.field("problem", strings.TrimPrefix(f.Problem, f.Path+": "))
	}
}

// text sums up in a line, the most frequent dtypes first.
func (t Totals) text() string {
	if t.Tensors == 0 {
		return "none"
	}
	names := slices.SortedFunc(maps.Keys(t.DTypes), func(a, b string) int {
		return cmp.Or(t.DTypes[b]-t.DTypes[a], strings.Compare(a, b))
	})
	for i, name := range names {
		if len(names) > 1 {
			names[i] = fmt.Sprintf("%d %s", t.DTypes[name], name)
		}
	}
	text := fmt.Sprintf("%d of %s, %s: %s", t.Tensors, layout.Count(int(t.Elements), "element"), layout.Size(t.Bytes), strings.Join(names, ", "))
	if t.Storages != t.Bytes {
		text += fmt.Sprintf("; %s of storages", layout.Size(t.Storages))
	}
	return text
}

func (p *page) tensors(all []Tensor) {
	columns := 0
	for _, t := range all {
		columns = max(columns, min(utf8.RuneCountInString(printable(t.Name)), widestName))
	}
	for _, t := range all {
		p.line(layout.Hang("  "+layout.Pad(layout.Shorten(printable(t.Name), columns), columns+2), t.text()))
	}
}

// text describes a tensor in a line.
func (t Tensor) text() string {
	text := strings.TrimSpace(t.Role+" "+t.DType) + " " + layout.Shape(t.Shape)
	if t.Layout != "torch.strided" {
		text += " " + strings.TrimPrefix(t.Layout, "torch.")
	}
	text += ", " + layout.Size(t.Bytes)
	if t.Hash != "" {
		text += ", " + t.Hash[:8]
	}
	if t.Device != "cpu" && t.Device != "" {
		text += ", " + printable(t.Device)
	}
	if t.SharedWith != "" {
		text += ", shares memory with " + printable(t.SharedWith)
	}
	if t.RequiresGrad {
		text += ", requires grad"
	}
	if t.Class != "" {
		text += ", " + printable(t.Class)
	}
	return text
}

func (p *page) script(s *Script) {
	if s == nil {
		return
	}
	p.field("modules", layout.Count(len(s.Modules), "module"))
	for _, m := range s.Modules {
		name, mode := m.Name, ""
		if name == "" {
			name = "(root)"
		}
		if m.Training {
			mode = ", in training mode"
		}
		p.line(layout.Hang("  "+layout.Pad(printable(name), hang), printable(m.Class)+mode))
	}
	lines := 0
	for _, c := range s.Code {
		lines += c.Lines
	}
	p.field("code", fmt.Sprintf("%s in %s", layout.Count(lines, "line"), layout.Count(len(s.Code), "file")))
	class := ""
	for _, m := range s.Methods {
		if m.Class != class {
			class = m.Class
			p.line("  " + layout.Shorten(printable(class), layout.Width-2))
		}
		p.line(layout.Hang("    ", printable(m.Signature)))
	}
	for _, e := range s.ExtraFiles {
		p.field("extra file", fmt.Sprintf("%s, %s", printable(e.Name), layout.Size(int64(e.Bytes))))
	}
}
