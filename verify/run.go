package verify

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/seed06459138/torchgo/internal/layout"
	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
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

	r := &run{spec: &spec, files: files}
	defer r.close()
	if err := r.load(ctx); err != nil {
		return nil, err
	}
	if err := r.compute(ctx); err != nil {
		return nil, err
	}
	r.compare()
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

	legs        []leg // in the order in which they run
	inputs      *inputs
	scripted    *scriptedLeg // nil without a scripted file
	state       *stateLeg    // nil unless the state borrows the scripted structure
	weights     *Weights
	findings    []Finding
	comparisons []Comparison
	outputs     map[leg][]output
	reference   leg
}

func (r *run) close() {
	for _, l := range r.legs {
		l.close()
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
	if f := r.files.expected; f != nil {
		r.legs = append(r.legs, newExpectedLeg(f))
	}
	if f := r.files.scripted; f != nil {
		r.scripted = newScriptedLeg(f, r.spec)
		if err := r.join(ctx, r.scripted); err != nil {
			return err
		}
	}
	if err := r.bindInputs(); err != nil {
		return err
	}
	if r.files.state != nil {
		if err := r.loadState(ctx); err != nil {
			return err
		}
	}
	r.reference = r.legs[0]
	return nil
}

// join loads a leg; it is closed with the run, also when it could not be loaded.
func (r *run) join(ctx context.Context, l leg) error {
	r.legs = append(r.legs, l)
	if err := ctx.Err(); err != nil {
		return err
	}
	return l.load(ctx)
}

// bindInputs checks the inputs against the method.
func (r *run) bindInputs() (err error) {
	var signature *jit.Signature
	if r.scripted != nil {
		if signature, err = findSignature(r.scripted.module, r.spec.method(), r.spec.Scripted); err != nil {
			return err
		}
		if flags := r.scripted.module.TrainingFlags(); len(flags) > 0 {
			r.findings = append(r.findings, Finding{TrainingMode, Note, r.spec.Scripted,
				fmt.Sprintf("%s was saved in training mode (%s); it was put into evaluation mode", r.spec.Scripted, listText(rootNamed(flags), 3)),
				"call model.eval() before saving"})
		}
	}
	r.inputs, err = newInputs(r.files.inputs, signature, r.spec.Device)
	var refused *Error
	if errors.As(err, &refused) && refused.Path == "" {
		refused.Path = r.spec.Scripted
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

// loadState makes the state leg: of a registered Go structure when the
// checkpoint names one, else of the scripted file.
func (r *run) loadState(ctx context.Context) error {
	f := r.files.state
	found, key := findStructure(f.file)
	switch {
	case found != nil && r.spec.method() == "forward":
		return r.loadStructure(ctx, found)
	case r.scripted == nil && key.Name != "":
		return &Error{Path: f.path, Msg: fmt.Sprintf("names the structure %s, which is not registered in this program", key), Remedy: "give --scripted, whose structure can be used"}
	case r.scripted == nil:
		return &Error{Path: f.path, Msg: "a state_dict holds no structure to run it with", Remedy: "give --scripted, whose structure can be used"}
	}
	r.state = newStateLeg(r.files.scripted, f, r.spec)
	if err := r.join(ctx, r.state); err != nil {
		return err
	}
	r.weights = r.state.census.weights
	r.findings = append(r.findings, r.weights.findings(true)...)
	return nil
}

// loadStructure makes the state leg of a Go structure.
func (r *run) loadStructure(ctx context.Context, found *structure) error {
	f := r.files.state
	dict := newStateDict(f.state, nil)
	if r.scripted != nil {
		tensors, err := r.scripted.module.Tensors()
		if err != nil {
			return err
		}
		module := make([]held, len(tensors))
		for i, t := range tensors {
			defer t.Tensor.Close()
			module[i] = heldByModule(t)
		}
		census, err := takeCensus(module, newStateDict(f.state, module), r.spec.tolerance())
		if err != nil {
			return fmt.Errorf("%s: %w", f.path, err)
		}
		r.weights = census.weights
		r.findings = append(r.findings, r.weights.findings(false)...)
	}
	if err := r.join(ctx, newStructureLeg(f, dict, found)); err != nil {
		if ctx.Err() != nil {
			return err
		}
		return &Error{Path: f.path, Msg: "does not fill the Go structure " + found.key.String(), Err: err}
	}
	return nil
}

// compute runs the legs.
func (r *run) compute(ctx context.Context) error {
	r.outputs = make(map[leg][]output, len(r.legs))
	for _, l := range r.legs {
		if err := ctx.Err(); err != nil {
			return err
		}
		e := l.entry()
		if l == r.state && !r.weights.fits() {
			e.Error = "the state does not fill the scripted structure"
			continue
		}
		begun := time.Now()
		out, err := l.run(ctx, r.inputs)
		e.Seconds = time.Since(begun).Seconds()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && l.entry().Name == legState && r.scripted != nil:
			// The scripted leg took the same inputs: it is the state that fails.
			e.Error, e.Detail = causeOf(err), Detail(err)
			continue
		case err != nil:
			return r.refused(l, err)
		}
		e.Outputs = len(out)
		r.outputs[l] = out
	}
	return nil
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
