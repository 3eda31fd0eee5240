package verify

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"github.com/seed06459138/torchgo/internal/layout"
	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
	generated "github.com/seed06459138/torchgo/verify/inputs"
)

// Run puts the question and reports the answer. An error says why it could not
// be put: a missing or damaged file, inputs that do not fit, no libtorch; then
// there is no report, but see FailedReport. Errors are mostly of type *Error.
//
// Opening libtorch goes on while the files are read. A context that is done ends
// the check between two steps, with the context's error; a native call that has
// begun is not interrupted.
func Run(ctx context.Context, spec Spec) (*Report, error) {
	started := time.Now()
	if err := spec.check(); err != nil {
		return nil, err
	}
	spec, notes, err := spec.spread(torch.DeviceCount)
	if err != nil {
		return nil, err
	}
	opening := make(chan error, 1)
	go func() { opening <- open(&spec) }()

	files, err := readSources(ctx, &spec)
	defer files.close()
	if err != nil {
		return nil, err
	}
	select {
	case err = <-opening:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		return nil, err
	}

	r := &run{spec: &spec, files: files, findings: notes}
	defer r.close()
	if err := r.load(ctx); err != nil {
		return nil, err
	}
	if err := r.proceed(ctx); err != nil {
		return nil, err
	}
	r.explain()
	if err := r.diagnose(ctx); err != nil {
		return nil, err
	}
	if err := r.measure(ctx); err != nil {
		return nil, err
	}
	return r.report(started)
}

// open opens libtorch and asks for the device.
func open(spec *Spec) error {
	if err := torch.Open(); err != nil {
		return err
	}
	if spec.Device != torch.CPU {
		if err := spec.Device.Check(); err != nil {
			return &Error{Msg: "--device " + spec.Device.String(), Remedy: "see verify doctor, or leave --device out to run on the CPU", Err: err}
		}
	}
	return nil
}

// run is a check in progress.
type run struct {
	spec  *Spec
	files *sources

	legs     []leg       // in the order in which they run
	loaded   leg         // the first of them that could be loaded
	scripted *moduleLeg  // whose structure states borrow; nil without a TorchScript file
	states   []*stateLeg // those that borrow it
	weights  *Weights    // of the first state
	findings []Finding
	truth    *Truth

	bisections []Bisection
	*round                     // the current one
	rounds     []*round        // those that are done
	given      []*round        // those of files
	plan       *generated.Plan // of those that are made; nil without
	signature  *jit.Signature  // that they are made for
	savedSets  int
}

func (r *run) close() {
	for _, l := range r.legs {
		if l != nil { // the check ended before it was made
			l.close()
		}
	}
}

