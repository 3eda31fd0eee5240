package checkpoint

import (
	"fmt"
	"slices"
	"strings"
)

// State is a state_dict: tensors by name in the order of the file. It is safe
// for concurrent reading.
type State struct {
	Key    string // where it was found: "" for the whole file, else "model_state_dict", "a.b", …
	Prefix string // "module." when every name starts with it, as DataParallel writes; names keep it
	Path   string // the file

	names   []string
	tensors map[string]*Tensor
	extras  *Dict // entries that are not tensors, such as _extra_state
	attrs   *Dict // _metadata
}

// NewState returns an empty state_dict to be filled with Add.
func NewState() *State { return &State{tensors: make(map[string]*Tensor), extras: &Dict{}} }

// Add appends a tensor. It fails on a name that is taken.
func (s *State) Add(name string, t *Tensor) error {
	if _, taken := s.tensors[name]; taken {
		return fail(ErrDuplicate, "two tensors are named %s", printable(name))
	}
	s.names = append(s.names, name)
	s.tensors[name] = t
	return nil
}

// Dict returns the state_dict as state_dict() in Python does: an OrderedDict with
// its _metadata, to be saved by itself or inside a checkpoint.
func (s *State) Dict() *Dict {
	d := &Dict{Kind: OrderedDict, Attrs: s.attrs}
	d.grow(len(s.names) + s.extras.Len())
	for _, name := range s.names {
		_ = d.Set(String(name), s.tensors[name]) // a string can be hashed
	}
	for _, e := range s.extras.entries {
		_ = d.Set(e.Key, e.Value) // it is a key already
	}
	return d
}

// Len returns the number of tensors.
func (s *State) Len() int { return len(s.names) }

// Names returns the names in file order, prefix included.
func (s *State) Names() []string { return slices.Clone(s.names) }

// Tensor returns the tensor of this name.
func (s *State) Tensor(name string) (*Tensor, bool) {
	t, ok := s.tensors[name]
	return t, ok
}

// Extras returns the entries that are not tensors; never nil.
func (s *State) Extras() *Dict { return s.extras }

// stateKeys are names under which checkpoints keep a state_dict, beside those
// that contain "state_dict" or "model".
var stateKeys = []string{
	"module", "net", "network", "weights", "params", "backbone",
}

// State returns the state_dict under a key, which may be a path such as
// "state.model"; with "" it is searched: the whole file when that is one, else
// the one dict of tensors in it. Several are an *AmbiguousError, none is
// ErrMissing. In a TorchScript archive with "" it is the parameters and buffers.
func (f *File) State(key string) (*State, error) {
	if f.kind == KindScript {
		if key != "" {
			return nil, &FormatError{Path: f.src.path, Class: ErrKind, Msg: "is a TorchScript archive, which has no keys to choose a state_dict by"}
		}
		return f.scriptState()
	}
	root, ok := f.value.(*Dict)
	if !ok {
		return nil, &FormatError{Path: f.src.path, Class: ErrMissing, Msg: fmt.Sprintf("holds %s, not a dict of tensors", nameType(f.value))}
	}
	if key != "" {
		v, err := Lookup(root, key)
		if err != nil {
			return nil, locate(err, f.src.path, "")
		}
		d, ok := v.(*Dict)
		if !ok || !isState(d, true) {
			return nil, &FormatError{Path: f.src.path, Class: ErrMissing, Msg: fmt.Sprintf("%s is %s, not a dict of tensors", printable(key), nameType(v))}
		}
		return newState(f.src.path, key, d), nil
	}
	if isState(root, false) {
		return newState(f.src.path, "", root), nil
	}
	found := findStates(root)
	switch len(found) {
	case 0:
		return nil, &FormatError{Path: f.src.path, Class: ErrMissing, Msg: "no state_dict in it; its keys are " + keyList(root)}
	case 1:
		return newState(f.src.path, found[0].path, found[0].dict), nil
	}
	ambiguous := &AmbiguousError{Path: f.src.path}
	for _, c := range found {
		ambiguous.Candidates = append(ambiguous.Candidates, c.path)
	}
	return nil, ambiguous
}

func newState(path, key string, d *Dict) *State {
	s := &State{Key: key, Path: path, tensors: make(map[string]*Tensor, d.Len()), extras: &Dict{}, attrs: d.Attrs}
	s.names = make([]string, 0, d.Len())
	prefixed := d.Len() > 0
	for _, e := range d.entries {
		name := string(e.Key.(String)) // isState has seen every key
		prefixed = prefixed && strings.HasPrefix(name, "module.")
		if t, ok := e.Value.(*Tensor); ok {
			s.names = append(s.names, name)
			s.tensors[name] = t
		} else {
			_ = s.extras.Set(e.Key, e.Value) // a string can be hashed
		}
	}
	if prefixed {
		s.Prefix = "module."
	}
	return s
}

// isState reports whether d maps names to tensors. Modules may add values of
// their own under names that end in _extra_state. An empty dict is a state_dict
// only where it is expected.
func isState(d *Dict, expected bool) bool {
	tensors := 0
	for _, e := range d.entries {
		name, ok := e.Key.(String)
		if !ok {
			return false
		}
		if _, ok := e.Value.(*Tensor); ok {
			tensors++
		} else if !strings.HasSuffix(string(name), "_extra_state") {
			return false
		}
	}
	return tensors > 0 || expected && d.Len() == 0
}

type candidate struct {
	path  string
	dict  *Dict
	usual bool // its name is one that model states have
}

// findStates returns the state_dicts below root in file order. Where some have a
// usual name, the others (random number states and such) do not count.
func findStates(root *Dict) []candidate {
	var found []candidate
	seen := map[*Dict]bool{root: true}
	level := []candidate{{dict: root}}
	for depth := 0; depth < 4 && len(level) > 0; depth++ {
		var below []candidate
		for _, outer := range level {
			for _, e := range outer.dict.entries {
				name, ok := e.Key.(String)
				inner, isDict := e.Value.(*Dict)
				if !ok || !isDict || seen[inner] || strings.Contains(string(name), "optim") {
					continue
				}
				seen[inner] = true
				c := candidate{path: string(name), dict: inner}
				if outer.path != "" {
					c.path = outer.path + "." + c.path
				}
				c.usual = slices.Contains(stateKeys, string(name)) || strings.Contains(string(name), "state_dict") ||
					strings.Contains(string(name), "model")
				if isState(inner, c.usual && inner.Kind == OrderedDict) {
					found = append(found, c)
				} else {
					below = append(below, c)
				}
			}
		}
		level = below
	}
	if slices.ContainsFunc(found, func(c candidate) bool { return c.usual }) {
		found = slices.DeleteFunc(found, func(c candidate) bool { return !c.usual })
	}
	return found
}

func keyList(d *Dict) string {
	const most = 12
	var names []string
	for _, e := range d.entries {
		if len(names) == most {
			names = append(names, "…")
			break
		}
		if name, ok := e.Key.(String); ok {
			names = append(names, printable(string(name)))
		} else {
			names = append(names, nameType(e.Key))
		}
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
