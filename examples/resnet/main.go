// Command resnet trains ResNet-18 or ResNet-50 on a folder of images, or a tar archive
// of one, with a folder for each class. It can begin with the weights of a state_dict,
// such as torchvision's of ImageNet, whose last layer then learns the new classes.
//
//	go run ./examples/resnet -data flowers.tar -weights resnet18.pt -epochs 10
//
// Ctrl-C stops it; the same command goes on from the last checkpoint. In the end it saves
// the network as TorchScript, and the names of the classes, for examples/classify.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed06459138/torchgo/examples/resnet/resnet"
	"github.com/seed06459138/torchgo/examples/training"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/aten"
	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/data"
	"github.com/seed06459138/torchgo/torch/data/images"
	"github.com/seed06459138/torchgo/torch/nn"
	"github.com/seed06459138/torchgo/torch/nn/export"
	"github.com/seed06459138/torchgo/torch/nn/functional"
	"github.com/seed06459138/torchgo/torch/optim"
)

// options are what the flags say.
type options struct {
	data, network, weights string
	size, batch            int
	width                  int64
	lr                     float64
}

func main() {
	var o options
	flag.StringVar(&o.data, "data", "", "a folder or tar archive of labelled images")
	flag.StringVar(&o.network, "network", "resnet18", "resnet18 or resnet50")
	flag.StringVar(&o.weights, "weights", "", "a state_dict to begin with")
	flag.IntVar(&o.size, "size", 224, "pixels that images are cropped to")
	flag.IntVar(&o.batch, "batch", 32, "images in a batch")
	flag.Int64Var(&o.width, "width", 64, "channels behind the first convolution")
	flag.Float64Var(&o.lr, "lr", 0.01, "the learning rate")
	training.Main("resnet", "", "data", func(ctx context.Context, s training.Settings) error { return learn(ctx, s, o) })
}

func sgd(h resnet.Hyper, params []*nn.Parameter) optim.Optimizer {
	return optim.NewSGD(params, optim.SGDOptions{LR: h.LR, Momentum: 0.9, WeightDecay: 1e-4})
}

func learn(ctx context.Context, s training.Settings, o options) error {
	set, err := images.Open(o.data)
	if err != nil {
		return err
	}
	defer set.Close()
	dataset := &images.Dataset{Set: set, Mean: images.ImageNetMean, Std: images.ImageNetStd,
		Transforms: []images.Transform{images.RandomResizedCrop(o.size, o.size), images.RandomHorizontalFlip(0.5)}}
	loader, err := data.NewLoader(dataset, data.Options{Batch: o.batch, Shuffle: true, Seed: s.Seed, Device: s.Device, Pin: s.Device != torch.CPU})
	if err != nil {
		return err
	}
	hyper := resnet.Hyper{Classes: int64(len(set.Classes)), Width: o.width, LR: o.lr}
	run, err := training.Open[*resnet.ResNet](s, nn.Key{Name: o.network, Version: "v1"}, hyper, sgd)
	if err != nil {
		return err
	}
	defer run.Close()
	if o.weights != "" && run.Epoch == 0 {
		if err := fill(s, run.Model, o.weights); err != nil {
			return err
		}
	}
	t := training.Training[*resnet.ResNet, resnet.Hyper, *data.Pair]{Run: run, Loader: loader}
	t.Step = func(batch *data.Pair) (float64, error) {
		return run.Step(func(*torch.Scope) (*torch.Tensor, error) {
			scores, err := run.Model.Forward(batch.X)
			if err != nil {
				return nil, err
			}
			return functional.CrossEntropy(scores, batch.Y)
		})
	}
	if err := t.Go(ctx, s); err != nil {
		return err
	}
	return publish(s, run.Model, set.Classes, int64(o.size))
}

// publish saves the network for those who only run it.
func publish(s training.Settings, model *resnet.ResNet, classes []string, size int64) error {
	nn.Eval(model)
	defer nn.Train(model)
	path, labels := filepath.Join(s.Dir, "scripted.pt"), filepath.Join(s.Dir, "labels.txt")
	err := torch.InScope(func(scope *torch.Scope) error {
		var examples []*torch.Tensor
		for _, n := range []int64{1, 2} { // traced with one image, and held against the network with two
			x, err := aten.Randn([]int64{n, 3, size, size}, &aten.RandnOptions{Device: &s.Device})
			if err != nil {
				return err
			}
			examples = append(examples, scope.Add(x))
		}
		scripted, err := export.Layer(model, examples[0], examples[1])
		if err != nil {
			return err
		}
		defer scripted.Close()
		return scripted.Save(path)
	}, torch.NoGrad)
	if err != nil {
		return err
	}
	if err := os.WriteFile(labels, []byte(strings.Join(classes, "\n")+"\n"), 0o666); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.Out, "go run ./examples/classify -model %s -labels %s -size %d IMAGE\n", path, labels, size)
	return err
}

// fill takes weights from a file. Only the last layer may be of another size: it is for
// other classes.
func fill(s training.Settings, model *resnet.ResNet, path string) error {
	f, err := checkpoint.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	state, err := f.State("")
	if err != nil {
		return err
	}
	misfit, err := nn.LoadMatching(model, state)
	if err != nil {
		return err
	}
	misfit.Different = slices.DeleteFunc(misfit.Different, func(d nn.Difference) bool { return d.Name == "fc.weight" || d.Name == "fc.bias" })
	if !misfit.Empty() {
		return &nn.StateError{Path: path, Mismatch: *misfit}
	}
	_, err = fmt.Fprintf(s.Out, "beginning with the weights of %s\n", path)
	return err
}
