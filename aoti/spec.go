package aoti

import (
	"encoding/json"
	"fmt"

	"github.com/seed06459138/torchgo/torch"
)

// spec is a node of a structure of values, as torch.utils._pytree writes it.
type spec struct {
	Type     *string `json:"type"` // "builtins.tuple"; nil of a leaf
	Context  *string `json:"context"`
	Children []spec  `json:"children_spec"`
}

// mostNesting bounds how deep structures may be, as calls do.
const mostNesting = 200

// parseSpec reads [1, {…}].
func parseSpec(text string) (spec, error) {
	var parts []json.RawMessage
	if err := json.Unmarshal([]byte(text), &parts); err != nil {
		return spec{}, err
	}
	if len(parts) != 2 || string(parts[0]) != "1" {
		return spec{}, fmt.Errorf("a structure of another version: %.40s", text)
	}
	var s spec
	if err := json.Unmarshal(parts[1], &s); err != nil {
		return spec{}, err
	}
	return s, s.checkDepth(0)
}

func (s spec) checkDepth(depth int) error {
	if depth > mostNesting {
		return fmt.Errorf("a structure nested deeper than %d", mostNesting)
	}
	for _, child := range s.Children {
		if err := child.checkDepth(depth + 1); err != nil {
			return err
		}
	}
	return nil
}

// leaves counts the values that the structure is made of.
func (s spec) leaves() int {
	if s.Type == nil {
		return 1
	}
	n := 0
	for _, child := range s.Children {
		n += child.leaves()
	}
	return n
}

// build makes a value of leaves, of which it takes the first from the list.
func (s spec) build(leaves *torch.List) torch.Value {
	if s.Type == nil {
		first := (*leaves)[0]
		*leaves = (*leaves)[1:]
		return first
	}
	items := make([]torch.Value, len(s.Children))
	for i, child := range s.Children {
		items[i] = child.build(leaves)
	}
	switch keys := s.keys(); {
	case keys != nil:
		d := &torch.Dict{}
		for i, key := range keys {
			d.Entries = append(d.Entries, torch.Entry{Key: key, Value: items[i]})
		}
		return d
	case *s.Type == "builtins.list":
		return torch.List(items)
	}
	return torch.Tuple(items) // named tuples too: the package does not tell their fields
}

// keys gives the keys of a dict, nil of anything else.
func (s spec) keys() []torch.Value {
	if *s.Type != "builtins.dict" && *s.Type != "collections.OrderedDict" || s.Context == nil {
		return nil
	}
	var raw []json.RawMessage
	if json.Unmarshal([]byte(*s.Context), &raw) != nil || len(raw) != len(s.Children) {
		return nil
	}
	keys := make([]torch.Value, len(raw))
	for i, one := range raw {
		var name string
		var number int64
		switch {
		case json.Unmarshal(one, &name) == nil:
			keys[i] = torch.String(name)
		case json.Unmarshal(one, &number) == nil:
			keys[i] = torch.Int(number)
		default:
			return nil
		}
	}
	return keys
}
