package config

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/verify/inputs"
	"github.com/seed06459138/torchgo/verify/inspect"
)

// Draft writes the description of a check of files, by what is in them: the first
// TorchScript file is the reference, others are legs. What can only be guessed is a
// comment. Names are written relative to folder, where verify.yaml is to lie. It
// needs no libtorch.
func Draft(ctx context.Context, folder string, paths ...string) ([]byte, error) {
	d := &draft{}
	for _, path := range paths {
		if err := d.add(ctx, folder, path); err != nil {
			return nil, err
		}
	}
	if d.scripted == "" && d.state == "" {
		return nil, errors.New("no file is TorchScript or a state_dict; name those that are to be checked")
	}
	return []byte(d.text()), nil
}

// draft is what was found in the files.
type draft struct {
	scripted, state, expected string
	legs                      [][2]string // name, KIND:FILE
	inputs                    []string
	arguments                 []guess
}

// guess is what may be an argument's shape.
type guess struct {
	name, shape, because, bounds string
	known                        bool // by the first weight
}

func (d *draft) add(ctx context.Context, folder, path string) error {
	name := path
	if relative, err := relativeTo(folder, path); err == nil {
		name = relative
	}
	switch kind := checkpoint.Sniff(path); kind {
	case checkpoint.KindScript:
		if d.scripted != "" {
			d.legs = append(d.legs, [2]string{stem(path), "traced:" + name})
			return nil
		}
		d.scripted = name
		return d.look(ctx, path)
	case checkpoint.KindTorch, checkpoint.KindLegacy, checkpoint.KindSafetensors:
		if d.state != "" {
			d.legs = append(d.legs, [2]string{stem(path), "state:" + name})
			return nil
		}
		d.state = name
	case checkpoint.KindNPY, checkpoint.KindNPZ:
		lower := strings.ToLower(stem(path))
		switch {
		case d.expected == "" && (lower == "y" || strings.Contains(lower, "expect") || strings.Contains(lower, "out")):
			d.expected = name
		default:
			d.inputs = append(d.inputs, name)
		}
	default:
		if _, err := inspect.Run(ctx, "", path); err != nil {
			return err
		}
		return fmt.Errorf("%s is %v, which is no part of a check; name TorchScript files, state_dicts and arrays", path, kind)
	}
	return nil
}

// relativeTo names a file as seen from a folder.
func relativeTo(folder, path string) (string, error) {
	from, err := filepath.Abs(folder)
	if err != nil {
		return "", err
	}
	to, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return filepath.Rel(from, to)
}

func stem(path string) string {
	base := filepath.Base(path)
	return strings.TrimSuffix(base, filepath.Ext(base))
}

// look guesses from the code and the first weight what the module takes.
func (d *draft) look(ctx context.Context, path string) (err error) {
	_, d.arguments, err = argumentsIn(ctx, path)
	return err
}

// argumentsIn finds the signature of a TorchScript file's forward, and guesses a shape
// for each tensor of it. Both are empty of a file without code.
func argumentsIn(ctx context.Context, path string) (signature string, all []guess, err error) {
	report, err := inspect.Run(ctx, "", path)
	if err != nil {
		return "", nil, err
	}
	f := report.Files[0]
	if f.Problem != "" {
		return "", nil, errors.New(f.Problem)
	}
	if f.Script == nil || len(f.Script.Modules) == 0 {
		return "", nil, nil
	}
	var first *inspect.Tensor
	for i := range f.Tensors {
		if f.Tensors[i].Role == "parameter" && len(f.Tensors[i].Shape) > 1 {
			first = &f.Tensors[i]
			break
		}
	}
	for _, m := range f.Script.Methods {
		if m.Class == f.Script.Modules[0].Class && strings.HasPrefix(m.Signature, "forward(") {
			signature, all = m.Signature, argumentsOf(m.Signature, first)
		}
	}
	return signature, all, nil
}

// GuessInputs guesses from its code and its first weight what a TorchScript file takes:
// one tensor, which its first layer takes as it is. An error says why that can't be
// told. It needs no libtorch.
func GuessInputs(ctx context.Context, path string) ([]inputs.Field, []inputs.Range, error) {
	signature, arguments, err := argumentsIn(ctx, path)
	if err != nil {
		return nil, nil, err
	}
	list, _, _ := strings.Cut(strings.TrimPrefix(signature, "forward("), ") ->")
	alone := strings.Count(list, ": ") == 1
	if len(arguments) != 1 || !alone || !arguments[0].known {
		return nil, nil, fmt.Errorf("their shapes can't be told from %q and the first weight", signature)
	}
	field, err := inputs.ParseField(arguments[0].name + "=" + arguments[0].shape)
	if err != nil || arguments[0].bounds == "" {
		return []inputs.Field{field}, nil, err
	}
	r, err := inputs.ParseRange(arguments[0].name + "=" + arguments[0].bounds)
	return []inputs.Field{field}, []inputs.Range{r}, err
}

