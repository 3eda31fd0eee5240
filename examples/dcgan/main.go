// Command dcgan learns to make images like those of a folder, or of a tar archive.
//
//	go run ./examples/dcgan -data faces.tar -epochs 25
//
// After each epoch it writes some that it made, samples.png. Ctrl-C stops it; the same
// command goes on from the last checkpoint.
package main

import (
	"context"
	"errors"
	"flag"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"

	"github.com/seed06459138/torchgo/examples/training"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/aten"
	"github.com/seed06459138/torchgo/torch/data"
	"github.com/seed06459138/torchgo/torch/data/images"
	"github.com/seed06459138/torchgo/torch/nn"
	"github.com/seed06459138/torchgo/torch/optim"
	"github.com/seed06459138/torchgo/torch/train"
)

func main() {
	dir := flag.String("data", "", "a folder or tar archive of images, in folders")
	batch := flag.Int("batch", 128, "images in a batch")
	var h Hyper
	flag.Int64Var(&h.Size, "size", 64, "pixels of an image, each way")
	flag.Int64Var(&h.Noise, "noise", 100, "numbers that an image is made of")
	flag.Int64Var(&h.Width, "width", 64, "channels of the layers next to the image")
	flag.Float64Var(&h.LR, "lr", 2e-4, "the learning rate")
	training.Main("dcgan", "", "data", func(ctx context.Context, s training.Settings) error { return learn(ctx, s, *dir, *batch, h) })
}

// adam is one optimiser for both networks: it changes those that have gradients.
func adam(h Hyper, params []*nn.Parameter) optim.Optimizer {
	return optim.NewAdam(params, optim.AdamOptions{LR: h.LR, Betas: &[2]float64{0.5, 0.999}})
}

func learn(ctx context.Context, s training.Settings, dir string, batch int, h Hyper) error {
	set, err := images.Open(dir)
	if err != nil {
		return err
	}
	defer set.Close()
	half := []float32{0.5, 0.5, 0.5}
	dataset := &images.Dataset{Set: set, Mean: half, Std: half,
		Transforms: []images.Transform{images.Resize(int(h.Size)), images.CenterCrop(int(h.Size), int(h.Size))}}
	loader, err := data.NewLoader(dataset, data.Options{Batch: batch, Shuffle: true, DropLast: true, Seed: s.Seed, Device: s.Device})
	if err != nil {
		return err
	}
	run, err := training.Open[*DCGAN](s, nn.Key{Name: "dcgan", Version: "v1"}, h, adam)
	if err != nil {
		return err
	}
	defer run.Close()
	t := training.Training[*DCGAN, Hyper, *data.Pair]{Run: run, Loader: loader}
	const second = "generator's loss"
	t.Step = func(b *data.Pair) (float64, error) {
		discriminated, err := discriminate(run, b.X)
		if err != nil {
			return discriminated, err
		}
		generated, err := deceive(run, b.X.Shape()[0])
		if err == nil {
			run.Note(second, generated)
		}
		return discriminated, err
	}
	t.EpochEnd = func(context.Context) ([]training.Number, error) {
		return []training.Number{{Name: second, Value: run.Mean(second)}}, show(run, filepath.Join(s.Dir, "samples.png"))
	}
	return t.Go(ctx, s)
}

// discriminate makes a step of the discriminator: real images are real, made ones not.
func discriminate(run *train.Run[*DCGAN, Hyper], real *torch.Tensor) (float64, error) {
	return run.Step(func(s *torch.Scope) (*torch.Tensor, error) {
		made, err := run.Model.generate(s, run.Hyper, real.Shape()[0])
		if err != nil {
			return nil, err
		}
		if made, err = made.Detach(); err != nil { // the generator learns nothing here
			return nil, err
		}
		ofMade, err := run.Model.judge(made, false)
		if err != nil {
			return nil, err
		}
		ofReal, err := run.Model.judge(real, true)
		if err != nil {
			return nil, err
		}
		return aten.AddTensor(ofMade, ofReal, nil)
	})
}

// deceive makes a step of the generator: the discriminator, which stays as it is, should
// hold n images that it makes for real.
func deceive(run *train.Run[*DCGAN, Hyper], n int64) (loss float64, err error) {
	if err := nn.SetRequiresGrad(run.Model.Discriminator, false); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, nn.SetRequiresGrad(run.Model.Discriminator, true)) }()
	return run.Step(func(s *torch.Scope) (*torch.Tensor, error) {
		made, err := run.Model.generate(s, run.Hyper, n)
		if err != nil {
			return nil, err
		}
		return run.Model.judge(made, true)
	})
}

// show writes images that the generator makes, four by four.
func show(run *train.Run[*DCGAN, Hyper], path string) error {
	const rows = 4
	nn.Eval(run.Model)
	defer nn.Train(run.Model)
	size := int(run.Hyper.Size)
	sheet := image.NewRGBA(image.Rect(0, 0, rows*size, rows*size))
	err := torch.InScope(func(s *torch.Scope) error {
		made, err := run.Model.generate(s, run.Hyper, rows*rows)
		if err != nil {
			return err
		}
		values, err := torch.Slice[float32](made)
		if err != nil {
			return err
		}
		area := size * size
		for at := range rows * rows * area {
			n, pixel := at/area, at%area
			shade := func(channel int) uint8 { return uint8(127.5 * (values[(3*n+channel)*area+pixel] + 1)) }
			sheet.SetRGBA(n%rows*size+pixel%size, n/rows*size+pixel/size, color.RGBA{shade(0), shade(1), shade(2), 0xff})
		}
		return nil
	}, torch.NoGrad)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(png.Encode(f, sheet), f.Close())
}
