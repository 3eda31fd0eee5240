package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// patience is how long a step may go on after Ctrl-C before that is explained.
const patience = 500 * time.Millisecond

// explaining is where Ctrl-C is explained; who draws on the terminal takes its place.
type explaining struct {
	mu sync.Mutex
	w  io.Writer
}

type explainingKey struct{}

// explainOn makes w the place where Ctrl-C is explained.
func explainOn(ctx context.Context, w io.Writer) {
	if e, ok := ctx.Value(explainingKey{}).(*explaining); ok {
		e.mu.Lock()
		e.w = w
		e.mu.Unlock()
	}
}

// interruptible gives a context that ends at the first Ctrl-C. A native call
// cannot be stopped in the middle, so the check ends with the step in progress;
// the second Ctrl-C kills the process.
func interruptible(stderr io.Writer) (ctx context.Context, release func()) {
	on := &explaining{w: stderr}
	ctx, stop := signal.NotifyContext(context.WithValue(context.Background(), explainingKey{}, on), os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	forget := context.AfterFunc(ctx, func() {
		stop()
		select {
		case <-done:
		case <-time.After(patience):
			on.mu.Lock()
			defer on.mu.Unlock()
			fmt.Fprintln(on.w, "verify: stopping after what is in progress; Ctrl-C again stops at once")
		}
	})
	return ctx, func() {
		close(done)
		forget()
		stop()
	}
}

// secondSignal gives a context that ends with the second Ctrl-C; the first one ends ctx.
func secondSignal(ctx context.Context) (kill context.Context, release func()) {
	kill, cancel := context.WithCancel(context.WithoutCancel(ctx))
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		for count := 0; count < 2; count++ {
			select {
			case <-signals:
			case <-kill.Done():
				return
			}
		}
		signal.Stop(signals) // the third ends this process
		cancel()
	}()
	return kill, func() {
		signal.Stop(signals)
		cancel()
	}
}
