package jit

import (
	"fmt"

	"github.com/seed06459138/torchgo/internal/ctorch"
	"github.com/seed06459138/torchgo/torch"
)

// Freeze gives a copy in evaluation mode whose parameters and attributes are
// constants of its graphs, as torch.jit.freeze does. It is the caller's, to be
// closed. Its results may differ from the module's in the last bits.
func (m *Module) Freeze() (*Module, error) { return m.frozen("freeze", 0) }

// OptimizeForInference gives a frozen copy whose operators are folded and fused
// for this machine, as torch.jit.optimize_for_inference does. It is the caller's,
// to be closed. It is meant for running, not for saving; its results differ from
// the module's by rounding.
func (m *Module) OptimizeForInference() (*Module, error) {
	return m.frozen("optimize for inference", 1)
}

func (m *Module) frozen(op string, optimize int32) (*Module, error) {
	var native *ctorch.Module
	if err := m.with(op, func(p *ctorch.Module) *ctorch.Error { return ctorch.ModuleFreeze(p, optimize, &native) }); err != nil {
		return nil, err
	}
	return adopt(native, m.settings).execute()
}

// Cast gives a copy whose floating-point parameters, buffers and tensor
// attributes are of another floating-point dtype, as module.to(dtype) does in
// Python. Constants in its graphs and casts in its code stay as they are. It is
// the caller's, to be closed.
func (m *Module) Cast(element torch.DType) (*Module, error) {
	var native *ctorch.Module
	if err := m.with("cast to "+element.String(), func(p *ctorch.Module) *ctorch.Error {
		return ctorch.ModuleCast(p, int32(element), &native)
	}); err != nil {
		return nil, err
	}
	return adopt(native, m.settings).execute()
}

// Compile makes a module without parameters from TorchScript source: functions
// whose first argument is self, which become its methods. It is the caller's, to
// be closed. Source that does not compile is an error of torch.CodeCompile.
func Compile(source string, opts ...Option) (*Module, error) {
	const op = "compile"
	o := collect(opts)
	if err := ctorch.Ensure(); err != nil {
		return nil, err
	}
	if ctorch.HasNUL(source) {
		return nil, &torch.Error{Op: op, Code: torch.CodeCompile, Msg: fmt.Sprintf("source of %d bytes holds a NUL byte", len(source))}
	}
	var native *ctorch.Module
	if err := torch.Crossing(op, func() *ctorch.Error {
		return ctorch.ModuleCompile(ctorch.CString(source), &native)
	}); err != nil {
		return nil, err
	}
	return adopt(native, o.settings).execute()
}
