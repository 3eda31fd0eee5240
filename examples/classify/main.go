// Command classify tells what is to be seen on images, by a TorchScript model that was
// trained on ImageNet or in the same way: inputs [1, 3, H, W], normalised, one logit for
// each class.
//
//	go run ./examples/classify -model resnet18_scripted.pt -labels imagenet.txt photos/ cat.jpg
//
// For each image it prints the classes with the highest probabilities.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/aten"
	"github.com/seed06459138/torchgo/torch/data"
	"github.com/seed06459138/torchgo/torch/data/images"
)

func main() {
	model := flag.String("model", "model.pt", "the TorchScript file")
	labels := flag.String("labels", "", "a file with the name of a class on each line; without it they are numbers")
	size := flag.Int("size", 224, "height and width of what the model gets, in pixels")
	top := flag.Int64("top", 3, "how many classes to print")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: classify [-model FILE] [-labels FILE] [-size PIXELS] [-top N] IMAGE|FOLDER ...")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() == 0 || *size < 1 || *top < 1 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *model, *labels, flag.Args(), *size, *top, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "classify:", err)
		os.Exit(1)
	}
}

// run classifies images. One that cannot be read does not keep the others from being
// classified.
func run(ctx context.Context, modelPath, labelPath string, files []string, size int, top int64, out io.Writer) error {
	names, err := readLabels(labelPath)
	if err != nil {
		return err
	}
	model, err := jit.Load(modelPath)
	if err != nil {
		return err
	}
	defer model.Close()
	set, err := images.Files(files...)
	if err != nil {
		return err
	}
	defer set.Close()
	dataset := prepared(set, size)
	var failures []error
	for i := range set.Len() {
		guesses, err := classify(ctx, model, dataset, i, top)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		if _, err := fmt.Fprint(out, set.Name(i)); err != nil {
			return err
		}
		for _, g := range guesses {
			name := strconv.FormatInt(g.class, 10)
			if g.class < int64(len(names)) {
				name = names[g.class]
			}
			fmt.Fprintf(out, "\t%s %.1f %%", name, 100*g.probability)
		}
		fmt.Fprintln(out)
	}
	return errors.Join(failures...)
}

// prepared makes of each image what the model was trained on: the middle, scaled, in
// the colours of ImageNet.
func prepared(set *images.Set, size int) *images.Dataset {
	return &images.Dataset{Set: set, Mean: images.ImageNetMean, Std: images.ImageNetStd,
		Transforms: []images.Transform{images.Resize(size), images.CenterCrop(size, size)}}
}

// guess is a class, and how probable the model holds it to be.
type guess struct {
	class       int64
	probability float32
}

// classify gives the most probable classes of an image.
func classify(ctx context.Context, model *jit.Module, dataset *images.Dataset, i int, top int64) ([]guess, error) {
	s := torch.NewScope()
	defer s.Close()
	batch, err := dataset.Batch(ctx, data.Request{Indices: []int{i}})
	if err != nil {
		return nil, err
	}
	defer batch.Y.Close()
	v, err := model.Run(ctx, s.Add(batch.X))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dataset.Set.Name(i), err)
	}
	logits, ok := v.(*torch.Tensor)
	if !ok || logits.Dim() != 2 || logits.Shape()[0] != 1 {
		return nil, fmt.Errorf("%s: the model does not give one row of logits", dataset.Set.Name(i))
	}
	probable, err := aten.SoftmaxInt(logits, 1, nil)
	if err != nil {
		return nil, err
	}
	values, classes, err := aten.Topk(probable, min(top, logits.Shape()[1]), nil)
	if err != nil {
		return nil, err
	}
	p, err := torch.Slice[float32](values)
	if err != nil {
		return nil, err
	}
	c, err := torch.Slice[int64](classes)
	if err != nil {
		return nil, err
	}
	guesses := make([]guess, len(c))
	for i := range c {
		guesses[i] = guess{c[i], p[i]}
	}
	return guesses, nil
}

func readLabels(path string) (names []string, err error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		names = append(names, lines.Text())
	}
	return names, lines.Err()
}
