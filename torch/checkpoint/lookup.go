package checkpoint

import (
	"strconv"
	"strings"
)

// Lookup follows a path such as "hyperparams.lr", "optimizer.param_groups.0.lr"
// or "state_dict.fc.weight" from a value down: a key of a dict or an attribute
// of an object, which may itself contain dots (the longest that fits counts), or
// an index into a list or tuple. The path "" is the value itself. A path that
// leads nowhere is ErrMissing, and the error says where it ended.
func Lookup(v Value, path string) (Value, error) {
	rest := path
	for rest != "" {
		next, left, ok := descend(v, rest)
		if !ok {
			where := strings.TrimSuffix(strings.TrimSuffix(path, rest), ".")
			if where == "" {
				where = "the file"
			}
			have := nameType(v)
			if d, isDict := v.(*Dict); isDict {
				have = "a dict with the keys " + keyList(d)
			}
			return nil, fail(ErrMissing, "nothing at %s: %s is %s", printable(path), printable(where), have)
		}
		v, rest = next, left
	}
	return v, nil
}

// descend takes one step and returns what is left of the path.
func descend(v Value, path string) (next Value, rest string, ok bool) {
	switch v := v.(type) {
	case *List:
		return element(v.Items, path)
	case *Tuple:
		return element(v.Items, path)
	case *Object:
		if state, isDict := v.State.(*Dict); isDict {
			return descend(state, path)
		}
	case *Dict:
		for end := len(path); end > 0; end = strings.LastIndexByte(path[:end], '.') {
			name := path[:end]
			rest := strings.TrimPrefix(path[end:], ".")
			if next, ok := v.Get(name); ok {
				return next, rest, true
			}
			if n, err := strconv.ParseInt(name, 10, 64); err == nil {
				if next, ok := v.Lookup(Int(n)); ok {
					return next, rest, true
				}
			}
		}
	}
	return nil, "", false
}

func element(items []Value, path string) (Value, string, bool) {
	name, rest, _ := strings.Cut(path, ".")
	n, err := strconv.Atoi(name)
	if err != nil || n < 0 || n >= len(items) {
		return nil, "", false
	}
	return items[n], rest, true
}

// nameType says what a value is, in the words of a Python user.
func nameType(v Value) string {
	switch v := v.(type) {
	case nil:
		return "nothing"
	case None:
		return "None"
	case Bool:
		return "a bool"
	case Int, *Big:
		return "an int"
	case Float:
		return "a float"
	case Complex:
		return "a complex"
	case String:
		return "a str"
	case Bytes:
		return "bytes"
	case *ByteArray:
		return "a bytearray"
	case *List:
		return "a list"
	case *Tuple:
		return "a tuple"
	case *Dict:
		return "a dict"
	case *Set:
		return "a set"
	case *Tensor:
		return "a tensor"
	case *Storage:
		return "a storage"
	case *Array, *Scalar:
		return "a numpy value"
	case *Global:
		return "the name " + printable(v.String())
	case *Object:
		return "an object of class " + printable(v.Class)
	}
	return "a torch value"
}
