package inspect

import (
	"github.com/seed06459138/torchgo/torch/checkpoint"
)

// What of a tree is kept: files are not to be trusted with the size of a report.
const (
	deepestValue = 16
	mostEntries  = 1000  // of one container
	mostValues   = 20000 // of the whole tree
)

// forest makes the tree of plain values.
type forest struct {
	seen map[checkpoint.Value]string // where a container was met first
	left int                         // how many more values there is room for
}

func treeOf(root checkpoint.Value) *Value {
	f := &forest{seen: make(map[checkpoint.Value]string), left: mostValues}
	v := f.value("", "", root, 0)
	return &v
}

func (f *forest) value(path, name string, v checkpoint.Value, depth int) Value {
	out := Value{Name: name, Type: typeOf(v), Values: []Value{}}
	f.left--
	if !isContainer(v) {
		out.Text = textOf(v)
		return out
	}
	if first, twice := f.seen[v]; twice {
		if first == "" {
			first = "the whole"
		}
		out.Text = "the same as " + first
		return out
	}
	f.seen[v] = path
	entries := entriesOf(v)
	out.Length = len(entries)
	for _, e := range entries {
		switch _, isTensor := e.value.(*checkpoint.Tensor); {
		case isTensor:
			out.Tensors++
		case depth == deepestValue || len(out.Values) == mostEntries || f.left <= 0:
			out.Omitted++
		default:
			out.Values = append(out.Values, f.value(join(path, e.name), e.name, e.value, depth+1))
		}
	}
	return out
}
