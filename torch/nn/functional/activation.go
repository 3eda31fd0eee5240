package functional

import (
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/aten"
)

// ReLU gives max(x, 0).
func ReLU(x *torch.Tensor) (*torch.Tensor, error) { return aten.Relu(x) }

// ReLU6 gives min(max(x, 0), 6).
func ReLU6(x *torch.Tensor) (*torch.Tensor, error) { return aten.Relu6(x) }

// Sigmoid gives 1 / (1 + exp(-x)).
func Sigmoid(x *torch.Tensor) (*torch.Tensor, error) { return aten.Sigmoid(x) }

// Tanh gives the hyperbolic tangent.
func Tanh(x *torch.Tensor) (*torch.Tensor, error) { return aten.Tanh(x) }

// GELU gives x·Φ(x), where Φ is the normal distribution.
func GELU(x *torch.Tensor) (*torch.Tensor, error) { return aten.Gelu(x, nil) }

// GELUTanh gives an approximation of GELU by tanh (approximate="tanh").
func GELUTanh(x *torch.Tensor) (*torch.Tensor, error) {
	return aten.Gelu(x, &aten.GeluOptions{Approximate: "tanh"})
}

// SiLU gives x·sigmoid(x).
func SiLU(x *torch.Tensor) (*torch.Tensor, error) { return aten.Silu(x) }

// Mish gives x·tanh(softplus(x)).
func Mish(x *torch.Tensor) (*torch.Tensor, error) { return aten.Mish(x) }

// SELU gives the scaled exponential linear unit.
func SELU(x *torch.Tensor) (*torch.Tensor, error) { return aten.Selu(x) }

// Hardswish gives x·ReLU6(x+3)/6.
func Hardswish(x *torch.Tensor) (*torch.Tensor, error) { return aten.Hardswish(x) }

// Hardsigmoid gives ReLU6(x+3)/6.
func Hardsigmoid(x *torch.Tensor) (*torch.Tensor, error) { return aten.Hardsigmoid(x) }

// LogSigmoid gives log(sigmoid(x)).
func LogSigmoid(x *torch.Tensor) (*torch.Tensor, error) { return aten.LogSigmoid(x) }

// Softsign gives x / (1 + |x|).
func Softsign(x *torch.Tensor) (*torch.Tensor, error) {
	magnitude, err := aten.Abs(x)
	if err != nil {
		return nil, err
	}
	below, err := aten.AddScalar(magnitude, torch.Int(1), nil)
	if err != nil {
		return nil, err
	}
	return aten.DivTensor(x, below)
}

// Tanhshrink gives x - tanh(x).
func Tanhshrink(x *torch.Tensor) (*torch.Tensor, error) {
	y, err := aten.Tanh(x)
	if err != nil {
		return nil, err
	}
	return aten.SubTensor(x, y, nil)
}

// LeakyReLU gives x where it is positive, else x·slope; PyTorch's slope is 0.01.
func LeakyReLU(x *torch.Tensor, slope float64) (*torch.Tensor, error) {
	return aten.LeakyRelu(x, &aten.LeakyReluOptions{NegativeSlope: torch.Float(slope)})
}

// ELU gives x where it is positive, else alpha·(exp(x)-1); PyTorch's alpha is 1.
func ELU(x *torch.Tensor, alpha float64) (*torch.Tensor, error) {
	return aten.Elu(x, &aten.EluOptions{Alpha: torch.Float(alpha)})
}

// CELU gives max(x, 0) + min(0, alpha·(exp(x/alpha)-1)); PyTorch's alpha is 1.
func CELU(x *torch.Tensor, alpha float64) (*torch.Tensor, error) {
	return aten.Celu(x, &aten.CeluOptions{Alpha: torch.Float(alpha)})
}

// Softplus gives log(1 + exp(beta·x)) / beta, and x itself where beta·x is above
// the threshold; PyTorch's are 1 and 20.
func Softplus(x *torch.Tensor, beta, threshold float64) (*torch.Tensor, error) {
	return aten.Softplus(x, &aten.SoftplusOptions{Beta: torch.Float(beta), Threshold: torch.Float(threshold)})
}

// Hardtanh gives x between low and high; PyTorch's are -1 and 1.
func Hardtanh(x *torch.Tensor, low, high float64) (*torch.Tensor, error) {
	return aten.Hardtanh(x, &aten.HardtanhOptions{MinVal: torch.Float(low), MaxVal: torch.Float(high)})
}

// Hardshrink gives 0 where |x| is at most lambda, else x; PyTorch's is 0.5.
func Hardshrink(x *torch.Tensor, lambda float64) (*torch.Tensor, error) {
	return aten.Hardshrink(x, &aten.HardshrinkOptions{Lambd: torch.Float(lambda)})
}

// Softshrink draws x towards 0 by lambda; PyTorch's is 0.5.
func Softshrink(x *torch.Tensor, lambda float64) (*torch.Tensor, error) {
	return aten.Softshrink(x, &aten.SoftshrinkOptions{Lambd: torch.Float(lambda)})
}

// Threshold gives x where it is above the threshold, else value.
func Threshold(x *torch.Tensor, threshold, value float64) (*torch.Tensor, error) {
	return aten.Threshold(x, torch.Float(threshold), torch.Float(value))
}

// PReLU is LeakyReLU with slopes that are trained: one, or one for each channel.
func PReLU(x, slopes *torch.Tensor) (*torch.Tensor, error) { return aten.Prelu(x, slopes) }

// GLU gives a·sigmoid(b) for the halves a and b of x in a dimension.
func GLU(x *torch.Tensor, dim int64) (*torch.Tensor, error) {
	return aten.Glu(x, &aten.GluOptions{Dim: new(dim)})
}

// Softmax gives exp(x) over its sum in a dimension.
func Softmax(x *torch.Tensor, dim int64) (*torch.Tensor, error) { return aten.SoftmaxInt(x, dim, nil) }

// Softmin gives Softmax of -x.
func Softmin(x *torch.Tensor, dim int64) (*torch.Tensor, error) {
	y, err := aten.Neg(x)
	if err != nil {
		return nil, err
	}
	return aten.SoftmaxInt(y, dim, nil)
}

// LogSoftmax gives the logarithm of Softmax.
func LogSoftmax(x *torch.Tensor, dim int64) (*torch.Tensor, error) {
	return aten.LogSoftmaxInt(x, dim, nil)
}

// Flatten gives x with all dimensions after the first taken as one.
func Flatten(x *torch.Tensor) (*torch.Tensor, error) {
	return aten.FlattenUsingInts(x, &aten.FlattenOptions{StartDim: 1})
}

// Linear gives x·weightᵀ + bias; bias may be nil.
func Linear(x, weight, bias *torch.Tensor) (*torch.Tensor, error) {
	return aten.Linear(x, weight, &aten.LinearOptions{Bias: bias})
}

// Dropout puts zeros in place of a part p of the elements, and scales the others,
// if training; else it gives x.
func Dropout(x *torch.Tensor, p float64, training bool) (*torch.Tensor, error) {
	return aten.Dropout(x, p, training)
}
