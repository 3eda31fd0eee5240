package main

import (
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/nn"
	"github.com/seed06459138/torchgo/torch/nn/functional"
	"github.com/seed06459138/torchgo/torch/optim"
	"github.com/seed06459138/torchgo/torch/train"
)

const steps = 10_000

// training makes a trial of many steps of training a network of two layers: the
// highest level in the first half of them and in the second.
func training(step func(opt optim.Optimizer, loss func(s *torch.Scope) (*torch.Tensor, error)) error) func() (reading, error) {
	return func() (r reading, err error) {
		model, err := nn.Init(nn.NewSequential(nn.NewLinear(256, 512), nn.Tanh{}, nn.NewDropout(0.1), nn.NewLinear(512, 10)))
		if err != nil {
			return r, err
		}
		opt := optim.NewAdam(nn.Parameters(model))
		for i := range steps {
			err := step(opt, func(s *torch.Scope) (*torch.Tensor, error) {
				x, err := torch.FromSlice(make([]float32, 32*256), 32, 256)
				if err != nil {
					return nil, err
				}
				y, err := torch.FromSlice(make([]int64, 32))
				if err != nil {
					return nil, err
				}
				if s != nil {
					s.Add(x)
					s.Add(y)
				}
				out, err := model.Forward(x)
				if err != nil {
					return nil, err
				}
				return functional.CrossEntropy(out, y)
			})
			if err != nil {
				return r, err
			}
			if i < steps/2 {
				r.Before.highest(now())
			} else {
				r.After.highest(now())
			}
		}
		return r, nil
	}
}

// scopedStep is the loop helper's.
func scopedStep(opt optim.Optimizer, loss func(s *torch.Scope) (*torch.Tensor, error)) error {
	_, err := train.Step(opt, loss)
	return err
}

// looseStep leaves everything to the collector.
func looseStep(opt optim.Optimizer, loss func(s *torch.Scope) (*torch.Tensor, error)) error {
	l, err := loss(nil)
	if err != nil {
		return err
	}
	return optim.Minimize(opt, l)
}
