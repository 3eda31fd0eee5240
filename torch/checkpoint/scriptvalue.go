package checkpoint

import "strings"

// scriptList checks the list of build_intlist and its kin, whose elements have
// one type, and returns it.
func scriptList(element uint8, args []Value) (Value, error) {
	if len(args) == 1 {
		if list, ok := args[0].(*List); ok {
			for _, item := range list.Items {
				if !isScriptElement(element, item) {
					return nil, fail(ErrPickle, "%s in a typed list of TorchScript", nameType(item))
				}
			}
			return list, nil
		}
	}
	return nil, fail(ErrPickle, "a typed list of TorchScript takes a list")
}

func isScriptElement(element uint8, v Value) bool {
	ok := false
	switch element {
	case scriptInts:
		_, ok = v.(Int)
	case scriptFloats:
		_, ok = v.(Float)
	case scriptBools:
		_, ok = v.(Bool)
	case scriptTensors:
		_, ok = v.(*Tensor)
	}
	return ok
}

// scriptTag takes a container and its type as text, which is not parsed.
func scriptTag(args []Value) (Value, error) {
	if len(args) == 2 {
		tag, ok := args[1].(String)
		if ok {
			switch args[0].(type) {
			case *List:
				if strings.HasPrefix(string(tag), "List[") {
					return args[0], nil
				}
			case *Dict:
				if strings.HasPrefix(string(tag), "Dict[") {
					return args[0], nil
				}
			}
		}
	}
	return nil, fail(ErrPickle, "a type tag of TorchScript on something that is not a list or dict of that type")
}
