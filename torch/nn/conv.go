package nn

import (
	"fmt"
	"slices"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/aten"
)

// PaddingMode is what a convolution, or padding, puts around its input.
type PaddingMode string

// The padding modes.
const (
	PadZeros     PaddingMode = "" // the default
	PadReflect   PaddingMode = "reflect"
	PadReplicate PaddingMode = "replicate"
	PadCircular  PaddingMode = "circular"
)

// ConvOptions are the options of convolutions. The slices hold a number for each
// dimension, and go before the numbers that are for all.
type ConvOptions struct {
	Stride, Padding, Dilation            int64 // 1, 0 and 1 unless given
	Kernel, Strides, Paddings, Dilations []int64
	Same                                 bool // pad so that the size stays (padding="same")
	Groups                               int64
	NoBias                               bool
	PaddingMode                          PaddingMode
	OutputPadding                        int64 // of transposed convolutions
	OutputPaddings                       []int64
}

// each gives a number for each of n dimensions.
func each(n int, list []int64, one, otherwise int64) []int64 {
	if list != nil {
		return list
	}
	return slices.Repeat([]int64{nonzero(one, otherwise)}, n)
}

// convolution is what convolutions have in common.
type convolution struct {
	Weight *Parameter // out × in/groups × kernel; transposed: in × out/groups × kernel
	Bias   *Parameter // nil without one

	in, out                                  int64
	kernel, stride, padding, dilation, extra []int64
	groups                                   int64
	same, transposed                         bool
	mode                                     PaddingMode
}

func newConvolution(n int, in, out, kernel int64, transposed bool, opts []ConvOptions) convolution {
	o := option(opts)
	c := convolution{in: in, out: out, groups: nonzero(o.Groups, 1), same: o.Same, mode: o.PaddingMode, transposed: transposed,
		kernel: each(n, o.Kernel, kernel, 1), stride: each(n, o.Strides, o.Stride, 1), padding: each(n, o.Paddings, o.Padding, 0),
		dilation: each(n, o.Dilations, o.Dilation, 1), extra: each(n, o.OutputPaddings, o.OutputPadding, 0)}
	shape := append([]int64{out, in / c.groups}, c.kernel...)
	if transposed {
		shape[0], shape[1] = in, out/c.groups
	}
	fan := shape[1]
	for _, k := range c.kernel {
		fan *= k
	}
	c.Weight = NewParameter(kaiming, shape...)
	if !o.NoBias {
		c.Bias = NewParameter(uniformOf(fan), out)
	}
	return c
}

var (
	opConv     = [3]torch.Operator{{Name: "aten::conv1d"}, {Name: "aten::conv2d"}, {Name: "aten::conv3d"}}
	opConvSame = [3]torch.Operator{{Name: "aten::conv1d.padding"}, {Name: "aten::conv2d.padding"}, {Name: "aten::conv3d.padding"}}
	opConvBack = [3]torch.Operator{{Name: "aten::conv_transpose1d"}, {Name: "aten::conv_transpose2d.input"}, {Name: "aten::conv_transpose3d.input"}}
)

// Forward takes batch × channels × sizes, or the same without the batch.
func (c *convolution) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	n := len(c.kernel) - 1
	op, padding := &opConv[n], c.padding
	if c.transposed {
		a := opConvBack[n].Begin()
		a.Tensor(x)
		a.Tensor(c.Weight.Tensor)
		a.OptionalTensor(tensorOf(c.Bias))
		a.Ints(c.stride)
		a.Ints(c.padding)
		a.Ints(c.extra)
		a.Int(c.groups)
		a.Ints(c.dilation)
		return a.CallTensor()
	}
	if c.mode != PadZeros {
		var err error
		if x, err = aten.Pad(x, c.around(), &aten.PadOptions{Mode: string(c.mode)}); err != nil {
			return nil, err
		}
		padding = make([]int64, n+1)
	} else if c.same {
		op = &opConvSame[n]
	}
	a := op.Begin()
	a.Tensor(x)
	a.Tensor(c.Weight.Tensor)
	a.OptionalTensor(tensorOf(c.Bias))
	a.Ints(c.stride)
	if op == &opConvSame[n] {
		a.String("same")
	} else {
		a.Ints(padding)
	}
	a.Ints(c.dilation)
	a.Int(c.groups)
	return a.CallTensor()
}

// around gives the padding of both sides, the last dimension first, as aten::pad
// takes it.
func (c *convolution) around() []int64 {
	var pads []int64
	for i := len(c.kernel) - 1; i >= 0; i-- {
		left, right := c.padding[i], c.padding[i]
		if c.same {
			total := c.dilation[i] * (c.kernel[i] - 1)
			left, right = total/2, total-total/2
		}
		pads = append(pads, left, right)
	}
	return pads
}

// Describe tells what it was made with.
func (c *convolution) Describe() string {
	text := fmt.Sprintf("%d, %d, kernel_size=%s, stride=%s", c.in, c.out, pyTuple(c.kernel), pyTuple(c.stride))
	differ := func(list []int64, from int64) bool {
		return slices.ContainsFunc(list, func(v int64) bool { return v != from })
	}
	switch {
	case c.same:
		text += ", padding=same"
	case differ(c.padding, 0):
		text += ", padding=" + pyTuple(c.padding)
	}
	if differ(c.dilation, 1) {
		text += ", dilation=" + pyTuple(c.dilation)
	}
	if differ(c.extra, 0) {
		text += ", output_padding=" + pyTuple(c.extra)
	}
	if c.groups != 1 {
		text += fmt.Sprintf(", groups=%d", c.groups)
	}
	if c.Bias == nil {
		text += ", bias=False"
	}
	if c.mode != PadZeros {
		text += ", padding_mode=" + string(c.mode)
	}
	return text
}

// Convolutions over one, two and three dimensions, and their transposes.
type (
	Conv1d          struct{ convolution }
	Conv2d          struct{ convolution }
	Conv3d          struct{ convolution }
	ConvTranspose1d struct{ convolution }
	ConvTranspose2d struct{ convolution }
	ConvTranspose3d struct{ convolution }
)

// NewConv1d makes a convolution from in to out channels over sequences.
func NewConv1d(in, out, kernel int64, opts ...ConvOptions) *Conv1d {
	return &Conv1d{newConvolution(1, in, out, kernel, false, opts)}
}

// NewConv2d makes a convolution from in to out channels over images.
func NewConv2d(in, out, kernel int64, opts ...ConvOptions) *Conv2d {
	return &Conv2d{newConvolution(2, in, out, kernel, false, opts)}
}

// NewConv3d makes a convolution from in to out channels over volumes.
func NewConv3d(in, out, kernel int64, opts ...ConvOptions) *Conv3d {
	return &Conv3d{newConvolution(3, in, out, kernel, false, opts)}
}

// NewConvTranspose1d makes a transposed convolution over sequences.
func NewConvTranspose1d(in, out, kernel int64, opts ...ConvOptions) *ConvTranspose1d {
	return &ConvTranspose1d{newConvolution(1, in, out, kernel, true, opts)}
}

// NewConvTranspose2d makes a transposed convolution over images.
func NewConvTranspose2d(in, out, kernel int64, opts ...ConvOptions) *ConvTranspose2d {
	return &ConvTranspose2d{newConvolution(2, in, out, kernel, true, opts)}
}

// NewConvTranspose3d makes a transposed convolution over volumes.
func NewConvTranspose3d(in, out, kernel int64, opts ...ConvOptions) *ConvTranspose3d {
	return &ConvTranspose3d{newConvolution(3, in, out, kernel, true, opts)}
}
