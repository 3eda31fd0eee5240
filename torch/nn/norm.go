package nn

import (
	"fmt"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/aten"
	"github.com/seed06459138/torchgo/torch/nn/initializer"
)

// NormOptions are the options of batch and instance norm.
type NormOptions struct {
	Eps          float64  // 1e-5 unless given
	Momentum     *float64 // of the statistics; 0.1 unless given
	Cumulative   bool     // statistics of all batches alike (momentum=None)
	NoAffine     bool     // of batch norm: neither Weight nor Bias
	Affine       bool     // of instance norm: Weight and Bias, which it does without otherwise
	NoBias       bool     // Weight alone
	NoStatistics bool     // of batch norm: the batch's own also in evaluation
	Statistics   bool     // of instance norm: keep some, which it does without otherwise
}

// statistics is what norms over channels have in common.
type statistics struct {
	Mode
	Weight            *Parameter
	Bias              *Parameter
	RunningMean       *Buffer
	RunningVar        *Buffer
	NumBatchesTracked *Buffer

	features int64
	momentum float64
	eps      float64
	average  bool // of all batches
}

func newStatistics(features int64, o NormOptions, affine, tracked bool) statistics {
	s := statistics{features: features, eps: nonzero(o.Eps, 1e-5), momentum: or(o.Momentum, 0.1), average: o.Cumulative}
	if affine {
		s.Weight = NewParameter(initializer.Ones, features)
		if !o.NoBias {
			s.Bias = NewParameter(initializer.Zeros, features)
		}
	}
	if tracked {
		s.RunningMean, s.RunningVar = NewBuffer(nil, features), NewBuffer(initializer.Ones, features)
		s.NumBatchesTracked = NewBuffer(nil).OfDType(torch.Int64)
	}
	return s
}

// running gives the statistics, nil without any.
func (s *statistics) running() (mean, variance *torch.Tensor) {
	if s.RunningMean == nil {
		return nil, nil
	}
	return s.RunningMean.Tensor, s.RunningVar.Tensor
}

// Describe tells what it was made with.
func (s *statistics) Describe() string {
	momentum := pyFloat(s.momentum)
	if s.average {
		momentum = "None"
	}
	return fmt.Sprintf("%d, eps=%s, momentum=%s, affine=%s, bias=%s, track_running_stats=%s", s.features, pyFloat(s.eps), momentum, pyBool(s.Weight != nil), pyBool(s.Bias != nil), pyBool(s.RunningMean != nil))
}

// batchNorm normalises channels over batches.
type batchNorm struct{ statistics }

func newBatchNorm(features int64, opts []NormOptions) batchNorm {
	o := option(opts)
	return batchNorm{newStatistics(features, o, !o.NoAffine, !o.NoStatistics)}
}

func (b *batchNorm) forward(x *torch.Tensor, name string, dims ...int) (*torch.Tensor, error) {
	if err := expect(x, name, dims...); err != nil {
		return nil, err
	}
	mean, variance := b.running()
	if b.Training() || mean == nil {
		shape := x.Shape()
		if err := several(name, x, shape[0]*product(shape[2:])); err != nil {
			return nil, err
		}
	}
	momentum := b.momentum
	if b.Training() && mean != nil {
		count := b.NumBatchesTracked.Tensor
		if err := aten.AddScalarInPlace(count, torch.Int(1), nil); err != nil {
			return nil, err
		}
		if b.average {
			n, err := count.Float64()
			if err != nil {
				return nil, err
			}
			momentum = 1 / n
		}
	}
	return aten.BatchNorm(x, tensorOf(b.Weight), tensorOf(b.Bias), mean, variance, b.Training() || mean == nil, momentum, b.eps, true)
}

// Batch norm of features, images and volumes.
type (
	BatchNorm1d struct{ batchNorm }
	BatchNorm2d struct{ batchNorm }
	BatchNorm3d struct{ batchNorm }
)

// NewBatchNorm1d makes a norm of so many features.
func NewBatchNorm1d(features int64, opts ...NormOptions) *BatchNorm1d {
	return &BatchNorm1d{newBatchNorm(features, opts)}
}

// Forward takes batch × features, or batch × features × length.
func (b *BatchNorm1d) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	return b.forward(x, "BatchNorm1d", 2, 3)
}

// NewBatchNorm2d makes a norm of so many channels.
func NewBatchNorm2d(features int64, opts ...NormOptions) *BatchNorm2d {
	return &BatchNorm2d{newBatchNorm(features, opts)}
}

// Forward takes batch × channels × height × width.
func (b *BatchNorm2d) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	return b.forward(x, "BatchNorm2d", 4)
}

