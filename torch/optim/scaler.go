package optim

import (
	"math"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/aten"
	"github.com/seed06459138/torchgo/torch/checkpoint"
)

// ScalerOptions are the options of NewGradScaler.
type ScalerOptions struct {
	Scale    float64 // at first; 65536 unless given
	Growth   float64 // factor after Interval steps without an overflow; 2 unless given
	Backoff  float64 // factor after an overflow; 0.5 unless given
	Interval int     // 2000 unless given
}

// GradScaler scales losses up, so that gradients in half precision do not vanish,
// and gradients down again before a step. A step whose gradients overflowed is left
// out, and the scale made smaller. It is torch.amp.GradScaler, and goes with
// torch.Autocast:
//
//	err := torch.InScope(func(s *torch.Scope) error {
//		…
//		made, err := scaler.Minimize(opt, loss)
//	}, torch.Autocast(torch.DeviceCUDA, torch.Float16))
type GradScaler struct {
	scale, growth, backoff float64
	interval, since        int
}

// NewGradScaler makes a scaler.
func NewGradScaler(opts ...ScalerOptions) *GradScaler {
	o := given(opts)
	g := &GradScaler{scale: nonzero(o.Scale, 65536), growth: nonzero(o.Growth, 2), backoff: nonzero(o.Backoff, 0.5), interval: o.Interval}
	if g.interval == 0 {
		g.interval = 2000
	}
	return g
}

// Scale is the factor of the next loss.
func (g *GradScaler) Scale() float64 { return g.scale }

// Minimize is the function Minimize with a scaled loss. It tells whether the step
// was made, or left out because gradients overflowed.
func (g *GradScaler) Minimize(o Optimizer, loss *torch.Tensor) (made bool, err error) {
	if err := o.ZeroGrad(); err != nil {
		return false, err
	}
	if err := g.Backward(loss); err != nil {
		return false, err
	}
	finite, err := g.Unscale(o)
	if err != nil {
		return false, err
	}
	if finite {
		err = o.Step()
	}
	g.Update(finite)
	return finite && err == nil, err
}

// Backward computes the gradients of a scaled loss.
func (g *GradScaler) Backward(loss *torch.Tensor) error {
	scaled, err := aten.MulScalar(loss, torch.Float(g.scale))
	if err != nil {
		return err
	}
	defer scaled.Close()
	return scaled.Backward()
}

var opUnscale = torch.Operator{Name: "aten::_amp_foreach_non_finite_check_and_unscale_"}

// Unscale scales the gradients down, in place, once after each Backward, and tells
// whether all are finite: to be called before clipping.
func (g *GradScaler) Unscale(o Optimizer) (finite bool, err error) {
	byKind := make(map[torch.Device]map[torch.DType][]*torch.Tensor)
	for _, group := range o.Groups() {
		grads, err := gradients(group.Params)
		defer closeAll(grads)
		if err != nil {
			return false, err
		}
		for _, t := range grads {
			if byKind[t.Device()] == nil {
				byKind[t.Device()] = make(map[torch.DType][]*torch.Tensor)
			}
			byKind[t.Device()][t.DType()] = append(byKind[t.Device()][t.DType()], t)
		}
	}
	finite = true
	for device, lists := range byKind {
		found, err := torch.Zeros(torch.Float32, device, 1)
		if err != nil {
			return false, err
		}
		defer found.Close()
		inverse, err := torch.Full(1/g.scale, torch.Float32, device)
		if err != nil {
			return false, err
		}
		defer inverse.Close()
		for _, grads := range lists {
			if err := run(&opUnscale, [][]*torch.Tensor{grads}, found, inverse); err != nil {
				return false, err
			}
		}
		overflow, err := found.Float64()
		if err != nil {
			return false, err
		}
		finite = finite && overflow == 0
	}
	return finite, nil
}

// Update changes the scale after a step, or one that was left out. As PyTorch does, it
// rounds it to 32 bits.
func (g *GradScaler) Update(finite bool) {
	if !finite {
		g.scale = float64(float32(g.scale * g.backoff))
		g.since = 0
		return
	}
	if g.since++; g.since < g.interval {
		return
	}
	// It does not become infinite.
	if grown := float64(float32(g.scale * g.growth)); !math.IsInf(grown, 0) {
		g.scale = grown
	}
	g.since = 0
}

func (g *GradScaler) fields() []option {
	return []option{{"scale", &g.scale}, {"growth_factor", &g.growth}, {"backoff_factor", &g.backoff}, {"growth_interval", &g.interval}, {"_growth_tracker", &g.since}}
}

// StateDict gives what the scaler needs to go on.
func (g *GradScaler) StateDict() *checkpoint.Dict { return encodeOptions(g.fields()) }

// LoadStateDict takes it back. One that does not fit is an error that matches ErrState,
// and changes nothing.
func (g *GradScaler) LoadStateDict(state *checkpoint.Dict) error {
	return decodeOptions("GradScaler", state, g.fields(), func() error {
		if !(g.scale > 0) {
			return misfit("the scale is %v", g.scale)
		}
		return nil
	})
}
