package checkpoint

import (
	"strconv"
	"strings"
)

// Role says what a tensor is to the module that holds it.
type Role uint8

// The roles.
const (
	RoleAttribute Role = iota // a plain attribute: in no state_dict
	RoleParameter
	RoleBuffer // registered; TorchScript saves those of persistent=False too
)

// String returns "parameter", "buffer" or "attribute".
func (r Role) String() string { return [...]string{"attribute", "parameter", "buffer"}[r] }

// ScriptTensor is a tensor of a TorchScript module tree.
type ScriptTensor struct {
	Name   string // "net.0.weight"; "ints.0" inside a list, "table.k" inside a dict
	Role   Role
	Tensor *Tensor
}

// ScriptModule is one module of a TorchScript archive.
type ScriptModule struct {
	Name     string // "" for the root, else "net.0"
	Class    string // "__torch__.pkg.Class"
	Training bool   // the mode that it was saved in
	Object   *Object
}

// mostScriptNames bounds the names of a tree whose modules share submodules.
const mostScriptNames = 1 << 20

// scriptWalk lists a module tree.
type scriptWalk struct {
	file    *File
	roles   map[string]map[string]Role // by class, then attribute
	open    map[*Object]bool           // on the way down: cycles end here
	modules []ScriptModule
	tensors []ScriptTensor
}

// ScriptModules returns the module tree of a TorchScript archive, root first.
func (f *File) ScriptModules() ([]ScriptModule, error) {
	w, err := f.walkScript()
	if err != nil {
		return nil, err
	}
	return w.modules, nil
}

// ScriptTensors returns every tensor of the module tree: parameters and buffers
// as its code declares them, and all others as attributes.
func (f *File) ScriptTensors() ([]ScriptTensor, error) {
	w, err := f.walkScript()
	if err != nil {
		return nil, err
	}
	return w.tensors, nil
}

// scriptState makes a state_dict of the parameters and buffers.
func (f *File) scriptState() (*State, error) {
	w, err := f.walkScript()
	if err != nil {
		return nil, err
	}
	s := NewState()
	s.Path = f.src.path
	for _, t := range w.tensors {
		if t.Role == RoleAttribute {
			continue
		}
		if err := s.Add(t.Name, t.Tensor); err != nil {
			return nil, locate(err, f.src.path, "")
		}
	}
	return s, nil
}

func (f *File) walkScript() (*scriptWalk, error) {
	if f.script == nil {
		return nil, f.notScript()
	}
	w := &scriptWalk{file: f, roles: make(map[string]map[string]Role), open: make(map[*Object]bool)}
	root, ok := f.value.(*Object)
	if !ok {
		return nil, &FormatError{Path: f.src.path, Class: ErrMissing, Msg: "the root is " + nameType(f.value) + ", not a module"}
	}
	err := guard(f.src, func() error { return w.module("", root) })
	return w, locate(err, f.src.path, "")
}

func (w *scriptWalk) module(name string, o *Object) error {
	if w.open[o] || len(w.open) > mostDepth {
		return nil
	}
	w.open[o] = true
	defer delete(w.open, o)
	state, ok := o.State.(*Dict)
	if !ok {
		return nil // a class with a state of its own: not a tree of named attributes
	}
	roles, err := w.classRoles(o.Class)
	if err != nil {
		return err
	}
	training, _ := state.Get("training")
	w.modules = append(w.modules, ScriptModule{Name: name, Class: o.Class, Training: training == Value(Bool(true)), Object: o})
	prefix := name
	if prefix != "" {
		prefix += "."
	}
	// Tensors before submodules, as named_parameters lists them.
	var inner []Entry
	for _, e := range state.entries {
		attr := string(e.Key.(String)) // BUILD has checked the keys
		if child, ok := e.Value.(*Object); ok {
			inner = append(inner, Entry{String(prefix + attr), child})
			continue
		}
		if err := w.attribute(prefix+attr, roles[attr], e.Value, 0); err != nil {
			return err
		}
	}
	for _, e := range inner {
		if err := w.module(string(e.Key.(String)), e.Value.(*Object)); err != nil {
			return err
		}
	}
	if len(w.modules)+len(w.tensors) > mostScriptNames {
		return fail(ErrLimit, "more than %d modules and tensors", mostScriptNames)
	}
	return nil
}

// attribute lists the tensors in a value, those inside lists and dicts too.
func (w *scriptWalk) attribute(name string, role Role, v Value, depth int) error {
	const deepest = 8
	if depth > deepest || len(w.tensors) > mostScriptNames {
		return fail(ErrLimit, "attribute %s nests more than %d deep or has more than %d tensors", printable(name), deepest, mostScriptNames)
	}
	switch v := v.(type) {
	case *Tensor:
		w.tensors = append(w.tensors, ScriptTensor{name, role, v})
	case *List:
		return w.items(name, v.Items, depth)
	case *Tuple:
		return w.items(name, v.Items, depth)
	case *Dict:
		for i, e := range v.entries {
			k := strconv.Itoa(i)
			switch key := e.Key.(type) {
			case String:
				k = string(key)
			case Int:
				k = strconv.FormatInt(int64(key), 10)
			}
			if err := w.attribute(name+"."+k, RoleAttribute, e.Value, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *scriptWalk) items(name string, items []Value, depth int) error {
	for i, item := range items {
		switch item.(type) {
		case *Tensor, *List, *Tuple, *Dict:
			if err := w.attribute(name+"."+strconv.Itoa(i), RoleAttribute, item, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// classRoles reads which attributes the code of a class declares as parameters
// and buffers. "__torch__.pkg.Class" is in code/__torch__/pkg.py.
func (w *scriptWalk) classRoles(class string) (map[string]Role, error) {
	if roles, ok := w.roles[class]; ok {
		return roles, nil
	}
	dot := strings.LastIndexByte(class, '.')
	if dot < 0 {
		return nil, nil
	}
	name := "code/" + strings.ReplaceAll(class[:dot], ".", "/") + ".py"
	r := w.file.archive.inRoot(name)
	if r == nil {
		return nil, nil
	}
	code, err := w.file.archive.checked(r)
	if err != nil {
		return nil, locate(err, w.file.src.path, r.name)
	}
	for class, roles := range parseRoles(class[:dot], string(code)) {
		w.roles[class] = roles
	}
	return w.roles[class], nil
}

// parseRoles finds "class X(Module):" and the two lists after it.
func parseRoles(module, code string) map[string]map[string]Role {
	out := make(map[string]map[string]Role)
	var roles map[string]Role
	for line := range strings.Lines(code) {
		if rest, ok := strings.CutPrefix(line, "class "); ok {
			if name, _, ok := strings.Cut(rest, "("); ok {
				roles = make(map[string]Role)
				out[module+"."+name] = roles
			}
			continue
		}
		for prefix, role := range map[string]Role{"  __parameters__ = [": RoleParameter, "  __buffers__ = [": RoleBuffer} {
			list, ok := strings.CutPrefix(line, prefix)
			if !ok || roles == nil {
				continue
			}
			for i, part := range strings.Split(list, "\"") {
				if i%2 == 1 {
					roles[part] = role
				}
			}
		}
	}
	return out
}
