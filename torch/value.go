package torch

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

// Object is an instance of a TorchScript class, as its attributes. It can be
// looked at, not passed back.
type Object struct {
	Type       string // qualified name: "__torch__.my_model.State"
	Attributes []Field
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
	var walk func(Value)
	walk = func(v Value) {
		switch v := v.(type) {
		case *Tensor:
			if v != nil {
				all = append(all, v)
			}
		case List:
			for _, e := range v {
				walk(e)
			}
		case Tuple:
			for _, e := range v {
				walk(e)
			}
		case *NamedTuple:
			for _, f := range v.Fields {
				walk(f.Value)
			}
		case *Dict:
			for _, e := range v.Entries {
				walk(e.Key)
				walk(e.Value)
			}
		case *Object:
			for _, f := range v.Attributes {
				walk(f.Value)
			}
		}
	}
	walk(v)
	return all
}

// CloseAll closes every tensor in the values.
func CloseAll(values ...Value) {
	for _, v := range values {
		for _, t := range Tensors(v) {
			t.Close()
		}
	}
}
