package jit

import (
	"context"
	"time"

	"github.com/seed06459138/torchgo/torch"
)

// leastWarmup is how many calls of one shape it takes until nothing is compiled
// any more: the profiling executor profiles the first and compiles the second.
const leastWarmup = 3

// Warmup calls the method n times, at least 3, with the same arguments, and tells
// how long each call took. Calls with arguments of these shapes and dtypes
// are fast afterwards; other shapes may be compiled anew, so they are to be warmed
// up too. Results are closed. When ctx ends, Warmup returns the times that it has,
// and the error.
func (m *Method) Warmup(ctx context.Context, n int, args ...torch.Value) ([]time.Duration, error) {
	if m == nil {
		return nil, errNilMethod
	}
	if n < leastWarmup {
		return nil, &torch.Error{Op: "warm up " + m.name, Code: torch.CodeArgument, Msg: "fewer than 3 calls leave the compilation to a later call"}
	}
	times := make([]time.Duration, 0, n)
	for range n {
		begun := time.Now()
		v, err := m.Run(ctx, args...)
		if err != nil {
			return times, err
		}
		times = append(times, time.Since(begun))
		torch.CloseAll(v)
	}
	return times, nil
}

// Warmup warms up the method forward; see Method.Warmup.
func (m *Module) Warmup(ctx context.Context, n int, args ...torch.Value) ([]time.Duration, error) {
	method, err := m.Method("forward")
	if err != nil {
		return nil, err
	}
	return method.Warmup(ctx, n, args...)
}
