package nn

import (
	"fmt"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/nn/functional"
	"github.com/seed06459138/torchgo/torch/nn/initializer"
)

// Activations have no parameters and need not be made: nn.ReLU{} is one. Functions
// for nn.Pipe are in package functional.

// ReLU gives max(x, 0).
type ReLU struct{}

// Forward gives functional.ReLU of x.
func (ReLU) Forward(x *torch.Tensor) (*torch.Tensor, error) { return functional.ReLU(x) }

// ReLU6 gives min(max(x, 0), 6).
type ReLU6 struct{}

// Forward gives functional.ReLU6 of x.
func (ReLU6) Forward(x *torch.Tensor) (*torch.Tensor, error) { return functional.ReLU6(x) }

// Sigmoid gives 1 / (1 + exp(-x)).
type Sigmoid struct{}

// Forward gives functional.Sigmoid of x.
func (Sigmoid) Forward(x *torch.Tensor) (*torch.Tensor, error) { return functional.Sigmoid(x) }

// Tanh gives the hyperbolic tangent.
type Tanh struct{}

// Forward gives functional.Tanh of x.
func (Tanh) Forward(x *torch.Tensor) (*torch.Tensor, error) { return functional.Tanh(x) }

// SiLU gives x·sigmoid(x).
type SiLU struct{}

// Forward gives functional.SiLU of x.
func (SiLU) Forward(x *torch.Tensor) (*torch.Tensor, error) { return functional.SiLU(x) }

// Mish gives x·tanh(softplus(x)).
type Mish struct{}

// Forward gives functional.Mish of x.
func (Mish) Forward(x *torch.Tensor) (*torch.Tensor, error) { return functional.Mish(x) }

// SELU gives the scaled exponential linear unit.
type SELU struct{}

// Forward gives functional.SELU of x.
func (SELU) Forward(x *torch.Tensor) (*torch.Tensor, error) { return functional.SELU(x) }

// Hardswish gives x·ReLU6(x+3)/6.
type Hardswish struct{}

// Forward gives functional.Hardswish of x.
func (Hardswish) Forward(x *torch.Tensor) (*torch.Tensor, error) { return functional.Hardswish(x) }

// Hardsigmoid gives ReLU6(x+3)/6.
type Hardsigmoid struct{}

// Forward gives functional.Hardsigmoid of x.
func (Hardsigmoid) Forward(x *torch.Tensor) (*torch.Tensor, error) { return functional.Hardsigmoid(x) }

// LogSigmoid gives log(sigmoid(x)).
type LogSigmoid struct{}

// Forward gives functional.LogSigmoid of x.
func (LogSigmoid) Forward(x *torch.Tensor) (*torch.Tensor, error) { return functional.LogSigmoid(x) }

// Softsign gives x / (1 + |x|).
type Softsign struct{}

// Forward gives functional.Softsign of x.
func (Softsign) Forward(x *torch.Tensor) (*torch.Tensor, error) { return functional.Softsign(x) }

// Tanhshrink gives x - tanh(x).
type Tanhshrink struct{}

// Forward gives functional.Tanhshrink of x.
func (Tanhshrink) Forward(x *torch.Tensor) (*torch.Tensor, error) { return functional.Tanhshrink(x) }

// GELU gives x·Φ(x), where Φ is the normal distribution.
type GELU struct{ Tanh bool } // approximate it by tanh

// Forward gives functional.GELU of x.
func (g GELU) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	if g.Tanh {
		return functional.GELUTanh(x)
	}
	return functional.GELU(x)
}

// Describe tells the approximation.
func (g GELU) Describe() string {
	if g.Tanh {
		return "approximate='tanh'"
	}
	return "approximate='none'"
}

// LeakyReLU gives x where it is positive, else x·Slope.
type LeakyReLU struct {
	Slope *float64 // 0.01 unless given
}

// Forward gives functional.LeakyReLU of x.
func (l LeakyReLU) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	return functional.LeakyReLU(x, or(l.Slope, 0.01))
}

// Describe tells what it was made with.
func (l LeakyReLU) Describe() string {
	return fmt.Sprintf("negative_slope=%s", pyFloat(or(l.Slope, 0.01)))
}

// ELU gives x where it is positive, else Alpha·(exp(x)-1).
type ELU struct {
	Alpha *float64 // 1 unless given
}

// Forward gives functional.ELU of x.
func (l ELU) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	return functional.ELU(x, or(l.Alpha, 1))
}

// Describe tells what it was made with.
func (l ELU) Describe() string { return fmt.Sprintf("alpha=%s", pyFloat(or(l.Alpha, 1))) }

// CELU gives max(x, 0) + min(0, Alpha·(exp(x/Alpha)-1)).
type CELU struct {
	Alpha *float64 // 1 unless given
}

// Forward gives functional.CELU of x.
func (l CELU) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	return functional.CELU(x, or(l.Alpha, 1))
}

