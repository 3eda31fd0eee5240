package verify

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

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
	r := &run{spec: &spec}
	defer r.close()
	return r.answer(ctx, started)
}

// answer puts the question.
func (r *run) answer(ctx context.Context, started time.Time) (*Report, error) {
	spec, notes, err := r.spec.spread(torch.DeviceCount)
	if err != nil {
		return nil, err
	}
	r.spec, r.findings = &spec, notes
	if err := r.startWorkers(); err != nil {
		return nil, err
	}
	opening := make(chan error, 1)
	go func() { opening <- r.open() }()

	files, err := readSources(ctx, r.spec)
	r.files = files
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

	if err := r.load(ctx); err != nil {
		return nil, err
	}
	if err := r.proceed(ctx); err != nil {
		return nil, err
	}
	r.explained = len(r.findings)
	if r.explainsElsewhere() {
		err = r.explainElsewhere(ctx)
	} else {
		r.explain()
		err = r.diagnose(ctx)
	}
	if err != nil {
		return nil, err
	}
	if err := r.measure(ctx); err != nil {
		return nil, err
	}
	return r.report(started)
}

// open opens libtorch and asks for the device, where legs compute in this process.
func (r *run) open() error {
	if !r.computesHere() {
		return nil
	}
	return openLibtorch(r.spec.Device)
}

func openLibtorch(device torch.Device) error {
	if err := torch.Open(); err != nil {
		return err
	}
	if device != torch.CPU {
		if err := device.Check(); err != nil {
			return &Error{Msg: "--device " + device.String(), Remedy: "see verify doctor, or leave --device out to run on the CPU", Err: err}
		}
	}
	return nil
}

// run is a check in progress.
type run struct {
	spec  *Spec
	files *sources

	legs      []leg      // in the order in which they run
	loaded    leg        // the first of them that could be loaded
	base      leg        // of the TorchScript file whose structure states borrow; nil without
	structure *source    // its file
	scripted  *moduleLeg // base, where it computes in this process
	states    []filled   // those that borrow it
	weights   *Weights   // of the first state
	findings  []Finding
	truth     *Truth

	workers   map[int]*Worker   // of the legs that compute in child processes, by their place
	inWorker  bool              // this is one of those, and has no others
	own       string            // the libtorch of this process, as legs name it
	lost      map[string]string // how legs ended that are not to be run, by their names
	explained int               // findings before those that explain differences

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
	var ending sync.WaitGroup
	for _, w := range r.workers {
		ending.Go(w.Close)
	}
	ending.Wait()
	if r.files != nil {
		r.files.close()
	}
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
	if r.base == nil {
		return "check the shapes and dtypes of the inputs"
	}
	text := "it takes " + r.inputs.signature.String()
	if weight := r.factsOf(r.base).firstWeight(); weight != "" {
		text += ", and its first weight, " + weight
	}
	return text
}
