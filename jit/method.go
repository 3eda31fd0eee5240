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
	// forward is kept so that a call on tensors makes no closure.
	forward torch.Native
	into    torch.Native
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
	method := &Method{name: name, signature: signatures[i]}
	method.forward = method.native(0)
	method.into = method.native(ctorch.CallReplace)
	method.handle.Adopt(ctorch.KindMethod, unsafe.Pointer(native), 0)

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

// native makes the crossing; the handle is acquired around it.
func (m *Method) native(flags uint32) torch.Native {
	return func(in *ctorch.Value, n int, out *ctorch.Value, capacity int, more **ctorch.Values) *ctorch.Error {
		return ctorch.MethodCall((*ctorch.Method)(m.handle.Pointer()), in, n, flags, out, capacity, more)
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
	if err := m.signature.count(len(x)); err != nil {
		return nil, err
	}
	if err := m.acquire(); err != nil {
		return nil, err
	}
	defer m.handle.Release()
	return torch.InvokeTensors(m.name, x, m.forward)
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
	args, err := m.signature.bind(args)
	if err != nil {
		return nil, err
	}
	if err := m.acquire(); err != nil {
		return nil, err
	}
	defer m.handle.Release()
	return torch.Invoke(m.name, args, m.native(flags))
}

func (m *Method) acquire() error {
	if m == nil {
		return &torch.Error{Op: "call a method", Code: torch.CodeArgument, Msg: "the method is nil"}
	}
	if m.handle.Acquire() == nil {
		return fmt.Errorf("%s: module %w", m.name, torch.ErrClosed)
	}
	return nil
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
