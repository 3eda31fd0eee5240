package initializer

import (
	"math"

	"github.com/seed06459138/torchgo/torch"
)

// Fan gives how many inputs an output depends on, and how many outputs an input
// has a part in, for a weight of at least two dimensions: outputs, inputs, kernel.
func Fan(t *torch.Tensor) (in, out int64, err error) {
	shape := t.Shape()
	if len(shape) < 2 {
		return 0, 0, refuse("fan", "a tensor of %d dimensions has no fan: 2 are needed", len(shape))
	}
	field := int64(1)
	for _, s := range shape[2:] {
		field *= s
	}
	return shape[1] * field, shape[0] * field, nil
}

// Nonlinearity is what follows a layer, as torch.nn.init.calculate_gain names it.
type Nonlinearity string

// The nonlinearities that have a gain.
const (
	LinearGain Nonlinearity = "linear" // also sigmoid and convolutions
	TanhGain   Nonlinearity = "tanh"
	ReLUGain   Nonlinearity = "relu"
	LeakyReLU  Nonlinearity = "leaky_relu"
	SELUGain   Nonlinearity = "selu"
)

// Gain gives the factor by which a nonlinearity's weights are scaled. slope is
// that of LeakyReLU below zero.
func Gain(n Nonlinearity, slope float64) (float64, error) {
	switch n {
	case LinearGain, "sigmoid":
		return 1, nil
	case TanhGain:
		return 5.0 / 3, nil
	case ReLUGain:
		return math.Sqrt(2), nil
	case LeakyReLU:
		return math.Sqrt(2 / (1 + slope*slope)), nil
	case SELUGain:
		return 3.0 / 4, nil
	}
	return 0, refuse("gain", "the nonlinearity %q is unknown", n)
}

// XavierUniform fills t as Glorot and Bengio (2010) describe, with uniform numbers.
func XavierUniform(t *torch.Tensor, gain float64) error {
	in, out, err := Fan(t)
	if err != nil {
		return err
	}
	bound := math.Sqrt(3) * (gain * math.Sqrt(2/float64(in+out)))
	return Uniform(t, -bound, bound)
}

// XavierNormal fills t as Glorot and Bengio (2010) describe, with normal numbers.
func XavierNormal(t *torch.Tensor, gain float64) error {
	in, out, err := Fan(t)
	if err != nil {
		return err
	}
	return Normal(t, 0, gain*math.Sqrt(2/float64(in+out)))
}

// KaimingOptions are the options of KaimingUniform and KaimingNormal; nil is
// PyTorch's defaults, LeakyReLU with a slope of 0 and the fan of the inputs.
type KaimingOptions struct {
	Slope        float64      // of LeakyReLU
	FanOut       bool         // scale by the outputs, which keeps gradients in the backward pass
	Nonlinearity Nonlinearity // "" is LeakyReLU
}

// deviation is the standard deviation of what t is filled with.
func (o *KaimingOptions) deviation(t *torch.Tensor) (float64, error) {
	if o == nil {
		o = &KaimingOptions{}
	}
	fan, out, err := Fan(t)
	if err != nil {
		return 0, err
	}
	if o.FanOut {
		fan = out
	}
	n := o.Nonlinearity
	if n == "" {
		n = LeakyReLU
	}
	gain, err := Gain(n, o.Slope)
	if err != nil {
		return 0, err
	}
	return gain / math.Sqrt(float64(fan)), nil
}

// KaimingUniform fills t as He et al. (2015) describe, with uniform numbers.
func KaimingUniform(t *torch.Tensor, o *KaimingOptions) error {
	if t.Numel() == 0 {
		return nil
	}
	std, err := o.deviation(t)
	if err != nil {
		return err
	}
	bound := math.Sqrt(3) * std
	return Uniform(t, -bound, bound)
}

// KaimingNormal fills t as He et al. (2015) describe, with normal numbers.
func KaimingNormal(t *torch.Tensor, o *KaimingOptions) error {
	if t.Numel() == 0 {
		return nil
	}
	std, err := o.deviation(t)
	if err != nil {
		return err
	}
	return Normal(t, 0, std)
}
