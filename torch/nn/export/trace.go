package export

import (
	"fmt"
	"reflect"

	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/nn"
)

// Layer traces a module of one input and one output; see Trace. checks are inputs of
// other values and sizes that the result is compared on besides.
func Layer(module nn.Layer, x *torch.Tensor, checks ...*torch.Tensor) (*jit.Module, error) {
	t := jit.Tracing{}
	for _, c := range checks {
		t.Checks = append(t.Checks, []*torch.Tensor{c})
	}
	return Trace(t, module, func(in ...*torch.Tensor) (torch.Value, error) {
		y, err := module.Forward(in[0])
		if err != nil {
			return nil, err
		}
		return y, nil
	}, x)
}

// Trace traces forward, which computes with a module, as jit.Trace does, and gives the
// result the module's parameters and buffers under their names in the state_dict,
// those that are not saved too. Tracing.Class is the module's type unless it is set;
// Tracing.Parts is filled in. What the module computes in evaluation is traced, whatever
// mode it is in, and in that it is left. It must not be used elsewhere meanwhile.
//
// The result shares the memory of the module, so it is to be used, or saved, before
// training goes on. It is the caller's, to be closed.
func Trace(t jit.Tracing, module any, forward func(inputs ...*torch.Tensor) (torch.Value, error), inputs ...*torch.Tensor) (*jit.Module, error) {
	if t.Class == "" {
		t.Class = classOf(module)
	}
	for _, e := range nn.Entries(module) {
		switch v := e.Value.(type) {
		case *nn.Parameter:
			t.Parts = append(t.Parts, jit.Part{Name: e.Name, Tensor: v.Tensor})
		case *nn.Buffer:
			t.Parts = append(t.Parts, jit.Part{Name: e.Name, Tensor: v.Tensor, Buffer: true})
		}
	}
	defer evaluating(module)()
	m, err := jit.Trace(t, forward, inputs...)
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	return m, nil
}

// classOf names the type of a module; "" when it has no name.
func classOf(module any) string {
	t := reflect.TypeOf(module)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Name()
}

// evaluating puts a module into evaluation, and gives what brings every part of it back
// into the mode that it was in.
func evaluating(module any) (restore func()) {
	type moded interface{ Training() bool }
	var parts []moded
	var training []bool
	for _, m := range nn.Modules(module) {
		if m, ok := m.(moded); ok {
			parts, training = append(parts, m), append(training, m.Training())
		}
	}
	nn.Eval(module)
	return func() {
		for i, m := range parts { // from the outside in, since both go down the tree
			if training[i] {
				nn.Train(m)
			} else {
				nn.Eval(m)
			}
		}
	}
}
