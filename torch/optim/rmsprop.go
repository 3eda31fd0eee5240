package optim

import (
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/nn"
)

// RMSpropOptions are the options of NewRMSprop.
type RMSpropOptions struct {
	LR          float64  // 1e-2 unless given
	Alpha       *float64 // of the mean of squares; 0.99 unless given
	Eps         float64  // 1e-8 unless given
	WeightDecay float64
	Momentum    float64
	Centered    bool // divide by the deviation from the mean gradient
	Maximize    bool
}

// RMSprop is the optimiser of Hinton's lecture 6 (2012).
type RMSprop struct{ optimizer }

// NewRMSprop makes an optimiser of parameters.
func NewRMSprop(params []*nn.Parameter, opts ...RMSpropOptions) *RMSprop {
	return &RMSprop{newOptimizer("RMSprop", true, params, newRMSprop(given(opts)))}
}

// AddGroup adds parameters with options of their own.
func (r *RMSprop) AddGroup(params []*nn.Parameter, opts RMSpropOptions) {
	r.add(params, newRMSprop(opts))
}

func newRMSprop(o RMSpropOptions) *rmsprop {
	return &rmsprop{lr: nonzero(o.LR, 1e-2), alpha: or(o.Alpha, 0.99), eps: nonzero(o.Eps, 1e-8), decay: o.WeightDecay, weight: o.Momentum, centered: o.Centered, maximize: o.Maximize}
}

type rmsprop struct {
	lr, alpha, eps, decay, weight float64
	centered, maximize            bool
}

func (r *rmsprop) rate() *float64     { return &r.lr }
func (r *rmsprop) momentum() *float64 { return &r.weight }

func (r *rmsprop) copied() options {
	c := *r
	return &c
}

func (r *rmsprop) check() error {
	return first(bounded("lr", r.lr), bounded("alpha", r.alpha), bounded("eps", r.eps), bounded("weight_decay", r.decay), bounded("momentum", r.weight))
}

func (r *rmsprop) fields() []option {
	return []option{{"lr", &r.lr}, {"momentum", &r.weight}, {"alpha", &r.alpha}, {"eps", &r.eps}, {"centered", &r.centered}, {"weight_decay", &r.decay},
		{"capturable", false}, {"foreach", nil}, {"maximize", &r.maximize}, {"differentiable", false}}
}

// Slots of RMSprop's memories. The last two are made when they are needed, so that a
// scheduler may turn the momentum on.
const (
	squareAvg = iota
	momentumBuffer
	gradAvg
)

func (r *rmsprop) slots() []string { return []string{"square_avg", "momentum_buffer", "grad_avg"} }

func (r *rmsprop) begin(slot string, p *torch.Tensor) (*torch.Tensor, error) {
	if (slot == "momentum_buffer" && r.weight <= 0) || (slot == "grad_avg" && !r.centered) {
		return nil, nil
	}
	return zerosLike(p)
}

var (
	opForeachMul       = torch.Operator{Name: "aten::_foreach_mul_.Scalar"}
	opForeachAddInto   = torch.Operator{Name: "aten::_foreach_add_.List"}
	opForeachAddcmul   = torch.Operator{Name: "aten::_foreach_addcmul_.Scalar"}
	opForeachAddcmulTo = torch.Operator{Name: "aten::_foreach_addcmul.Scalar"}
	opForeachAddcdiv   = torch.Operator{Name: "aten::_foreach_addcdiv_.Scalar"}
	opForeachLerp      = torch.Operator{Name: "aten::_foreach_lerp_.Scalar"}
	opForeachSqrt      = torch.Operator{Name: "aten::_foreach_sqrt"}
	opForeachSqrtInto  = torch.Operator{Name: "aten::_foreach_sqrt_"}
)

func (r *rmsprop) update(b *batch) error {
	grads, done, err := b.directed(r.maximize, r.decay)
	defer done()
	if err != nil {
		return err
	}
	squares := b.slot(squareAvg)
	if err := run(&opForeachMul, [][]*torch.Tensor{squares}, torch.Float(r.alpha)); err != nil {
		return err
	}
	if err := run(&opForeachAddcmul, [][]*torch.Tensor{squares, grads, grads}, torch.Float(1-r.alpha)); err != nil {
		return err
	}
	roots, err := r.roots(b, grads, squares)
	if err != nil {
		return err
	}
	defer closeAll(roots)
	if err := run(&opForeachAddScalar, [][]*torch.Tensor{roots}, torch.Float(r.eps)); err != nil {
		return err
	}
	if r.weight <= 0 {
		return run(&opForeachAddcdiv, [][]*torch.Tensor{b.params, grads, roots}, torch.Float(-r.lr))
	}
	for i, m := range b.memories {
		if m.slots[momentumBuffer] == nil {
			if m.slots[momentumBuffer], err = zerosLike(b.params[i]); err != nil {
				return err
			}
		}
	}
	buffers := b.slot(momentumBuffer)
	if err := run(&opForeachMul, [][]*torch.Tensor{buffers}, torch.Float(r.weight)); err != nil {
		return err
	}
	if err := run(&opForeachAddcdiv, [][]*torch.Tensor{buffers, grads, roots}, torch.Float(1)); err != nil {
		return err
	}
	return run(&opForeachAddInto, [][]*torch.Tensor{b.params, buffers}, torch.Float(-r.lr))
}

// roots gives the root of the mean square, or the deviation.
func (r *rmsprop) roots(b *batch, grads, squares []*torch.Tensor) ([]*torch.Tensor, error) {
	if !r.centered {
		return lists(&opForeachSqrt, [][]*torch.Tensor{squares})
	}
	means := b.slot(gradAvg)
	if err := run(&opForeachLerp, [][]*torch.Tensor{means, grads}, torch.Float(1-r.alpha)); err != nil {
		return nil, err
	}
	roots, err := lists(&opForeachAddcmulTo, [][]*torch.Tensor{squares, means, means}, torch.Float(-1))
	if err != nil {
		return nil, err
	}
	if err := run(&opForeachSqrtInto, [][]*torch.Tensor{roots}); err != nil {
		closeAll(roots)
		return nil, err
	}
	return roots, nil
}
