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
	"reflect"
	"strings"
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
	Narrow   bool      // whether the bar has no room for numbers
}

// Main is the main function of an example: it reads the flags, those of Settings too,
// and ends body by Ctrl-C, which ends the program when it comes again. Args are what may
// stand behind the flags, "" for nothing; without them the flag wanted must be given.
func Main(name, args, wanted string, body func(ctx context.Context, s Settings) error) {
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
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), strings.TrimSpace("usage: "+name+" [flags] "+args))
		flag.PrintDefaults()
	}
	flag.Parse()
	if args == "" && flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "%s: what is %s? Only flags are taken; -h lists them\n", name, flag.Arg(0))
		os.Exit(2)
	}
	if f := flag.Lookup(wanted); f != nil && f.Value.String() == "" && flag.NArg() == 0 {
		fmt.Fprintf(os.Stderr, "%s: give -%s: %s; -h lists the other flags\n", name, wanted, f.Usage)
		os.Exit(2)
	}
	if width, _, err := term.GetSize(int(os.Stderr.Fd())); err == nil {
		s.Progress, s.Narrow = os.Stderr, width < 80
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
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
		if damaged, _ := filepath.Glob(filepath.Join(s.Dir, "epoch-*.pt")); len(damaged) > 0 {
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
	if err := agree(run, structure, hyper); err != nil {
		run.Close()
		return nil, fmt.Errorf("%s %w; give the same flags, or another -out", path, err)
	}
	fmt.Fprintf(s.Out, "going on from %s\n", path)
	return run, nil
}

// agree tells what a checkpoint has otherwise than what was asked for.
func agree[M any, H comparable](run *train.Run[M, H], structure nn.Key, hyper H) error {
	if run.Key != structure {
		return fmt.Errorf("is of %s, not %s", run.Key, structure)
	}
	if run.Hyper == hyper {
		return nil
	}
	kept, err := nn.EncodeHyper(run.Hyper)
	if err != nil {
		return err
	}
	given, err := nn.EncodeHyper(hyper)
	if err != nil {
		return err
	}
	var others []string
	for key, was := range kept.All() {
		name := fmt.Sprint(key)
		if is, _ := given.Get(name); !reflect.DeepEqual(is, was) {
			others = append(others, fmt.Sprintf("%s %.40s, not %.40s", name, fmt.Sprintf("%#v", was), fmt.Sprintf("%#v", is)))
		}
	}
	return fmt.Errorf("was trained with %s", strings.Join(others, ", "))
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
