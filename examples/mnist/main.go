// Command mnist trains a perceptron or LeNet on files of MNIST's format, and reads
// digits with what it learnt.
//
//	go run ./examples/mnist -data DIR -model lenet
//	go run ./examples/mnist -model lenet digit.png …
//
// Ctrl-C stops it; the same command goes on from the last checkpoint.
package main

import (
	"context"
	"flag"
	"fmt"
	"path/filepath"

	"github.com/seed06459138/torchgo/examples/training"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/aten"
	"github.com/seed06459138/torchgo/torch/data"
	"github.com/seed06459138/torchgo/torch/data/images"
	"github.com/seed06459138/torchgo/torch/nn"
	"github.com/seed06459138/torchgo/torch/nn/functional"
	"github.com/seed06459138/torchgo/torch/optim"
)

// Hyper are the hyper-parameters of both models.
type Hyper struct{ LR, Momentum float64 }

func sgd(h Hyper, params []*nn.Parameter) optim.Optimizer {
	return optim.NewSGD(params, optim.SGDOptions{LR: h.LR, Momentum: h.Momentum})
}

func main() {
	dir, model := flag.String("data", "", "the folder of MNIST's four files"), flag.String("model", "mlp", "mlp or lenet")
	training.Main("mnist", "[DIGIT.png ...]", "data", func(ctx context.Context, s training.Settings) error {
		s.Dir = filepath.Join(s.Dir, *model)
		if flag.NArg() > 0 {
			return predict(ctx, s, flag.Args())
		}
		return learn(ctx, s, *dir, *model, Hyper{LR: 0.01, Momentum: 0.9})
	})
}

func learn(ctx context.Context, s training.Settings, dir, model string, hyper Hyper) error {
	digits, err := data.ReadMNIST(dir, "train")
	if err != nil {
		return err
	}
	defer digits.Close()
	loader, err := data.NewLoader(digits, data.Options{Batch: 64, Shuffle: true, Seed: s.Seed, Device: s.Device})
	if err != nil {
		return err
	}
	test, err := data.ReadMNIST(dir, "t10k")
	if err != nil {
		return err
	}
	defer test.Close()
	run, err := training.Open[nn.Layer](s, nn.Key{Name: model, Version: "v1"}, hyper, sgd)
	if err != nil {
		return err
	}
	defer run.Close()
	t := training.Training[nn.Layer, Hyper, *data.Pair]{Run: run, Loader: loader}
	t.Step = func(batch *data.Pair) (float64, error) {
		return run.Step(func(*torch.Scope) (*torch.Tensor, error) {
			out, err := scores(run.Model, batch.X)
			if err != nil {
				return nil, err
			}
			return functional.CrossEntropy(out, batch.Y)
		})
	}
	t.EpochEnd = func(ctx context.Context) ([]training.Number, error) { return evaluate(ctx, run.Model, test, s.Device) }
	return t.Go(ctx, s)
}

// The brightness of MNIST's pixels, from 0 to 1.
const mean, deviation = 0.1307, 0.3081

// scores gives those of each digit, [n, 10], for images of bytes.
func scores(model nn.Layer, pixels *torch.Tensor) (*torch.Tensor, error) {
	return nn.Pipe(pixels,
		func(x *torch.Tensor) (*torch.Tensor, error) { return x.ToDType(torch.Float32) },
		func(x *torch.Tensor) (*torch.Tensor, error) { return aten.SubScalar(x, torch.Float(mean*255), nil) },
		func(x *torch.Tensor) (*torch.Tensor, error) { return aten.DivScalar(x, torch.Float(deviation*255)) },
		func(x *torch.Tensor) (*torch.Tensor, error) { return aten.Unsqueeze(x, 1) }, model.Forward)
}

// best tells which digits have the highest scores.
func best(scores *torch.Tensor) ([]int64, error) {
	digits, err := aten.Argmax(scores, &aten.ArgmaxOptions{Dim: new(int64(1))})
	if err != nil {
		return nil, err
	}
	return torch.Slice[int64](digits)
}

// evaluate measures which share of the test's images is read wrongly.
func evaluate(ctx context.Context, model nn.Layer, test *data.Tensors, device torch.Device) ([]training.Number, error) {
	nn.Eval(model)
	defer nn.Train(model)
	loader, err := data.NewLoader(test, data.Options{Batch: 1000, Device: device})
	if err != nil {
		return nil, err
	}
	wrong := 0
	for batch, err := range loader.Epoch(ctx, 0) {
		if err != nil {
			return nil, err
		}
		out, err := scores(model, batch.X)
		if err != nil {
			return nil, err
		}
		got, err := best(out)
		if err != nil {
			return nil, err
		}
		want, err := torch.Slice[int64](batch.Y)
		if err != nil {
			return nil, err
		}
		for i := range want {
			if got[i] != want[i] {
				wrong++
			}
		}
	}
	return []training.Number{{Name: "test errors", Value: float64(wrong) / float64(test.Len())}}, nil
}

// predict tells which digits are seen in images, white on black.
func predict(ctx context.Context, s training.Settings, files []string) error {
	s.Device = torch.CPU // as the images are
	run, err := training.Last[nn.Layer](s, sgd)
	if err != nil {
		return err
	}
	defer run.Close()
	nn.Eval(run.Model)
	set, err := images.Files(files...)
	if err != nil {
		return err
	}
	dataset := &images.Dataset{Set: set, Gray: true, Transforms: []images.Transform{images.ResizeTo(28, 28)}, Mean: []float32{mean}, Std: []float32{deviation}}
	loader, err := data.NewLoader(dataset, data.Options{})
	if err != nil {
		return err
	}
	i := 0
	for batch, err := range loader.Epoch(ctx, 0) {
		if err != nil {
			return err
		}
		out, err := run.Model.Forward(batch.X)
		if err != nil {
			return err
		}
		digits, err := best(out)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.Out, "%s: %d\n", set.Name(i), digits[0])
		i++
	}
	return nil
}
