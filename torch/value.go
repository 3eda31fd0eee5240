package torch

import (
	"fmt"

	"github.com/seed06459138/torchgo/internal/ctorch"
)

// Value is one IValue: what operators and TorchScript methods take and give.
// The types of this package that are Values are *Tensor, None, Bool, Int,
// Float, Complex, String, Device, List, Tuple, *NamedTuple, *Dict and *Object.
type Value interface{ isValue() }

type (
	// None is Python's None.
	None struct{}
	// Bool is a bool.
	Bool bool
	// Int is an int: 64 bits, as in TorchScript.
	Int int64
	// Float is a float: 64 bits, as in TorchScript.
	Float float64
	// Complex is a complex number.
	Complex complex128
	// String is a str; any bytes are kept.
	String string
	// List is a list. The schema of what is called decides its element type.
	List []Value
	// Tuple is a tuple.
	Tuple []Value
)

// NamedTuple is a typing.NamedTuple.
type NamedTuple struct {
	Name   string // of the type, without its module
	Fields []Field
}

// Field is a named value: of a NamedTuple or an Object.
type Field struct {
	Name  string
	Value Value
}

// Dict is a dict; the order of insertion is kept, as in TorchScript.
type Dict struct {
	Entries []Entry
}

// Entry is one key of a Dict with its value.
type Entry struct {
	Key, Value Value
}

// Object is an instance of a TorchScript class: the object itself, which can be
// passed back, and its attributes as they were when it was received. It is the
// receiver's, to be closed, as the tensors in its attributes are; CloseAll does
// both. jit.Instance calls its methods. Attributes that a C++ library keeps to
// itself are left out.
type Object struct {
	Type       string // qualified name: "__torch__.my_model.State"
	Attributes []Field

	handle ctorch.Handle
}

// Close frees the object, now or when the last call that uses it ends. Its
// attributes are not closed. Closing again, or closing nil, does nothing.
func (o *Object) Close() {
	if o != nil {
		o.handle.Close()
	}
}

// With calls body with the native object, which lives until body returns. It is
// for the packages of this module.
func (o *Object) With(op string, body func(*ctorch.Object) *ctorch.Error) error {
	if o == nil {
		return errArgument(op, "the object is nil")
	}
	p := o.handle.Acquire()
	if p == nil {
		return fmt.Errorf("%s: object %w, or not one that libtorch gave", op, ErrClosed)
	}
	defer o.handle.Release()
	return Crossing(op, func() *ctorch.Error { return body((*ctorch.Object)(p)) })
}

func (*Tensor) isValue()     {}
func (None) isValue()        {}
func (Bool) isValue()        {}
func (Int) isValue()         {}
func (Float) isValue()       {}
func (Complex) isValue()     {}
func (String) isValue()      {}
func (Device) isValue()      {}
func (List) isValue()        {}
func (Tuple) isValue()       {}
func (*NamedTuple) isValue() {}
func (*Dict) isValue()       {}
func (*Object) isValue()     {}

// Field gives the value of a field.
func (t *NamedTuple) Field(name string) (Value, bool) { return fieldOf(t.Fields, name) }

// Attr gives the value of an attribute.
func (o *Object) Attr(name string) (Value, bool) { return fieldOf(o.Attributes, name) }

// Lookup gives the value of a string key.
func (d *Dict) Lookup(key string) (Value, bool) {
	for _, e := range d.Entries {
		if e.Key == String(key) {
			return e.Value, true
		}
	}
	return nil, false
}

func fieldOf(fields []Field, name string) (Value, bool) {
	for _, f := range fields {
		if f.Name == name {
			return f.Value, true
		}
	}
	return nil, false
}

// Tensors lists the tensors in v, depth first.
func Tensors(v Value) []*Tensor {
	var all []*Tensor
	walk(v, func(v Value) {
		if t, ok := v.(*Tensor); ok && t != nil {
			all = append(all, t)
		}
	})
	return all
}

// CloseAll closes every tensor and object in the values.
func CloseAll(values ...Value) {
	for _, v := range values {
		walk(v, func(v Value) {
			switch v := v.(type) {
			case *Tensor:
				v.Close()
			case *Object:
				v.Close()
			}
		})
	}
}

// walk visits v and all that is in it, depth first.
func walk(v Value, visit func(Value)) {
	visit(v)
	switch v := v.(type) {
	case List:
		for _, e := range v {
			walk(e, visit)
		}
	case Tuple:
		for _, e := range v {
			walk(e, visit)
		}
	case *NamedTuple:
		if v != nil {
			walkFields(v.Fields, visit)
		}
	case *Dict:
		if v == nil {
			return
		}
		for _, e := range v.Entries {
			walk(e.Key, visit)
			walk(e.Value, visit)
		}
	case *Object:
		if v != nil {
			walkFields(v.Attributes, visit)
		}
	}
}

func walkFields(fields []Field, visit func(Value)) {
	for _, f := range fields {
		walk(f.Value, visit)
	}
}
