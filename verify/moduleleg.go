package verify

import (
	"context"

	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch/dtype"
)

// moduleLeg runs a TorchScript file, as it is or transformed.
type moduleLeg struct {
	report    Leg
	source    *source
	method    string
	at        place
	transform func(*jit.Module) (*jit.Module, error) // gives a new module; nil leaves it
	module    *jit.Module
}

// transforms are what is done to a module, by the kind of its leg.
var transforms = map[string]struct {
	label, structure string
	apply            func(*jit.Module) (*jit.Module, error)
}{
	kindScripted:  {"TorchScript", "TorchScript", nil},
	kindTraced:    {"trace", "TorchScript, traced", nil},
	kindFrozen:    {"frozen", "TorchScript, frozen", (*jit.Module).Freeze},
	kindOptimized: {"optimized", "TorchScript, optimized for inference", (*jit.Module).OptimizeForInference},
	kindOracle:    {"oracle", "TorchScript in float64", func(m *jit.Module) (*jit.Module, error) { return m.Cast(dtype.Float64) }},
}

func newModuleLeg(s *source, leg LegSpec, method string, at place) *moduleLeg {
	t := transforms[leg.Kind]
	l := &moduleLeg{source: s, method: method, at: at, transform: t.apply,
		report: Leg{Name: leg.Name, Kind: leg.Kind, Label: leg.label(t.label), Path: s.path, Structure: t.structure}}
	switch {
	case leg.Kind == kindOracle:
		wide := dtype.Float64
		l.at.cast = &wide
	case at.cast != nil:
		l.report.Structure += " in " + at.cast.String()
		l.transform = func(m *jit.Module) (*jit.Module, error) { return castAnd(m, *at.cast, t.apply) }
	}
	return l
}

// castAnd casts a module before it is transformed further.
func castAnd(m *jit.Module, element dtype.DType, next func(*jit.Module) (*jit.Module, error)) (*jit.Module, error) {
	cast, err := m.Cast(element)
	if err != nil || next == nil {
		return cast, err
	}
	defer cast.Close()
	return next(cast)
}

func (l *moduleLeg) entry() *Leg { return &l.report }

func (l *moduleLeg) load(context.Context) (err error) {
	l.module, err = l.fresh()
	return err
}

// fresh loads the file and transforms it.
func (l *moduleLeg) fresh() (*jit.Module, error) {
	m, err := loadModule(l.source, l.at.device)
	if err != nil || l.transform == nil {
		return m, err
	}
	defer m.Close()
	made, err := l.transform(m)
	if err != nil {
		return nil, &Error{Path: l.source.path, Msg: "cannot be made " + l.report.Structure, Err: err}
	}
	return made, nil
}

func (l *moduleLeg) run(_ context.Context, in *inputs) ([]output, error) {
	return call(l.module, l.method, in, l.at, (*jit.Method).Call)
}

func (l *moduleLeg) model() *jit.Module { return l.module }

func (l *moduleLeg) repeat(_ context.Context, in *inputs, mode string) ([]output, error) {
	return call(l.module, l.method, in, l.at, callerOf(mode))
}

// again loads the file once more, since a run may have changed the module.
func (l *moduleLeg) again(_ context.Context, in *inputs) ([]output, bool, error) {
	fresh, err := l.fresh()
	if err != nil {
		return nil, false, err
	}
	defer fresh.Close()
	out, err := call(fresh, l.method, in, l.at, (*jit.Method).Call)
	return out, true, err
}

// steps gives the module itself, or another load of it when runs change it.
func (l *moduleLeg) steps() (*jit.Module, place, func(), error) {
	if len(mutations(l.module, l.method)) == 0 {
		return l.module, l.at, func() {}, nil
	}
	fresh, err := l.fresh()
	if err != nil {
		return nil, l.at, nil, err
	}
	return fresh, l.at, fresh.Close, nil
}

// rest lets go of weights that are as the file has them.
func (l *moduleLeg) rest() {
	if len(mutations(l.module, l.method)) == 0 {
		l.module.Discard()
	}
}

func (l *moduleLeg) close() { l.module.Close() }
