package nn

import (
	"fmt"
	"math"
	"slices"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/aten"
)

// PoolOptions are the options of pooling. The slices hold a number for each
// dimension, and go before the numbers that are for all.
type PoolOptions struct {
	Stride, Padding, Dilation            int64 // the kernel's size, 0 and 1 unless given; of dilation: maxima only
	Kernel, Strides, Paddings, Dilations []int64
	CeilMode                             bool // round sizes up
	ExcludePadding                       bool // of means: count_include_pad=False
}

// pooling is what kinds of pooling have in common.
type pooling struct {
	given                             PoolOptions
	one                               int64 // the kernel as it was given, if by one number
	kernel, stride, padding, dilation []int64
}

func newPooling(n int, kernel int64, opts []PoolOptions) pooling {
	o := option(opts)
	p := pooling{given: o, one: kernel, kernel: each(n, o.Kernel, kernel, 1), padding: each(n, o.Paddings, o.Padding, 0), dilation: each(n, o.Dilations, o.Dilation, 1)}
	p.stride = p.kernel
	if o.Strides != nil || o.Stride != 0 {
		p.stride = each(n, o.Strides, o.Stride, 1)
	}
	return p
}

var (
	opMaxPool     = [3]torch.Operator{{Name: "aten::max_pool1d"}, {Name: "aten::max_pool2d"}, {Name: "aten::max_pool3d"}}
	opAvgPool     = [3]torch.Operator{{Name: "aten::avg_pool1d"}, {Name: "aten::avg_pool2d"}, {Name: "aten::avg_pool3d"}}
	opAdaptiveAvg = [3]torch.Operator{{Name: "aten::adaptive_avg_pool1d"}, {Name: "aten::adaptive_avg_pool2d"}, {Name: "aten::adaptive_avg_pool3d"}}
	opAdaptiveMax = [3]torch.Operator{{Name: "aten::adaptive_max_pool1d"}, {Name: "aten::adaptive_max_pool2d"}, {Name: "aten::adaptive_max_pool3d"}}
)

// as writes sizes as they were given: one number for all, or a tuple.
func as(list []int64, one int64) string {
	if list == nil {
		return fmt.Sprint(one)
	}
	return pyTuple(list)
}

// strideText is the stride as it was given, else the kernel.
func (p *pooling) strideText() string {
	if p.given.Strides == nil && p.given.Stride == 0 {
		return as(p.given.Kernel, p.one)
	}
	return as(p.given.Strides, p.given.Stride)
}

// maxPooling takes maxima.
type maxPooling struct{ pooling }

// Forward takes batch × channels × sizes, or the same without the batch.
func (p *maxPooling) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	a := opMaxPool[len(p.kernel)-1].Begin()
	a.Tensor(x)
	a.Ints(p.kernel)
	a.Ints(p.stride)
	a.Ints(p.padding)
	a.Ints(p.dilation)
	a.Bool(p.given.CeilMode)
	return a.CallTensor()
}

// Describe tells what it was made with.
func (p *maxPooling) Describe() string {
	return fmt.Sprintf("kernel_size=%s, stride=%s, padding=%s, dilation=%s, ceil_mode=%s", as(p.given.Kernel, p.one), p.strideText(),
		as(p.given.Paddings, p.given.Padding), as(p.given.Dilations, nonzero(p.given.Dilation, 1)), pyBool(p.given.CeilMode))
}

// avgPooling takes means.
type avgPooling struct{ pooling }

// Forward takes batch × channels × sizes, or the same without the batch.
func (p *avgPooling) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	a := opAvgPool[len(p.kernel)-1].Begin()
	a.Tensor(x)
	a.Ints(p.kernel)
	a.Ints(p.stride)
	a.Ints(p.padding)
	a.Bool(p.given.CeilMode)
	a.Bool(!p.given.ExcludePadding)
	return a.CallTensor()
}

// Describe tells what it was made with.
func (p *avgPooling) Describe() string {
	if len(p.kernel) == 1 {
		return fmt.Sprintf("kernel_size=%s, stride=%s, padding=%s", pyTuple(p.kernel), pyTuple(p.stride), pyTuple(p.padding))
	}
	return fmt.Sprintf("kernel_size=%s, stride=%s, padding=%s", as(p.given.Kernel, p.one), p.strideText(), as(p.given.Paddings, p.given.Padding))
}