// NewBatchNorm3d makes a norm of so many channels.
func NewBatchNorm3d(features int64, opts ...NormOptions) *BatchNorm3d {
	return &BatchNorm3d{newBatchNorm(features, opts)}
}

// Forward takes batch × channels × depth × height × width.
func (b *BatchNorm3d) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	return b.forward(x, "BatchNorm3d", 5)
}

// instanceNorm normalises channels of each instance.
type instanceNorm struct{ statistics }

func newInstanceNorm(features int64, opts []NormOptions) instanceNorm {
	o := option(opts)
	return instanceNorm{newStatistics(features, o, o.Affine, o.Statistics)}
}

func (n *instanceNorm) forward(x *torch.Tensor, name string, dims ...int) (*torch.Tensor, error) {
	if err := expect(x, name, dims...); err != nil {
		return nil, err
	}
	mean, variance := n.running()
	if n.Training() || mean == nil {
		if err := several(name, x, product(x.Shape()[2:])); err != nil {
			return nil, err
		}
	}
	return aten.InstanceNorm(x, tensorOf(n.Weight), tensorOf(n.Bias), mean, variance, n.Training() || mean == nil, n.momentum, n.eps, true)
}

// Instance norm of sequences, images and volumes.
type (
	InstanceNorm1d struct{ instanceNorm }
	InstanceNorm2d struct{ instanceNorm }
	InstanceNorm3d struct{ instanceNorm }
)

// NewInstanceNorm1d makes a norm of so many channels.
func NewInstanceNorm1d(features int64, opts ...NormOptions) *InstanceNorm1d {
	return &InstanceNorm1d{newInstanceNorm(features, opts)}
}

// Forward takes batch × channels × length.
func (n *InstanceNorm1d) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	return n.forward(x, "InstanceNorm1d", 3)
}

// NewInstanceNorm2d makes a norm of so many channels.
func NewInstanceNorm2d(features int64, opts ...NormOptions) *InstanceNorm2d {
	return &InstanceNorm2d{newInstanceNorm(features, opts)}
}

// Forward takes batch × channels × height × width.
func (n *InstanceNorm2d) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	return n.forward(x, "InstanceNorm2d", 4)
}

// NewInstanceNorm3d makes a norm of so many channels.
func NewInstanceNorm3d(features int64, opts ...NormOptions) *InstanceNorm3d {
	return &InstanceNorm3d{newInstanceNorm(features, opts)}
}

// Forward takes batch × channels × depth × height × width.
func (n *InstanceNorm3d) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	return n.forward(x, "InstanceNorm3d", 5)
}

// LayerNormOptions are the options of NewLayerNorm, NewGroupNorm and NewRMSNorm.
type LayerNormOptions struct {
	Eps      float64 // 1e-5 unless given; of RMSNorm, the dtype's own epsilon
	NoAffine bool    // neither Weight nor Bias
	NoBias   bool    // no Bias
}

// LayerNorm normalises over the last dimensions.
type LayerNorm struct {
	Weight *Parameter // of the shape; nil without one
	Bias   *Parameter

	shape []int64
	eps   float64
}

// NewLayerNorm makes a norm over dimensions of the given sizes.
func NewLayerNorm(shape []int64, opts ...LayerNormOptions) *LayerNorm {
	o := option(opts)
	n := &LayerNorm{shape: shape, eps: nonzero(o.Eps, 1e-5)}
	if !o.NoAffine {
		n.Weight = NewParameter(initializer.Ones, shape...)
		if !o.NoBias {
			n.Bias = NewParameter(initializer.Zeros, shape...)
		}
	}
	return n
}

// Forward takes tensors whose last dimensions have the norm's sizes.
func (n *LayerNorm) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	return aten.LayerNorm(x, n.shape, &aten.LayerNormOptions{Weight: tensorOf(n.Weight), Bias: tensorOf(n.Bias), Eps: new(n.eps)})
}

// Describe tells what it was made with.
func (n *LayerNorm) Describe() string {
	return fmt.Sprintf("%s, eps=%s, elementwise_affine=%s, bias=%s", pyTuple(n.shape), pyFloat(n.eps), pyBool(n.Weight != nil), pyBool(n.Bias != nil))
}

// GroupNorm normalises groups of channels.
type GroupNorm struct {
	Weight *Parameter // of the channels; nil without one
	Bias   *Parameter

	groups, channels int64
	eps              float64
}

