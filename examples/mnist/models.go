package main

import (
	"errors"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/nn"
	"github.com/seed06459138/torchgo/torch/nn/functional"
)

// MLP is a perceptron of two hidden layers: [n, 1, 28, 28] → [n, 10].
type MLP struct{ FC1, FC2, FC3 *nn.Linear }

// Forward gives scores of the digits.
func (m *MLP) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	return nn.Pipe(x, functional.Flatten, m.FC1.Forward, functional.Tanh, m.FC2.Forward, functional.Tanh, m.FC3.Forward)
}

// LeNet is the network of LeCun and others (1998), with ReLU and maxima: [n, 1, 28, 28]
// → [n, 10].
type LeNet struct {
	Conv1, Conv2  *nn.Conv2d
	FC1, FC2, FC3 *nn.Linear
}

// Forward gives scores of the digits.
func (m *LeNet) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	pool := nn.NewMaxPool2d(2).Forward
	return nn.Pipe(x, m.Conv1.Forward, functional.ReLU, pool, m.Conv2.Forward, functional.ReLU, pool,
		functional.Flatten, m.FC1.Forward, functional.ReLU, m.FC2.Forward, functional.ReLU, m.FC3.Forward)
}

func init() {
	err := errors.Join(
		nn.Register("mlp", "v1", func(Hyper) (*MLP, error) {
			return &MLP{nn.NewLinear(28*28, 512), nn.NewLinear(512, 512), nn.NewLinear(512, 10)}, nil
		}),
		nn.Register("lenet", "v1", func(Hyper) (*LeNet, error) {
			return &LeNet{nn.NewConv2d(1, 6, 5, nn.ConvOptions{Padding: 2}), nn.NewConv2d(6, 16, 5),
				nn.NewLinear(16*5*5, 120), nn.NewLinear(120, 84), nn.NewLinear(84, 10)}, nil
		}))
	if err != nil {
		panic(err) // one is registered twice
	}
}
