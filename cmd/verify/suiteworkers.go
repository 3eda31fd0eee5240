package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/doctor"
	"github.com/seed06459138/torchgo/verify/night"
	"github.com/seed06459138/torchgo/verify/schedule"
)

// machine asks a worker what checks run on, once, and refuses a machine without a GPU
// where one is required. The worker is kept for the first check.
func (s *suiteRun) machine(ctx context.Context, w *warm) (night.Machine, error) {
	if s.here != nil {
		return *s.here, nil
	}
	w.begin()
	host, err := w.host(ctx)
	if s.requireGPU && host.GPUs == 0 {
		missing := host.Missing
		if err != nil {
			missing = err.Error()
		}
		return night.Machine{}, fmt.Errorf("--require-gpu: no GPU is seen: %s; see verify doctor", missing)
	}
	here := doctor.Machine(ctx, host) // what is wrong with libtorch checks will say
	s.here = &here
	return here, nil
}

// warm are workers that are started before there is something to check.
type warm struct {
	count int
	limit int64
	mu    sync.Mutex
	ready []*verify.Worker
}

// begin starts the workers, which open libtorch beside each other.
func (w *warm) begin() {
	for ; w.count > 0; w.count-- {
		one, err := verify.StartWorker(verify.WorkerOptions{Memory: w.limit})
		if err != nil {
			return // it comes again where a check needs one
		}
		w.ready = append(w.ready, one)
	}
}

// host asks one where it runs. If that ends it, the checks will too, and say so.
func (w *warm) host(ctx context.Context) (verify.Host, error) {
	if len(w.ready) == 0 {
		return verify.Host{}, errors.New("no child process could be started")
	}
	host, err := w.ready[0].Host(ctx)
	if err != nil {
		w.ready[0].Close()
		w.ready = w.ready[1:]
	}
	return host, err
}

// start gives a worker that is there already, or a new one.
func (w *warm) start(memory int64) (schedule.Worker, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.ready) > 0 && memory == w.limit {
		one := w.ready[len(w.ready)-1]
		w.ready = w.ready[:len(w.ready)-1]
		return one, nil
	}
	return verify.StartWorker(verify.WorkerOptions{Memory: memory})
}

func (w *warm) close() {
	for _, one := range w.ready {
		one.Close()
	}
}
