package verify

import (
	"context"
	"errors"
	"time"

	"github.com/seed06459138/torchgo/torch"
)

// compute runs the legs.
func (r *run) compute(ctx context.Context) error {
	r.outputs, r.failed = make(map[leg][]output, len(r.legs)), make(map[leg]error)
	specs := r.spec.legs()
	for i, spec := range specs {
		e := r.legs[i].entry()
		if weights, _ := stateOf(r.legs[i]); weights != nil && e.Error == "" && !weights.fits() {
			e.Error = "the state does not fill the scripted structure"
		}
		if recorded(spec.Kind) == 0 {
			e.Device = r.computesOn(r.legs[i])
		}
	}
	results := make([]computed, len(specs))
	r.spec.sideBySide(ctx, func(i int) {
		if r.legs[i].entry().Error == "" && (specs[i].Kind != kindExpected || r.recorded) {
			results[i] = r.computeLeg(ctx, specs[i], r.legs[i])
		}
	})
	if err := ctx.Err(); err != nil {
		return err
	}
	for i, spec := range specs {
		l, e := r.legs[i], r.legs[i].entry()
		var died *WorkerError
		ended := errors.As(results[i].err, &died)
		switch err := results[i].err; {
		case !results[i].ran:
		case err != nil && !r.first:
			if r.failed[l] = err; ended {
				e.fail(err)
			}
		case err != nil && (results[i].again || ended || !spec.vital() || ofState(spec.Kind) && r.base != nil):
			// What the first leg took, this one should: it is its own failure.
			e.fail(err)
		case err != nil:
			return r.refused(l, err)
		default:
			e.Outputs = len(results[i].out)
			r.outputs[l] = results[i].out
		}
	}
	return nil
}

// computed is what a leg made of a set of inputs.
type computed struct {
	ran   bool
	out   []output
	err   error
	again bool // it is the error of a further run
}

// computeLeg runs a leg, in the first round several times. Legs on other devices may
// be in it at the same time.
func (r *run) computeLeg(ctx context.Context, spec LegSpec, l leg) computed {
	if one, ok := l.(sparing); ok {
		defer one.rest()
	}
	begun := time.Now()
	out, err := r.runLeg(ctx, spec, l)
	if r.first {
		l.entry().Seconds = time.Since(begun).Seconds()
	}
	again, ok := l.(repeater)
	if err != nil || !ok || !r.first {
		return computed{ran: true, out: out, err: err}
	}
	err = r.steady(ctx, again, out)
	return computed{ran: true, out: out, err: err, again: err != nil}
}

// runLeg runs a leg with its own number of threads, where it has one.
func (r *run) runLeg(ctx context.Context, spec LegSpec, l leg) ([]output, error) {
	if _, remote := l.(*remoteLeg); !remote { // which has threads of its own
		restore, err := setThreads(spec)
		if err != nil {
			return nil, err
		}
		defer restore()
	}
	if ofModule(spec.Kind) && !r.first && len(r.writesOf(l)) > 0 {
		out, _, err := l.again(ctx, r.inputs) // the rounds before have left their marks
		return out, err
	}
	return l.run(ctx, r.inputs)
}

// setThreads gives the process the threads that a leg asks for, until restore.
func setThreads(spec LegSpec) (restore func(), err error) {
	if spec.Threads == 0 {
		return func() {}, nil
	}
	before := torch.CurrentLimits()
	return func() { _ = torch.SetLimits(before) }, torch.SetNumThreads(spec.Threads) // they were in force before
}