// Describe tells what it was made with.
func (l CELU) Describe() string { return fmt.Sprintf("alpha=%s", pyFloat(or(l.Alpha, 1))) }

// Softplus gives log(1 + exp(Beta·x)) / Beta, and x itself where Beta·x is above Threshold.
type Softplus struct {
	Beta      *float64 // 1 unless given
	Threshold *float64 // 20 unless given
}

// Forward gives functional.Softplus of x.
func (l Softplus) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	return functional.Softplus(x, or(l.Beta, 1), or(l.Threshold, 20))
}

// Describe tells what it was made with.
func (l Softplus) Describe() string {
	return fmt.Sprintf("beta=%s, threshold=%s", pyFloat(or(l.Beta, 1)), pyFloat(or(l.Threshold, 20)))
}

// Hardtanh gives x between Low and High.
type Hardtanh struct {
	Low  *float64 // -1 unless given
	High *float64 // 1 unless given
}

// Forward gives functional.Hardtanh of x.
func (l Hardtanh) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	return functional.Hardtanh(x, or(l.Low, -1), or(l.High, 1))
}

// Describe tells what it was made with.
func (l Hardtanh) Describe() string {
	return fmt.Sprintf("min_val=%s, max_val=%s", pyFloat(or(l.Low, -1)), pyFloat(or(l.High, 1)))
}

// Hardshrink gives 0 where |x| is at most Lambda, else x.
type Hardshrink struct {
	Lambda *float64 // 0.5 unless given
}

// Forward gives functional.Hardshrink of x.
func (l Hardshrink) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	return functional.Hardshrink(x, or(l.Lambda, 0.5))
}

// Describe tells what it was made with.
func (l Hardshrink) Describe() string { return pyFloat(or(l.Lambda, 0.5)) }

// Softshrink gives x drawn towards 0 by Lambda.
type Softshrink struct {
	Lambda *float64 // 0.5 unless given
}

// Forward gives functional.Softshrink of x.
func (l Softshrink) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	return functional.Softshrink(x, or(l.Lambda, 0.5))
}

// Describe tells what it was made with.
func (l Softshrink) Describe() string { return pyFloat(or(l.Lambda, 0.5)) }

// Threshold gives x where it is above Above, else Value.
type Threshold struct{ Above, Value float64 }

// Forward gives functional.Threshold of x.
func (l Threshold) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	return functional.Threshold(x, l.Above, l.Value)
}

// Describe tells what it was made with.
func (l Threshold) Describe() string {
	return fmt.Sprintf("threshold=%s, value=%s", pyFloat(l.Above), pyFloat(l.Value))
}

// PReLU is LeakyReLU with slopes that are trained.
type PReLU struct{ Weight *Parameter }

// NewPReLU makes one slope for all channels (1), or one for each, which begin at 0.25.
func NewPReLU(channels int64) *PReLU {
	return &PReLU{NewParameter(func(t *torch.Tensor) error { return initializer.Constant(t, 0.25) }, channels)}
}

// Forward gives functional.PReLU of x, whose channels are its second dimension.
func (l *PReLU) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	return functional.PReLU(x, l.Weight.Tensor)
}

// Describe tells the number of slopes.
func (l *PReLU) Describe() string { return fmt.Sprintf("num_parameters=%d", l.Weight.Size()[0]) }

// GLU gives a·sigmoid(b) for the halves a and b of x in a dimension.
type GLU struct{ Dim *int64 } // -1 unless given

// Forward gives functional.GLU of x.
func (l GLU) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	return functional.GLU(x, or(l.Dim, -1))
}

// Describe tells the dimension.
func (l GLU) Describe() string { return fmt.Sprintf("dim=%d", or(l.Dim, -1)) }

// Softmax gives exp(x) over its sum in a dimension.
type Softmax struct{ Dim int64 }

// Forward gives functional.Softmax of x.
func (l Softmax) Forward(x *torch.Tensor) (*torch.Tensor, error) { return functional.Softmax(x, l.Dim) }

// Describe tells the dimension.
func (l Softmax) Describe() string { return fmt.Sprintf("dim=%d", l.Dim) }

// Softmin gives Softmax of -x.
type Softmin struct{ Dim int64 }

// Forward gives functional.Softmin of x.
func (l Softmin) Forward(x *torch.Tensor) (*torch.Tensor, error) { return functional.Softmin(x, l.Dim) }

// Describe tells the dimension.
func (l Softmin) Describe() string { return fmt.Sprintf("dim=%d", l.Dim) }

// LogSoftmax gives the logarithm of Softmax.
type LogSoftmax struct{ Dim int64 }

// Forward gives functional.LogSoftmax of x.
func (l LogSoftmax) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	return functional.LogSoftmax(x, l.Dim)
}

// Describe tells the dimension.
func (l LogSoftmax) Describe() string { return fmt.Sprintf("dim=%d", l.Dim) }