// NewGroupNorm makes a norm of so many groups of channels.
func NewGroupNorm(groups, channels int64, opts ...LayerNormOptions) *GroupNorm {
	o := option(opts)
	n := &GroupNorm{groups: groups, channels: channels, eps: nonzero(o.Eps, 1e-5)}
	if !o.NoAffine {
		n.Weight = NewParameter(initializer.Ones, channels)
		if !o.NoBias {
			n.Bias = NewParameter(initializer.Zeros, channels)
		}
	}
	return n
}

// Forward takes batch × channels × sizes.
func (n *GroupNorm) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	if shape := x.Shape(); len(shape) > 1 && n.groups > 0 {
		if err := several("GroupNorm", x, shape[0]*shape[1]/n.groups*product(shape[2:])); err != nil {
			return nil, err
		}
	}
	return aten.GroupNorm(x, n.groups, &aten.GroupNormOptions{Weight: tensorOf(n.Weight), Bias: tensorOf(n.Bias), Eps: new(n.eps)})
}

// Describe tells what it was made with.
func (n *GroupNorm) Describe() string {
	return fmt.Sprintf("%d, %d, eps=%s, affine=%s, bias=%s", n.groups, n.channels, pyFloat(n.eps), pyBool(n.Weight != nil), pyBool(n.Bias != nil))
}

// RMSNorm divides by the root mean square over the last dimensions.
type RMSNorm struct {
	Weight *Parameter // of the shape; nil without one

	shape []int64
	eps   *float64
}

// NewRMSNorm makes a norm over dimensions of the given sizes.
func NewRMSNorm(shape []int64, opts ...LayerNormOptions) *RMSNorm {
	o := option(opts)
	n := &RMSNorm{shape: shape}
	if o.Eps != 0 {
		n.eps = &o.Eps
	}
	if !o.NoAffine {
		n.Weight = NewParameter(initializer.Ones, shape...)
	}
	return n
}

// Forward takes tensors whose last dimensions have the norm's sizes.
func (n *RMSNorm) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	return aten.RmsNorm(x, n.shape, &aten.RmsNormOptions{Weight: tensorOf(n.Weight), Eps: n.eps})
}

// Describe tells what it was made with.
func (n *RMSNorm) Describe() string {
	eps := "None"
	if n.eps != nil {
		eps = pyFloat(*n.eps)
	}
	return fmt.Sprintf("%s, eps=%s, elementwise_affine=%s", pyTuple(n.shape), eps, pyBool(n.Weight != nil))
}

// LocalResponseNorm divides by what neighbouring channels hold (Krizhevsky, 2012).
type LocalResponseNorm struct {
	Size           int64    // channels that count as neighbours
	Alpha, Beta, K *float64 // 1e-4, 0.75 and 1 unless given
}

// Forward takes batch × channels × sizes.
func (n LocalResponseNorm) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	if err := expect(x, "LocalResponseNorm", 3, 4, 5); err != nil {
		return nil, err
	}
	shape := x.Shape()
	rest := product(shape[2:])
	// Means over channels alone: of images of one column.
	square, err := aten.MulTensor(x, x)
	if err != nil {
		return nil, err
	}
	mean, err := Pipe(square,
		func(y *torch.Tensor) (*torch.Tensor, error) { return y.Reshape(shape[0], 1, shape[1], rest) },
		func(y *torch.Tensor) (*torch.Tensor, error) {
			return aten.Pad(y, []int64{0, 0, n.Size / 2, (n.Size - 1) / 2}, &aten.PadOptions{Value: new(0.0)})
		},
		NewAvgPool2d(0, PoolOptions{Kernel: []int64{n.Size, 1}, Stride: 1}).Forward,
		func(y *torch.Tensor) (*torch.Tensor, error) { return y.Reshape(shape...) },
		func(y *torch.Tensor) (*torch.Tensor, error) { return aten.MulScalar(y, torch.Float(or(n.Alpha, 1e-4))) },
		func(y *torch.Tensor) (*torch.Tensor, error) { return aten.AddScalar(y, torch.Float(or(n.K, 1)), nil) },
		func(y *torch.Tensor) (*torch.Tensor, error) {
			return aten.PowTensorScalar(y, torch.Float(or(n.Beta, 0.75)))
		})
	if err != nil {
		return nil, err
	}
	return aten.DivTensor(x, mean)
}

// Describe tells what it was made with.
func (n LocalResponseNorm) Describe() string {
	return fmt.Sprintf("%d, alpha=%s, beta=%s, k=%s", n.Size, pyFloat(or(n.Alpha, 1e-4)), pyFloat(or(n.Beta, 0.75)), pyFloat(or(n.K, 1)))
}
