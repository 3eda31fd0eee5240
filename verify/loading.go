package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
)

// load makes the legs ready and compares the weights.
func (r *run) load(ctx context.Context) error {
	if r.computesHere() {
		if err := settle(r.spec.Threads); err != nil {
			return err
		}
	}
	legs := r.spec.legs()
	r.legs = make([]leg, len(legs))
	// The structure that states borrow comes first, whatever the order of the legs.
	base := baseOf(legs)
	if base >= 0 {
		l, err := r.legOf(base, legs[base], r.files.legs[base])
		r.legs[base] = l
		if err == nil {
			err = r.files.legs[base].err
		}
		if err := r.join(ctx, legs[base], l, err); err != nil {
			return err
		}
		if l.entry().Error == "" {
			r.base, r.structure = l, r.files.legs[base]
			r.scripted, _ = l.(*moduleLeg)
		}
	}
	if err := r.bindInputs(); err != nil {
		return err
	}
	for i, l := range legs {
		if r.legs[i] != nil {
			continue
		}
		var err error
		if r.legs[i], err = r.legOf(i, l, r.files.legs[i]); err == nil {
			err = r.files.legs[i].err
		}
		if err := r.join(ctx, l, r.legs[i], err); err != nil {
			return err
		}
		if state, ok := r.legs[i].(filled); ok && state.entry().Error == "" && state.weighed() != nil {
			r.states = append(r.states, state)
			r.noteWeights(state.weighed(), true)
		}
	}
	for _, l := range r.legs {
		if l.entry().Error == "" {
			r.loaded = l
			break
		}
	}
	if r.loaded == nil && slices.ContainsFunc(r.legs, func(l leg) bool { return l.entry().Ended != nil }) {
		r.loaded = r.legs[0] // how they ended is the report
	}
	if r.loaded == nil {
		return &Error{Msg: "no leg could be loaded: " + r.legs[0].entry().Error}
	}
	return nil
}

// placeOf says where a leg computes.
func (r *run) placeOf(l LegSpec) place {
	at := place{device: r.spec.Device, cast: l.DType}
	if l.Device != nil {
		at.device = *l.Device
	}
	return at
}

// settle sets what is of the whole process.
func settle(threads int) error {
	if threads > 0 {
		if err := torch.SetNumThreads(threads); err != nil {
			return err
		}
	}
	// Rounding to TF32 is the first reason why a GPU and a CPU differ.
	return torch.SetTF32(false)
}

// legOf makes the leg that was asked for, at its place. What it gives has an entry
// also when there is an error.
func (r *run) legOf(at int, l LegSpec, f *source) (leg, error) {
	if r.workers[at] != nil {
		return r.remoteLegOf(at, l, f)
	}
	return r.localLegOf(l, f)
}

// localLegOf makes the leg in this process.
func (r *run) localLegOf(l LegSpec, f *source) (leg, error) {
	switch {
	case l.Kind == kindExpected:
		return newExpectedLeg(f, l), nil
	case ofModule(l.Kind):
		return newModuleLeg(f, l, r.spec.method(), r.placeOf(l)), nil
	case ofState(l.Kind):
		return r.stateLegOf(l, f)
	}
	kind, _ := addedKind(l.Kind)
	at := r.placeOf(l)
	if l.Device = &at.device; l.Threads == 0 {
		l.Threads = r.spec.Threads
	}
	return newRunnerLeg(l, kind), nil
}

// join loads a leg; it is closed with the run, also when it could not be loaded.
// The failure of a leg that no short flag asked for is its own.
func (r *run) join(ctx context.Context, spec LegSpec, l leg, failure error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var died *WorkerError
	text, lost := r.lost[spec.Name]
	switch {
	case lost:
		failure = errors.New(text)
	case failure == nil:
		failure = r.loadLeg(ctx, l)
	}
	switch {
	case failure == nil || ctx.Err() != nil || spec.vital() && !lost && !errors.As(failure, &died):
		return failure
	}
	l.entry().fail(failure)
	return nil
}