// lpPooling takes power means.
type lpPooling struct {
	pooling
	P float64 // the power
}

// Forward takes batch × channels × sizes, or the same without the batch.
func (p *lpPooling) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	powers, err := aten.PowTensorScalar(x, torch.Float(p.P))
	if err != nil {
		return nil, err
	}
	mean, err := (&avgPooling{p.pooling}).Forward(powers)
	if err != nil {
		return nil, err
	}
	sign, err := aten.Sign(mean)
	if err != nil {
		return nil, err
	}
	size, err := Pipe(mean, aten.Abs, aten.Relu)
	if err != nil {
		return nil, err
	}
	count := int64(1)
	for _, k := range p.kernel {
		count *= k
	}
	return Pipe(sign, func(s *torch.Tensor) (*torch.Tensor, error) { return aten.MulTensor(s, size) },
		func(s *torch.Tensor) (*torch.Tensor, error) { return aten.MulScalar(s, torch.Int(count)) },
		func(s *torch.Tensor) (*torch.Tensor, error) { return aten.PowTensorScalar(s, torch.Float(1/p.P)) })
}

// Describe tells what it was made with.
func (p *lpPooling) Describe() string {
	stride := "None"
	if p.given.Strides != nil || p.given.Stride != 0 {
		stride = p.strideText()
	}
	power := pyFloat(p.P)
	if p.P == math.Trunc(p.P) {
		power = fmt.Sprint(int64(p.P))
	}
	return fmt.Sprintf("norm_type=%s, kernel_size=%s, stride=%s, ceil_mode=%s", power, as(p.given.Kernel, p.one), stride, pyBool(p.given.CeilMode))
}

// Pooling over one, two and three dimensions: maxima, means and power means.
type (
	MaxPool1d struct{ maxPooling }
	MaxPool2d struct{ maxPooling }
	MaxPool3d struct{ maxPooling }
	AvgPool1d struct{ avgPooling }
	AvgPool2d struct{ avgPooling }
	AvgPool3d struct{ avgPooling }
	LPPool1d  struct{ lpPooling }
	LPPool2d  struct{ lpPooling }
)

// NewMaxPool1d makes maxima over windows of sequences.
func NewMaxPool1d(kernel int64, opts ...PoolOptions) *MaxPool1d {
	return &MaxPool1d{maxPooling{newPooling(1, kernel, opts)}}
}

// NewMaxPool2d makes maxima over windows of images.
func NewMaxPool2d(kernel int64, opts ...PoolOptions) *MaxPool2d {
	return &MaxPool2d{maxPooling{newPooling(2, kernel, opts)}}
}

// NewMaxPool3d makes maxima over windows of volumes.
func NewMaxPool3d(kernel int64, opts ...PoolOptions) *MaxPool3d {
	return &MaxPool3d{maxPooling{newPooling(3, kernel, opts)}}
}

// NewAvgPool1d makes means over windows of sequences.
func NewAvgPool1d(kernel int64, opts ...PoolOptions) *AvgPool1d {
	return &AvgPool1d{avgPooling{newPooling(1, kernel, opts)}}
}

// NewAvgPool2d makes means over windows of images.
func NewAvgPool2d(kernel int64, opts ...PoolOptions) *AvgPool2d {
	return &AvgPool2d{avgPooling{newPooling(2, kernel, opts)}}
}

// NewAvgPool3d makes means over windows of volumes.
func NewAvgPool3d(kernel int64, opts ...PoolOptions) *AvgPool3d {
	return &AvgPool3d{avgPooling{newPooling(3, kernel, opts)}}
}

// NewLPPool1d makes power means over windows of sequences.
func NewLPPool1d(p float64, kernel int64, opts ...PoolOptions) *LPPool1d {
	return &LPPool1d{lpPooling{newPooling(1, kernel, opts), p}}
}

// NewLPPool2d makes power means over windows of images.
func NewLPPool2d(p float64, kernel int64, opts ...PoolOptions) *LPPool2d {
	return &LPPool2d{lpPooling{newPooling(2, kernel, opts), p}}
}

// adaptive is pooling by the size of what it gives: one number for all dimensions,
// or one for each.
type adaptive struct{ sizes []int64 }

func (p *adaptive) each(n int) []int64 {
	if len(p.sizes) == 1 {
		return slices.Repeat(p.sizes, n)
	}
	return p.sizes
}

