package initializer

import (
	"fmt"

	"github.com/seed06459138/torchgo/torch"
)

var (
	opFill    = torch.Operator{Name: "aten::fill_.Scalar"}
	opUniform = torch.Operator{Name: "aten::uniform_"}
	opNormal  = torch.Operator{Name: "aten::normal_"}
	opMul     = torch.Operator{Name: "aten::mul_.Scalar"}
	opEye     = torch.Operator{Name: "aten::eye.m_out"}
)

// write runs an operator that writes to t.
func write(o *torch.Operator, t *torch.Tensor, rest ...torch.Value) error {
	a := o.Begin()
	a.Tensor(t)
	for _, v := range rest {
		a.Value(v)
	}
	a.NoGrad()
	return a.Run()
}

// Zeros fills t with zeros.
func Zeros(t *torch.Tensor) error { return Constant(t, 0) }

// Ones fills t with ones.
func Ones(t *torch.Tensor) error { return Constant(t, 1) }

// Constant fills t with a value.
func Constant(t *torch.Tensor, value float64) error { return write(&opFill, t, torch.Float(value)) }

// Values gives what fills a tensor with numbers, in their order: as many as it has
// elements.
func Values(values ...float32) func(t *torch.Tensor) error {
	return func(t *torch.Tensor) error {
		if int64(len(values)) != t.Numel() {
			return refuse("values", "%d numbers for a tensor of the shape %v", len(values), t.Shape())
		}
		given, err := torch.FromSlice(values, t.Shape()...)
		if err != nil {
			return err
		}
		defer given.Close()
		return t.CopyFrom(given)
	}
}

// Uniform fills t with numbers that are uniform between low and high.
func Uniform(t *torch.Tensor, low, high float64) error {
	return write(&opUniform, t, torch.Float(low), torch.Float(high))
}

// Normal fills t with normal numbers.
func Normal(t *torch.Tensor, mean, std float64) error {
	return write(&opNormal, t, torch.Float(mean), torch.Float(std))
}

// Eye makes t, of two dimensions, an identity matrix.
func Eye(t *torch.Tensor) error {
	shape := t.Shape()
	if len(shape) != 2 {
		return refuse("eye", "a tensor of %d dimensions, not 2", len(shape))
	}
	a := opEye.Begin()
	a.Int(shape[0])
	a.Int(shape[1])
	a.Tensor(t)
	a.NoGrad()
	return a.Run()
}

func refuse(op, format string, args ...any) error {
	return &torch.Error{Op: "initializer: " + op, Code: torch.CodeArgument, Msg: fmt.Sprintf(format, args...)}
}
