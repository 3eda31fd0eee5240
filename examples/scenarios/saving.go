package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/seed06459138/torchgo/internal/layout"
	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/aten"
	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/nn"
	"github.com/seed06459138/torchgo/torch/nn/export"
	"github.com/seed06459138/torchgo/verify"
)

// SafeModel is the model of safe_model_save.py.
type SafeModel struct{ FC *nn.Linear }

// Forward gives [n, 2] of [n, 4].
func (m *SafeModel) Forward(x *torch.Tensor) (*torch.Tensor, error) { return m.FC.Forward(x) }

// NewSafeModel declares it.
func NewSafeModel() *SafeModel { return &SafeModel{nn.NewLinear(4, 2)} }

// safeModelSave is safe_model_save.py, on files of Go and then on those of Python.
func (s *scenarios) safeModelSave(ctx context.Context, dir string) error {
	if err := saveSafely(dir); err != nil {
		return err
	}
	for _, from := range []string{dir, s.path("safe_model_save")} {
		if from != dir {
			fmt.Fprintln(s.out, "\nPython's files, loaded by Go:")
		}
		if err := s.reloadSafely(from); err != nil {
			return err
		}
	}
	if err := s.withoutStructure(ctx, dir); err != nil {
		return err
	}
	return s.loadInPython("safe_model_save", dir, "SAME? state_dict: True\nSAME? TorchScript: True\n")
}

// saveSafely makes a model, remembers what it computes, and saves it in both forms.
func saveSafely(dir string) error {
	if err := torch.ManualSeed(0); err != nil {
		return err
	}
	model, err := nn.Init(NewSafeModel())
	if err != nil {
		return err
	}
	defer nn.Close(model)
	nn.Eval(model)
	return torch.InScope(func(scope *torch.Scope) error {
		x, err := aten.Randn([]int64{1, 4}, nil)
		if err != nil {
			return err
		}
		before, err := model.Forward(scope.Add(x))
		if err != nil {
			return err
		}
		state, err := nn.StateDict(model)
		if err != nil {
			return err
		}
		scripted, err := export.Layer(model, x)
		if err != nil {
			return err
		}
		defer scripted.Close()
		return errors.Join(
			checkpoint.Save(filepath.Join(dir, "model_state.pt"), state.Dict()),
			scripted.Save(filepath.Join(dir, "model_scripted.pt")),
			writeNPY(filepath.Join(dir, "x.npy"), x),
			writeNPY(filepath.Join(dir, "expected.npy"), before))
	}, torch.NoGrad)
}

func writeNPY(path string, t *torch.Tensor) error {
	bytes, err := t.Bytes()
	if err != nil {
		return err
	}
	return checkpoint.WriteNPY(path, t.DType(), t.Shape(), bytes)
}

// reloadSafely loads both forms and holds them against what was remembered.
func (s *scenarios) reloadSafely(dir string) error {
	state := &nn.Structure{Module: NewSafeModel()}
	defer state.Close()
	f, err := checkpoint.Open(filepath.Join(dir, "model_state.pt"))
	if err != nil {
		return err
	}
	defer f.Close()
	saved, err := f.State("")
	if err != nil {
		return err
	}
	if err := state.LoadState(saved); err != nil {
		return err
	}
	same, err := remembered(dir, state.Forward)
	if err != nil {
		return err
	}
	s.same("state_dict", same, true)

	scripted, err := jit.Load(filepath.Join(dir, "model_scripted.pt"))
	if err != nil {
		return err
	}
	defer scripted.Close()
	same, err = remembered(dir, func(args ...torch.Value) (torch.Value, error) { return scripted.Call("forward", args...) })
	if err != nil {
		return err
	}
	s.same("TorchScript", same, true)
	return nil
}

// remembered tells whether forward computes expected.npy of x.npy.
func remembered(dir string, forward func(args ...torch.Value) (torch.Value, error)) (same bool, err error) {
	err = torch.InScope(func(scope *torch.Scope) error {
		x, err := readNPY(filepath.Join(dir, "x.npy"))
		if err != nil {
			return err
		}
		want, err := readNPY(filepath.Join(dir, "expected.npy"))
		if err != nil {
			return err
		}
		scope.Add(want)
		v, err := forward(scope.Add(x))
		if err != nil {
			return err
		}
		got, ok := v.(*torch.Tensor)
		if !ok {
			return fmt.Errorf("forward gives a %T", v)
		}
		same, err = scope.Add(got).AllClose(want, 1e-5, 1e-8, false)
		return err
	})
	return same, err
}

// withoutStructure is what is left when the code of the model is gone: this program
// has never registered it, and verify finds no structure for the state.
func (s *scenarios) withoutStructure(ctx context.Context, dir string) error {
	fmt.Fprintln(s.out, "\nWithout the model's code:")
	spec := verify.Spec{State: filepath.Join(dir, "model_state.pt"), Inputs: []string{filepath.Join(dir, "x.npy")}, Expected: filepath.Join(dir, "expected.npy")}
	_, err := verify.Run(ctx, spec)
	var refused *verify.Error
	switch {
	case err == nil:
		return errors.New("a state_dict without a structure was run")
	case !errors.As(err, &refused):
		return err
	}
	fmt.Fprintf(s.out, "model_state.pt: %s\n", refused.Msg)
	spec.Scripted = filepath.Join(dir, "model_scripted.pt")
	return s.verify(ctx, "model_scripted.pt", spec, verify.Consistent)
}

// verify checks files, prints the verdict and notes when it is not the wanted one.
func (s *scenarios) verify(ctx context.Context, what string, spec verify.Spec, want verify.Verdict) error {
	r, err := verify.Run(ctx, spec)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "verify %s:\n%s\n", what, layout.Hang("  ", r.Summary))
	if r.Verdict != want {
		s.wrong = append(s.wrong, fmt.Errorf("verify %s: %s, not %s", what, r.Verdict, want))
	}
	return nil
}
