package torch

import (
	"slices"

	"github.com/seed06459138/torchgo/internal/ctorch"
)

// Call runs an operator of the dispatcher, of libtorch or of a custom library:
// "aten::relu", or with its overload "aten::softmax.int". Arguments stand in the
// order of the schema; those left out at the end take their defaults. The
// result is None, one value, or a Tuple of several. The call is recorded for
// Backward when an argument requires grad.
//
// An operator that this libtorch lacks is an error of CodeNoOperator.
func Call(operator string, args ...Value) (Value, error) {
	a, err := begin(operator, args)
	if err != nil {
		return nil, err
	}
	return a.Call()
}

// CallInto runs an operator that gives one tensor and makes dst that tensor; the
// one that dst was is freed. A loop of such calls makes nothing that Go must
// collect, and crosses into libtorch once each:
//
//	sum := new(torch.Tensor)
//	defer sum.Close()
//	for … {
//		err := torch.CallInto(sum, "aten::add.Tensor", x, y)
//
// dst must not be in use elsewhere meanwhile, nor be among args. When the call
// fails, dst keeps what it was.
func CallInto(dst *Tensor, operator string, args ...Value) error {
	a, err := begin(operator, args)
	if err != nil {
		return err
	}
	return a.Into(dst)
}

// begin starts the call of an operator that is known by name.
func begin(operator string, args []Value) (Arguments, error) {
	o, err := lookup(operator)
	if err != nil {
		return Arguments{}, err
	}
	a := o.Begin()
	for _, v := range args {
		a.Value(v)
	}
	return a, nil
}

// Schema gives an operator's schema as text, as in PyTorch's documentation.
func Schema(operator string) (string, error) {
	o, err := lookup(operator)
	if err != nil {
		return "", err
	}
	var values *ctorch.Values
	if err := WrapError(operator, ctorch.OperatorSchema(o.native.Load(), &values)); err != nil {
		return "", err
	}
	s, _ := DecodeValues(values).(String)
	return string(s), nil
}

// callTensor is Call for operators that give one tensor.
func callTensor(operator string, args ...Value) (*Tensor, error) {
	a, err := begin(operator, args)
	if err != nil {
		return nil, err
	}
	return a.CallTensor()
}

// ints makes a list argument.
func ints(values []int64) List {
	list := make(List, len(values))
	for i, v := range values {
		list[i] = Int(v)
	}
	return list
}

// Operators lists the schemas of all operators that Call knows, those of loaded
// libraries among them, sorted. An argument that is written to is marked with an
// exclamation mark, as in "aten::relu_(Tensor(a!) self) -> Tensor(a!)"; results
// that carry the letter of an argument share its memory.
func Operators() ([]string, error) {
	if err := ctorch.Ensure(); err != nil {
		return nil, err
	}
	var values *ctorch.Values
	if err := WrapError("list the operators", ctorch.OperatorList(&values)); err != nil {
		return nil, err
	}
	list, _ := DecodeValues(values).(List)
	schemas := make([]string, len(list))
	for i, v := range list {
		s, _ := v.(String)
		schemas[i] = string(s)
	}
	slices.Sort(schemas)
	return schemas, nil
}
