package optim

import (
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/nn"
)

// AdamOptions are the options of NewAdam.
type AdamOptions struct {
	LR          float64     // 1e-3 unless given
	Betas       *[2]float64 // of the means of gradients and of their squares; 0.9 and 0.999 unless given
	Eps         float64     // 1e-8 unless given
	WeightDecay float64
	AMSGrad     bool
	Maximize    bool
}

// Adam is the optimiser of Kingma and Ba (2014).
type Adam struct{ optimizer }

// NewAdam makes an optimiser of parameters.
func NewAdam(params []*nn.Parameter, opts ...AdamOptions) *Adam {
	return &Adam{newOptimizer("Adam", true, params, newAdam(given(opts)))}
}

// AddGroup adds parameters with options of their own.
func (a *Adam) AddGroup(params []*nn.Parameter, opts AdamOptions) { a.add(params, newAdam(opts)) }

func newAdam(o AdamOptions) *adam {
	return &adam{lr: nonzero(o.LR, 1e-3), betas: or(o.Betas, [2]float64{0.9, 0.999}), eps: nonzero(o.Eps, 1e-8), decay: o.WeightDecay, amsgrad: o.AMSGrad, maximize: o.Maximize}
}

// AdamWOptions are the options of NewAdamW.
type AdamWOptions struct {
	LR          float64     // 1e-3 unless given
	Betas       *[2]float64 // 0.9 and 0.999 unless given
	Eps         float64     // 1e-8 unless given
	WeightDecay *float64    // 0.01 unless given
	AMSGrad     bool
	Maximize    bool
}

// AdamW is Adam with a decay that leaves the gradients alone (Loshchilov and
// Hutter, 2017).
type AdamW struct{ optimizer }

// NewAdamW makes an optimiser of parameters.
func NewAdamW(params []*nn.Parameter, opts ...AdamWOptions) *AdamW {
	return &AdamW{newOptimizer("AdamW", true, params, newAdamW(given(opts)))}
}

// AddGroup adds parameters with options of their own.
func (a *AdamW) AddGroup(params []*nn.Parameter, opts AdamWOptions) { a.add(params, newAdamW(opts)) }

func newAdamW(o AdamWOptions) *adam {
	a := newAdam(AdamOptions{LR: o.LR, Betas: o.Betas, Eps: o.Eps, WeightDecay: or(o.WeightDecay, 0.01), AMSGrad: o.AMSGrad, Maximize: o.Maximize})
	a.decoupled = true
	return a
}

// adam is the algorithm of both.
type adam struct {
	lr, eps, decay               float64
	betas                        [2]float64
	amsgrad, maximize, decoupled bool
}

func (a *adam) rate() *float64     { return &a.lr }
func (a *adam) momentum() *float64 { return &a.betas[0] }

func (a *adam) copied() options {
	c := *a
	return &c
}

func (a *adam) check() error {
	return first(bounded("lr", a.lr), bounded("eps", a.eps), bounded("weight_decay", a.decay), fraction("the first of betas", a.betas[0]), fraction("the second of betas", a.betas[1]))
}

func (a *adam) fields() []option {
	return []option{{"lr", &a.lr}, {"betas", &a.betas}, {"eps", &a.eps}, {"weight_decay", &a.decay}, {"amsgrad", &a.amsgrad}, {"maximize", &a.maximize},
		{"foreach", nil}, {"capturable", false}, {"differentiable", false}, {"fused", nil}, {"decoupled_weight_decay", &a.decoupled}}
}

func (a *adam) slots() []string {
	if a.amsgrad {
		return []string{"exp_avg", "exp_avg_sq", "max_exp_avg_sq"}
	}
	return []string{"exp_avg", "exp_avg_sq"}
}

func (a *adam) begin(_ string, p *torch.Tensor) (*torch.Tensor, error) { return zerosLike(p) }

var (
	opFusedAdam  = torch.Operator{Name: "aten::_fused_adam_"}
	opFusedAdamW = torch.Operator{Name: "aten::_fused_adamw_"}
)

func (a *adam) update(b *batch) error {
	op := &opFusedAdam
	if a.decoupled {
		op = &opFusedAdamW
	}
	var maxima []*torch.Tensor
	if a.amsgrad {
		maxima = b.slot(2)
	}
	c := op.Begin()
	for _, list := range [][]*torch.Tensor{b.params, b.grads, b.slot(0), b.slot(1), maxima, b.steps} {
		c.Tensors(list)
	}
	for _, v := range []float64{a.lr, a.betas[0], a.betas[1], a.decay, a.eps} {
		c.Float(v)
	}
	c.Bool(a.amsgrad)
	c.Bool(a.maximize)
	c.NoGrad()
	return c.Run()
}