// load makes the legs ready and compares the weights.
func (r *run) load(ctx context.Context) error {
	if r.spec.Threads > 0 {
		if err := torch.SetNumThreads(r.spec.Threads); err != nil {
			return err
		}
	}
	// Rounding to TF32 is the first reason why a GPU and a CPU differ.
	if err := torch.SetTF32(false); err != nil {
		return err
	}
	legs := r.spec.legs()
	r.legs = make([]leg, len(legs))
	// The structure that states borrow comes first, whatever the order of the legs.
	base := slices.IndexFunc(legs, func(l LegSpec) bool { return l.Kind == kindScripted || l.Kind == kindTraced })
	if base >= 0 {
		r.scripted = newModuleLeg(r.files.legs[base], legs[base], r.spec.method(), r.placeOf(legs[base]))
		r.legs[base] = r.scripted
		if err := r.join(ctx, legs[base], r.scripted, r.files.legs[base].err); err != nil {
			return err
		}
		if r.scripted.report.Error != "" {
			r.scripted = nil
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
		if r.legs[i], err = r.legOf(l, r.files.legs[i]); err == nil {
			err = r.files.legs[i].err
		}
		if err := r.join(ctx, l, r.legs[i], err); err != nil {
			return err
		}
		if state, ok := r.legs[i].(*stateLeg); ok && state.report.Error == "" {
			r.states = append(r.states, state)
			r.noteWeights(state.census.weights, true)
		}
	}
	for _, l := range r.legs {
		if l.entry().Error == "" {
			r.loaded = l
			break
		}
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

// legOf makes the leg that was asked for. What it gives has an entry also when
// there is an error.
func (r *run) legOf(l LegSpec, f *source) (leg, error) {
	switch {
	case l.Kind == kindExpected:
		return newExpectedLeg(f, l), nil
	case ofModule(l.Kind):
		return newModuleLeg(f, l, r.spec.method(), r.placeOf(l)), nil
	case l.Kind == kindState:
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
	if failure == nil {
		failure = l.load(ctx)
	}
	switch {
	case failure == nil || ctx.Err() != nil || spec.flag != "":
		return failure
	}
	l.entry().fail(failure)
	return nil
}

// fail notes why the leg has no outputs.
func (l *Leg) fail(err error) { l.Error, l.Detail = causeOf(err), Detail(err) }

// noteWeights takes over what a comparison of weights found.
func (r *run) noteWeights(w *Weights, fill bool) {
	if r.weights == nil {
		r.weights = w
	}
	r.findings = append(r.findings, w.findings(fill)...)
}

// bindInputs checks the inputs against the method.
func (r *run) bindInputs() (err error) {
	var signature *jit.Signature
	path := ""
	if r.scripted != nil {
		path = r.scripted.source.path
		if signature, err = findSignature(r.scripted.module, r.spec.method(), path); err != nil {
			return err
		}
		if flags := r.scripted.module.TrainingFlags(); len(flags) > 0 {
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

// stateLegOf makes a state leg: of a registered Go structure when the checkpoint
// names one, else of the scripted file.
func (r *run) stateLegOf(l LegSpec, f *source) (leg, error) {
	borrowing := newStateLeg(nil, f, l, r.spec, r.placeOf(l))
	if f.err != nil {
		return borrowing, f.err
	}
	found, key := findStructure(f.file)
	switch {
	case found != nil && r.spec.method() == "forward":
		return r.structureLegOf(l, f, found)
	case r.scripted == nil && key.Name != "":
		return borrowing, &Error{Path: f.path, Msg: fmt.Sprintf("names the structure %s, which is not registered in this program", key), Remedy: "give --scripted, whose structure can be used"}
	case r.scripted == nil:
		return borrowing, &Error{Path: f.path, Msg: "a state_dict holds no structure to run it with", Remedy: "give --scripted, whose structure can be used"}
	}
	borrowing.scripted = r.scripted.source
	return borrowing, nil
}

// structureLegOf makes the state leg of a Go structure.
func (r *run) structureLegOf(l LegSpec, f *source, found *structure) (leg, error) {
	made := newStructureLeg(f, l, newStateDict(f.state, nil), found, r.placeOf(l))
	if r.scripted == nil {
		return made, nil
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

// refused words the error of a leg that could not be run on the inputs.
func (r *run) refused(l leg, err error) error {
	var known *Error
	var failure *torch.Error
	if errors.As(err, &known) || !errors.As(err, &failure) {
		return err
	}
	given := r.inputs.String()
	if given == "" {
		given = "no inputs"
	}
	refusal := &Error{Path: l.entry().Path, Msg: fmt.Sprintf("%s failed on %s", r.spec.method(), given), Err: err}
	switch failure.Code {
	case torch.CodeOutOfMemory:
		refusal.Remedy = "use a smaller batch or a device with more memory"
	case torch.CodeNoOperator:
		refusal.Remedy = "use the libtorch that saved the file, or load the library that has the operator"
	default:
		refusal.Remedy = r.expectation()
		if f, found := r.deviceFinding(l); found {
			refusal.Remedy = f.line()
		}
	}
	return refusal
}

// expectation tells what the model takes, as far as its schema and its first
// weight say.
func (r *run) expectation() string {
	if r.scripted == nil {
		return "check the shapes and dtypes of the inputs"
	}
	text := "it takes " + r.inputs.signature.String()
	tensors, err := r.scripted.module.Tensors()
	if err != nil {
		return text
	}
	named := ""
	for _, t := range tensors {
		if named == "" && t.Role == jit.Parameter {
			named = fmt.Sprintf(", and its first weight, %s, is %s %s", t.Name, t.Tensor.DType(), layout.Shape(t.Tensor.Shape()))
		}
		t.Tensor.Close()
	}
	return text + named
}

// Version gives the version of this module in the running program.
func Version() string {
	const module = "github.com/seed06459138/torchgo"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if info.Main.Path == module {
		return info.Main.Version
	}
	for _, dep := range info.Deps {
		if dep.Path == module {
			return dep.Version
		}
	}
	return "unknown"
}

// versions says what ran.
func versions() (Versions, error) {
	build, err := torch.Version()
	if err != nil {
		return Versions{}, err
	}
	return Versions{
		Torchgo: Version(), Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
		Libtorch: build.Libtorch, Library: build.LibtorchPath, Shim: build.ShimPath, CPU: build.CPU,
	}, nil
}
