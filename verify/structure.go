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

// findStructure finds the registered structure that is asked for, or else the one that
// a checkpoint names by model_name and model_version; nil for none. key is its name,
// also when that is unknown, which err says. What it is built from may stand under any
// of the keys that package checkpoint knows, hyperparams or model_args.
func findStructure(file *checkpoint.File, asked nn.Key) (found *structure, key nn.Key, err error) {
	var hyper checkpoint.Value = checkpoint.NewDict()
	if _, ok := file.Value().(*checkpoint.Dict); ok {
		if c, err := file.Checkpoint(); err == nil { // else something else stands under its keys
			key = nn.Key{Name: c.ModelName, Version: c.ModelVersion}
			if c.Hyperparams != nil {
				hyper = c.Hyperparams
			}
		}
	}
	if asked.Name != "" {
		key = asked
	}
	if key.Name == "" {
		return nil, key, nil
	}
	build, err := nn.Lookup(key.Name, key.Version)
	if err != nil {
		return nil, key, err
	}
	return &structure{key, build, hyper}, key, nil
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
		return nil, fmt.Errorf("built from the file's hyperparams: %w", err)
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