// Describe tells the size.
func (p *adaptive) Describe() string {
	if len(p.sizes) == 1 {
		return fmt.Sprintf("output_size=%d", p.sizes[0])
	}
	return "output_size=" + pyTuple(p.sizes)
}

func (p *adaptive) mean(n int, x *torch.Tensor) (*torch.Tensor, error) {
	a := opAdaptiveAvg[n-1].Begin()
	a.Tensor(x)
	a.Ints(p.each(n))
	return a.CallTensor()
}

func (p *adaptive) maximum(n int, x *torch.Tensor) (*torch.Tensor, error) {
	a := opAdaptiveMax[n-1].Begin()
	a.Tensor(x)
	a.Ints(p.each(n))
	v, err := a.Call()
	if err != nil {
		return nil, err
	}
	both := torch.Tensors(v)
	both[1].Close() // where the maxima were
	return both[0], nil
}

// Pooling to a size, whatever the input's is.
type (
	AdaptiveAvgPool1d struct{ adaptive }
	AdaptiveAvgPool2d struct{ adaptive }
	AdaptiveAvgPool3d struct{ adaptive }
	AdaptiveMaxPool1d struct{ adaptive }
	AdaptiveMaxPool2d struct{ adaptive }
	AdaptiveMaxPool3d struct{ adaptive }
)

// NewAdaptiveAvgPool1d makes means of sequences, to sizes given by one number, or one for each dimension.
func NewAdaptiveAvgPool1d(sizes ...int64) *AdaptiveAvgPool1d {
	return &AdaptiveAvgPool1d{adaptive{sizes}}
}

// Forward takes batch × channels × sizes, or the same without the batch.
func (p *AdaptiveAvgPool1d) Forward(x *torch.Tensor) (*torch.Tensor, error) { return p.mean(1, x) }

// NewAdaptiveAvgPool2d makes means of images, to sizes given by one number, or one for each dimension.
func NewAdaptiveAvgPool2d(sizes ...int64) *AdaptiveAvgPool2d {
	return &AdaptiveAvgPool2d{adaptive{sizes}}
}

// Forward takes batch × channels × sizes, or the same without the batch.
func (p *AdaptiveAvgPool2d) Forward(x *torch.Tensor) (*torch.Tensor, error) { return p.mean(2, x) }

// NewAdaptiveAvgPool3d makes means of volumes, to sizes given by one number, or one for each dimension.
func NewAdaptiveAvgPool3d(sizes ...int64) *AdaptiveAvgPool3d {
	return &AdaptiveAvgPool3d{adaptive{sizes}}
}

// Forward takes batch × channels × sizes, or the same without the batch.
func (p *AdaptiveAvgPool3d) Forward(x *torch.Tensor) (*torch.Tensor, error) { return p.mean(3, x) }

// NewAdaptiveMaxPool1d makes maxima of sequences, to sizes given by one number, or one for each dimension.
func NewAdaptiveMaxPool1d(sizes ...int64) *AdaptiveMaxPool1d {
	return &AdaptiveMaxPool1d{adaptive{sizes}}
}

// Forward takes batch × channels × sizes, or the same without the batch.
func (p *AdaptiveMaxPool1d) Forward(x *torch.Tensor) (*torch.Tensor, error) { return p.maximum(1, x) }

// NewAdaptiveMaxPool2d makes maxima of images, to sizes given by one number, or one for each dimension.
func NewAdaptiveMaxPool2d(sizes ...int64) *AdaptiveMaxPool2d {
	return &AdaptiveMaxPool2d{adaptive{sizes}}
}

// Forward takes batch × channels × sizes, or the same without the batch.
func (p *AdaptiveMaxPool2d) Forward(x *torch.Tensor) (*torch.Tensor, error) { return p.maximum(2, x) }

// NewAdaptiveMaxPool3d makes maxima of volumes, to sizes given by one number, or one for each dimension.
func NewAdaptiveMaxPool3d(sizes ...int64) *AdaptiveMaxPool3d {
	return &AdaptiveMaxPool3d{adaptive{sizes}}
}

// Forward takes batch × channels × sizes, or the same without the batch.
func (p *AdaptiveMaxPool3d) Forward(x *torch.Tensor) (*torch.Tensor, error) { return p.maximum(3, x) }
