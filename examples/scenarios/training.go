package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"text/tabwriter"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/data"
	"github.com/seed06459138/torchgo/torch/nn"
	"github.com/seed06459138/torchgo/torch/nn/functional"
	"github.com/seed06459138/torchgo/torch/optim"
	"github.com/seed06459138/torchgo/torch/train"
)

// MyModel is the model of my_model.py.
type MyModel struct{ Net *nn.Sequential }

// Forward gives the scores of each class: [n, input_dim] → [n, output_dim].
func (m *MyModel) Forward(x *torch.Tensor) (*torch.Tensor, error) { return m.Net.Forward(x) }

// Hyper are its hyper-parameters: input_dim, hidden_dim, output_dim and lr.
type Hyper struct {
	InputDim, HiddenDim, OutputDim int64
	LR                             float64
}

func init() {
	err := nn.Register("mymodel", "v1", func(h Hyper) (*MyModel, error) {
		return &MyModel{nn.NewSequential(nn.NewLinear(h.InputDim, h.HiddenDim), nn.ReLU{}, nn.NewLinear(h.HiddenDim, h.OutputDim))}, nil
	})
	if err != nil {
		panic(err) // it is registered twice
	}
}

func adam(h Hyper, params []*nn.Parameter) optim.Optimizer {
	return optim.NewAdam(params, optim.AdamOptions{LR: h.LR})
}

// losses are those of epochs, by their number.
type losses map[int64]float64

// trainAndSave trains three epochs and saves, resumes from its own file and from
// Python's, and lets Python resume from its own.
func (s *scenarios) trainAndSave(ctx context.Context, dir string) error {
	d, err := s.samples()
	if err != nil {
		return err
	}
	defer d.X.Close()
	defer d.Y.Close()
	ours := filepath.Join(dir, "checkpoint.pt")
	began, err := begin(ctx, d, ours)
	if err != nil {
		return err
	}
	resumed, err := resume(ctx, d, ours, filepath.Join(dir, "resumed.pt"))
	if err != nil {
		return err
	}
	fromPython, err := resume(ctx, d, s.path("train_and_save", "checkpoint.pt"), filepath.Join(dir, "resumed_from_python.pt"))
	if err != nil {
		return err
	}
	printed, err := os.ReadFile(s.path("train_and_save", "printed.txt"))
	if err != nil {
		return err
	}
	python := parseLosses(printed)
	columns := []column{{"Python", python}, {"Go", merged(began, resumed)}, {"Go, from Python's", fromPython}}
	if s.python != "" {
		text, err := s.resumeInPython(dir)
		if err != nil {
			return err
		}
		columns = append(columns, column{"Python, from Go's", parseLosses(text)})
	}
	return s.table(columns)
}

// samples reads the data that Python trained on.
func (s *scenarios) samples() (*data.Tensors, error) {
	x, err := readNPY(s.path("train_and_save", "x.npy"))
	if err != nil {
		return nil, err
	}
	y, err := readNPY(s.path("train_and_save", "y.npy"))
	if err != nil {
		x.Close()
		return nil, err
	}
	return &data.Tensors{X: x, Y: y}, nil
}

func readNPY(path string) (*torch.Tensor, error) {
	a, err := checkpoint.ReadNPY(path)
	if err != nil {
		return nil, err
	}
	return torch.FromArray(a)
}

// begin is train_and_save.py.
func begin(ctx context.Context, d *data.Tensors, path string) (losses, error) {
	if err := torch.ManualSeed(0); err != nil {
		return nil, err
	}
	run, err := train.Begin[*MyModel]("mymodel", "v1", Hyper{InputDim: 4, HiddenDim: 8, OutputDim: 2, LR: 1e-3}, adam)
	if err != nil {
		return nil, err
	}
	defer run.Close()
	all, err := epochs(ctx, run, d, 3)
	if err != nil {
		return nil, err
	}
	return all, run.Save(path)
}

// resume is resume_training.py.
func resume(ctx context.Context, d *data.Tensors, from, to string) (losses, error) {
	run, err := train.Resume[*MyModel](from, adam)
	if err != nil {
		return nil, err
	}
	defer run.Close()
	all, err := epochs(ctx, run, d, run.Epoch+2)
	if err != nil {
		return nil, err
	}
	return all, run.Save(to)
}

// epochs trains on all samples at once, up to an epoch.
func epochs(ctx context.Context, run *train.Run[*MyModel, Hyper], d *data.Tensors, end int64) (losses, error) {
	loader, err := data.NewLoader(d, data.Options{Batch: d.Len()})
	if err != nil {
		return nil, err
	}
	all := make(losses)
	for run.Epoch < end {
		for batch, err := range loader.Epoch(ctx, int(run.Epoch)) {
			if err != nil {
				return nil, err
			}
			loss, err := run.Step(func(*torch.Scope) (*torch.Tensor, error) {
				scores, err := run.Model.Forward(batch.X)
				if err != nil {
					return nil, err
				}
				return functional.CrossEntropy(scores, batch.Y)
			})
			if err != nil {
				return nil, err
			}
			all[run.Epoch] = loss
			run.EndEpoch(loss)
		}
	}
	return all, nil
}

func merged(a, b losses) losses {
	all := make(losses)
	for _, l := range []losses{a, b} {
		for epoch, loss := range l {
			all[epoch] = loss
		}
	}
	return all
}

var lossLine = regexp.MustCompile(`(?m)^epoch (\d+): loss ([\d.]+)`)

// parseLosses reads what Python printed.
func parseLosses(text []byte) losses {
	all := make(losses)
	for _, m := range lossLine.FindAllSubmatch(text, -1) {
		epoch, _ := strconv.ParseInt(string(m[1]), 10, 64) // they are digits
		all[epoch], _ = strconv.ParseFloat(string(m[2]), 64)
	}
	return all
}

// column is a training of the table.
type column struct {
	title  string
	losses losses
}

// table prints the losses of five epochs, and holds them against the first column.
func (s *scenarios) table(columns []column) error {
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "epoch")
	for _, c := range columns {
		fmt.Fprint(w, "\t", c.title)
	}
	most, compared := 0.0, 0
	for epoch := range int64(5) {
		fmt.Fprintf(w, "\n%d", epoch)
		want, ok := columns[0].losses[epoch]
		if !ok {
			return fmt.Errorf("no loss for epoch %d was printed by Python", epoch)
		}
		for _, c := range columns {
			loss, ok := c.losses[epoch]
			if !ok {
				fmt.Fprint(w, "\t")
				continue
			}
			fmt.Fprintf(w, "\t%.9f", loss)
			most = max(most, math.Abs(loss-want))
			compared++
		}
	}
	fmt.Fprintln(w)
	if err := w.Flush(); err != nil {
		return err
	}
	const allowed = 1e-6
	fmt.Fprintf(s.out, "\nthe losses differ by at most %.1g; %.0g is allowed\n", most, allowed)
	if least := 10 + 2*(len(columns)-2); most > allowed || compared < least {
		s.wrong = append(s.wrong, fmt.Errorf("train and save: %d losses differ by up to %g; expected are %d by up to %g", compared, most, least, allowed))
	}
	return nil
}
