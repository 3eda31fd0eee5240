package jit

import (
	"context"
	"unsafe"

	"github.com/seed06459138/torchgo/internal/ctorch"
	"github.com/seed06459138/torchgo/torch"
)

// Runner computes what a model's forward does. A Module is one, as it was saved or
// frozen or optimised, and so are Static and Straight; Auto finds the fastest. Its methods may be
// called from any goroutine, several at once, as those of Module.
type Runner interface {
	// Forward takes tensors and gives the one tensor that is the result, which is
	// the caller's, to be closed.
	Forward(x ...*torch.Tensor) (*torch.Tensor, error)
	// ForwardInto does the same with dst as the result; see Method.ForwardInto.
	ForwardInto(dst *torch.Tensor, x ...*torch.Tensor) error
	// Run takes and gives any values; see Method.Run.
	Run(ctx context.Context, args ...torch.Value) (torch.Value, error)
	// Close frees the runner; closing again does nothing.
	Close()
}

var (
	_ Runner = (*Module)(nil)
	_ Runner = (*Static)(nil)
	_ Runner = (*Straight)(nil)
)

// Static runs a frozen copy of a module's forward on libtorch's static runtime,
// which plans the memory of all that is computed in between, and reuses it. Results
// have memory of their own. Each call that runs beside others has its own such
// memory, which stays until Close.
type Static struct{ planned }

// Straight runs a frozen copy of a module's forward as straight-line code: its
// operators one after the other, without an interpreter, the common ones by their
// kernels. What linear layers, activations and sums of float32 and float64 on the CPU
// compute in between stays for the next call, as with Static; results have memory
// of their own. They differ from the module's by rounding.
type Straight struct{ planned }

// Static plans the module's forward for the static runtime. The result is the
// caller's, to be closed; the module may be closed before. It is an error of
// torch.CodeNotImplemented for what that runtime cannot run, and with old versions
// of libtorch (2.4, 2.6), which came without its headers.
func (m *Module) Static() (*Static, error) {
	p, err := m.plan("plan for the static runtime", ctorch.StaticNew)
	if err != nil {
		return nil, err
	}
	return &Static{p}, nil
}

// Straight plans the module's forward as straight-line code. The result is the
// caller's, to be closed; the module may be closed before. It is an error of
// torch.CodeNotImplemented for a forward that is not straight when frozen: one that
// has branches or loops, writes to tensors where that matters, or prints or raises.
func (m *Module) Straight() (*Straight, error) {
	p, err := m.plan("plan straight-line code", ctorch.StraightNew)
	if err != nil {
		return nil, err
	}
	return &Straight{p}, nil
}

// planned is a forward that was planned before it is called.
type planned struct{ forward *Method }

func (m *Module) plan(op string, plan func(*ctorch.Module, **ctorch.Static) *ctorch.Error) (planned, error) {
	forward, err := m.Method("forward")
	if err != nil {
		return planned{}, err
	}
	var native *ctorch.Static
	if err := m.with(op, func(p *ctorch.Module) *ctorch.Error { return plan(p, &native) }); err != nil {
		return planned{}, err
	}
	method := newMethod(ctorch.KindStatic, unsafe.Pointer(native), forward.signature, callStatic)
	return planned{method.settle()}, nil
}

func callStatic(p unsafe.Pointer, in *ctorch.Value, n int, flags uint32, out *ctorch.Value, capacity int, more **ctorch.Values) *ctorch.Error {
	return ctorch.StaticCall((*ctorch.Static)(p), in, n, flags, out, capacity, more)
}

// Forward is Runner's.
func (p planned) Forward(x ...*torch.Tensor) (*torch.Tensor, error) { return p.forward.Forward(x...) }

// ForwardInto is Runner's.
func (p planned) ForwardInto(dst *torch.Tensor, x ...*torch.Tensor) error {
	return p.forward.ForwardInto(dst, x...)
}

// Run is Runner's.
func (p planned) Run(ctx context.Context, args ...torch.Value) (torch.Value, error) {
	return p.forward.Run(ctx, args...)
}

// Close frees the runner and the memory that it keeps.
func (s *Static) Close() {
	if s != nil {
		s.forward.handle.Close()
	}
}

// Close frees the runner and the memory that it keeps.
func (s *Straight) Close() {
	if s != nil {
		s.forward.handle.Close()
	}
}
