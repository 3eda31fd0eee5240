package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/aten"
	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/nn"
	"github.com/seed06459138/torchgo/torch/nn/export"
	"github.com/seed06459138/torchgo/torch/nn/initializer"
	"github.com/seed06459138/torchgo/verify"
)

// DynamicModel is the model of dynamic_model_safe_save.py: a linear layer plus a
// random vector, which is saved only where it is a buffer.
type DynamicModel struct {
	Linear  *nn.Linear
	MyEmbed *nn.Buffer // nil where it is a plain attribute

	plain []float32 // a plain attribute: no state_dict has it
}

// Forward gives [n, hidden_size] of [n, input_size].
func (m *DynamicModel) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	y, err := m.Linear.Forward(x)
	if err != nil {
		return nil, err
	}
	if m.MyEmbed != nil {
		return aten.AddTensor(y, m.MyEmbed.Tensor, nil)
	}
	embed, err := torch.FromSlice(m.plain)
	if err != nil {
		return nil, err
	}
	defer embed.Close()
	return aten.AddTensor(y, embed, nil)
}

// DynamicArgs are its model_args.
type DynamicArgs struct {
	InputSize, HiddenSize int64
	UseBuffer             bool
}

const dynamicName, dynamicVersion = "dynamic_model", "v1"

func init() {
	if err := nn.Register(dynamicName, dynamicVersion, newDynamicModel); err != nil {
		panic(err) // it is registered twice
	}
}

func newDynamicModel(a DynamicArgs) (*DynamicModel, error) {
	m := &DynamicModel{Linear: nn.NewLinear(a.InputSize, a.HiddenSize)}
	if a.UseBuffer {
		m.MyEmbed = nn.NewBuffer(func(t *torch.Tensor) error { return initializer.Normal(t, 0, 1) }, a.HiddenSize)
		return m, nil
	}
	embed, err := aten.Randn([]int64{a.HiddenSize}, nil)
	if err != nil {
		return nil, err
	}
	defer embed.Close()
	m.plain, err = torch.Slice[float32](embed)
	return m, err
}

// dynamicModelSafeSave is dynamic_model_safe_save.py: both cases, of Go and of Python,
// and what verify says of them with the Go structure as the structure of the state.
func (s *scenarios) dynamicModelSafeSave(ctx context.Context, dir string) error {
	for _, c := range []struct {
		folder  string
		buffer  bool
		title   string
		verdict verify.Verdict
	}{
		{"buffer", true, "my_embed a buffer", verify.Consistent},
		{"attribute", false, "(bad) my_embed a plain attribute", verify.Inconsistent},
	} {
		at := filepath.Join(dir, c.folder)
		if err := saveDynamic(at, DynamicArgs{InputSize: 4, HiddenSize: 2, UseBuffer: c.buffer}); err != nil {
			return err
		}
		for _, from := range []string{at, s.path("dynamic_model_safe_save", c.folder)} {
			same, err := reloadDynamic(from)
			if err != nil {
				return err
			}
			whose := ""
			if from != at {
				whose = ", Python's file"
			}
			s.same(c.title+whose, same, c.buffer)
			spec := verify.Spec{Scripted: filepath.Join(from, "model_scripted.pt"), State: filepath.Join(from, "checkpoint.pt"),
				Structure: nn.Key{Name: dynamicName, Version: dynamicVersion}, // Python's file does not name it
				Inputs:    []string{filepath.Join(from, "x.npy")}, Expected: filepath.Join(from, "expected.npy")}
			if err := s.verify(ctx, c.folder+whose, spec, c.verdict); err != nil {
				return err
			}
		}
	}
	return s.loadInPython("dynamic_model_safe_save", dir, "SAME? True\nSAME? (bad) False\n")
}

// saveDynamic makes a model and saves its state with the arguments that it was built
// from, and as TorchScript.
func saveDynamic(dir string, args DynamicArgs) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	if err := torch.ManualSeed(42); err != nil {
		return err
	}
	model, err := newDynamicModel(args)
	if err != nil {
		return err
	}
	if _, err := nn.Init(model); err != nil {
		return err
	}
	defer nn.Close(model)
	nn.Eval(model)
	return torch.InScope(func(scope *torch.Scope) error {
		x, err := aten.Randn([]int64{1, args.InputSize}, nil)
		if err != nil {
			return err
		}
		before, err := model.Forward(scope.Add(x))
		if err != nil {
			return err
		}
		if err := writeNPY(filepath.Join(dir, "x.npy"), x); err != nil {
			return err
		}
		if err := writeNPY(filepath.Join(dir, "expected.npy"), before); err != nil {
			return err
		}
		scripted, err := export.Layer(model, x)
		if err != nil {
			return err
		}
		defer scripted.Close()
		if err := scripted.Save(filepath.Join(dir, "model_scripted.pt")); err != nil {
			return err
		}
		return saveWithArgs(filepath.Join(dir, "checkpoint.pt"), model, args)
	}, torch.NoGrad)
}

// saveWithArgs saves what Python does, and the name that the structure is registered
// under, by which verify finds it.
func saveWithArgs(path string, model *DynamicModel, args DynamicArgs) error {
	state, err := nn.StateDict(model)
	if err != nil {
		return err
	}
	hyper, err := nn.EncodeHyper(args)
	if err != nil {
		return err
	}
	return checkpoint.Save(path, checkpoint.NewDict(
		checkpoint.Entry{Key: checkpoint.String("model_name"), Value: checkpoint.String(dynamicName)},
		checkpoint.Entry{Key: checkpoint.String("model_version"), Value: checkpoint.String(dynamicVersion)},
		checkpoint.Entry{Key: checkpoint.String("model_state_dict"), Value: state.Dict()},
		checkpoint.Entry{Key: checkpoint.String("model_args"), Value: hyper}))
}

// reloadDynamic builds the model anew from its arguments, fills it from its state, and
// tells whether it computes what it computed before.
func reloadDynamic(dir string) (bool, error) {
	path := filepath.Join(dir, "checkpoint.pt")
	f, err := checkpoint.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	c, err := f.Checkpoint()
	if err != nil {
		return false, err
	}
	if c.Hyperparams == nil || c.Model == nil {
		return false, fmt.Errorf("%s lacks %v", path, c.Missing)
	}
	build, err := nn.Lookup(dynamicName, dynamicVersion)
	if err != nil {
		return false, err
	}
	model, err := build(c.Hyperparams)
	if err != nil {
		return false, err
	}
	defer model.Close()
	if err := model.LoadState(c.Model); err != nil {
		return false, err
	}
	return remembered(dir, model.Forward)
}
