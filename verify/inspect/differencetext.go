package inspect

import (
	"fmt"

	"github.com/seed06459138/torchgo/internal/layout"
)

// mostChanges is how many differences the text lists; the JSON has all.
const mostChanges = 100

// difference writes in what two files differ, and in the last line whether.
func (p *page) difference(d *Difference) {
	p.field("equal", layout.Count(d.EqualTensors, "tensor")+", bit for bit")
	for n, c := range d.Changes {
		if n == mostChanges {
			p.field("", fmt.Sprintf("and %d more; --json lists them all", len(d.Changes)-n))
			break
		}
		p.field(changeLabels[c.What], c.text())
	}
	switch {
	case d.SameBytes:
		p.line("equal: the files are the same, byte for byte")
	case d.Equal:
		p.line("equal: the same names, shapes, dtypes and bits")
	default:
		p.line(fmt.Sprintf("different: %s", layout.Count(len(d.Changes), "tensor")))
	}
}

var changeLabels = map[string]string{
	"only-in-first": "in first", "only-in-second": "in second", "shape": "shape", "dtype": "dtype", "content": "content",
}

// text says in a line in what a tensor differs.
func (c Change) text() string {
	name := printable(c.Name)
	switch {
	case c.First == nil:
		return fmt.Sprintf("%s: %s, not in the first", name, c.Second)
	case c.Second == nil:
		return fmt.Sprintf("%s: %s, not in the second", name, c.First)
	case c.What != "content":
		return fmt.Sprintf("%s: %s, then %s", name, c.First, c.Second)
	case c.Differ == nil:
		return fmt.Sprintf("%s: %s", name, c.First)
	}
	total := int64(1)
	for _, n := range c.First.Shape {
		total *= n
	}
	return fmt.Sprintf("%s: %s, %d of %s differ", name, c.First, *c.Differ, layout.Count(int(total), "element"))
}

// String writes a form as "float32 [2, 3]".
func (f *Form) String() string { return f.DType + " " + layout.Shape(f.Shape) }