// loadLeg loads a leg and notes which libtorch it computes with.
func (r *run) loadLeg(ctx context.Context, l leg) error {
	if _, remote := l.(*remoteLeg); !remote && usesLibtorch(l.entry().Kind) {
		build, err := torch.Version()
		if err != nil {
			return err
		}
		l.entry().Libtorch = build.Libtorch
	}
	return l.load(ctx)
}

// fail notes why the leg has no outputs.
func (l *Leg) fail(err error) {
	l.Error, l.Detail = causeOf(err), Detail(err)
	var died *WorkerError
	if errors.As(err, &died) {
		ended := died.Ended()
		l.Ended, l.Detail = &ended, died.Said()
	}
}

// noteWeights takes over what a comparison of weights found.
func (r *run) noteWeights(w *Weights, fill bool) {
	if r.weights == nil {
		r.weights = w
	}
	for _, f := range w.findings(fill) {
		r.say(f) // states of several legs may be one file
	}
}

// bindInputs checks the inputs against the method.
func (r *run) bindInputs() (err error) {
	var signature *jit.Signature
	path := ""
	if r.base != nil {
		path = r.structure.path
		about := r.factsOf(r.base)
		if signature, err = findSignature(about, r.spec.method(), path); err != nil {
			return err
		}
		if flags := about.training(); len(flags) > 0 {
			r.findings = append(r.findings, Finding{TrainingMode, Note, path,
				fmt.Sprintf("%s was saved in training mode (%s); it was put into evaluation mode", path, listText(rootNamed(flags), 3)),
				"call model.eval() before saving"})
		}
	}
	err = r.bindSets(signature)
	var refused *Error
	if errors.As(err, &refused) && refused.Path == "" {
		refused.Path = path
	}
	return err
}

func rootNamed(names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		if out[i] = name; name == "" {
			out[i] = "the module itself"
		}
	}
	return out
}

// stateLegOf makes a state leg: of a registered Go structure when one is asked for or
// the checkpoint names one, else of the scripted file.
func (r *run) stateLegOf(l LegSpec, f *source) (leg, error) {
	borrowing := newStateLeg(nil, f, l, r.spec, r.placeOf(l))
	if f.err != nil {
		return borrowing, f.err
	}
	found, key, err := findStructure(f.file, r.spec.Structure)
	asked := r.spec.Structure.Name != ""
	switch {
	case found != nil && r.spec.method() == "forward":
		return r.structureLegOf(l, f, found)
	case asked && err == nil:
		return borrowing, &Error{Path: f.path, Msg: fmt.Sprintf("the Go structure %s has no method %s, only forward", key, r.spec.method())}
	case asked:
		return borrowing, &Error{Path: f.path, Msg: "has no structure to fill", Err: err, Remedy: "register it in an init function, which child processes run too"}
	case r.base == nil && key.Name != "":
		return borrowing, &Error{Path: f.path, Msg: "names a structure that this program does not have", Err: err, Remedy: "register it in an init function, or give --scripted, whose structure can be used"}
	case r.base == nil:
		return borrowing, &Error{Path: f.path, Msg: "a state_dict holds no structure to run it with", Remedy: "give --scripted, whose structure can be used"}
	}
	borrowing.scripted = r.structure
	return borrowing, nil
}

// structureLegOf makes the state leg of a Go structure.
func (r *run) structureLegOf(l LegSpec, f *source, found *structure) (leg, error) {
	made := newStructureLeg(f, l, newStateDict(f.state, nil), found, r.placeOf(l))
	if r.scripted == nil {
		return made, nil
	}
	if r.scripted.module == nil { // in a worker, which needs it for this alone
		if err := r.scripted.load(context.Background()); err != nil {
			return made, err
		}
	}
	tensors, err := r.scripted.module.Tensors()
	if err != nil {
		return made, err
	}
	module := make([]held, len(tensors))
	for i, t := range tensors {
		defer t.Tensor.Close()
		module[i] = heldByModule(t)
	}
	census, err := takeCensus(module, newStateDict(f.state, module), r.spec.weightTolerance())
	if err != nil {
		return made, fmt.Errorf("%s: %w", f.path, err)
	}
	r.noteWeights(census.weights, false)
	return made, nil
}
