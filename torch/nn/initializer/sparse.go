package initializer

import (
	"math"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/aten"
)

// Sparse fills t, of two dimensions, with normal numbers around 0, of which it makes a
// part in each column 0 (Martens, 2010). PyTorch's std is 0.01.
func Sparse(t *torch.Tensor, sparsity, std float64) error {
	shape := t.Shape()
	if len(shape) != 2 {
		return refuse("sparse", "a tensor of %d dimensions, not 2", len(shape))
	}
	if !(sparsity >= 0 && sparsity <= 1) {
		return refuse("sparse", "%v is no part of a column", sparsity)
	}
	if err := Normal(t, 0, std); err != nil {
		return err
	}
	return torch.InScope(func(s *torch.Scope) error {
		bare, err := t.Detach()
		if err != nil {
			return err
		}
		s.Add(bare)
		zeros := int64(math.Ceil(sparsity * float64(shape[0])))
		for column := range shape[1] {
			rows, err := aten.Randperm(shape[0], nil)
			if err != nil {
				return err
			}
			first, err := aten.Narrow(s.Add(rows), 0, 0, zeros)
			if err != nil {
				return err
			}
			if first, err = first.To(t.Device()); err != nil {
				return err
			}
			at, err := aten.SelectInt(bare, 1, column)
			if err != nil {
				return err
			}
			if err := aten.IndexFillIntScalarInPlace(at, 0, s.Add(first), torch.Int(0)); err != nil {
				return err
			}
		}
		return nil
	})
}
