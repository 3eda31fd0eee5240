package main

import (
	"time"

	"github.com/seed06459138/torchgo/internal/tools/bench/contest"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/nn"
	"github.com/seed06459138/torchgo/torch/nn/functional"
	"github.com/seed06459138/torchgo/torch/optim"
)

// training is a step beside the C++ frontend's and Python's.
func (b bench) training() contest.Contest {
	args := []string{"50"}
	return contest.Contest{
		Title:    "training step of the model of scenario 1: forward, cross entropy, backward, Adam",
		Unit:     contest.Microseconds,
		Rounds:   100,
		Turns:    60,
		Programs: b.contestants(b.measured("step", args...), "step", args...),
		Limits:   map[string]float64{"C++": 0.9, "Python": 0.45},
	}
}

// step trains the model of scenario 1, as the programs step.cpp and step.py do.
func step(steps int) error {
	if err := torch.ManualSeed(0); err != nil {
		return err
	}
	model, err := nn.Init(nn.NewSequential(nn.NewLinear(4, 8), nn.ReLU{}, nn.NewLinear(8, 2)))
	if err != nil {
		return err
	}
	opt := optim.NewAdam(nn.Parameters(model), optim.AdamOptions{LR: 1e-3})
	data, labels := make([]float32, 40), make([]int64, 10)
	for i := range data {
		data[i] = float32(i%7) - 3
		labels[i/4] = int64(i % 2)
	}
	x, err := torch.FromSlice(data, 10, 4)
	if err != nil {
		return err
	}
	y, err := torch.FromSlice(labels)
	if err != nil {
		return err
	}
	return trained(model, opt, x, y, 200, steps)
}

// newSGD is the optimiser of larger networks.
func newSGD(model any) optim.Optimizer {
	return optim.NewSGD(nn.Parameters(model), optim.SGDOptions{LR: 1e-3, Momentum: 0.9})
}

// trained warms up and then measures training steps: forward, cross entropy, backward, and the optimiser's.
func trained(model nn.Layer, opt optim.Optimizer, x, y *torch.Tensor, warmup, steps int) error {
	once := func() error {
		return torch.InScope(func(s *torch.Scope) error {
			out, err := model.Forward(s.Add(x))
			if err != nil {
				return err
			}
			s.Keep(x)
			loss, err := functional.CrossEntropy(out, y)
			if err != nil {
				return err
			}
			return optim.Minimize(opt, loss)
		})
	}
	batch := func(n int) (float64, error) {
		start := time.Now()
		for range n {
			if err := once(); err != nil {
				return 0, err
			}
		}
		return float64(time.Since(start).Nanoseconds()) / float64(n), nil
	}
	if _, err := batch(warmup); err != nil {
		return err
	}
	return eachTurn(func() (float64, error) { return batch(steps) })
}
