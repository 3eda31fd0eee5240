package verify

import (
	"context"

	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
)

// leg is one way to get the outputs. Its methods are called from one goroutine,
// load first; what a leg can learn from files alone it has from its source.
type leg interface {
	// entry is the leg's part of the report, which the leg fills in.
	entry() *Leg

	// load gets ready to run.
	load(ctx context.Context) error

	// run computes the outputs. It is called once, after every leg was loaded.
	run(ctx context.Context, in *inputs) ([]output, error)

	// again computes the outputs once more from the same start, to learn whether
	// two runs agree; ok is false for legs that compute nothing.
	again(ctx context.Context, in *inputs) (out []output, ok bool, err error)

	// close gives back what load got.
	close()
}

// sparing is a leg that can do with less memory while others run.
type sparing interface {
	// rest lets go of what the leg gets again when it runs.
	rest()
}

// expectedLeg gives outputs that were recorded before saving.
type expectedLeg struct {
	report Leg
	source *source
}

func newExpectedLeg(s *source, spec LegSpec) *expectedLeg {
	return &expectedLeg{source: s, report: Leg{Name: spec.Name, Kind: spec.Kind, Label: spec.label("expected"), Path: s.path, Structure: "recorded"}}
}

func (l *expectedLeg) entry() *Leg                { return &l.report }
func (l *expectedLeg) load(context.Context) error { return nil }
func (l *expectedLeg) close()                     {}

func (l *expectedLeg) run(context.Context, *inputs) ([]output, error) {
	var all []output
	for _, a := range l.source.arrays {
		all = append(all, a.output())
	}
	return all, nil
}

func (l *expectedLeg) again(context.Context, *inputs) ([]output, bool, error) {
	return nil, false, nil
}

// loadModule loads a TorchScript file that was checked before.
func loadModule(s *source, device torch.Device) (*jit.Module, error) {
	m, err := jit.Load(s.path, jit.OnDevice(device), jit.Mapped())
	if err != nil {
		return nil, &Error{Path: s.path, Msg: "libtorch cannot load it", Remedy: loadRemedy(err), Err: err}
	}
	return m, nil
}

// call runs a method on fresh copies of the inputs and copies the outputs out.
func call(m *jit.Module, method string, in *inputs, at place, how caller) ([]output, error) {
	handle, err := m.Method(method)
	if err != nil {
		return nil, err
	}
	return invoke(in, at, func(args ...torch.Value) (torch.Value, error) { return how(handle, args...) })
}

// invoke passes fresh copies of the inputs to a function and copies its outputs
// out of libtorch.
func invoke(in *inputs, at place, f func(args ...torch.Value) (torch.Value, error)) ([]output, error) {
	args, err := in.values(at)
	if err != nil {
		return nil, err
	}
	defer torch.CloseAll(args...)
	result, err := f(args...)
	if err != nil {
		return nil, err
	}
	defer torch.CloseAll(result)
	return flatten(result)
}
