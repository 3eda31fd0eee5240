package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// patience is how long a step may go on after Ctrl-C before that is explained.
const patience = 500 * time.Millisecond

// interruptible gives a context that ends at the first Ctrl-C. A native call
// cannot be stopped in the middle, so the check ends with the step in progress;
// the second Ctrl-C kills the process.
func interruptible(stderr io.Writer) (ctx context.Context, release func()) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	forget := context.AfterFunc(ctx, func() {
		stop()
		select {
		case <-done:
		case <-time.After(patience):
			fmt.Fprintln(stderr, "verify: stopping after the step in progress; Ctrl-C again stops at once")
		}
	})
	return ctx, func() {
		close(done)
		forget()
		stop()
	}
}
