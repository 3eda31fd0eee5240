package torch

import (
	"github.com/seed06459138/torchgo/internal/ctorch"
)

// Gradients are recorded by what is computed, not by where: a call of an operator
// is recorded when one of its tensor arguments requires grad, unless the innermost
// scope of its arguments was made with NoGrad. Calls of TorchScript modules are
// never recorded; what they give can be passed to calls that are.

// SetRequiresGrad lets gradients be recorded for the tensor, or no longer. It must
// be a leaf of floating-point or complex elements, and not one that a TorchScript
// module gave: clone those. Not safe beside other uses of t.
func (t *Tensor) SetRequiresGrad(on bool) error {
	const op = "set requires_grad"
	return t.with(op, func(p *ctorch.Tensor) error {
		return WrapError(op, ctorch.TensorRequireGrad(p, int32(flag(on))))
	})
}

// IsLeaf tells whether the tensor is one that backward passes leave gradients in, if
// it requires grad: no recorded operator computed it.
func (t *Tensor) IsLeaf() bool { return t.has(ctorch.TensorLeaf) }

// Detach gives the same memory as a tensor that the graph does not lead to, to be
// closed on its own.
func (t *Tensor) Detach() (*Tensor, error) { return callTensor("aten::detach", t) }

// RetainGrad makes backward passes leave a gradient in the tensor also when it is
// no leaf.
func (t *Tensor) RetainGrad() error {
	_, err := Call("aten::retain_grad", t)
	return err
}

// Grad gives the tensor's gradient, nil when it has none. It is the gradient
// itself, which later backward passes may add to, under a handle of its own, to be
// closed.
func (t *Tensor) Grad() (*Tensor, error) {
	grads, err := Grads(t)
	if err != nil {
		return nil, err
	}
	return grads[0], nil
}

// Grads gives the gradients of several tensors in one crossing; see Tensor.Grad.
func Grads(tensors ...*Tensor) ([]*Tensor, error) {
	const op = "read gradients"
	if err := ctorch.Ensure(); err != nil {
		return nil, err
	}
	f := newFrame()
	defer f.release()
	if err := f.addTensors(op, tensors); err != nil {
		return nil, err
	}
	if err := f.call(op, ctorch.GradientsRead); err != nil {
		return nil, err
	}
	return f.tensorList()
}

// SetGrad makes grad the tensor's gradient; nil removes it. Shape, dtype and device
// must be those of t, and it must not be t itself. Not safe beside other uses of t.
func (t *Tensor) SetGrad(grad *Tensor) error {
	const op = "set a gradient"
	f := newFrame()
	defer f.release()
	if err := f.addTensor(t); err != nil {
		return errIn(op, err)
	}
	if grad == nil {
		f.put(ctorch.Value{Tag: ctorch.TagNone})
	} else if err := f.addTensor(grad); err != nil {
		return errIn(op, err)
	}
	return f.call(op, writeGradients)
}

// ZeroGrad removes the gradients of the tensors, as zero_grad does in PyTorch.
func ZeroGrad(tensors ...*Tensor) error {
	const op = "remove gradients"
	if err := ctorch.Ensure(); err != nil {
		return err
	}
	f := newFrame()
	defer f.release()
	for _, t := range tensors {
		if err := f.addTensor(t); err != nil {
			return errIn(op, err)
		}
		f.put(ctorch.Value{Tag: ctorch.TagNone})
	}
	return f.call(op, writeGradients)
}

func writeGradients(in *ctorch.Value, n int, _ *ctorch.Value, _ int, _ **ctorch.Values) *ctorch.Error {
	return ctorch.GradientsWrite(in, n)
}

// Backward computes the gradients of t, which has one element, and adds them to
// those of all leaves that it was computed from. The graph is freed; see Backward
// for other forms.
func (t *Tensor) Backward() error { return Backward([]*Tensor{t}, nil) }

// BackwardOptions are the options of Backward and Grad.
type BackwardOptions struct {
	// Gradients are those of the roots, one for each; a nil one, or none at all, is
	// one for a root of one element.
	Gradients []*Tensor
	// RetainGraph keeps the graph, for another pass.
	RetainGraph bool
	// CreateGraph records the pass itself, for derivatives of higher order.
	CreateGraph bool
	// Inputs, if there are any, are the only tensors that Backward adds gradients to.
	Inputs []*Tensor
	// AllowUnused lets Grad give nil for inputs that the outputs do not depend on,
	// which is an error without.
	AllowUnused bool
}

// Backward computes the gradients of roots, and adds them to those of the leaves
// that they were computed from. Unless the graph is retained, what operators saved
// for this is freed. It runs on the caller's thread, for CUDA also on threads of
// libtorch. Two passes may run at once, over one graph too if both retain it.
func Backward(roots []*Tensor, o *BackwardOptions) error {
	const op = "backward"
	if o == nil {
		o = &BackwardOptions{}
	}
	f := newFrame()
	defer f.release()
	return f.backward(op, roots, o.Inputs, o, ctorch.BackwardAccumulate)
}

// Grad gives the gradients of the sum of outputs with respect to inputs, in their
// order, and leaves those that tensors have alone. The results are to be closed;
// they join the innermost scope of outputs and inputs.
func Grad(outputs, inputs []*Tensor, o *BackwardOptions) ([]*Tensor, error) {
	const op = "grad"
	if o == nil {
		o = &BackwardOptions{}
	}
	f := newFrame()
	defer f.release()
	if err := f.backward(op, outputs, inputs, o, 0); err != nil {
		return nil, err
	}
	return f.tensorList()
}

func (f *frame) backward(op string, roots, inputs []*Tensor, o *BackwardOptions, flags uint32) error {
	if err := ctorch.Ensure(); err != nil {
		return err
	}
	if n := len(o.Gradients); n != 0 && n != len(roots) {
		return errArgument(op, "%d gradients for %d roots", n, len(roots))
	}
	for _, list := range [][]*Tensor{roots, o.Gradients, inputs} {
		f.put(ctorch.Value{Tag: ctorch.TagList, N: uint32(len(list))})
		for _, t := range list {
			if t == nil {
				f.put(ctorch.Value{Tag: ctorch.TagNone})
			} else if err := f.addTensor(t); err != nil {
				return errIn(op, err)
			}
		}
	}
	if o.RetainGraph {
		flags |= ctorch.BackwardRetain
	}
	if o.CreateGraph {
		flags |= ctorch.BackwardCreate
	}
	if o.AllowUnused {
		flags |= ctorch.BackwardUnused
	}
	return f.call(op, func(in *ctorch.Value, n int, out *ctorch.Value, capacity int, more **ctorch.Values) *ctorch.Error {
		return ctorch.Backward(in, n, flags, out, capacity, more)
	})
}

// tensorList makes tensors of a list that the call gave; nil where one is undefined.
func (f *frame) tensorList() ([]*Tensor, error) {
	v, err := f.result()
	if err != nil {
		return nil, err
	}
	list, _ := v.(List)
	tensors := make([]*Tensor, len(list))
	for i, e := range list {
		tensors[i], _ = e.(*Tensor)
	}
	return tensors, nil
}
