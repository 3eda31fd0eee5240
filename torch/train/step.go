package train

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/aten"
	"github.com/seed06459138/torchgo/torch/nn"
	"github.com/seed06459138/torchgo/torch/optim"
)

// ErrNonFinite is matched by the error of a loss that is infinite or no number.
var ErrNonFinite = errors.New("the loss is not finite")

// NonFiniteError is the error of such a loss. The step was not made.
type NonFiniteError struct {
	Loss float64
	// Parameters names those that have such elements, if they were looked at: the
	// damage was done before this step. Without any, it is in the data or the
	// computation.
	Parameters []string
}

// Error names the parameters.
func (e *NonFiniteError) Error() string {
	text := fmt.Sprintf("the loss is %v", e.Loss)
	if len(e.Parameters) > 0 {
		text += ", and not all elements are finite of " + strings.Join(e.Parameters, ", ")
	}
	return text
}

// Is matches ErrNonFinite.
func (e *NonFiniteError) Is(target error) bool { return target == ErrNonFinite }

// Step makes one step of training: body computes a loss of one element, from
// tensors that it brings into the scope; its gradients, and those alone, are
// computed and the optimiser makes its step; the scope is closed. It gives the loss.
//
// When the loss is not finite, nothing is changed and the error matches ErrNonFinite.
func Step(o optim.Optimizer, body func(s *torch.Scope) (*torch.Tensor, error)) (float64, error) {
	var value float64
	err := torch.InScope(func(s *torch.Scope) error {
		loss, err := body(s)
		if err != nil {
			return err
		}
		if value, err = loss.Float64(); err != nil {
			return err
		}
		if math.IsNaN(value) || math.IsInf(value, 0) {
			return &NonFiniteError{Loss: value}
		}
		return optim.Minimize(o, loss)
	})
	return value, err
}

// Step is the function Step; when the loss is not finite, its error names the
// parameters that are not.
func (r *Run[M, H]) Step(body func(s *torch.Scope) (*torch.Tensor, error)) (float64, error) {
	loss, err := Step(r.Optimizer, body)
	var broken *NonFiniteError
	if errors.As(err, &broken) {
		names, looking := nonFinite(r.Model)
		if looking != nil {
			return loss, errors.Join(err, looking)
		}
		broken.Parameters = names
	}
	return loss, err
}

// nonFinite names the parameters of a module that are not finite.
func nonFinite(module any) ([]string, error) {
	var names []string
	err := torch.InScope(func(s *torch.Scope) error {
		for name, p := range nn.NamedParameters(module) {
			bare, err := p.Detach()
			if err != nil {
				return err
			}
			finite, err := aten.Isfinite(s.Add(bare))
			if err != nil {
				return err
			}
			all, err := aten.All(finite)
			if err != nil {
				return err
			}
			v, err := all.Float64()
			if err != nil {
				return err
			}
			if v == 0 {
				names = append(names, name)
			}
		}
		return nil
	})
	return names, err
}
