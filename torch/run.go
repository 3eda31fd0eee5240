package torch

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/seed06459138/torchgo/internal/ctorch"
)

// outcome is how a call ended.
type outcome struct {
	value Value
	err   error
}

// InvokeContext is Invoke for callers that may stop waiting: for a slot, and for
// the end of the call. A native call cannot be broken off. When ctx ends while
// it runs, InvokeContext returns at once, the call goes on with its arguments,
// and its result is closed and its slot freed when it ends. release is called
// exactly once, after the last use of what call needs. It is for the packages of
// this module.
func InvokeContext(ctx context.Context, op string, args []Value, call Native, release func()) (Value, error) {
	f := newFrame()
	end := func() { f.release(); release() }
	if err := f.addArguments(op, args); err != nil {
		end()
		return nil, err
	}
	if ctx.Err() != nil {
		end()
		return nil, &Refused{Op: op, Err: context.Cause(ctx)}
	}
	g := gateNow()
	if err := g.Enter(ctx.Done()); err != nil {
		end()
		if err == ctorch.ErrGaveUp {
			err = context.Cause(ctx)
		}
		return nil, &Refused{Op: op, Err: err}
	}

	var taken atomic.Bool // by the caller when it leaves, or by the call when it ends
	ended := make(chan outcome, 1)
	go func() {
		var o outcome
		if o.err = f.cross(g, op, call); o.err == nil {
			o.value, o.err = f.result()
		}
		g.Leave()
		end()
		if taken.CompareAndSwap(false, true) {
			ended <- o
		} else if o.value != nil {
			CloseAll(o.value)
		}
	}()
	select {
	case o := <-ended:
		return o.value, o.err
	case <-ctx.Done():
		if !taken.CompareAndSwap(false, true) {
			o := <-ended // it ended at the same moment
			return o.value, o.err
		}
		return nil, fmt.Errorf("%s: still running, its result will be dropped: %w", op, context.Cause(ctx))
	}
}
