package optim

import (
	"github.com/seed06459138/torchgo/torch"
)

var (
	opForeachAddScalar = torch.Operator{Name: "aten::_foreach_add_.Scalar"}
	opForeachAddList   = torch.Operator{Name: "aten::_foreach_add.List"}
	opForeachNeg       = torch.Operator{Name: "aten::_foreach_neg"}
	opZerosLike        = torch.Operator{Name: "aten::zeros_like"}
	opFullLike         = torch.Operator{Name: "aten::full_like"}
)

// run calls an operator that writes to lists of tensors.
func run(o *torch.Operator, in [][]*torch.Tensor, rest ...torch.Value) error {
	a := onLists(o, in, rest)
	return a.Run()
}

// lists calls an operator that gives a list of tensors, to be closed.
func lists(o *torch.Operator, in [][]*torch.Tensor, rest ...torch.Value) ([]*torch.Tensor, error) {
	a := onLists(o, in, rest)
	v, err := a.Call()
	if err != nil {
		return nil, err
	}
	return torch.Tensors(v), nil
}

// onLists begins a call that is not recorded.
func onLists(o *torch.Operator, in [][]*torch.Tensor, rest []torch.Value) torch.Arguments {
	a := o.Begin()
	for _, list := range in {
		a.Tensors(list)
	}
	for _, v := range rest {
		a.Value(v)
	}
	a.NoGrad()
	return a
}

// zerosLike makes what begins as zeros.
func zerosLike(p *torch.Tensor) (*torch.Tensor, error) {
	a := opZerosLike.Begin()
	a.Tensor(p)
	a.NoGrad()
	return a.CallTensor()
}

func fullLike(p *torch.Tensor, value float64) (*torch.Tensor, error) {
	a := opFullLike.Begin()
	a.Tensor(p)
	a.Float(value)
	a.NoGrad()
	return a.CallTensor()
}

// directed gives the gradients as an algorithm without a fused kernel takes them:
// turned round to maximise, with the weights' decay added. done closes what was made.
func (b *batch) directed(maximize bool, decay float64) (grads []*torch.Tensor, done func(), err error) {
	grads = b.grads
	var made []*torch.Tensor
	done = func() { closeAll(made) }
	if maximize {
		if grads, err = lists(&opForeachNeg, [][]*torch.Tensor{grads}); err != nil {
			return nil, done, err
		}
		made = append(made, grads...)
	}
	if decay != 0 {
		if grads, err = lists(&opForeachAddList, [][]*torch.Tensor{grads, b.params}, torch.Float(decay)); err != nil {
			return nil, done, err
		}
		made = append(made, grads...)
	}
	return grads, done, nil
}

func closeAll(list []*torch.Tensor) {
	for _, t := range list {
		t.Close()
	}
}
