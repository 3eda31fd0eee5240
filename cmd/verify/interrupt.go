package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// interruptible gives a context that ends at the first Ctrl-C. A native call
// cannot be stopped in the middle, so the check ends with the step in progress;
// the second Ctrl-C kills the process.
func interruptible(stderr io.Writer) (ctx context.Context, release func()) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	forget := context.AfterFunc(ctx, func() {
		stop()
		fmt.Fprintln(stderr, "verify: stopping after the step in progress; Ctrl-C again stops at once")
	})
	return ctx, func() {
		forget()
		stop()
	}
}
