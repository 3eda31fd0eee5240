package verify

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/seed06459138/torchgo/internal/worker"
	"github.com/seed06459138/torchgo/torch"
)

// What a worker is asked for.
const (
	verbOpen   = "open"   // load a leg, which takes the place of another
	verbRun    = "run"    // run it, with what has to be found out for it
	verbRepeat = "repeat" // run it once more
	verbAgain  = "again"  // load it anew and run that
	verbTime   = "time"   // time calls of it
	verbCheck  = "check"  // put a whole question
	verbHost   = "host"   // say where it runs
)

type openRequest struct {
	Spec wireSpec
	Leg  int  // its place among the legs
	Base bool // there is a TorchScript file whose structure it can borrow
}

// openedLeg answers verbOpen.
type openedLeg struct {
	Err       *wireError
	Structure string
	Device    string // where it computes, where that is known
	Facts     *wireFacts
	Weights   *Weights
	Borrowing bool // they are those of a state in the structure of the scripted file
	On        *running
}

type runRequest struct {
	Mode   string
	Inputs wireInputs
}

// timedLeg answers verbTime.
type timedLeg struct {
	Err     *wireError
	Latency *Latency
	Peak    int64
}

// ranLeg answers what asks for outputs, which stand behind it.
type ranLeg struct {
	Err     *wireError
	OK      bool // the leg computes
	Outputs []wireArray
	Lacks   lacking
}

type checkRequest struct {
	Spec wireSpec
	Own  string            // the libtorch of the worker, as legs name it
	Lost map[string]string // how legs ended that are not to run, by their names
}

// checked answers verbCheck.
type checked struct {
	Err       *wireError
	Report    *Report
	Explained int // findings before those that explain differences
}

// EnableWorkers lets a program check with Spec.Isolate, Spec.Libtorch and workers of
// its own. It comes first in main: a worker is the program, started once more, and in
// one the call serves and never returns.
func EnableWorkers() {
	worker.Serve(func(args []string) worker.Handler {
		s := &server{}
		if len(args) > 0 && args[0] == warm {
			go func() { _ = torch.Open() }() // the error comes again where it is needed
		}
		return s.handle
	})
}

// server is the part of a worker that does what it is asked for.
type server struct {
	r    *run // with one leg
	leg  leg
	spec LegSpec // of the leg
}

func (s *server) handle(verb string, header json.RawMessage, data []byte) (worker.Answer, error) {
	ctx := context.Background() // who no longer waits kills the process
	switch verb {
	case verbOpen:
		var asked openRequest
		if err := json.Unmarshal(header, &asked); err != nil {
			return worker.Answer{}, err
		}
		return worker.Answer{Header: s.open(ctx, asked)}, nil
	case verbRun, verbRepeat, verbAgain:
		var asked runRequest
		if err := json.Unmarshal(header, &asked); err != nil {
			return worker.Answer{}, err
		}
		return s.compute(ctx, verb, asked, data)
	case verbTime:
		var asked runRequest
		if err := json.Unmarshal(header, &asked); err != nil {
			return worker.Answer{}, err
		}
		return s.time(ctx, asked, data)
	case verbCheck:
		var asked checkRequest
		if err := json.Unmarshal(header, &asked); err != nil {
			return worker.Answer{}, err
		}
		return worker.Answer{Header: s.check(ctx, asked)}, nil
	case verbHost:
		here, err := Here()
		return worker.Answer{Header: hosted{sendError(err), here}}, nil
	}
	return worker.Answer{}, fmt.Errorf("it is asked to %s, which it cannot", verb)
}

// close gives back the leg.
func (s *server) close() {
	if s.r != nil {
		s.r.close()
	}
	s.r, s.leg = nil, nil
}

