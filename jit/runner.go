package jit

import (
	"context"
	"unsafe"

	"github.com/seed06459138/torchgo/internal/ctorch"
	"github.com/seed06459138/torchgo/torch"
)

// Runner computes what a model's forward does. A Module is one, as it was saved or
// frozen or optimised, and a Static; Auto finds the fastest. Its methods may be
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
)

// Static runs a frozen copy of a module's forward on libtorch's static runtime,
// which plans the memory of all that is computed in between, and reuses it. Results
// have memory of their own. Each call that runs beside others has its own such
// memory, which stays until Close.
type Static struct{ forward *Method }

// Static plans the module's forward for the static runtime. The result is the
// caller's, to be closed; the module may be closed before. It is an error of
// torch.CodeNotImplemented for what that runtime cannot run, and with old versions
// of libtorch (2.4, 2.6), which came without its headers.
func (m *Module) Static() (*Static, error) {
	forward, err := m.Method("forward")
	if err != nil {
		return nil, err
	}
	var native *ctorch.Static
	if err := m.with("plan for the static runtime", func(p *ctorch.Module) *ctorch.Error { return ctorch.StaticNew(p, &native) }); err != nil {
		return nil, err
	}
	method := newMethod(ctorch.KindStatic, unsafe.Pointer(native), forward.signature, callStatic)
	return &Static{method.settle()}, nil
}

func callStatic(p unsafe.Pointer, in *ctorch.Value, n int, flags uint32, out *ctorch.Value, capacity int, more **ctorch.Values) *ctorch.Error {
	return ctorch.StaticCall((*ctorch.Static)(p), in, n, flags, out, capacity, more)
}

// Forward is Runner's.
func (s *Static) Forward(x ...*torch.Tensor) (*torch.Tensor, error) { return s.forward.Forward(x...) }

// ForwardInto is Runner's.
func (s *Static) ForwardInto(dst *torch.Tensor, x ...*torch.Tensor) error {
	return s.forward.ForwardInto(dst, x...)
}

// Run is Runner's.
func (s *Static) Run(ctx context.Context, args ...torch.Value) (torch.Value, error) {
	return s.forward.Run(ctx, args...)
}

// Close frees the runner and the memory that it keeps.
func (s *Static) Close() {
	if s != nil {
		s.forward.handle.Close()
	}
}
