package onnx

import "github.com/seed06459138/torchgo/torch/dtype"

// element is a TensorProto.DataType, an ONNX element type.
type element int32

// The element types that are named below.
const (
	elementFloat  element = 1
	elementInt64  element = 7
	elementString element = 8
)

// elements gives the dtypes of the element types that a tensor of torch can have.
var elements = map[element]dtype.DType{
	elementFloat:  dtype.Float32,
	2:             dtype.Uint8,
	3:             dtype.Int8,
	4:             dtype.Uint16,
	5:             dtype.Int16,
	6:             dtype.Int32,
	elementInt64:  dtype.Int64,
	9:             dtype.Bool,
	10:            dtype.Float16,
	11:            dtype.Float64,
	12:            dtype.Uint32,
	13:            dtype.Uint64,
	14:            dtype.Complex64,
	15:            dtype.Complex128,
	16:            dtype.BFloat16,
	17:            dtype.Float8E4M3FN,
	18:            dtype.Float8E4M3FNUZ,
	19:            dtype.Float8E5M2,
	20:            dtype.Float8E5M2FNUZ,
	elementString: dtype.Invalid,
}

// elementOf finds the element type of a dtype.
func elementOf(d dtype.DType) (element, bool) {
	for e, have := range elements {
		if have == d && d != dtype.Invalid {
			return e, true
		}
	}
	return 0, false
}

// String names the type as torch does.
func (e element) String() string {
	switch d, ok := elements[e]; {
	case e == 0:
		return "an element type that the file does not tell"
	case e == elementString:
		return "text"
	case ok:
		return d.String()
	}
	return "an element type that torch does not have"
}
