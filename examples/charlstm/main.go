// Command charlstm learns to write like a text, character by character.
//
//	go run ./examples/charlstm -text book.txt -epochs 20
//
// After each epoch it writes some lines. Ctrl-C stops it; the same command goes on from
// the last checkpoint.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"unicode/utf8"

	"github.com/seed06459138/torchgo/examples/training"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/data"
	"github.com/seed06459138/torchgo/torch/nn"
	"github.com/seed06459138/torchgo/torch/optim"
)

// options are what the flags say.
type options struct {
	text          string
	window, batch int
	hyper         Hyper // without the vocabulary, which is the text's
	write         int
}

func main() {
	var o options
	flag.StringVar(&o.text, "text", "", "the text to learn from")
	flag.IntVar(&o.window, "window", 100, "characters that are read at a time")
	flag.IntVar(&o.batch, "batch", 32, "windows in a batch")
	flag.Int64Var(&o.hyper.Hidden, "hidden", 256, "the size of the state")
	flag.Int64Var(&o.hyper.Layers, "layers", 2, "layers of the LSTM")
	flag.Float64Var(&o.hyper.LR, "lr", 2e-3, "the learning rate")
	flag.IntVar(&o.write, "write", 200, "characters to write after each epoch")
	training.Main("charlstm", "", "text", func(ctx context.Context, s training.Settings) error { return learn(ctx, s, o) })
}

// clipped is Adam, with gradients cut to a norm.
type clipped struct {
	*optim.Adam
	params []*nn.Parameter
}

// Step cuts the gradients and makes Adam's step.
func (c clipped) Step() error {
	if _, err := optim.ClipGradNorm(c.params, 5); err != nil {
		return err
	}
	return c.Adam.Step()
}

func adam(h Hyper, params []*nn.Parameter) optim.Optimizer {
	return clipped{optim.NewAdam(params, optim.AdamOptions{LR: h.LR}), params}
}

func learn(ctx context.Context, s training.Settings, o options) error {
	text, err := os.ReadFile(o.text)
	if err != nil {
		return err
	}
	if !utf8.Valid(text) {
		return fmt.Errorf("%s is no text in UTF-8; convert it first, for example by iconv", o.text)
	}
	characters := []rune(string(text))
	vocabulary := slices.Compact(slices.Sorted(slices.Values(characters)))
	windows, err := cut(numbers(string(text), vocabulary), o.window)
	if err != nil {
		return fmt.Errorf("%s: %w", o.text, err)
	}
	defer windows.Close()
	loader, err := data.NewLoader(windows, data.Options{Batch: o.batch, Shuffle: true, Seed: s.Seed, Device: s.Device})
	if err != nil {
		return err
	}
	o.hyper.Vocabulary = string(vocabulary)
	run, err := training.Open[*CharLSTM](s, nn.Key{Name: "charlstm", Version: "v1"}, o.hyper, adam)
	if err != nil {
		return err
	}
	defer run.Close()
	t := training.Training[*CharLSTM, Hyper, *data.Pair]{Run: run, Loader: loader}
	t.Step = func(batch *data.Pair) (float64, error) {
		return run.Step(func(*torch.Scope) (*torch.Tensor, error) { return run.Model.loss(batch.X, batch.Y) })
	}
	t.EpochEnd = func(context.Context) ([]training.Number, error) {
		written, err := run.Model.write(string(characters[0]), vocabulary, o.write)
		fmt.Fprintf(s.Out, "%s\n\n", written)
		return nil, err
	}
	return t.Go(ctx, s)
}

// cut cuts a text into windows: each as int64 [n, window], and the same one character later.
func cut(text []int64, window int) (*data.Tensors, error) {
	n := (len(text) - 1) / max(window, 1)
	if n < 1 || window < 1 {
		return nil, fmt.Errorf("%d characters cannot be cut into windows of %d", len(text), window)
	}
	shape := []int64{int64(n), int64(window)}
	x, err := torch.FromSlice(text[:n*window], shape...)
	if err != nil {
		return nil, err
	}
	y, err := torch.FromSlice(text[1:n*window+1], shape...)
	if err != nil {
		x.Close()
		return nil, err
	}
	return &data.Tensors{X: x, Y: y}, nil
}
