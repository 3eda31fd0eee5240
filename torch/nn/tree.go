package nn

import (
	"iter"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Member is something that a module consists of, under the name that Python would
// give it.
type Member struct {
	Name  string
	Value any // a *Parameter, a *Buffer, or a pointer to a module
}

// Container is a module with members that are not fields, or not by their names.
// They follow those that are.
type Container interface{ Members() []Member }

var (
	parameterType = reflect.TypeFor[*Parameter]()
	bufferType    = reflect.TypeFor[*Buffer]()
	containerType = reflect.TypeFor[Container]()
)

// field is a field of a struct that belongs to the module.
type field struct {
	index    int
	name     string // "" where the fields of an embedded struct count as its own
	promoted bool
}

// plans keeps the fields of each type, which are found once.
var plans sync.Map // reflect.Type → []field

func fieldsOf(t reflect.Type) []field {
	if known, ok := plans.Load(t); ok {
		return known.([]field)
	}
	var fields []field
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("nn")
		if tag == "-" || (!f.IsExported() && !f.Anonymous) {
			continue
		}
		if f.Anonymous && tag == "" {
			if base := pointed(f.Type); base.Kind() == reflect.Struct && f.Type != parameterType && f.Type != bufferType {
				fields = append(fields, field{index: i, promoted: true})
				continue
			}
		}
		if !f.IsExported() || (f.Type.Kind() != reflect.Interface && !belongs(f.Type, tag != "")) {
			continue
		}
		name := tag
		if name == "" {
			name = pythonName(f.Name)
		}
		fields = append(fields, field{index: i, name: name})
	}
	plans.Store(t, fields)
	return fields
}

func pointed(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// belongs tells whether a field of type t can be a member: a parameter, a buffer,
// what has a method Forward or has members, structs that hold any of these, and
// slices, arrays and maps by strings of them. A tag makes any struct a module. What an
// interface holds is seen when it is there.
func belongs(t reflect.Type, tagged bool) bool {
	return isMember(t, make(map[reflect.Type]bool)) || tagged && pointed(t).Kind() == reflect.Struct
}

// isMember is belongs, where it is not one of the structs in seen that decides.
func isMember(t reflect.Type, seen map[reflect.Type]bool) bool {
	if t == parameterType || t == bufferType {
		return true
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Array:
		return isMember(t.Elem(), seen)
	case reflect.Map:
		return t.Key().Kind() == reflect.String && t.Elem().Kind() != reflect.Struct && isMember(t.Elem(), seen)
	}
	for _, t := range []reflect.Type{t, reflect.PointerTo(t)} {
		if _, ok := t.MethodByName("Forward"); ok || t.Implements(containerType) {
			return true
		}
	}
	return holds(pointed(t), seen)
}

// holds tells whether a struct is a module although it has no method Forward: by what
// it is made of, functions and what interfaces hold aside.
func holds(t reflect.Type, seen map[reflect.Type]bool) bool {
	if t.Kind() != reflect.Struct || seen[t] {
		return false
	}
	seen[t] = true
	for i := range t.NumField() {
		f := t.Field(i)
		kind := pointed(f.Type).Kind()
		if f.Tag.Get("nn") == "-" || (!f.IsExported() && !f.Anonymous) || kind == reflect.Func || kind == reflect.Interface {
			continue
		}
		if isMember(f.Type, seen) {
			return true
		}
	}
	return false
}

// members lists what a module consists of, in the order of its fields.
func members(module any) []Member {
	var list []Member
	v := reflect.ValueOf(module)
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	if v.Kind() == reflect.Struct {
		list = structMembers(v, list)
	}
	if c, ok := module.(Container); ok {
		list = append(list, c.Members()...)
	}
	return list
}

func structMembers(v reflect.Value, list []Member) []Member {
	for _, f := range fieldsOf(v.Type()) {
		value := v.Field(f.index)
		if f.promoted {
			if value = embedded(value); value.IsValid() {
				list = structMembers(value, list)
			}
			continue
		}
		if m, ok := member(f.name, value); ok {
			list = append(list, m)
		}
	}
	return list
}

// embedded gives the struct that is embedded, not valid where a pointer is nil.
func embedded(v reflect.Value) reflect.Value {
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return reflect.Value{}
	}
	return v
}

// member gives what a field or an element holds, if there is anything.
func member(name string, v reflect.Value) (Member, bool) {
	if v.Kind() == reflect.Interface {
		if v = v.Elem(); v.IsValid() && !belongs(v.Type(), false) {
			return Member{}, false
		}
	}
	if !v.IsValid() || (isNilable(v) && v.IsNil()) {
		return Member{}, false
	}
	switch v.Kind() {
	case reflect.Slice, reflect.Array:
		return Member{name, moduleList{v}}, true
	case reflect.Map:
		return Member{name, moduleDict{v}}, true
	case reflect.Struct:
		if v.CanAddr() {
			v = v.Addr()
		}
	}
	return Member{name, v.Interface()}, true
}

