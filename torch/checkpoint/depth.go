package checkpoint

// children appends the containers that v holds directly.
func children(out []Value, v Value) []Value {
	switch v := v.(type) {
	case *List:
		out = appendContainers(out, v.Items)
	case *Tuple:
		out = appendContainers(out, v.Items)
	case *Set:
		out = appendContainers(out, v.Items)
	case *Dict:
		out = appendEntries(out, v.entries)
		if v.Attrs != nil {
			out = append(out, v.Attrs)
		}
	case *Object:
		out = appendContainers(out, v.Args)
		if v.State != nil {
			out = appendContainers(out, []Value{v.State})
		}
		out = appendContainers(appendEntries(out, v.Items), v.List)
	case *Tensor:
		if v.Attrs != nil {
			out = append(out, v.Attrs)
		}
	}
	return out
}

func appendContainers(out, items []Value) []Value {
	for _, item := range items {
		if isContainer(item) {
			out = append(out, item)
		}
	}
	return out
}

func appendEntries(out []Value, entries []Entry) []Value {
	for _, e := range entries {
		if isContainer(e.Key) {
			out = append(out, e.Key)
		}
		if isContainer(e.Value) {
			out = append(out, e.Value)
		}
	}
	return out
}

// isContainer reports whether v can hold others. Such values are pointers, so
// that they are walked by identity.
func isContainer(v Value) bool {
	switch v := v.(type) {
	case *List, *Tuple, *Set, *Dict, *Object:
		return true
	case *Tensor:
		return v.Attrs != nil
	}
	return false
}

// visit calls enter for every container reachable from root, each once, however
// often it is shared and whether or not it contains itself, and stops at the
// first error. depth counts the containers above.
func visit(root Value, enter func(v Value, depth int) error) error {
	type frame struct {
		items []Value
		depth int
	}
	seen := make(map[Value]struct{})
	frames := []frame{{appendContainers(nil, []Value{root}), 0}}
	for len(frames) > 0 {
		top := &frames[len(frames)-1]
		if len(top.items) == 0 {
			frames = frames[:len(frames)-1]
			continue
		}
		v := top.items[0]
		top.items = top.items[1:]
		if _, again := seen[v]; again {
			continue
		}
		seen[v] = struct{}{}
		if err := enter(v, top.depth); err != nil {
			return err
		}
		frames = append(frames, frame{children(nil, v), top.depth + 1})
	}
	return nil
}

// checkDepth refuses values that nest too deep for the recursive walks of users.
func checkDepth(root Value) error {
	return visit(root, func(_ Value, depth int) error {
		if depth > mostDepth {
			return fail(ErrLimit, "values nest more than %d deep", mostDepth)
		}
		return nil
	})
}
