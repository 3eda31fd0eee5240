package jit

import (
	"context"

	"github.com/seed06459138/torchgo/torch"
)

// Run calls the method with any values, as Call does, for a caller that may stop
// waiting. While it waits for its turn (see torch.Limits), the end of ctx takes
// it out of the queue. A native call that has begun cannot be broken off: when
// ctx ends, Run returns at once, the call runs to its end with the arguments as
// they are, and its result is dropped. So the arguments may be closed then, but
// their elements must not be written before the call ends. An error that came of
// ctx unwraps to context.Cause(ctx).
func (m *Method) Run(ctx context.Context, args ...torch.Value) (torch.Value, error) {
	if ctx.Done() == nil {
		return m.Call(args...)
	}
	args, err := m.bind(args)
	if err != nil {
		return nil, err
	}
	if m.turn != nil {
		select {
		case m.turn <- struct{}{}:
		case <-ctx.Done():
			return nil, &torch.Refused{Op: m.name, Err: context.Cause(ctx)}
		}
	}
	if err := m.hold(); err != nil {
		return nil, err
	}
	return torch.InvokeContext(ctx, m.name, args, m.forward, m.release)
}

// ForwardInto calls the method with tensors and makes dst the one tensor that it
// returns; the tensor that dst was is closed. So a loop of calls makes nothing
// that Go must collect:
//
//	y := new(torch.Tensor)
//	defer y.Close()
//	for … {
//		err := forward.ForwardInto(y, x)
//
// dst must not be in use elsewhere meanwhile, nor be one of x. When the call
// fails, dst keeps what it was.
func (m *Method) ForwardInto(dst *torch.Tensor, x ...*torch.Tensor) error {
	if err := m.acquireFor(len(x)); err != nil {
		return err
	}
	defer m.release()
	return torch.InvokeInto(m.name, dst, x, m.into)
}

// Run calls the method forward with any values; see Method.Run.
func (m *Module) Run(ctx context.Context, args ...torch.Value) (torch.Value, error) {
	method, err := m.Method("forward")
	if err != nil {
		return nil, err
	}
	return method.Run(ctx, args...)
}

// ForwardInto calls the method forward with dst as the result; see
// Method.ForwardInto.
func (m *Module) ForwardInto(dst *torch.Tensor, x ...*torch.Tensor) error {
	method, err := m.Method("forward")
	if err != nil {
		return err
	}
	return method.ForwardInto(dst, x...)
}
