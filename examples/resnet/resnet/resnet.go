// Package resnet has the residual networks of He and others (2015), with the names and
// numbers of torchvision's, whose state_dicts they load.
package resnet

import (
	"errors"
	"fmt"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/aten"
	"github.com/seed06459138/torchgo/torch/nn"
	"github.com/seed06459138/torchgo/torch/nn/functional"
	"github.com/seed06459138/torchgo/torch/nn/initializer"
)

// Hyper are the hyper-parameters of both networks.
type Hyper struct {
	Classes int64
	Width   int64   // channels behind the first convolution; torchvision's have 64
	LR      float64 // what they are trained with, nothing of the structure
}

// ResNet is a residual network: [n, 3, height, width] → [n, classes].
type ResNet struct {
	Conv1                          *nn.Conv2d
	BN1                            *nn.BatchNorm2d
	Layer1, Layer2, Layer3, Layer4 *nn.Sequential
	FC                             *nn.Linear
}

// New18 declares ResNet-18.
func New18(h Hyper) (*ResNet, error) {
	return build(h, []int{2, 2, 2, 2}, 1, func(in, out, stride int64) nn.Layer { return newBasic(in, out, stride) })
}

// New50 declares ResNet-50.
func New50(h Hyper) (*ResNet, error) {
	return build(h, []int{3, 4, 6, 3}, 4, func(in, out, stride int64) nn.Layer { return newBottleneck(in, out, stride) })
}

func init() {
	if err := errors.Join(nn.Register("resnet18", "v1", New18), nn.Register("resnet50", "v1", New50)); err != nil {
		panic(err) // one is registered twice
	}
}

// build puts blocks together. A block of a width gives so many times as many channels.
func build(h Hyper, blocks []int, times int64, block func(in, width, stride int64) nn.Layer) (*ResNet, error) {
	if h.Classes < 1 || h.Width < 1 {
		return nil, fmt.Errorf("a network of %d classes and %d channels", h.Classes, h.Width)
	}
	r := &ResNet{Conv1: nn.NewConv2d(3, h.Width, 7, nn.ConvOptions{Stride: 2, Padding: 3, NoBias: true}), BN1: nn.NewBatchNorm2d(h.Width)}
	in, width := h.Width, h.Width
	for i, layer := range []**nn.Sequential{&r.Layer1, &r.Layer2, &r.Layer3, &r.Layer4} {
		*layer = nn.NewSequential()
		stride := int64(2)
		if i == 0 {
			stride = 1
		}
		for range blocks[i] {
			(*layer).Append(block(in, width, stride))
			in, stride = width*times, 1
		}
		width *= 2
	}
	r.FC = nn.NewLinear(in, h.Classes)
	return r, nil
}

// Forward gives the scores of the classes.
func (r *ResNet) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	return nn.Pipe(x, r.Conv1.Forward, r.BN1.Forward, functional.ReLU,
		nn.NewMaxPool2d(3, nn.PoolOptions{Stride: 2, Padding: 1}).Forward,
		r.Layer1.Forward, r.Layer2.Forward, r.Layer3.Forward, r.Layer4.Forward,
		nn.NewAdaptiveAvgPool2d(1).Forward, functional.Flatten, r.FC.Forward)
}

// Initialize fills the convolutions as torchvision does.
func (r *ResNet) Initialize() error {
	for name, m := range nn.Modules(r) {
		if c, ok := m.(*nn.Conv2d); ok {
			o := initializer.KaimingOptions{FanOut: true, Nonlinearity: initializer.ReLUGain}
			if err := initializer.KaimingNormal(c.Weight.Tensor, &o); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return nil
}

// basic is a block of two convolutions.
type basic struct {
	Conv1      *nn.Conv2d
	BN1        *nn.BatchNorm2d
	Conv2      *nn.Conv2d
	BN2        *nn.BatchNorm2d
	Downsample *nn.Sequential // nil where the input is added as it is
}

func newBasic(in, width, stride int64) *basic {
	return &basic{conv3(in, width, stride), nn.NewBatchNorm2d(width), conv3(width, width, 1), nn.NewBatchNorm2d(width), downsample(in, width, stride)}
}

// Forward adds what the convolutions give to x.
func (b *basic) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	y, err := nn.Pipe(x, b.Conv1.Forward, b.BN1.Forward, functional.ReLU, b.Conv2.Forward, b.BN2.Forward)
	return joined(x, y, err, b.Downsample)
}

// bottleneck is a block of three convolutions, the middle one narrow.
type bottleneck struct {
	Conv1      *nn.Conv2d
	BN1        *nn.BatchNorm2d
	Conv2      *nn.Conv2d
	BN2        *nn.BatchNorm2d
	Conv3      *nn.Conv2d
	BN3        *nn.BatchNorm2d
	Downsample *nn.Sequential // nil where the input is added as it is
}

func newBottleneck(in, width, stride int64) *bottleneck {
	out := 4 * width
	return &bottleneck{conv1(in, width, 1), nn.NewBatchNorm2d(width), conv3(width, width, stride), nn.NewBatchNorm2d(width),
		conv1(width, out, 1), nn.NewBatchNorm2d(out), downsample(in, out, stride)}
}

// Forward adds what the convolutions give to x.
func (b *bottleneck) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	y, err := nn.Pipe(x, b.Conv1.Forward, b.BN1.Forward, functional.ReLU, b.Conv2.Forward, b.BN2.Forward, functional.ReLU,
		b.Conv3.Forward, b.BN3.Forward)
	return joined(x, y, err, b.Downsample)
}

// joined adds the way around a block to what the block gave.
func joined(x, y *torch.Tensor, err error, around *nn.Sequential) (*torch.Tensor, error) {
	if err == nil && around != nil {
		x, err = around.Forward(x)
	}
	if err != nil {
		return nil, err
	}
	sum, err := aten.AddTensor(y, x, nil)
	if err != nil {
		return nil, err
	}
	return functional.ReLU(sum)
}

func conv3(in, out, stride int64) *nn.Conv2d {
	return nn.NewConv2d(in, out, 3, nn.ConvOptions{Stride: stride, Padding: 1, NoBias: true})
}

func conv1(in, out, stride int64) *nn.Conv2d {
	return nn.NewConv2d(in, out, 1, nn.ConvOptions{Stride: stride, NoBias: true})
}

// downsample is the way around a block that changes the size; nil where none does.
func downsample(in, out, stride int64) *nn.Sequential {
	if in == out && stride == 1 {
		return nil
	}
	return nn.NewSequential(conv1(in, out, stride), nn.NewBatchNorm2d(out))
}
