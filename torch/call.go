package torch

import (
	"strings"
	"sync"

	"github.com/seed06459138/torchgo/internal/ctorch"
)

// operators keeps the handle of every operator that was called, by name.
var operators sync.Map // string → *ctorch.Operator

// Call runs an operator of the dispatcher, of libtorch or of a custom library:
// "aten::relu", or with its overload "aten::softmax.int". Arguments stand in the
// order of the schema; those left out at the end take their defaults. The
// result is None, one value, or a Tuple of several. Gradients are not recorded.
//
// An operator that this libtorch lacks is an error of CodeNoOperator.
func Call(operator string, args ...Value) (Value, error) {
	op, err := lookup(operator)
	if err != nil {
		return nil, err
	}
	return Invoke(operator, args, func(in *ctorch.Value, n int, out *ctorch.Value, capacity int, more **ctorch.Values) *ctorch.Error {
		return ctorch.OperatorCall(op, in, n, 0, out, capacity, more)
	})
}

// Schema gives an operator's schema as text, as in PyTorch's documentation.
func Schema(operator string) (string, error) {
	op, err := lookup(operator)
	if err != nil {
		return "", err
	}
	var values *ctorch.Values
	if err := WrapError(operator, ctorch.OperatorSchema(op, &values)); err != nil {
		return "", err
	}
	s, _ := DecodeValues(values).(String)
	return string(s), nil
}

func lookup(operator string) (*ctorch.Operator, error) {
	if op, ok := operators.Load(operator); ok {
		return op.(*ctorch.Operator), nil
	}
	if err := ctorch.Ensure(); err != nil {
		return nil, err
	}
	name, overload, _ := strings.Cut(operator, ".")
	if ctorch.HasNUL(operator) || !strings.Contains(name, "::") {
		return nil, errArgument("look up an operator", "%q is not a name such as aten::add.Tensor", operator)
	}
	var op *ctorch.Operator
	if err := WrapError(operator, ctorch.OperatorFind(ctorch.CString(name), ctorch.CString(overload), &op)); err != nil {
		return nil, err
	}
	operators.Store(operator, op)
	return op, nil
}

// callTensor is Call for operators that give one tensor.
func callTensor(operator string, args ...Value) (*Tensor, error) {
	v, err := Call(operator, args...)
	if err != nil {
		return nil, err
	}
	t, ok := v.(*Tensor)
	if !ok {
		CloseAll(v)
		return nil, &Error{Op: operator, Code: CodeType, Msg: "gives " + kindOf(v) + ", not a tensor"}
	}
	return t, nil
}

// ints makes a list argument.
func ints(values []int64) List {
	list := make(List, len(values))
	for i, v := range values {
		list[i] = Int(v)
	}
	return list
}
