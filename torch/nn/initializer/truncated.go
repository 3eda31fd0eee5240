package initializer

import (
	"math"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/aten"
)

// TruncatedNormal fills t with normal numbers between low and high, as
// torch.nn.init.trunc_normal_ does since it draws again what lies outside: from the
// normal distribution where much of it lies inside, else from a uniform one, of
// which it keeps as much as the normal one's density says.
func TruncatedNormal(t *torch.Tensor, mean, std, low, high float64) error {
	if low > high || std <= 0 {
		return refuse("truncated normal", "low %g, high %g and std %g leave nothing to draw", low, high, std)
	}
	if t.Numel() == 0 {
		return nil
	}
	below := func(x float64) float64 { return (1 + math.Erf(x/math.Sqrt2)) / 2 }
	inside := below((high-mean)/std) - below((low-mean)/std)
	return torch.InScope(func(s *torch.Scope) error {
		bare, err := t.Detach()
		if err != nil {
			return err
		}
		s.Add(bare)
		if inside > 0.3 {
			return redraw(bare, mean, std, low, high)
		}
		return reject(bare, mean, std, low, high)
	})
}

// redraw draws normal numbers until all lie inside.
func redraw(t *torch.Tensor, mean, std, low, high float64) error {
	if err := Normal(t, mean, std); err != nil {
		return err
	}
	for {
		under, err := aten.LtScalar(t, torch.Float(low))
		if err != nil {
			return err
		}
		over, err := aten.GtScalar(t, torch.Float(high))
		if err != nil {
			return err
		}
		outside, err := aten.LogicalOr(under, over)
		if err != nil {
			return err
		}
		if left, err := anyOf(outside); err != nil || !left {
			return err
		}
		fresh, err := aten.EmptyLike(t, nil)
		if err != nil {
			return err
		}
		if err := Normal(fresh, mean, std); err != nil {
			return err
		}
		if err := take(t, outside, fresh); err != nil {
			return err
		}
	}
}

// reject draws uniform numbers until all were accepted.
func reject(t *torch.Tensor, mean, std, low, high float64) error {
	peak := (max(low, min(mean, high)) - mean) / std
	logPeak := -0.5 * (peak * peak)
	var pending *torch.Tensor
	for {
		fresh, err := aten.EmptyLike(t, nil)
		if err != nil {
			return err
		}
		if err := Uniform(fresh, low, high); err != nil {
			return err
		}
		if pending == nil {
			err = t.CopyFrom(fresh)
		} else {
			err = take(t, pending, fresh)
		}
		if err != nil {
			return err
		}
		refused, err := unlikely(fresh, mean, std, logPeak)
		if err != nil {
			return err
		}
		if pending != nil {
			if refused, err = aten.WhereSelf(pending, refused, pending); err != nil {
				return err
			}
		}
		pending = refused
		if left, err := anyOf(pending); err != nil || !left {
			return err
		}
	}
}

// unlikely tells which candidates a normal distribution does not keep; it
// overwrites them with the logarithms of their density.
func unlikely(candidates *torch.Tensor, mean, std, logPeak float64) (*torch.Tensor, error) {
	for _, err := range []error{
		aten.SubScalarInPlace(candidates, torch.Float(mean), nil), aten.DivScalarInPlace(candidates, torch.Float(std)),
		aten.PowScalarInPlace(candidates, torch.Int(2)), aten.MulScalarInPlace(candidates, torch.Float(-0.5)),
		aten.SubScalarInPlace(candidates, torch.Float(logPeak), nil),
	} {
		if err != nil {
			return nil, err
		}
	}
	chance, err := aten.EmptyLike(candidates, nil)
	if err != nil {
		return nil, err
	}
	if err := Uniform(chance, 0, 1); err != nil {
		return nil, err
	}
	if err := aten.LogInPlace(chance); err != nil {
		return nil, err
	}
	return aten.GtTensor(chance, candidates)
}

// take puts elements of fresh in place of t's where a mask is true.
func take(t, mask, fresh *torch.Tensor) error {
	merged, err := aten.WhereSelf(mask, fresh, t)
	if err != nil {
		return err
	}
	return t.CopyFrom(merged)
}

func anyOf(mask *torch.Tensor) (bool, error) {
	found, err := aten.Any(mask)
	if err != nil {
		return false, err
	}
	v, err := found.Float64()
	return v != 0, err
}
