package initializer

import (
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/aten"
)

// Orthogonal fills t, its dimensions after the first taken as one, with a matrix
// whose rows or columns are orthonormal, times gain (Saxe et al., 2013).
func Orthogonal(t *torch.Tensor, gain float64) error {
	shape := t.Shape()
	if len(shape) < 2 {
		return refuse("orthogonal", "a tensor of %d dimensions: 2 are needed", len(shape))
	}
	if t.Numel() == 0 {
		return nil
	}
	return torch.InScope(func(s *torch.Scope) error {
		rows := shape[0]
		columns := t.Numel() / rows
		flat, err := torch.Empty(t.DType(), t.Device(), rows, columns)
		if err != nil {
			return err
		}
		s.Add(flat)
		if err := Normal(flat, 0, 1); err != nil {
			return err
		}
		if rows < columns {
			if flat, err = aten.T(flat); err != nil {
				return err
			}
		}
		q, r, err := aten.LinalgQr(flat, nil)
		if err != nil {
			return err
		}
		// Mezzadri (2007): without the signs the matrices are not uniform.
		diagonal, err := aten.Diag(r, nil)
		if err != nil {
			return err
		}
		signs, err := aten.Sign(diagonal)
		if err != nil {
			return err
		}
		if q, err = aten.MulTensor(q, signs); err != nil {
			return err
		}
		if rows < columns {
			if q, err = aten.T(q); err != nil {
				return err
			}
		}
		if q, err = q.Reshape(shape...); err != nil {
			return err
		}
		if err := t.CopyFrom(q); err != nil {
			return err
		}
		return write(&opMul, t, torch.Float(gain))
	})
}

// Dirac fills t, the weight of a convolution, so that it hands its input on as far
// as there are channels, in each of so many groups.
func Dirac(t *torch.Tensor, groups int64) error {
	shape := t.Shape()
	if len(shape) < 3 || len(shape) > 5 {
		return refuse("dirac", "a tensor of %d dimensions: 3, 4 or 5 are needed", len(shape))
	}
	if groups < 1 || shape[0]%groups != 0 {
		return refuse("dirac", "%d outputs are no multiple of %d groups", shape[0], groups)
	}
	if err := Zeros(t); err != nil {
		return err
	}
	return torch.InScope(func(s *torch.Scope) error {
		whole, err := t.Detach()
		if err != nil {
			return err
		}
		s.Add(whole)
		each := shape[0] / groups
		for g := range groups {
			for d := range min(each, shape[1]) {
				at, err := aten.SelectInt(whole, 0, g*each+d)
				if err != nil {
					return err
				}
				for _, index := range append([]int64{d}, middle(shape[2:])...) {
					if at, err = aten.SelectInt(at, 0, index); err != nil {
						return err
					}
				}
				if err := aten.FillScalarInPlace(at, torch.Float(1)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func middle(sizes []int64) []int64 {
	at := make([]int64, len(sizes))
	for i, s := range sizes {
		at[i] = s / 2
	}
	return at
}
