package jit

import (
	"github.com/seed06459138/torchgo/internal/ctorch"
	"github.com/seed06459138/torchgo/torch"
)

// Attribute gives an attribute of the module, or of a module or object inside it
// by its path, "encoder.scale": any value, also what is declared constant in
// Python. A tensor is the module's own: writing to it changes the module.
// Tensors and objects in the value are the caller's, to be closed. A path that
// leads nowhere is an error of torch.CodeArgument that names what there is.
func (m *Module) Attribute(path string) (torch.Value, error) {
	op := "attribute " + path
	if ctorch.HasNUL(path) {
		return nil, &torch.Error{Op: op, Code: torch.CodeArgument, Msg: "a name has no NUL byte"}
	}
	var values *ctorch.Values
	if err := m.with(op, func(p *ctorch.Module) *ctorch.Error {
		return ctorch.ModuleAttribute(p, ctorch.CString(path), &values)
	}); err != nil {
		return nil, err
	}
	return torch.DecodeValues(values), nil
}

// SetAttribute sets an attribute that the module has; see Attribute for the path.
// A value of another type than the attribute's is an error of torch.CodeType. A
// tensor is put in as it is, of any shape and dtype, and shared with the caller.
// It must not run beside calls.
func (m *Module) SetAttribute(path string, v torch.Value) error {
	op := "set attribute " + path
	if ctorch.HasNUL(path) {
		return &torch.Error{Op: op, Code: torch.CodeArgument, Msg: "a name has no NUL byte"}
	}
	return m.give(op, v, func(p *ctorch.Module, in *ctorch.Value, n int) *ctorch.Error {
		return ctorch.ModuleSetAttribute(p, ctorch.CString(path), in, n)
	})
}

// give calls a native function that takes a value and gives none.
func (m *Module) give(op string, v torch.Value, body func(p *ctorch.Module, in *ctorch.Value, n int) *ctorch.Error) error {
	p, err := m.acquire(op)
	if err != nil {
		return err
	}
	defer m.handle.Release()
	_, err = torch.Invoke(op, []torch.Value{v}, func(in *ctorch.Value, n int, out *ctorch.Value, _ int, _ **ctorch.Values) *ctorch.Error {
		*out = ctorch.Value{} // None
		return body(p, in, n)
	})
	return err
}
