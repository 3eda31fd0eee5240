package nn

import (
	"fmt"
	"math"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/aten"
	"github.com/seed06459138/torchgo/torch/nn/initializer"
)

// LinearOptions are the options of NewLinear and NewBilinear.
type LinearOptions struct{ NoBias bool }

// Linear gives x·Weightᵀ + Bias.
type Linear struct {
	Weight *Parameter // out × in
	Bias   *Parameter // nil without one

	class string // another name to be printed under
}

// NewLinear makes a layer from in to out features.
func NewLinear(in, out int64, opts ...LinearOptions) *Linear {
	l := &Linear{Weight: NewParameter(kaiming, out, in)}
	if !option(opts).NoBias {
		l.Bias = NewParameter(uniformOf(in), out)
	}
	return l
}

// Forward takes tensors whose last dimension has the features.
func (l *Linear) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	return aten.Linear(x, l.Weight.Tensor, &aten.LinearOptions{Bias: tensorOf(l.Bias)})
}

// Describe tells the numbers of features.
func (l *Linear) Describe() string {
	size := l.Weight.Size()
	return fmt.Sprintf("in_features=%d, out_features=%d, bias=%s", size[1], size[0], pyBool(l.Bias != nil))
}

// kaiming fills weights of linear layers and convolutions as PyTorch does.
func kaiming(t *torch.Tensor) error {
	return initializer.KaimingUniform(t, &initializer.KaimingOptions{Slope: math.Sqrt(5)})
}

// uniformOf fills with uniform numbers within 1/√n.
func uniformOf(n int64) Fill {
	bound := 0.0
	if n > 0 {
		bound = 1 / math.Sqrt(float64(n))
	}
	return func(t *torch.Tensor) error { return initializer.Uniform(t, -bound, bound) }
}

// Bilinear gives x1ᵀ·Weight·x2 + Bias.
type Bilinear struct {
	Weight *Parameter // out × in1 × in2
	Bias   *Parameter // nil without one
}

// NewBilinear makes a layer from in1 and in2 to out features.
func NewBilinear(in1, in2, out int64, opts ...LinearOptions) *Bilinear {
	l := &Bilinear{Weight: NewParameter(uniformOf(in1), out, in1, in2)}
	if !option(opts).NoBias {
		l.Bias = NewParameter(uniformOf(in1), out)
	}
	return l
}

// Forward takes two tensors that agree but for their last dimension.
func (l *Bilinear) Forward(x1, x2 *torch.Tensor) (*torch.Tensor, error) {
	return aten.Bilinear(x1, x2, l.Weight.Tensor, &aten.BilinearOptions{Bias: tensorOf(l.Bias)})
}

// Describe tells the numbers of features.
func (l *Bilinear) Describe() string {
	size := l.Weight.Size()
	return fmt.Sprintf("in1_features=%d, in2_features=%d, out_features=%d, bias=%s", size[1], size[2], size[0], pyBool(l.Bias != nil))
}

// Identity gives its argument, as a tensor of its own.
type Identity struct{}

// Forward gives x.
func (Identity) Forward(x *torch.Tensor) (*torch.Tensor, error) { return aten.Alias(x) }

// Flatten takes dimensions Start to End (of x, the last unless given) as one.
type Flatten struct {
	Start *int64 // 1 unless given
	End   *int64 // -1 unless given
}

// Forward flattens x.
func (f Flatten) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	return aten.FlattenUsingInts(x, &aten.FlattenOptions{StartDim: or(f.Start, 1), EndDim: new(or(f.End, -1))})
}

// Describe tells which dimensions.
func (f Flatten) Describe() string {
	return fmt.Sprintf("start_dim=%d, end_dim=%d", or(f.Start, 1), or(f.End, -1))
}

// Unflatten takes a dimension apart.
type Unflatten struct {
	Dim   int64
	Sizes []int64
}

// Forward unflattens x.
func (u Unflatten) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	return aten.UnflattenInt(x, u.Dim, u.Sizes)
}

// Describe tells the dimension and its sizes.
func (u Unflatten) Describe() string {
	return fmt.Sprintf("dim=%d, unflattened_size=%s", u.Dim, pyTuple(u.Sizes))
}
