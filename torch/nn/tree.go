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
		if !f.IsExported() || !belongs(f.Type, tag != "") {
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
// what has a method Forward or has members, and slices of these. A tag makes any
// struct a module.
func belongs(t reflect.Type, tagged bool) bool {
	if t == parameterType || t == bufferType {
		return true
	}
	if t.Kind() == reflect.Slice {
		return belongs(t.Elem(), false)
	}
	for _, t := range []reflect.Type{t, reflect.PointerTo(t)} {
		if _, ok := t.MethodByName("Forward"); ok || t.Implements(containerType) {
			return true
		}
	}
	return tagged && pointed(t).Kind() == reflect.Struct
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
			for value.Kind() == reflect.Pointer && !value.IsNil() {
				value = value.Elem()
			}
			if value.Kind() == reflect.Struct {
				list = structMembers(value, list)
			}
			continue
		}
		if value.Kind() == reflect.Slice {
			if value.Len() > 0 {
				list = append(list, Member{f.name, slice{value}})
			}
			continue
		}
		if value.Kind() == reflect.Interface {
			value = value.Elem()
		}
		if !value.IsValid() || (isNilable(value) && value.IsNil()) {
			continue
		}
		if value.Kind() == reflect.Struct && value.CanAddr() {
			value = value.Addr()
		}
		list = append(list, Member{f.name, value.Interface()})
	}
	return list
}

func isNilable(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Func, reflect.Map, reflect.Interface:
		return true
	}
	return false
}

// slice is a field of several modules: a ModuleList, or a ParameterList, in Python.
type slice struct{ value reflect.Value }

// Members lists them under their indices; nil ones are left out.
func (s slice) Members() []Member {
	var list []Member
	for i := range s.value.Len() {
		e := s.value.Index(i)
		if e.Kind() == reflect.Interface {
			e = e.Elem()
		}
		if !e.IsValid() || (isNilable(e) && e.IsNil()) {
			continue
		}
		if e.Kind() == reflect.Struct {
			e = e.Addr()
		}
		list = append(list, Member{strconv.Itoa(i), e.Interface()})
	}
	return list
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
