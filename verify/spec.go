package verify

import (
	"fmt"
	"math"
	"path"
	"slices"
	"time"

	"github.com/seed06459138/torchgo/internal/layout"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/nn"
	"github.com/seed06459138/torchgo/verify/compare"
	generated "github.com/seed06459138/torchgo/verify/inputs"
)

// Spec says what to check. The zero value of each field but the files is what
// most checks want.
type Spec struct {
	Scripted string   // TorchScript file, from torch.jit.script or trace
	State    string   // file that holds a state_dict, alone or in a checkpoint
	Expected string   // outputs recorded before saving: .npy, or .npz for several
	Inputs   []string // .npy and .npz files, in the order of the method's arguments

	// Legs are those beside the ones that the fields above ask for. One that cannot
	// be loaded or run leaves the question open, and the others go on.
	Legs []LegSpec

	Method   string       // of the scripted file; "" is forward
	Device   torch.Device // where the models run; the zero value is the CPU
	Threads  int          // intra-op threads of the process; 0 leaves them as they are
	Runs     int          // how often each leg runs; 0 is 4, to see whether the optimised graph computes the same
	StateKey string       // where the state_dict lies in its file, "" to search for it

	// Structure is the registered Go structure (see nn.Register) that is filled from
	// State, built from the hyperparams or model_args in it. Unless it is given it is
	// the one that the file names by model_name and model_version, and else the
	// structure of the scripted file.
	Structure nn.Key

	// AllDevices runs the scripted file on every GPU too, beside the legs on Device,
	// which is the CPU then.
	AllDevices bool

	// RequireGPU makes it an error when nothing would run on a GPU.
	RequireGPU bool

	// Latency is how many calls of each leg that computes are timed, and 0 none. The
	// device's memory at its most is measured with them.
	Latency int

	// Isolate computes each leg in a child process of its own, which is this program
	// once more: how one ends is then the failure of its leg. main must begin with
	// EnableWorkers. What explains a difference is computed in one more process,
	// that has the legs of one libtorch together.
	Isolate bool

	// Timeout is how long a leg may take in all, from loading it to its last run, and
	// Memory how many bytes its process may take; 0 is without limit. Either asks
	// for Isolate.
	Timeout time.Duration
	Memory  int64

	// Libtorch runs each leg that computes with libtorch with several versions of it
	// instead, in child processes; see LegSpec.Libtorch. The first is the reference.
	Libtorch []string

	// Tolerance is what outputs may differ by; nil is that of torch.allclose, and of
	// compare.OnGPU between a GPU and a CPU, or a GPU and what was recorded.
	Tolerance *compare.Tolerance

	// EqualNaN makes NaN equal NaN where Tolerance is nil.
	EqualNaN bool

	// Profile asks for the spread of each output's differences, which charts need.
	Profile bool

	// Bisect asks for the step at which legs that differ part: an operator, with its
	// submodule and the line of its source. Both legs are run once more for it.
	Bisect bool

	// AcceptUncovered names tensors, by patterns as of path.Match, that the state
	// need not hold although outputs depend on them.
	AcceptUncovered []string

	// NonPersistent names buffers that were registered with persistent=False, and
	// that the model's constructor therefore makes again.
	NonPersistent []string

	// Tolerances are those of single outputs; the last that fits one is its own.
	Tolerances []OutputTolerance

	// Metrics are what outputs must reach as a whole, besides.
	Metrics []Metric

	// Sets are further inputs from files, and Generate those to be made: every leg
	// that computes is run on each set, and the worst counts. Of Generate's fields
	// only those need be given that neither Inputs nor the method's schema tell.
	Sets     []InputSet
	Generate *generated.Plan

	// Keep is called with what the first leg that computes gave, for each set of inputs
	// that it takes. With it a check may have one leg alone. Its error ends the check.
	Keep func(Kept) error `json:"-"` // a function stays in its process

	// SaveFailing names a folder for the inputs of sets on which legs differ, the
	// first ten of them, and for the smallest part of their batch that still shows it.
	SaveFailing string
}

// Error says why a question could not be put: a file that is missing or of
// another kind, inputs that do not fit, a device that is not there. It is one
// line.
type Error struct {
	Path   string // the file it is about, or ""
	Msg    string // what is wrong, in words
	Remedy string // what to do about it, or ""
	Err    error  // the cause, or nil; it may have more to tell
}

