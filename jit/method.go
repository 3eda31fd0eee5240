package jit

import (
	"fmt"
	"slices"
	"unsafe"

	"github.com/seed06459138/torchgo/internal/ctorch"
	"github.com/seed06459138/torchgo/torch"
)

// Method is one method of a module, looked up once for many calls.
type Method struct {
	handle    ctorch.Handle
	name      string
	signature Signature
	cross     crossing
	flags     uint32
	turn      chan struct{} // taken by the one call that runs; nil when several may
	// forward and into are kept so that a call on tensors makes no closure.
	forward torch.Native
	into    torch.Native
}

// crossing calls what a handle holds.
type crossing func(p unsafe.Pointer, in *ctorch.Value, n int, flags uint32, out *ctorch.Value, capacity int, more **ctorch.Values) *ctorch.Error

func newMethod(kind ctorch.Kind, p unsafe.Pointer, s Signature, cross crossing) *Method {
	m := &Method{name: s.Name, signature: s, cross: cross}
	m.handle.Adopt(kind, p, 0)
	return m
}

// settle makes the functions that calls use, once everything else is set.
func (m *Method) settle() *Method {
	m.forward, m.into = m.native(0), m.native(ctorch.CallReplace)
	return m
}

// Method finds a method by name; the module keeps it, and closes it with itself.
// A name that the module lacks is an error of torch.CodeNoMethod.
func (m *Module) Method(name string) (*Method, error) {
	if m == nil {
		return nil, &torch.Error{Op: "look up " + name, Code: torch.CodeArgument, Msg: "the module is nil"}
	}
	m.methods.mu.RLock()
	method := m.methods.byName[name]
	m.methods.mu.RUnlock()
	if method != nil {
		return method, nil
	}
	return m.lookup(name)
}

func (m *Module) lookup(name string) (*Method, error) {
	op := "look up " + name
	if ctorch.HasNUL(name) {
		return nil, &torch.Error{Op: op, Code: torch.CodeNoMethod, Msg: "a name has no NUL byte"}
	}
	var native *ctorch.Method
	if err := m.with(op, func(p *ctorch.Module) *ctorch.Error {
		return ctorch.ModuleMethod(p, ctorch.CString(name), &native)
	}); err != nil {
		return nil, err
	}
	signatures, err := m.Signatures()
	if err != nil {
		ctorch.MethodFree(native)
		return nil, err
	}
	// libtorch has the method, so it is in the list.
	i := slices.IndexFunc(signatures, func(s Signature) bool { return s.Name == name })
	method := newMethod(ctorch.KindMethod, unsafe.Pointer(native), signatures[i], callMethod)
	method.flags, method.turn = m.settings.flags(), m.turn
	method.settle()

	m.methods.mu.Lock()
	defer m.methods.mu.Unlock()
	switch other := m.methods.byName[name]; {
	case m.methods.closed:
		method.handle.Close()
		return nil, fmt.Errorf("%s: module %w", op, torch.ErrClosed)
	case other != nil: // another goroutine was faster
		method.handle.Close()
		return other, nil
	}
	m.methods.byName[name] = method
	return method, nil
}

func callMethod(p unsafe.Pointer, in *ctorch.Value, n int, flags uint32, out *ctorch.Value, capacity int, more **ctorch.Values) *ctorch.Error {
	return ctorch.MethodCall((*ctorch.Method)(p), in, n, flags, out, capacity, more)
}

// native makes the crossing; the handle is acquired around it.
func (m *Method) native(flags uint32) torch.Native {
	flags |= m.flags
	return func(in *ctorch.Value, n int, out *ctorch.Value, capacity int, more **ctorch.Values) *ctorch.Error {
		return m.cross(m.handle.Pointer(), in, n, flags, out, capacity, more)
	}
}

// Name gives the method's name.
func (m *Method) Name() string { return m.name }

// Signature describes the method.
func (m *Method) Signature() Signature { return m.signature }

// Arguments lists the method's arguments, without self. It is not to be written to.
func (m *Method) Arguments() []Argument { return m.signature.Arguments }

// Forward calls the method with tensors and gives the one tensor that it returns.
func (m *Method) Forward(x ...*torch.Tensor) (*torch.Tensor, error) {
	if err := m.acquireFor(len(x)); err != nil {
		return nil, err
	}
	y, err := torch.InvokeTensors(m.name, x, m.into)
	m.release()
	return y, err
}

// Call calls the method with any values. Arguments that have a default may be
// left out, and any may be given by name: see Keyword. What does not fit the
// method's arguments is an error that shows them, before anything is called: of
// torch.CodeArgument in number or name, of torch.CodeType in type. Tensors and
// objects in the result are the caller's, to be closed.
func (m *Method) Call(args ...torch.Value) (torch.Value, error) { return m.invoke(0, args) }

// CallUnoptimized is Call with the graph interpreted as it was written: nothing
// is profiled, fused or folded, and constants are read anew each time.
func (m *Method) CallUnoptimized(args ...torch.Value) (torch.Value, error) {
	return m.invoke(ctorch.CallNoOptimize, args)
}

func (m *Method) invoke(flags uint32, args []torch.Value) (torch.Value, error) {
	args, err := m.bind(args)
	if err != nil {
		return nil, err
	}
	if err := m.acquire(); err != nil {
		return nil, err
	}
	defer m.release()
	return torch.Invoke(m.name, args, m.native(flags))
}

var errNilMethod = &torch.Error{Op: "call a method", Code: torch.CodeArgument, Msg: "the method is nil"}

// bind puts the arguments in order; see Signature.bind.
func (m *Method) bind(args []torch.Value) ([]torch.Value, error) {
	if m == nil {
		return nil, errNilMethod
	}
	return m.signature.bind(args)
}

// acquireFor is acquire for a call with n arguments by position.
func (m *Method) acquireFor(n int) error {
	if m == nil {
		return errNilMethod
	}
	if err := m.signature.count(n); err != nil {
		return err
	}
	return m.acquire()
}

// acquire waits for the method's turn, where there is one, and holds the native
// object until release.
func (m *Method) acquire() error {
	if m == nil {
		return errNilMethod
	}
	if m.turn != nil {
		m.turn <- struct{}{}
	}
	return m.hold()
}

func (m *Method) hold() error {
	if m.handle.Acquire() != nil {
		return nil
	}
	if m.turn != nil {
		<-m.turn
	}
	return fmt.Errorf("%s: module %w", m.name, torch.ErrClosed)
}

func (m *Method) release() {
	m.handle.Release()
	if m.turn != nil {
		<-m.turn
	}
}

// Forward calls the method forward with tensors and gives the one tensor that it
// returns, which is the caller's, to be closed. For other arguments and results
// see Call.
func (m *Module) Forward(x ...*torch.Tensor) (*torch.Tensor, error) {
	method, err := m.Method("forward")
	if err != nil {
		return nil, err
	}
	return method.Forward(x...)
}

// Call calls a method by name with any values; see Method.Call.
func (m *Module) Call(name string, args ...torch.Value) (torch.Value, error) {
	method, err := m.Method(name)
	if err != nil {
		return nil, err
	}
	return method.Call(args...)
}

// CallUnoptimized is Call with the graph interpreted as it was written; see
// Method.CallUnoptimized.
func (m *Module) CallUnoptimized(name string, args ...torch.Value) (torch.Value, error) {
	method, err := m.Method(name)
	if err != nil {
		return nil, err
	}
	return method.CallUnoptimized(args...)
}
