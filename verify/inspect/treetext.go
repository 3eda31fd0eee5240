package inspect

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/seed06459138/torchgo/internal/layout"
)

// What the text shows of the tree; the JSON has more.
const (
	deepestShown = 6
	mostShown    = 20 // entries of one container
)

// values writes the tree of plain values, if there are any.
func (p *page) values(root *Value) {
	if root.telling() {
		p.field("values", root.text())
		p.entries(root, 1)
	}
}

func (p *page) entries(v *Value, depth int) {
	if v.inline() != "" {
		return
	}
	indent := strings.Repeat("  ", depth)
	shown, omitted := 0, v.Omitted
	for n := range v.Values {
		e := &v.Values[n]
		switch {
		case v.isObject() && (!e.telling() || e.Name == "training"):
		case shown == mostShown || depth > deepestShown:
			omitted++
		default:
			shown++
			p.line(layout.Hang(indent+layout.Shorten(printable(e.Name), widestName)+": ", e.text()))
			p.entries(e, depth+1)
		}
	}
	if omitted > 0 {
		p.line(fmt.Sprintf("%sand %d more; --json lists more of them", indent, omitted))
	}
}

// isObject tells an object by its class from the plain types. Objects carry much
// that was never set: what they have to tell is what was.
func (v *Value) isObject() bool { return strings.Contains(v.Type, ".") && v.Length > 0 }

// telling tells whether there is a value in it beside tensors, None and the mode
// of modules.
func (v *Value) telling() bool {
	if v.Length == 0 {
		return v.Text != "" && v.Type != "None" && v.Type != "torch.Tensor"
	}
	return v.Omitted > 0 || slices.ContainsFunc(v.Values, func(e Value) bool {
		return e.telling() && !(v.isObject() && e.Name == "training") || !v.isObject() && e.Type == "None"
	})
}

// text writes a value in a line: what it is, or what it holds if that is little.
func (v *Value) text() string {
	if v.Text != "" && v.Length == 0 {
		if strings.HasPrefix(v.Text, "the same as ") {
			return v.Type + ", " + printable(v.Text)
		}
		return v.Text
	}
	if inline := v.inline(); inline != "" {
		return v.Type + " " + inline
	}
	switch {
	case v.Length == 0:
		return "empty " + v.Type
	case v.Tensors == v.Length:
		return fmt.Sprintf("%s of %s", v.Type, layout.Count(v.Tensors, "tensor"))
	case v.Tensors > 0:
		return fmt.Sprintf("%s of %d, with %s", v.Type, v.Length, layout.Count(v.Tensors, "tensor"))
	}
	return fmt.Sprintf("%s of %d", v.Type, v.Length)
}

// inline writes the items of a short list of plain values; "" for anything else.
func (v *Value) inline() string {
	const longest = 50
	if v.Type != "list" && v.Type != "tuple" && v.Type != "set" && v.Type != "frozenset" || v.Length != len(v.Values) || v.Length == 0 {
		return ""
	}
	items := make([]string, len(v.Values))
	for n, e := range v.Values {
		if e.Text == "" {
			return ""
		}
		items[n] = e.Text
	}
	text := "[" + strings.Join(items, ", ") + "]"
	if utf8.RuneCountInString(text) > longest {
		return ""
	}
	return text
}
