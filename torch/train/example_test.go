package train_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/nn"
	"github.com/seed06459138/torchgo/torch/nn/functional"
	"github.com/seed06459138/torchgo/torch/optim"
	"github.com/seed06459138/torchgo/torch/train"
)

// MLP is a model: a struct whose fields are its layers, and what it computes.
type MLP struct{ FC1, FC2 *nn.Linear }

func (m *MLP) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	return nn.Pipe(x, m.FC1.Forward, functional.ReLU, m.FC2.Forward)
}

// Hyper are its hyper-parameters, which a checkpoint keeps.
type Hyper struct {
	Inputs, Hidden, Outputs int64
	LR                      float64
}

func newMLP(h Hyper) (*MLP, error) {
	return &MLP{nn.NewLinear(h.Inputs, h.Hidden), nn.NewLinear(h.Hidden, h.Outputs)}, nil
}

func newAdam(h Hyper, params []*nn.Parameter) optim.Optimizer {
	return optim.NewAdam(params, optim.AdamOptions{LR: h.LR})
}

// Example trains for three epochs from the seed that Python began with, saves, and
// goes on from the file.
func Example() {
	if err := nn.Register("mlp", "v1", newMLP); err != nil {
		log.Fatal(err)
	}
	if err := torch.ManualSeed(0); err != nil {
		log.Fatal(err)
	}
	run, err := train.Begin[*MLP]("mlp", "v1", Hyper{Inputs: 4, Hidden: 8, Outputs: 2, LR: 1e-3}, newAdam)
	if err != nil {
		log.Fatal(err)
	}
	defer run.Close()
	if err := threeEpochs(run); err != nil {
		log.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "train")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "mlp_v1.pt")
	if err := run.Save(file); err != nil {
		log.Fatal(err)
	}
	resumed, err := train.Resume[*MLP](file, newAdam)
	if err != nil {
		log.Fatal(err)
	}
	defer resumed.Close()
	fmt.Println("going on at epoch", resumed.Epoch)
	fmt.Println(nn.Print(resumed.Model))
	// Output:
	// epoch 0: loss 0.6935
	// epoch 1: loss 0.6919
	// epoch 2: loss 0.6902
	// going on at epoch 3
	// MLP(
	//   (fc1): Linear(in_features=4, out_features=8, bias=True)
	//   (fc2): Linear(in_features=8, out_features=2, bias=True)
	// )
}

func threeEpochs(run *train.Run[*MLP, Hyper]) error {
	x, err := load("x.npy")
	if err != nil {
		return err
	}
	defer x.Close()
	y, err := load("y.npy")
	if err != nil {
		return err
	}
	defer y.Close()
	for run.Epoch < 3 {
		loss, err := run.Step(func(s *torch.Scope) (*torch.Tensor, error) {
			batch, err := x.Detach() // a step closes what it brings into its scope
			if err != nil {
				return nil, err
			}
			out, err := run.Model.Forward(s.Add(batch))
			if err != nil {
				return nil, err
			}
			return functional.CrossEntropy(out, y)
		})
		if err != nil {
			return err
		}
		fmt.Printf("epoch %d: loss %.4f\n", run.Epoch, loss)
		run.EndEpoch(loss)
	}
	return nil
}

func load(file string) (*torch.Tensor, error) {
	a, err := checkpoint.ReadNPY(filepath.Join(scenario, file))
	if err != nil {
		return nil, err
	}
	return torch.FromArray(a)
}
