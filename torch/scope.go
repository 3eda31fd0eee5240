package torch

import (
	"sync"
	"sync/atomic"

	"github.com/seed06459138/torchgo/internal/ctorch"
)

// Scope closes what was computed in it. A tensor enters a scope by Add, or by
// being computed from a tensor that is in it, so that only the inputs need to
// be named:
//
//	s := torch.NewScope()
//	defer s.Close()
//	x, err := torch.FromSlice(data, 1, 4)
//	…
//	y, err := model.Forward(s.Add(x)) // y is in the scope too
//
// When inputs belong to several scopes, results join the one made last. A Scope
// is safe for concurrent use.
type Scope struct {
	serial  uint64
	flags   uint32 // of ts_call_flag, for calls whose results join the scope
	mu      sync.Mutex
	tensors map[*Tensor]struct{}
	closed  bool
}

var scopes atomic.Uint64

// ScopeOption is a way in which operators are called whose results join a scope.
type ScopeOption struct{ flags uint32 }

// NoGrad keeps calls whose innermost scope it is from being recorded: an evaluation
// needs no graph.
var NoGrad = ScopeOption{ctorch.CallNoGrad}

// Autocast lets calls whose innermost scope it is compute in a narrower dtype,
// Float16 or BFloat16, where operators on tensors of that kind of device gain by it,
// and in 32 bits where they need them, as torch.autocast does. Backward needs none: it
// follows the calls. Parameters are cast anew in each call. With another dtype, calls
// are errors of CodeArgument.
func Autocast(device DeviceType, element DType) ScopeOption {
	flag := uint32(ctorch.CallAutocast)
	if device == DeviceCUDA {
		flag = ctorch.CallAutocastCUDA
	}
	return ScopeOption{flag | uint32(element)*ctorch.CallAutocastDtype}
}

// NewScope makes an empty scope.
func NewScope(options ...ScopeOption) *Scope {
	s := &Scope{serial: scopes.Add(1), tensors: make(map[*Tensor]struct{})}
	for _, o := range options {
		s.flags |= o.flags
	}
	return s
}

// InScope calls body with a scope that ends with it, such as a step of training:
// what body brings into the scope, and what is computed from that, is closed.
func InScope(body func(s *Scope) error, options ...ScopeOption) error {
	s := NewScope(options...)
	defer s.Close()
	return body(s)
}

// Add brings t into the scope, out of the one it was in, and returns it. Into a
// closed scope, it closes t.
func (s *Scope) Add(t *Tensor) *Tensor {
	if t == nil {
		return nil
	}
	if old := t.scope.Load(); old != s {
		if old != nil {
			old.remove(t)
		}
		s.join(t)
	}
	return t
}

// Keep takes tensors out of the scope, so that they outlive it.
func (s *Scope) Keep(tensors ...*Tensor) {
	for _, t := range tensors {
		if t != nil && t.scope.CompareAndSwap(s, nil) {
			s.remove(t)
		}
	}
}

// Close closes every tensor in the scope. Closing again does nothing.
func (s *Scope) Close() {
	s.mu.Lock()
	tensors := s.tensors
	s.tensors, s.closed = nil, true
	s.mu.Unlock()
	for t := range tensors {
		t.handle.Close()
	}
}

// Len tells how many tensors are in the scope.
func (s *Scope) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.tensors)
}

func (s *Scope) join(t *Tensor) {
	t.scope.Store(s)
	s.mu.Lock()
	closed := s.closed
	if !closed {
		s.tensors[t] = struct{}{}
	}
	s.mu.Unlock()
	if closed {
		t.handle.Close()
	}
}

func (s *Scope) remove(t *Tensor) {
	s.mu.Lock()
	delete(s.tensors, t)
	s.mu.Unlock()
}

// inner gives the scope made last of the two; nil is the outermost.
func inner(a, b *Scope) *Scope {
	if a == nil || (b != nil && b.serial > a.serial) {
		return b
	}
	return a
}
