package optim

import (
	"fmt"
	"math"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/aten"
	"github.com/seed06459138/torchgo/torch/nn"
)

// ErrNonFinite is matched by the error of a gradient's norm that is infinite or no
// number.
var ErrNonFinite = fmt.Errorf("the gradients are not finite")

var (
	opForeachNorm    = torch.Operator{Name: "aten::_foreach_norm.Scalar"}
	opForeachMulEach = torch.Operator{Name: "aten::_foreach_mul_.Tensor"}
	opForeachAtMost  = torch.Operator{Name: "aten::_foreach_clamp_max_.Scalar"}
	opForeachAtLeast = torch.Operator{Name: "aten::_foreach_clamp_min_.Scalar"}
)

// gradients lists those that parameters have, to be closed.
func gradients(params []*nn.Parameter) ([]*torch.Tensor, error) {
	tensors := make([]*torch.Tensor, len(params))
	for i, p := range params {
		tensors[i] = p.Tensor
	}
	all, err := torch.Grads(tensors...)
	if err != nil {
		return nil, err
	}
	var grads []*torch.Tensor
	for _, g := range all {
		if g != nil {
			grads = append(grads, g)
		}
	}
	return grads, nil
}

// ClipGradNorm scales the gradients of parameters, all of one device, down so that
// their norm, taken of all as of one vector, is at most so large, and gives the norm
// that it was. The norm is Euclid's; see ClipGradNormOf. When it is infinite or no
// number, the gradients stay as they are and the error matches ErrNonFinite.
func ClipGradNorm(params []*nn.Parameter, most float64) (float64, error) {
	return ClipGradNormOf(params, most, 2)
}

// ClipGradNormOf is ClipGradNorm by another norm: 1, or math.Inf(1) for the greatest
// element.
func ClipGradNormOf(params []*nn.Parameter, most, norm float64) (float64, error) {
	grads, err := gradients(params)
	defer closeAll(grads)
	if err != nil || len(grads) == 0 {
		return 0, err
	}
	var total float64
	err = torch.InScope(func(s *torch.Scope) error {
		norms, err := lists(&opForeachNorm, [][]*torch.Tensor{grads}, torch.Float(norm))
		if err != nil {
			return err
		}
		for _, n := range norms {
			s.Add(n)
		}
		together, err := aten.Stack(norms, nil)
		if err != nil {
			return err
		}
		all, err := aten.LinalgVectorNorm(together, &aten.LinalgVectorNormOptions{Ord: torch.Float(norm)})
		if err != nil {
			return err
		}
		if total, err = all.Float64(); err != nil {
			return err
		}
		if math.IsNaN(total) || math.IsInf(total, 0) {
			return fmt.Errorf("clip gradients: %w: their norm is %v", ErrNonFinite, total)
		}
		// As PyTorch does it: by a factor in a tensor, so that a GPU need not be waited for.
		sum, err := aten.AddScalar(all, torch.Float(1e-6), nil)
		if err != nil {
			return err
		}
		inverse, err := aten.Reciprocal(sum)
		if err != nil {
			return err
		}
		factor, err := aten.MulScalar(inverse, torch.Float(most))
		if err != nil {
			return err
		}
		if factor, err = aten.ClampMax(factor, torch.Float(1)); err != nil {
			return err
		}
		return run(&opForeachMulEach, [][]*torch.Tensor{grads}, factor)
	})
	return total, err
}

// ClipGradValue puts every element of the gradients between -most and most.
func ClipGradValue(params []*nn.Parameter, most float64) error {
	grads, err := gradients(params)
	defer closeAll(grads)
	if err != nil || len(grads) == 0 {
		return err
	}
	if err := run(&opForeachAtLeast, [][]*torch.Tensor{grads}, torch.Float(-most)); err != nil {
		return err
	}
	return run(&opForeachAtMost, [][]*torch.Tensor{grads}, torch.Float(most))
}
