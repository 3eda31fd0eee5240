package torch

import (
	"unsafe"

	"github.com/seed06459138/torchgo/internal/ctorch"
)

// decoder reads trees off a flat array that the shim wrote.
type decoder struct {
	frame  *frame
	values []ctorch.Value
}

func (d *decoder) next() Value {
	v := d.values[0]
	d.values = d.values[1:]
	n := int(v.N)
	switch v.Tag {
	case ctorch.TagTensor:
		return d.frame.adopt(v)
	case ctorch.TagBool:
		return Bool(v.I != 0)
	case ctorch.TagInt:
		return Int(v.I)
	case ctorch.TagFloat:
		return Float(v.Re)
	case ctorch.TagComplex:
		return Complex(complex(v.Re, v.Im))
	case ctorch.TagString:
		return String(textOf(v))
	case ctorch.TagDevice:
		return Device{DeviceType(v.N), int(max(v.I, 0))}
	case ctorch.TagList:
		return List(d.several(n))
	case ctorch.TagTuple:
		return Tuple(d.several(n))
	case ctorch.TagNamedTuple:
		return &NamedTuple{Name: d.text(), Fields: d.fields(n)}
	case ctorch.TagDict:
		dict := &Dict{Entries: make([]Entry, n)}
		for i := range dict.Entries {
			dict.Entries[i] = Entry{d.next(), d.next()}
		}
		return dict
	case ctorch.TagObject:
		o := &Object{}
		o.handle.Adopt(ctorch.KindObject, v.P, 0)
		o.Type, o.Attributes = d.text(), d.fields(n)
		return o
	}
	return None{}
}

func (d *decoder) several(n int) []Value {
	values := make([]Value, n)
	for i := range values {
		values[i] = d.next()
	}
	return values
}

func (d *decoder) fields(n int) []Field {
	fields := make([]Field, n)
	for i := range fields {
		fields[i] = Field{d.text(), d.next()}
	}
	return fields
}

func (d *decoder) text() string {
	v := d.values[0]
	d.values = d.values[1:]
	return textOf(v)
}

func textOf(v ctorch.Value) string { return string(unsafe.Slice((*byte)(v.P), v.I)) }

// kindOf names a value's type as Python does.
func kindOf(v Value) string {
	switch v.(type) {
	case *Tensor:
		return "a tensor"
	case None:
		return "None"
	case Bool:
		return "a bool"
	case Int:
		return "an int"
	case Float:
		return "a float"
	case Complex:
		return "a complex number"
	case String:
		return "a str"
	case Device:
		return "a device"
	case List:
		return "a list"
	case Tuple:
		return "a tuple"
	case *NamedTuple:
		return "a named tuple"
	case *Dict:
		return "a dict"
	}
	return "an object"
}