func isNilable(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Func, reflect.Map, reflect.Slice, reflect.Interface:
		return true
	}
	return false
}

// moduleList is a field of several modules: a ModuleList, or a ParameterList, in Python.
type moduleList struct{ value reflect.Value }

// Members lists them under their indices; nil ones are left out.
func (l moduleList) Members() []Member {
	var all []Member
	for i := range l.value.Len() {
		if m, ok := member(strconv.Itoa(i), l.value.Index(i)); ok {
			all = append(all, m)
		}
	}
	return all
}

// moduleDict is a map of modules by their names: a ModuleDict in Python.
type moduleDict struct{ value reflect.Value }

// Members lists them in the order of their names; nil ones are left out.
func (d moduleDict) Members() []Member {
	var all []Member
	for _, key := range d.value.MapKeys() {
		if m, ok := member(key.String(), d.value.MapIndex(key)); ok {
			all = append(all, m)
		}
	}
	slices.SortFunc(all, func(a, b Member) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// pythonName turns FieldName into field_name, LSTMCell into lstm_cell.
func pythonName(name string) string {
	upper := func(i int) bool { return i < len(name) && name[i] >= 'A' && name[i] <= 'Z' }
	lower := func(i int) bool { return i < len(name) && name[i] >= 'a' && name[i] <= 'z' }
	var b strings.Builder
	for i := range len(name) {
		if upper(i) && i > 0 && name[i-1] != '_' && (!upper(i-1) || lower(i+1)) {
			b.WriteByte('_')
		}
		b.WriteString(strings.ToLower(name[i : i+1]))
	}
	return b.String()
}

// Modules gives the module and all modules in it, a module before those in it, each
// once, under the first of its names: "" for the module itself.
func Modules(module any) iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		seen := make(map[any]bool)
		var walk func(prefix string, m any) bool
		walk = func(prefix string, m any) bool {
			if key, ok := identity(m); ok {
				if seen[key] {
					return true
				}
				seen[key] = true
			}
			if !yield(prefix, m) {
				return false
			}
			for _, e := range members(m) {
				if isModule(e.Value) && !walk(join(prefix, e.Name), e.Value) {
					return false
				}
			}
			return true
		}
		walk("", module)
	}
}

// identity gives what tells a module from others; those without state have none.
func identity(m any) (any, bool) {
	v := reflect.ValueOf(m)
	if v.Kind() == reflect.Pointer && v.Type().Elem().Size() > 0 {
		return m, true
	}
	return nil, false
}

func isModule(v any) bool {
	switch v.(type) {
	case *Parameter, *Buffer:
		return false
	}
	return true
}

func join(prefix, name string) string {
	if prefix == "" {
		return name
	}
	return prefix + "." + name
}

// entry is a parameter or buffer under its full name.
type entry struct {
	name      string
	parameter *Parameter
	buffer    *Buffer
}

// entries lists parameters and buffers in the order of state_dict(): of each
// module first the parameters, then the buffers, then what is in its modules.
// Those under several names are listed under each.
func entries(module any) []entry {
	var list []entry
	var path []any // from the root to here, so that one that contains itself ends
	var walk func(prefix string, m any)
	walk = func(prefix string, m any) {
		key, ok := identity(m)
		if ok && slices.Contains(path, key) {
			return
		}
		path = append(path, key)
		defer func() { path = path[:len(path)-1] }()
		all := members(m)
		for _, e := range all {
			if p, ok := e.Value.(*Parameter); ok {
				list = append(list, entry{name: join(prefix, e.Name), parameter: p})
			}
		}
		for _, e := range all {
			if b, ok := e.Value.(*Buffer); ok {
				list = append(list, entry{name: join(prefix, e.Name), buffer: b})
			}
		}
		for _, e := range all {
			if isModule(e.Value) {
				walk(join(prefix, e.Name), e.Value)
			}
		}
	}
	walk("", module)
	return list
}

// Entries lists the parameters and buffers of a module and of all modules in it, those
// that are not saved too, under their full names in the order of state_dict(). One
// that stands under several names is listed under each.
func Entries(module any) []Member {
	all := entries(module)
	list := make([]Member, len(all))
	for i, e := range all {
		list[i] = Member{Name: e.name, Value: e.buffer}
		if e.parameter != nil {
			list[i].Value = e.parameter
		}
	}
	return list
}
