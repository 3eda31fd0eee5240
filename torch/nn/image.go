package nn

import (
	"fmt"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/aten"
)

// Interpolation is how Upsample finds elements between those that it has.
type Interpolation string

// The interpolations.
const (
	InterpolateNearest      Interpolation = "nearest"
	InterpolateNearestExact Interpolation = "nearest-exact"
	InterpolateLinear       Interpolation = "linear"    // of sequences
	InterpolateBilinear     Interpolation = "bilinear"  // of images
	InterpolateBicubic      Interpolation = "bicubic"   // of images
	InterpolateTrilinear    Interpolation = "trilinear" // of volumes
)

// Upsample changes the size of sequences, images or volumes: to a size, or by a factor.
type Upsample struct {
	Size         []int64 // of what comes out; nil: by Scale
	Scale        float64
	Mode         Interpolation // nearest unless given
	AlignCorners bool          // corners stay where they are; not of nearest
}

// operator names the operator of a mode for a number of dimensions.
func (u Upsample) operator(dims int) (name string, corners bool, err error) {
	switch u.mode() {
	case InterpolateNearest:
		return fmt.Sprintf("aten::upsample_nearest%dd.vec", dims), false, nil
	case InterpolateNearestExact:
		return fmt.Sprintf("aten::_upsample_nearest_exact%dd.vec", dims), false, nil
	}
	for mode, n := range map[Interpolation]int{InterpolateLinear: 1, InterpolateBilinear: 2, InterpolateBicubic: 2, InterpolateTrilinear: 3} {
		if u.mode() == mode && n == dims {
			return fmt.Sprintf("aten::upsample_%s%dd.vec", mode, dims), true, nil
		}
	}
	return "", false, &torch.Error{Op: "Upsample", Code: torch.CodeArgument, Msg: fmt.Sprintf("there is no %s interpolation over %d dimensions", u.mode(), dims)}
}

func (u Upsample) mode() Interpolation { return nonzero(u.Mode, InterpolateNearest) }

// Forward takes batch × channels × sizes.
func (u Upsample) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	if err := expect(x, "Upsample", 3, 4, 5); err != nil {
		return nil, err
	}
	dims := x.Dim() - 2
	name, corners, err := u.operator(dims)
	if err != nil {
		return nil, err
	}
	var size, scales torch.Value = torch.None{}, torch.None{}
	if u.Size != nil {
		var list torch.List
		for _, s := range u.Size {
			list = append(list, torch.Int(s))
		}
		size = list
	} else {
		var list torch.List
		for range dims {
			list = append(list, torch.Float(u.Scale))
		}
		scales = list
	}
	args := []torch.Value{x, size}
	if corners {
		args = append(args, torch.Bool(u.AlignCorners))
	}
	v, err := torch.Call(name, append(args, scales)...)
	if err != nil {
		return nil, err
	}
	return torch.Tensors(v)[0], nil
}

// Describe tells what it was made with.
func (u Upsample) Describe() string {
	if u.Size != nil {
		return fmt.Sprintf("size=%s, mode='%s'", pyTuple(u.Size), u.mode())
	}
	return fmt.Sprintf("scale_factor=%s, mode='%s'", pyFloat(u.Scale), u.mode())
}

// PixelShuffle makes images larger by a factor of channels (Shi et al., 2016).
type PixelShuffle struct{ Factor int64 }

// Forward takes batch × channels · Factor² × height × width.
func (p PixelShuffle) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	return aten.PixelShuffle(x, p.Factor)
}

// Describe tells the factor.
func (p PixelShuffle) Describe() string { return fmt.Sprintf("upscale_factor=%d", p.Factor) }

// PixelUnshuffle undoes PixelShuffle.
type PixelUnshuffle struct{ Factor int64 }

// Forward takes batch × channels × height × width.
func (p PixelUnshuffle) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	return aten.PixelUnshuffle(x, p.Factor)
}

// Describe tells the factor.
func (p PixelUnshuffle) Describe() string { return fmt.Sprintf("downscale_factor=%d", p.Factor) }

// CosineSimilarity compares the angles of vectors in a dimension.
type CosineSimilarity struct {
	Dim *int64   // 1 unless given
	Eps *float64 // 1e-8 unless given
}

// Forward takes two tensors of one shape.
func (c CosineSimilarity) Forward(x1, x2 *torch.Tensor) (*torch.Tensor, error) {
	return aten.CosineSimilarity(x1, x2, &aten.CosineSimilarityOptions{Dim: new(or(c.Dim, 1)), Eps: c.Eps})
}

// PairwiseDistance is the distance of vectors in the last dimension.
type PairwiseDistance struct {
	P       *float64 // the norm; 2 unless given
	Eps     *float64 // 1e-6 unless given
	KeepDim bool
}

// Forward takes two tensors of one shape.
func (d PairwiseDistance) Forward(x1, x2 *torch.Tensor) (*torch.Tensor, error) {
	return aten.PairwiseDistance(x1, x2, &aten.PairwiseDistanceOptions{P: d.P, Eps: d.Eps, Keepdim: d.KeepDim})
}
