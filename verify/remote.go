package verify

import (
	"context"
	"errors"
	"time"

	"github.com/seed06459138/torchgo/internal/process"
	"github.com/seed06459138/torchgo/jit"
)

// remoteLeg is a leg that computes in a worker.
type remoteLeg struct {
	report Leg
	spec   LegSpec
	check  *Spec
	at     int // its place among the legs
	based  bool
	worker *Worker
	left   time.Duration // of the check's time limit
	opened openedLeg
	lack   lacking
	dead   error // once the worker has ended
}

// remoteLegOf makes the leg in its worker.
func (r *run) remoteLegOf(at int, spec LegSpec, f *source) (leg, error) {
	local, err := r.localLegOf(spec, f)
	l := &remoteLeg{report: *local.entry(), spec: spec, check: r.spec, at: at, based: r.base != nil, worker: r.workers[at], left: r.spec.Timeout}
	if ofState(spec.Kind) && r.base == nil {
		if died := r.baseDied(); died != nil {
			return l, &Error{Path: f.path, Msg: "needs the structure of " + r.spec.legs()[baseOf(r.spec.legs())].File, Err: died}
		}
	}
	return l, err
}

// baseDied tells whether loading the TorchScript file ended its process, and how.
func (r *run) baseDied() error {
	for _, l := range r.legs {
		if l, ok := l.(*remoteLeg); ok && l.dead != nil && (l.spec.Kind == kindScripted || l.spec.Kind == kindTraced) {
			return l.dead
		}
	}
	return nil
}

func (l *remoteLeg) entry() *Leg { return &l.report }

// ask sends a request to the worker. A worker that ends is the failure of its leg.
func (l *remoteLeg) ask(ctx context.Context, verb, step string, header any, data [][]byte, answer any) ([]byte, error) {
	if l.dead != nil {
		return nil, l.dead
	}
	limited, cancel := ctx, func() {}
	if l.check.Timeout > 0 {
		limited, cancel = context.WithTimeout(ctx, max(l.left, time.Millisecond))
	}
	defer cancel()
	begun := time.Now()
	body, err := l.worker.process.Call(limited, verb, header, data, answer)
	l.left -= time.Since(begun)
	var ended *process.Ended
	switch {
	case err == nil:
		return body, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case errors.Is(err, context.DeadlineExceeded):
		ended = &process.Ended{Time: l.check.Timeout}
	case !errors.As(err, &ended):
		return nil, err
	case ended.Time > 0:
		ended.Time = l.check.Timeout
	}
	l.dead = &WorkerError{ended, step}
	return nil, l.dead
}

func (l *remoteLeg) load(ctx context.Context) error {
	if _, err := l.ask(ctx, verbOpen, "loading", openRequest{sendSpec(*l.check), l.at, l.based}, nil, &l.opened); err != nil {
		return err
	}
	l.report.Structure = l.opened.Structure
	if on := l.opened.On; on != nil {
		l.report.Libtorch = on.Versions.Libtorch
	}
	return l.opened.Err.receive()
}

// compute asks for outputs.
func (l *remoteLeg) compute(ctx context.Context, verb, mode, step string, in *inputs) ([]output, bool, error) {
	asked := runRequest{Mode: mode}
	var data [][]byte
	asked.Inputs, data = sendInputs(in)
	var ran ranLeg
	body, err := l.ask(ctx, verb, step, asked, data, &ran)
	if err != nil {
		return nil, false, err
	}
	if verb == verbRun {
		l.lack = ran.Lacks
	}
	if ran.Err != nil {
		return nil, ran.OK, ran.Err.receive()
	}
	out, err := receiveOutputs(ran.Outputs, body)
	return out, ran.OK, err
}

func (l *remoteLeg) run(ctx context.Context, in *inputs) ([]output, error) {
	out, _, err := l.compute(ctx, verbRun, "", "running", in)
	return out, err
}

func (l *remoteLeg) repeat(ctx context.Context, in *inputs, mode string) ([]output, error) {
	out, _, err := l.compute(ctx, verbRepeat, mode, "running", in)
	return out, err
}

func (l *remoteLeg) again(ctx context.Context, in *inputs) ([]output, bool, error) {
	return l.compute(ctx, verbAgain, "", "running", in)
}

// time has the worker time calls.
func (l *remoteLeg) time(ctx context.Context, in *inputs) error {
	var asked runRequest
	var data [][]byte
	asked.Inputs, data = sendInputs(in)
	var timed timedLeg
	if _, err := l.ask(ctx, verbTime, "running", asked, data, &timed); err != nil {
		return err
	}
	l.report.Latency, l.report.Peak = timed.Latency, timed.Peak
	return timed.Err.receive()
}

func (l *remoteLeg) model() *jit.Module { return nil }

func (l *remoteLeg) weighed() *Weights {
	if !l.opened.Borrowing {
		return nil
	}
	return l.opened.Weights
}

func (l *remoteLeg) lacks() lacking { return l.lack }

// close leaves the worker to whom it belongs.
func (l *remoteLeg) close() {}
