// Package training is what the examples that train have in common: going on from the
// last checkpoint, a bar that tells how far an epoch is, stopping by Ctrl-C, and a
// plot of the losses.
package training

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"golang.org/x/term"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/nn"
	"github.com/seed06459138/torchgo/torch/optim"
	"github.com/seed06459138/torchgo/torch/train"
)

// Settings are how a training is run, whatever is trained.
type Settings struct {
	Dir    string // where checkpoints and plots are kept
	Epochs int64  // how many there are in all
	Every  int64  // epochs from one checkpoint to the next
	Last   int    // how many of the last checkpoints are kept
	Best   int    // how many with the least loss are kept besides
	Seed   uint64 // of the first weights and of the order of the samples
	Skip   int    // how many losses in a row that are not finite are passed over
	Device torch.Device

	Out      io.Writer // what is told of each epoch
	Progress io.Writer // the bar; io.Discard for none
}

// Main is the main function of an example: it reads the flags, those of Settings too,
// and ends body by Ctrl-C.
func Main(name string, body func(ctx context.Context, s Settings) error) {
	s := Settings{Out: os.Stdout, Progress: io.Discard}
	flag.StringVar(&s.Dir, "out", filepath.Join("trained", name), "the folder for checkpoints and plots; one that has checkpoints is gone on with")
	flag.Int64Var(&s.Epochs, "epochs", 5, "how many epochs to train in all")
	flag.Int64Var(&s.Every, "every", 1, "epochs from one checkpoint to the next")
	flag.IntVar(&s.Last, "last", 2, "how many of the last checkpoints to keep")
	flag.IntVar(&s.Best, "best", 1, "how many checkpoints with the least loss to keep besides")
	flag.Uint64Var(&s.Seed, "seed", 1, "of the first weights and the order of the samples")
	flag.IntVar(&s.Skip, "skip", 0, "how many losses in a row that are infinite or no number to pass over")
	flag.Func("device", "cpu, cuda or cuda:N", func(text string) (err error) {
		s.Device, err = torch.ParseDevice(text)
		return err
	})
	flag.Parse()
	if term.IsTerminal(int(os.Stderr.Fd())) {
		s.Progress = os.Stderr
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := body(ctx, s)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}

// keeper keeps the checkpoints.
func (s *Settings) keeper() train.Keeper {
	return train.Keeper{Dir: s.Dir, Every: s.Every, Last: s.Last, Best: s.Best}
}

// Open goes on from the last whole checkpoint in the folder, or begins a training. One
// that was begun with other hyper-parameters is an error.
func Open[M any, H comparable](s Settings, structure nn.Key, hyper H, optimizer func(hyper H, params []*nn.Parameter) optim.Optimizer) (*train.Run[M, H], error) {
	if err := sweep(s.Dir); err != nil {
		return nil, err
	}
	opts := train.Options{Device: s.Device, Random: true}
	path, err := s.keeper().Latest()
	if errors.Is(err, train.ErrNone) {
		if damaged, _ := filepath.Glob(filepath.Join(s.Dir, "*.pt")); len(damaged) > 0 {
			return nil, fmt.Errorf("%w; move them away, or give another -out", err)
		}
		if err := torch.ManualSeed(s.Seed); err != nil {
			return nil, err
		}
		return train.Begin[M](structure.Name, structure.Version, hyper, optimizer, opts)
	}
	if err != nil {
		return nil, err
	}
	run, err := train.Resume[M](path, optimizer, opts)
	if err != nil {
		return nil, err
	}
	if run.Key != structure || run.Hyper != hyper {
		defer run.Close()
		return nil, fmt.Errorf("%s is %s of %+v, not %s of %+v; give the same flags, or another -out", path, run.Key, run.Hyper, structure, hyper)
	}
	fmt.Fprintf(s.Out, "going on from %s\n", path)
	return run, nil
}

// sweep removes what a training that was killed had begun to save.
func sweep(dir string) error {
	begun, err := filepath.Glob(filepath.Join(dir, ".epoch-*.pt.*.tmp"))
	if err != nil {
		return err
	}
	for _, path := range begun {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return nil
}

// Last gives the training of the last whole checkpoint in the folder, for its model.
func Last[M, H any](s Settings, optimizer func(hyper H, params []*nn.Parameter) optim.Optimizer) (*train.Run[M, H], error) {
	path, err := s.keeper().Latest()
	if err != nil {
		return nil, err
	}
	return train.Resume[M](path, optimizer, train.Options{Device: s.Device})
}
