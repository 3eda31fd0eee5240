// Command classify tells what is to be seen on the PNG images of a folder, by a
// TorchScript model that was trained on ImageNet or in the same way: inputs
// [1, 3, H, W], normalised, one logit for each class.
//
//	go run ./examples/classify -model resnet18_scripted.pt -labels imagenet.txt photos/
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
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/aten"
)

func main() {
	model := flag.String("model", "model.pt", "the TorchScript file")
	labels := flag.String("labels", "", "a file with the name of a class on each line; without it they are numbers")
	size := flag.Int64("size", 224, "height and width of what the model gets, in pixels")
	top := flag.Int64("top", 3, "how many classes to print")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: classify [-model FILE] [-labels FILE] [-size PIXELS] [-top N] FOLDER")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *model, *labels, flag.Arg(0), *size, *top, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "classify:", err)
		os.Exit(1)
	}
}

// run classifies every image of a folder. One that cannot be read does not keep
// the others from being classified.
func run(ctx context.Context, modelPath, labelPath, folder string, size, top int64, out io.Writer) error {
	names, err := readLabels(labelPath)
	if err != nil {
		return err
	}
	model, err := jit.Load(modelPath)
	if err != nil {
		return err
	}
	defer model.Close()
	paths, err := filepath.Glob(filepath.Join(folder, "*.png"))
	if err != nil {
		return err
	}
	if len(paths) == 0 {
		return fmt.Errorf("%s: no PNG images", folder)
	}
	var failures []error
	for _, path := range paths {
		guesses, err := classify(ctx, model, path, size, top)
		if err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", path, err))
			continue
		}
		if _, err := fmt.Fprint(out, filepath.Base(path)); err != nil {
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

// guess is a class, and how probable the model holds it to be.
type guess struct {
	class       int64
	probability float32
}

// classify gives the most probable classes of an image.
func classify(ctx context.Context, model *jit.Module, path string, size, top int64) ([]guess, error) {
	s := torch.NewScope()
	defer s.Close()
	x, err := load(s, path, size)
	if err != nil {
		return nil, err
	}
	v, err := model.Run(ctx, x)
	if err != nil {
		return nil, err
	}
	logits, ok := v.(*torch.Tensor)
	if !ok || logits.Dim() != 2 || logits.Shape()[0] != 1 {
		return nil, errors.New("the model does not give one row of logits")
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
