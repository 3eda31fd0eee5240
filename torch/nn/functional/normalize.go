package functional

import (
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/aten"
)

// Normalize divides x by its p-norm over a dimension, or by 1e-12 where that is less;
// PyTorch's p is 2, and its dimension 1.
func Normalize(x *torch.Tensor, p float64, dim int64) (*torch.Tensor, error) {
	norm, err := aten.NormScalarOptDim(x, torch.Float(p), []int64{dim}, &aten.NormScalarOptDimOptions{Keepdim: true})
	if err != nil {
		return nil, err
	}
	defer norm.Close()
	bounded, err := aten.ClampMin(norm, torch.Float(1e-12))
	if err != nil {
		return nil, err
	}
	defer bounded.Close()
	return aten.DivTensor(x, bounded)
}
