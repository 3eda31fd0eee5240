package optim

import (
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/nn"
)

// SGDOptions are the options of NewSGD.
type SGDOptions struct {
	LR          float64 // 1e-3 unless given
	Momentum    float64
	Dampening   float64 // of the momentum
	WeightDecay float64
	Nesterov    bool
	Maximize    bool
}

// SGD is stochastic gradient descent, with momentum if that is given.
type SGD struct{ optimizer }

// NewSGD makes an optimiser of parameters.
func NewSGD(params []*nn.Parameter, opts ...SGDOptions) *SGD {
	return &SGD{newOptimizer("SGD", false, params, newSGD(given(opts)))}
}

// AddGroup adds parameters with options of their own.
func (s *SGD) AddGroup(params []*nn.Parameter, opts SGDOptions) { s.add(params, newSGD(opts)) }

func newSGD(o SGDOptions) *sgd {
	return &sgd{lr: nonzero(o.LR, 1e-3), weight: o.Momentum, dampening: o.Dampening, decay: o.WeightDecay, nesterov: o.Nesterov, maximize: o.Maximize}
}

type sgd struct {
	lr, weight, dampening, decay float64
	nesterov, maximize           bool
}

func (s *sgd) rate() *float64     { return &s.lr }
func (s *sgd) momentum() *float64 { return &s.weight }

func (s *sgd) copied() options {
	c := *s
	return &c
}

func (s *sgd) check() error {
	if s.nesterov && (s.weight <= 0 || s.dampening != 0) {
		return refuse("nesterov needs a momentum, and no dampening")
	}
	return first(bounded("lr", s.lr), bounded("momentum", s.weight), bounded("weight_decay", s.decay))
}

func (s *sgd) fields() []option {
	return []option{{"lr", &s.lr}, {"momentum", &s.weight}, {"dampening", &s.dampening}, {"weight_decay", &s.decay}, {"nesterov", &s.nesterov}, {"maximize", &s.maximize},
		{"foreach", nil}, {"differentiable", false}, {"fused", nil}}
}

func (s *sgd) slots() []string { return []string{"momentum_buffer"} }

// begin leaves the momentum to the first step, which begins with the gradient.
func (s *sgd) begin(string, *torch.Tensor) (*torch.Tensor, error) { return nil, nil }

var opFusedSGD = torch.Operator{Name: "aten::_fused_sgd_"}

func (s *sgd) update(b *batch) error {
	if s.weight == 0 {
		return s.fused(b.params, b.grads, nil, false)
	}
	var parts [2]struct{ params, grads, buffers []*torch.Tensor } // those with a momentum, and those without one yet
	for i, m := range b.memories {
		p := &parts[0]
		if m.slots[0] == nil {
			var err error
			if m.slots[0], err = zerosLike(b.params[i]); err != nil {
				return err
			}
			p = &parts[1]
		}
		p.params, p.grads, p.buffers = append(p.params, b.params[i]), append(p.grads, b.grads[i]), append(p.buffers, m.slots[0])
	}
	for i, p := range parts {
		if len(p.params) == 0 {
			continue
		}
		if err := s.fused(p.params, p.grads, p.buffers, i == 1); err != nil {
			return err
		}
	}
	return nil
}

func (s *sgd) fused(params, grads, buffers []*torch.Tensor, begins bool) error {
	c := opFusedSGD.Begin()
	for _, list := range [][]*torch.Tensor{params, grads, buffers} {
		c.Tensors(list)
	}
	for _, v := range []float64{s.decay, s.weight, s.lr, s.dampening} {
		c.Float(v)
	}
	for _, v := range []bool{s.nesterov, s.maximize, begins} {
		c.Bool(v)
	}
	c.NoGrad()
	err := c.Run()
	if err != nil && len(buffers) == 0 && s.decay == 0 && sparse(grads) {
		return s.sparse(params, grads)
	}
	return err
}

// sparse adds gradients that are sparse, which the fused kernel refuses.
func (s *sgd) sparse(params, grads []*torch.Tensor) error {
	rate := -s.lr
	if s.maximize {
		rate = s.lr
	}
	return run(&opForeachAddInto, [][]*torch.Tensor{params, grads}, torch.Float(rate))
}
