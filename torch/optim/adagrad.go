package optim

import (
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/nn"
)

// AdagradOptions are the options of NewAdagrad.
type AdagradOptions struct {
	LR                 float64 // 1e-2 unless given
	LRDecay            float64
	WeightDecay        float64
	InitialAccumulator float64 // what the sums of squares begin with
	Eps                float64 // 1e-10 unless given
	Maximize           bool
}

// Adagrad is the optimiser of Duchi et al. (2011).
type Adagrad struct{ optimizer }

// NewAdagrad makes an optimiser of parameters.
func NewAdagrad(params []*nn.Parameter, opts ...AdagradOptions) *Adagrad {
	a := &Adagrad{newOptimizer("Adagrad", true, params, newAdagrad(given(opts)))}
	a.early = true
	return a
}

// AddGroup adds parameters with options of their own.
func (a *Adagrad) AddGroup(params []*nn.Parameter, opts AdagradOptions) {
	a.add(params, newAdagrad(opts))
}

func newAdagrad(o AdagradOptions) *adagrad {
	return &adagrad{lr: nonzero(o.LR, 1e-2), lrDecay: o.LRDecay, decay: o.WeightDecay, initial: o.InitialAccumulator, eps: nonzero(o.Eps, 1e-10), maximize: o.Maximize}
}

type adagrad struct {
	lr, lrDecay, decay, initial, eps float64
	maximize                         bool
}

func (a *adagrad) rate() *float64     { return &a.lr }
func (a *adagrad) momentum() *float64 { return nil }

func (a *adagrad) copied() options {
	c := *a
	return &c
}

func (a *adagrad) check() error {
	return first(bounded("lr", a.lr), bounded("lr_decay", a.lrDecay), bounded("weight_decay", a.decay), bounded("initial_accumulator_value", a.initial), bounded("eps", a.eps))
}

func (a *adagrad) fields() []option {
	return []option{{"lr", &a.lr}, {"lr_decay", &a.lrDecay}, {"eps", &a.eps}, {"weight_decay", &a.decay}, {"initial_accumulator_value", &a.initial},
		{"foreach", nil}, {"maximize", &a.maximize}, {"differentiable", false}, {"fused", nil}}
}

func (a *adagrad) slots() []string { return []string{"sum"} }

func (a *adagrad) begin(_ string, p *torch.Tensor) (*torch.Tensor, error) {
	return fullLike(p, a.initial)
}

var opForeachAddcdivEach = torch.Operator{Name: "aten::_foreach_addcdiv_.ScalarList"}

func (a *adagrad) update(b *batch) error {
	grads, done, err := b.directed(a.maximize, a.decay)
	defer done()
	if err != nil {
		return err
	}
	sums := b.slot(0)
	if err := run(&opForeachAddcmul, [][]*torch.Tensor{sums, grads, grads}, torch.Float(1)); err != nil {
		return err
	}
	roots, err := lists(&opForeachSqrt, [][]*torch.Tensor{sums})
	if err != nil {
		return err
	}
	defer closeAll(roots)
	if err := run(&opForeachAddScalar, [][]*torch.Tensor{roots}, torch.Float(a.eps)); err != nil {
		return err
	}
	if a.lrDecay == 0 {
		return run(&opForeachAddcdiv, [][]*torch.Tensor{b.params, grads, roots}, torch.Float(-a.lr))
	}
	rates := make(torch.List, len(b.steps))
	for i, s := range b.steps {
		n, err := s.Float64()
		if err != nil {
			return err
		}
		rates[i] = torch.Float(-a.lr / (1 + (n-1)*a.lrDecay))
	}
	return run(&opForeachAddcdivEach, [][]*torch.Tensor{b.params, grads, roots}, rates)
}