// Error gives "path: what is wrong: cause; remedy".
func (e *Error) Error() string {
	return layout.Fault(e.Remedy, e.Path, e.Msg, causeOf(e.Err))
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// method gives the name of the method to call.
func (s *Spec) method() string {
	if s.Method == "" {
		return "forward"
	}
	return s.Method
}

// legs lists all legs in the order in which they run. The first is the reference.
func (s *Spec) legs() []LegSpec {
	var all []LegSpec
	for _, short := range []struct{ kind, file string }{
		{kindExpected, s.Expected}, {kindScripted, s.Scripted}, {kindState, s.State},
	} {
		if short.file != "" {
			all = append(all, LegSpec{Name: short.kind, Kind: short.kind, File: short.file, flag: "--" + short.kind})
		}
	}
	for _, l := range s.Legs {
		if l.Name == "" {
			l.Name = l.Kind
		}
		all = append(all, l)
	}
	if len(s.Libtorch) > 0 {
		all = s.acrossLibtorch(all)
	}
	// What was recorded is what the others are held against.
	slices.SortStableFunc(all, func(a, b LegSpec) int { return recorded(b.Kind) - recorded(a.Kind) })
	return all
}

// recorded orders kinds of legs by how much they were recorded: what a file of outputs
// says goes before what a kind looks up, and computing comes last.
func recorded(kind string) int {
	if kind == kindExpected {
		return 2
	}
	k, _ := addedKind(kind)
	return b2i(k.Recorded)
}

// isolated tells whether each leg computes in a process of its own.
func (s *Spec) isolated() bool { return s.Isolate || s.Timeout > 0 || s.Memory > 0 }

// runs gives how often each leg runs.
func (s *Spec) runs() int {
	if s.Runs == 0 {
		return defaultRuns
	}
	return s.Runs
}

// tolerance gives what outputs may differ by.
func (s *Spec) tolerance() compare.Tolerance {
	if s.Tolerance != nil {
		return *s.Tolerance
	}
	t := compare.Default
	t.EqualNaN = s.EqualNaN
	return t
}

// weightTolerance gives what weights may differ by: where outputs may differ by
// anything, metrics judge them, and weights have none.
func (s *Spec) weightTolerance() compare.Tolerance {
	if t := s.tolerance(); !math.IsInf(t.ATol, 1) && !math.IsInf(t.RTol, 1) {
		return t
	}
	return compare.Default
}

// check finds what is wrong with the question before any file is opened.
func (s *Spec) check() error {
	legs := s.legs()
	names := make(map[string]bool, len(legs))
	for i := range legs {
		if err := legs[i].check(); err != nil {
			return err
		}
		if names[legs[i].Name] {
			return &Error{Msg: "two legs are called " + legs[i].Name, Remedy: "give them names: --leg NAME=KIND:FILE"}
		}
		names[legs[i].Name] = true
	}
	switch legs := len(legs); {
	case (len(s.Legs) > 0 || len(s.Libtorch) > 1) && legs > 1:
	case s.Keep != nil && legs == 1 && s.Expected == "":
	case legs == 1 && len(s.Legs) > 0:
		return &Error{Path: s.Legs[0].File, Msg: "nothing to compare the leg " + s.Legs[0].Name + " with", Remedy: "give another leg, or --expected"}
	case legs == 0:
		return &Error{Msg: "nothing to check", Remedy: "give --scripted and --state, and --expected if outputs were recorded"}
	case s.Scripted == "" && s.State == "":
		return &Error{Path: s.Expected, Msg: "nothing to compare the recorded outputs with", Remedy: "give --scripted, --state or both"}
	case legs == 1 && s.Scripted != "":
		return &Error{Path: s.Scripted, Msg: "nothing to compare the TorchScript file with", Remedy: "give --state, --expected or both"}
	case legs == 1:
		return &Error{Path: s.State, Msg: "nothing to compare the state_dict with", Remedy: "give --scripted, --expected or both"}
	}
	if err := s.tolerance().Check(); err != nil {
		return &Error{Err: err}
	}
	for _, o := range s.Tolerances {
		if err := o.Tolerance.Check(); err != nil {
			return &Error{Msg: "the tolerance of " + o.Output, Err: err}
		}
	}
	for _, m := range s.Metrics {
		if err := m.check(); err != nil {
			return err
		}
	}
	switch {
	case s.Timeout < 0:
		return &Error{Msg: fmt.Sprintf("a time limit of %v is not possible", s.Timeout)}
	case s.Memory < 0:
		return &Error{Msg: fmt.Sprintf("a memory limit of %d bytes is not possible", s.Memory)}
	case slices.Contains(s.Libtorch, ""):
		return &Error{Msg: "a libtorch has no name", Remedy: "give --libtorch versions, with commas between them"}
	}
	if s.Runs < 0 {
		return &Error{Msg: fmt.Sprintf("%d runs are not possible", s.Runs)}
	}
	if s.Latency < 0 {
		return &Error{Msg: fmt.Sprintf("%d calls cannot be timed", s.Latency)}
	}
	if err := s.checkDevices(); err != nil {
		return err
	}
	if err := s.checkSets(); err != nil {
		return err
	}
	if s.Threads < 0 {
		return &Error{Msg: fmt.Sprintf("%d threads are not possible", s.Threads)}
	}
	for _, pattern := range s.AcceptUncovered {
		if _, err := path.Match(pattern, ""); err != nil {
			return &Error{Msg: fmt.Sprintf("--accept-uncovered %q is not a pattern", pattern), Remedy: `write * for any text; brackets that are meant are written \[ and \]`, Err: err}
		}
	}
	return nil
}