// open loads a leg.
func (s *server) open(ctx context.Context, asked openRequest) (answer openedLeg) {
	s.close()
	spec := asked.Spec.receive()
	legs := spec.legs()
	if asked.Leg < 0 || asked.Leg >= len(legs) {
		answer.Err = sendError(fmt.Errorf("there is no leg %d", asked.Leg))
		return answer
	}
	l := legs[asked.Leg]
	s.r = &run{spec: &spec, inWorker: true, own: l.Libtorch, files: &sources{}}
	if usesLibtorch(l.Kind) {
		if answer.On, answer.Err = s.ready(l); answer.Err != nil {
			return answer
		}
	}
	if base := baseOf(legs); asked.Base && base >= 0 && base != asked.Leg {
		s.r.structure = trusted(legs[base], &spec)
		s.r.scripted = newModuleLeg(s.r.structure, legs[base], spec.method(), s.r.placeOf(legs[base]))
		s.r.base = s.r.scripted
		s.r.legs = append(s.r.legs, s.r.base)
	}
	f := trusted(l, &spec)
	if ofState(f.kind) {
		f.err = f.read()
	}
	s.r.files.all = append(s.r.files.all, f)
	made, err := s.r.localLegOf(l, f)
	if err == nil {
		err = f.err
	}
	s.r.legs = append(s.r.legs, made)
	if err == nil {
		err = made.load(ctx)
	}
	answer.Structure, answer.Weights = made.entry().Structure, s.r.weights
	if err != nil {
		answer.Err = sendError(err)
		return answer
	}
	s.leg, s.spec = made, l
	answer.Device = s.r.computesOn(made)
	if state, ok := made.(*stateLeg); ok {
		answer.Weights, answer.Borrowing = state.weighed(), true
	}
	if about := s.r.factsOf(made); about != nil {
		if answer.Facts, err = sendFacts(about); err != nil {
			answer.Err = sendError(err)
		}
	}
	return answer
}

// ready opens libtorch and sets what is of the whole process.
func (s *server) ready(l LegSpec) (*running, *wireError) {
	threads := l.Threads
	if threads == 0 {
		threads = s.r.spec.Threads
	}
	if err := openLibtorch(s.r.placeOf(l).device); err != nil {
		return nil, sendError(err)
	}
	build, err := torch.Version()
	if err == nil {
		err = checkLibtorch(l.Libtorch, build)
	}
	if err == nil {
		err = settle(threads)
	}
	if err != nil {
		return nil, sendError(err)
	}
	on, err := runsHere()
	return on, sendError(err)
}

// trusted gives the file of a leg, which the asking process has checked.
func trusted(l LegSpec, spec *Spec) *source {
	f := &source{role: strings.TrimSuffix(l.Name, l.suffix), kind: l.Kind, path: l.File, checked: true}
	if ofState(l.Kind) {
		f.key = spec.stateKey(l)
	}
	return f
}

// compute runs the leg.
func (s *server) compute(ctx context.Context, verb string, asked runRequest, data []byte) (worker.Answer, error) {
	if s.leg == nil {
		return worker.Answer{}, fmt.Errorf("it is asked to %s before a leg was loaded", verb)
	}
	in, err := asked.Inputs.receive(data)
	if err != nil {
		return worker.Answer{}, err
	}
	ran := ranLeg{OK: true}
	var out []output
	switch again, ok := s.leg.(repeater); {
	case verb == verbRun:
		out, err = s.leg.run(ctx, in)
	case verb == verbAgain:
		out, ran.OK, err = s.leg.again(ctx, in)
	case ok:
		out, err = again.repeat(ctx, in, asked.Mode)
	}
	ran.Err = sendError(err)
	_, ran.Lacks = stateOf(s.leg)
	var pieces [][]byte
	ran.Outputs, pieces = sendOutputs(out)
	return worker.Answer{Header: ran, Data: pieces}, nil
}

// time times calls of the leg.
func (s *server) time(ctx context.Context, asked runRequest, data []byte) (worker.Answer, error) {
	if s.leg == nil {
		return worker.Answer{}, fmt.Errorf("it is asked to time a leg before one was loaded")
	}
	in, err := asked.Inputs.receive(data)
	if err != nil {
		return worker.Answer{}, err
	}
	err = s.r.timeLeg(ctx, s.spec, s.leg, in)
	e := s.leg.entry()
	return worker.Answer{Header: timedLeg{sendError(err), e.Latency, e.Peak}}, nil
}

// check puts a whole question.
func (s *server) check(ctx context.Context, asked checkRequest) (answer checked) {
	s.close()
	spec := asked.Spec.receive()
	if err := spec.check(); err != nil {
		answer.Err = sendError(err)
		return answer
	}
	r := &run{spec: &spec, own: asked.Own, lost: asked.Lost}
	defer r.close()
	report, err := r.answer(ctx, time.Now())
	return checked{sendError(err), report, r.explained}
}
