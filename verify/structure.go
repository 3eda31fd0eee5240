package verify

import (
	"context"
	"fmt"

	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/nn"
)

// structureLeg runs a structure written in Go, filled from the state.
type structureLeg struct {
	report    Leg
	source    *source
	state     stateDict
	structure *structure
	at        place
	module    *nn.Structure
}

// structure is a registered Go structure and what a checkpoint builds it from.
type structure struct {
	key   nn.Key
	build nn.Build
	hyper checkpoint.Value
}

// goStructure begins Leg.Structure of such a leg.
const goStructure = "Go structure "

// findStructure tells whether a checkpoint names a structure that is registered,
// by model_name and model_version. key is what it names, also when that is
// unknown. What it is built from may stand under any of the keys that package
// checkpoint knows, hyperparams or model_args.
func findStructure(file *checkpoint.File) (found *structure, key nn.Key) {
	if _, ok := file.Value().(*checkpoint.Dict); !ok {
		return nil, key
	}
	c, err := file.Checkpoint()
	if err != nil {
		return nil, key // something else stands under the keys of a checkpoint
	}
	if key = (nn.Key{Name: c.ModelName, Version: c.ModelVersion}); key.Name == "" {
		return nil, key
	}
	build, err := nn.Lookup(key.Name, key.Version)
	if err != nil {
		return nil, key
	}
	hyper := c.Hyperparams
	if hyper == nil {
		hyper = checkpoint.NewDict()
	}
	return &structure{key, build, hyper}, key
}

func newStructureLeg(s *source, leg LegSpec, state stateDict, found *structure, at place) *structureLeg {
	return &structureLeg{source: s, state: state, structure: found, at: at,
		report: Leg{Name: leg.Name, Kind: leg.Kind, Label: leg.label(stateLabel(leg.Kind)), Path: s.path, Structure: goStructure + found.key.String()}}
}

func (l *structureLeg) entry() *Leg { return &l.report }

func (l *structureLeg) load(context.Context) error {
	module, err := l.fill()
	if err != nil {
		return &Error{Path: l.source.path, Msg: "does not fill the Go structure " + l.structure.key.String(), Err: err}
	}
	l.module = module
	return nil
}

// fill builds the structure and loads the state into it.
func (l *structureLeg) fill() (*nn.Structure, error) {
	state := checkpoint.NewState()
	for _, name := range l.state.names {
		if err := state.Add(name, l.state.tensors[name]); err != nil {
			return nil, err
		}
	}
	module, err := l.structure.build(l.structure.hyper)
	if err != nil {
		return nil, fmt.Errorf("building %s from the checkpoint's hyperparams: %w", l.structure.key, err)
	}
	if err := module.LoadState(state); err != nil {
		module.Close()
		return nil, err
	}
	return module, nil
}

func (l *structureLeg) run(_ context.Context, in *inputs) ([]output, error) {
	return invoke(in, l.at, l.module.Forward)
}

func (l *structureLeg) model() *jit.Module { return nil }

func (l *structureLeg) repeat(_ context.Context, in *inputs, _ string) ([]output, error) {
	return invoke(in, l.at, l.module.Forward)
}

func (l *structureLeg) again(_ context.Context, in *inputs) ([]output, bool, error) {
	module, err := l.fill()
	if err != nil {
		return nil, false, err
	}
	out, err := invoke(in, l.at, module.Forward)
	module.Close()
	return out, true, err
}

func (l *structureLeg) close() {
	if l.module != nil {
		l.module.Close()
	}
}
