package verify

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/seed06459138/torchgo/internal/process"
	"github.com/seed06459138/torchgo/internal/worker"
)

// Worker is a child process that puts questions: this program, started once more.
// One that has opened libtorch is ready for the next question at once, so suites keep
// some. One goroutine at a time may use it, and Close may come from another.
type Worker struct {
	process *worker.Worker
	own     string
	timeout time.Duration
	peak    int64
}

// WorkerOptions say how a worker is started.
type WorkerOptions struct {
	Libtorch string        // see LegSpec.Libtorch; "" is the one of this program
	Memory   int64         // bytes that it may take before it is killed; 0 is without limit
	Timeout  time.Duration // that a question may take before it is killed; 0 is without limit
}

// warm is the argument of a worker that shall open libtorch before it is asked for
// something.
const warm = "warm"

// StartWorker starts a worker, and returns before it is ready. The program's main
// must begin with EnableWorkers.
func StartWorker(o WorkerOptions) (*Worker, error) { return startWorker(o, true) }

func startWorker(o WorkerOptions, libtorch bool) (*Worker, error) {
	shim, err := shimFor(o.Libtorch)
	if err != nil {
		return nil, err
	}
	options := worker.Options{Memory: o.Memory}
	if libtorch {
		options.Arguments = []string{warm}
	}
	if shim != "" {
		options.Env = append(os.Environ(), "TORCHGO_SHIM="+shim)
	}
	child, err := worker.Start(options)
	switch {
	case errors.Is(err, worker.ErrNotServing):
		return nil, &Error{Err: err, Remedy: "call verify.EnableWorkers first in main"}
	case err != nil:
		return nil, &Error{Msg: "a child process cannot be started", Err: err}
	}
	return &Worker{process: child, own: o.Libtorch, timeout: o.Timeout}, nil
}

// Run puts a question in the worker, as the function Run does in this process. When
// ctx is done the worker is killed. An error of type *WorkerError says that it has
// ended, and can put no other question.
func (w *Worker) Run(ctx context.Context, spec Spec) (*Report, error) {
	if spec.Keep != nil {
		return nil, &Error{Msg: "a worker cannot call Spec.Keep", Remedy: "use Run with Spec.Isolate"}
	}
	w.peak = 0
	fresh := w.process.Process().ResetPeak()
	answer, err := w.check(ctx, checkRequest{Spec: sendSpec(spec), Own: w.own})
	if fresh {
		w.peak = w.process.Process().Peak()
	}
	if err != nil {
		return nil, err
	}
	return answer.Report, answer.Err.receive()
}

// Peak is the most that the worker had in memory during its last question, in bytes,
// libtorch and mapped files included; 0 when that is not known, as of one that has ended.
func (w *Worker) Peak() int64 { return w.peak }

func (w *Worker) check(ctx context.Context, asked checkRequest) (*checked, error) {
	limited, cancel := ctx, func() {}
	if w.timeout > 0 {
		limited, cancel = context.WithTimeout(ctx, w.timeout)
	}
	defer cancel()
	answer := &checked{}
	_, err := w.process.Call(limited, verbCheck, asked, nil, answer)
	var ended *process.Ended
	switch {
	case err == nil:
		return answer, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case !errors.As(err, &ended):
		return nil, err
	case ended.Time > 0:
		ended.Time = w.timeout
	}
	return nil, &WorkerError{ended, ""}
}

// Close ends the worker.
func (w *Worker) Close() { w.process.Close() }
