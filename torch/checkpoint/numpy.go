package checkpoint

import (
	"github.com/seed06459138/torchgo/torch/dtype"
)

// numpyElement is the element type of a numpy array as its descr spells it.
type numpyElement struct {
	dtype dtype.DType
	big   bool
}

// parseDescr reads a dtype string such as "<f4", "|u1" or "?". It refuses what
// no tensor can hold: objects, text, records, long doubles, dates.
func parseDescr(descr string) (numpyElement, error) {
	bare := descr
	big := false
	if len(bare) > 0 {
		switch bare[0] {
		case '>':
			big = true
			fallthrough
		case '<', '|', '=':
			bare = bare[1:]
		}
	}
	element, ok := numpyElements[bare]
	if !ok || descr != bare && descr[0] == '|' && element.Size() > 1 {
		if bare == "O" {
			return numpyElement{}, fail(ErrUnsafe, "an array of Python objects, which are a pickle; save it with a numeric dtype")
		}
		return numpyElement{}, fail(ErrUnsupported, "numpy dtype '%s', which no tensor has; convert it to a numeric dtype", printable(descr))
	}
	return numpyElement{element, big && element.Size() > 1}, nil
}

var numpyElements = map[string]dtype.DType{
	"f2": dtype.Float16, "f4": dtype.Float32, "f8": dtype.Float64,
	"i1": dtype.Int8, "i2": dtype.Int16, "i4": dtype.Int32, "i8": dtype.Int64,
	"u1": dtype.Uint8, "u2": dtype.Uint16, "u4": dtype.Uint32, "u8": dtype.Uint64,
	"c8": dtype.Complex64, "c16": dtype.Complex128, "b1": dtype.Bool, "?": dtype.Bool,
}

// numpyDescr spells an element type for numpy, or "" where numpy has none.
func numpyDescr(element dtype.DType) string {
	if element == dtype.Bool {
		return "|b1"
	}
	for bare, d := range numpyElements {
		if d == element {
			if d.Size() == 1 {
				return "|" + bare
			}
			return "<" + bare
		}
	}
	return ""
}

// newArray brings raw elements into row-major, little-endian order. It may keep
// raw.
func newArray(element numpyElement, shape []int64, fortran bool, raw []byte) (*Array, error) {
	numel, err := countElements(shape)
	if err != nil {
		return nil, err
	}
	size := int64(element.dtype.Size())
	if int64(len(raw)) != numel*size {
		return nil, fail(ErrTensor, "shape %v of %s takes %d bytes, there are %d", shape, element.dtype, numel*size, len(raw))
	}
	if element.big {
		turned := make([]byte, len(raw))
		swapInto(turned, raw, swapWidth(element.dtype))
		raw = turned
	}
	if fortran && len(shape) > 1 && numel > 0 {
		raw = gather(make([]byte, 0, len(raw)), raw, shape, columnMajor(shape), 0, size)
	}
	return &Array{dtype: element.dtype, shape: shape, data: raw}, nil
}

func columnMajor(shape []int64) []int64 {
	strides := make([]int64, len(shape))
	step := int64(1)
	for i, n := range shape {
		strides[i] = step
		step *= n
	}
	return strides
}

// NumpyDType is a numpy.dtype as a value of its own.
type NumpyDType struct {
	DType     dtype.DType
	BigEndian bool
}

func (*NumpyDType) isValue() {}

func (t *NumpyDType) element() numpyElement { return numpyElement{t.DType, t.BigEndian} }

// numpyDType takes ('f4', False, True).
func numpyDType(args []Value) (Value, error) {
	if len(args) == 0 {
		return nil, fail(ErrPickle, "numpy.dtype takes a name")
	}
	name, ok := args[0].(String)
	if !ok {
		return nil, fail(ErrPickle, "numpy.dtype takes a name")
	}
	element, err := parseDescr(string(name))
	if err != nil {
		return nil, err
	}
	return &NumpyDType{element.dtype, element.big}, nil
}

