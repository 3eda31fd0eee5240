package main

import (
	"github.com/seed06459138/torchgo/examples/resnet/resnet"
	"github.com/seed06459138/torchgo/internal/tools/bench/contest"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/aten"
	"github.com/seed06459138/torchgo/torch/nn"
)

// residual is a training step of a network whose kernels take most of the time.
func (b bench) residual() contest.Contest {
	return contest.Contest{
		Title:    "training step of ResNet-18, batch 8 of 64 × 64, SGD with momentum",
		Unit:     contest.Milliseconds,
		Rounds:   34,
		Turns:    15,
		Programs: b.besidePython(b.measured("resnet", "1"), "resnet", "1"),
		Limits:   map[string]float64{"Python": 1},
	}
}

// resnetStep trains ResNet-18, as resnet.py does.
func resnetStep(steps int) error {
	if err := torch.ManualSeed(0); err != nil {
		return err
	}
	declared, err := resnet.New18(resnet.Hyper{Classes: 1000, Width: 64})
	if err != nil {
		return err
	}
	model, err := nn.Init(declared)
	if err != nil {
		return err
	}
	x, err := aten.Randn([]int64{8, 3, 64, 64}, nil)
	if err != nil {
		return err
	}
	y, err := torch.FromSlice([]int64{0, 1, 2, 3, 4, 5, 6, 7})
	if err != nil {
		return err
	}
	return trained(model, newSGD(model), x, y, 3, steps)
}
