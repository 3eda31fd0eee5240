package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/seed06459138/torchgo/internal/tools/bench/contest"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/nn"
	"github.com/seed06459138/torchgo/torch/nn/functional"
	"github.com/seed06459138/torchgo/torch/optim"
	"github.com/seed06459138/torchgo/torch/train"
)

// resume is a training that is taken up again from a file of 500 MB.
func (b bench) resume() contest.Contest {
	path := filepath.Join(b.programs, "models", "wide_v1.pt")
	return contest.Contest{
		Title:    "resume of a checkpoint of 500 MB: structure, weights, Adam",
		Unit:     contest.Milliseconds,
		Rounds:   34,
		Turns:    5,
		Programs: b.besidePython(b.measured("resume", path, "1"), "resume", path, "1"),
		Limits:   map[string]float64{"Python": 1},
	}
}

// wide are the hyper-parameters of layers of 2048 × 2048.
type wide struct{ Layers int64 }

func newWide(h wide) (*nn.Sequential, error) {
	layers := make([]nn.Layer, h.Layers)
	for i := range layers {
		layers[i] = nn.NewLinear(2048, 2048)
	}
	return nn.NewSequential(layers...), nil
}

func newAdam(_ wide, params []*nn.Parameter) optim.Optimizer { return optim.NewAdam(params) }

// resumed resumes a training, whose checkpoint it makes when it is not there.
func resumed(path string, times int) error {
	if err := nn.Register("wide", "v1", newWide); err != nil {
		return err
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := saveWide(path); err != nil {
			return err
		}
	}
	return eachTurn(func() (float64, error) {
		start := time.Now()
		for range times {
			run, err := train.Resume[*nn.Sequential](path, newAdam)
			if err != nil {
				return 0, err
			}
			run.Close()
		}
		return float64(time.Since(start).Nanoseconds()) / float64(times), nil
	})
}

// saveWide trains one step, so that Adam has something to remember, and saves: 10 layers are 168 MB of weights, which
// Adam remembers two more of.
func saveWide(path string) error {
	run, err := train.Begin[*nn.Sequential]("wide", "v1", wide{Layers: 10}, newAdam)
	if err != nil {
		return err
	}
	defer run.Close()
	x, err := torch.Full(0.1, torch.Float32, torch.CPU, 1, 2048)
	if err != nil {
		return err
	}
	y, err := torch.FromSlice([]int64{0})
	if err != nil {
		return err
	}
	loss, err := run.Step(func(s *torch.Scope) (*torch.Tensor, error) {
		out, err := run.Model.Forward(s.Add(x))
		if err != nil {
			return nil, err
		}
		return functional.CrossEntropy(out, y)
	})
	if err != nil {
		return err
	}
	run.EndEpoch(loss)
	return run.Save(path)
}