// argumentsOf guesses a shape for each tensor of a signature.
func argumentsOf(signature string, weight *inspect.Tensor) (all []guess) {
	list, _, _ := strings.Cut(strings.TrimPrefix(signature, "forward("), ") ->")
	for argument := range strings.SplitSeq(list, ", ") {
		name, kind, typed := strings.Cut(argument, ": ")
		if !typed || kind != "Tensor" {
			continue
		}
		g := guess{name: name, shape: "1x1:float32", because: "the shape is not known"}
		if weight != nil && len(all) == 0 {
			g = guessFrom(name, weight)
		}
		all = append(all, g)
	}
	return all
}

// guessFrom takes the first weight for that of the first layer.
func guessFrom(argument string, w *inspect.Tensor) guess {
	g := guess{name: argument, because: fmt.Sprintf("%s is %s %v", w.Name, w.DType, w.Shape), known: true}
	lower := strings.ToLower(w.Name)
	switch len(w.Shape) {
	case 2:
		if strings.Contains(lower, "emb") {
			g.shape, g.bounds = "1x16:int64", fmt.Sprintf("0:%d", w.Shape[0])
			break
		}
		g.shape = fmt.Sprintf("1x%d:%s", w.Shape[1], w.DType)
	case 3:
		g.shape = fmt.Sprintf("1x%dx128:%s", w.Shape[1], w.DType)
	case 4:
		g.shape = fmt.Sprintf("1x%dx224x224:%s", w.Shape[1], w.DType)
	default:
		g.shape = fmt.Sprintf("1x%dx16x64x64:%s", w.Shape[1], w.DType)
	}
	return g
}

// text writes the file.
func (d *draft) text() string {
	var b strings.Builder
	b.WriteString("# What verify --config checks. docs/config.schema.json lists all keys.\n")
	line := func(key, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s: %s\n", key, quoted(value))
		}
	}
	line("scripted", d.scripted)
	line("state", d.state)
	line("expected", d.expected)
	if len(d.legs) > 0 {
		b.WriteString("legs:\n")
		for _, l := range d.legs {
			fmt.Fprintf(&b, "  %s: %s\n", quoted(l[0]), quoted(l[1]))
		}
	}
	if len(d.inputs) > 0 {
		b.WriteString("inputs:\n")
		for _, in := range d.inputs {
			fmt.Fprintf(&b, "  - %s\n", quoted(in))
		}
	}
	b.WriteString("tolerance: allclose  # or assert_close, exact, ulp=4, rtol=1e-3\n")
	d.writeGenerate(&b)
	return b.String()
}

// writeGenerate writes which inputs could be made, as a comment: without an example
// the shapes are guessed.
func (d *draft) writeGenerate(b *strings.Builder) {
	if d.scripted == "" {
		return
	}
	b.WriteString("\n# Inputs to make besides, the same bytes each time: they find a trace that\n# ignores a branch.\n# generate:\n#   random: 8\n#   seed: 0\n#   edges: [zeros, batch=1/7]\n")
	if len(d.inputs) > 0 {
		return // they have the shapes
	}
	bounds := ""
	for i, a := range d.arguments {
		if i == 0 {
			b.WriteString("#   shapes:\n")
		}
		fmt.Fprintf(b, "#     %s: %s  # a guess: %s\n", quoted(a.name), a.shape, a.because)
		if a.bounds != "" {
			bounds += fmt.Sprintf("#     %s: %s\n", quoted(a.name), a.bounds)
		}
	}
	if bounds != "" {
		b.WriteString("#   ranges:\n" + bounds)
	}
}

// quoted writes a scalar as YAML reads it again.
func quoted(value string) string {
	out, err := yaml.Dump(value)
	if err != nil || strings.Contains(strings.TrimRight(string(out), "\n"), "\n") {
		return fmt.Sprintf("%q", value)
	}
	return strings.TrimRight(string(out), "\n")
}