// setState takes (version, byte order, subdtype, names, fields, …).
func (t *NumpyDType) setState(state Value) error {
	tuple, ok := state.(*Tuple)
	if !ok || len(tuple.Items) < 5 {
		return fail(ErrPickle, "the state of a numpy dtype is not its tuple")
	}
	for _, part := range tuple.Items[2:5] {
		if part != Value(None{}) {
			return fail(ErrUnsupported, "a numpy dtype with fields")
		}
	}
	switch tuple.Items[1] {
	case Value(String(">")):
		t.BigEndian = t.DType.Size() > 1
	case Value(String("<")), Value(String("|")), Value(String("=")):
	default:
		return fail(ErrPickle, "an unknown byte order of a numpy dtype")
	}
	return nil
}

// numpyScalar takes a dtype and the bytes of one element.
func numpyScalar(args []Value) (Value, error) {
	if len(args) == 2 {
		element, ok1 := args[0].(*NumpyDType)
		data, ok2 := args[1].(Bytes)
		if ok1 && ok2 {
			a, err := newArray(element.element(), nil, false, []byte(data))
			if err != nil {
				return nil, err
			}
			return &Scalar{DType: a.dtype, Data: string(a.data)}, nil
		}
	}
	return nil, fail(ErrPickle, "a numpy scalar takes a dtype and bytes")
}

// numpyArray makes the empty array that BUILD fills: (ndarray, (0,), b'b').
func numpyArray(args []Value) (Value, error) {
	if len(args) == 3 {
		if class, ok := args[0].(*Global); ok && class.Module == "numpy" && class.Name == "ndarray" {
			return &Array{dtype: dtype.Invalid}, nil
		}
	}
	return nil, fail(ErrPickle, "rebuilds a numpy array of another class than ndarray")
}

// setArray fills an array: (version, shape, dtype, is Fortran, bytes).
func (m *machine) setArray(a *Array, state Value) error {
	tuple, ok := state.(*Tuple)
	if !ok || len(tuple.Items) != 5 || a.dtype != dtype.Invalid {
		return fail(ErrPickle, "the state of a numpy array is not its tuple")
	}
	shape, err := ints(tuple.Items[1])
	if err != nil {
		return err
	}
	element, ok1 := tuple.Items[2].(*NumpyDType)
	fortran, ok2 := tuple.Items[3].(Bool)
	data, ok3 := tuple.Items[4].(Bytes)
	if _, objects := tuple.Items[4].(*List); objects {
		return fail(ErrUnsafe, "a numpy array of Python objects")
	}
	if !ok1 || !ok2 || !ok3 {
		return fail(ErrPickle, "the state of a numpy array is not its tuple")
	}
	return m.fillArray(a, element, shape, bool(fortran), string(data))
}

func (m *machine) fillArray(a *Array, element *NumpyDType, shape []int64, fortran bool, data string) error {
	if err := m.charge(3 * len(data)); err != nil {
		return err
	}
	filled, err := newArray(element.element(), shape, fortran, []byte(data))
	if err != nil {
		return err
	}
	*a = *filled
	return nil
}

// numpyBuffer is how protocol 5 spells an array: bytes, dtype, shape, order.
func (m *machine) numpyBuffer(args []Value) (Value, error) {
	if len(args) == 4 {
		element, ok := args[1].(*NumpyDType)
		shape, err := ints(args[2])
		order, isText := args[3].(String)
		if ok && err == nil && isText && (order == "C" || order == "F") {
			var data string
			switch raw := args[0].(type) {
			case Bytes:
				data = string(raw)
			case *ByteArray:
				data = string(raw.Data)
			default:
				return nil, fail(ErrPickle, "a numpy array takes bytes")
			}
			a := &Array{dtype: dtype.Invalid}
			return a, m.fillArray(a, element, shape, order == "F", data)
		}
	}
	return nil, fail(ErrPickle, "a numpy array takes bytes, a dtype, a shape and an order")
}
