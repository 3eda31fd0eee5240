package inspect

import (
	"fmt"
	"strconv"

	"github.com/seed06459138/torchgo/torch/checkpoint"
)

// entry is what a container holds under a key, an attribute or an index.
type entry struct {
	name  string
	value checkpoint.Value
}

// isContainer tells whether a value may hold others. Containers are pointers, so
// that each can be told from an equal one.
func isContainer(v checkpoint.Value) bool {
	switch v.(type) {
	case *checkpoint.Dict, *checkpoint.List, *checkpoint.Tuple, *checkpoint.Set, *checkpoint.Object:
		return true
	}
	return false
}

// entriesOf lists what a container holds, in its order.
func entriesOf(v checkpoint.Value) []entry {
	switch v := v.(type) {
	case *checkpoint.Dict:
		return entriesOfDict(v)
	case *checkpoint.List:
		return numbered("", v.Items)
	case *checkpoint.Tuple:
		return numbered("", v.Items)
	case *checkpoint.Set:
		return numbered("", v.Items)
	case *checkpoint.Object:
		out := numbered("args.", v.Args)
		if state, ok := v.State.(*checkpoint.Dict); ok {
			out = append(out, entriesOfDict(state)...)
		} else if v.State != nil {
			out = append(out, entry{"state", v.State})
		}
		for _, e := range v.Items {
			out = append(out, entry{keyText(e.Key), e.Value})
		}
		return append(out, numbered("", v.List)...)
	}
	return nil
}

func entriesOfDict(d *checkpoint.Dict) []entry {
	out := make([]entry, 0, d.Len())
	for k, v := range d.All() {
		out = append(out, entry{keyText(k), v})
	}
	return out
}

func numbered(prefix string, items []checkpoint.Value) []entry {
	out := make([]entry, len(items))
	for n, item := range items {
		out[n] = entry{prefix + strconv.Itoa(n), item}
	}
	return out
}

// keyText writes a key as a part of a path.
func keyText(key checkpoint.Value) string {
	if s, ok := key.(checkpoint.String); ok {
		return string(s)
	}
	if isContainer(key) {
		return fmt.Sprintf("<%s>", typeOf(key))
	}
	return textOf(key)
}
