package jit

import (
	"fmt"

	"github.com/seed06459138/torchgo/internal/ctorch"
	"github.com/seed06459138/torchgo/torch"
)

// Graph gives the method's graph as it was written, as text.
func (m *Method) Graph() (string, error) { return m.graph("graph", 0) }

// OptimizedGraph gives the graph that calls execute now, as text; "" when none is
// made yet: the profiling executor makes it at the second call. It must not run
// beside the first calls of the method.
func (m *Method) OptimizedGraph() (string, error) { return m.graph("optimized graph", 1) }

func (m *Method) graph(what string, optimized int32) (string, error) {
	v, err := m.inspect(what, func(p *ctorch.Method, out **ctorch.Values) *ctorch.Error {
		return ctorch.MethodGraph(p, optimized, out)
	})
	text, _ := v.(torch.String)
	return string(text), err
}

// inspect calls a native function that tells something about the method.
func (m *Method) inspect(what string, body func(*ctorch.Method, **ctorch.Values) *ctorch.Error) (torch.Value, error) {
	if err := m.acquire(); err != nil {
		return nil, err
	}
	defer m.release()
	var values *ctorch.Values
	if err := torch.Crossing(m.name+": "+what, func() *ctorch.Error { return body((*ctorch.Method)(m.handle.Pointer()), &values) }); err != nil {
		return nil, err
	}
	return torch.DecodeValues(values), nil
}

// Code gives the source of the module's class and of the classes that it refers
// to, as TorchScript prints it.
func (m *Module) Code() (string, error) {
	var values *ctorch.Values
	if err := m.with("code", func(p *ctorch.Module) *ctorch.Error { return ctorch.ModuleCode(p, &values) }); err != nil {
		return "", err
	}
	return string(torch.DecodeValues(values).(torch.String)), nil
}

// Source is a place in the source of a method. File and Line are those of the
// Python source where the archive remembers it, else of the code in the archive;
// they are empty for what a pass such as Freeze made.
type Source struct {
	Operator string // "aten::to"
	File     string
	Line     int
	Text     string // the line
}

// String gives "model.py:12: x.cuda() (aten::cuda)".
func (s Source) String() string {
	if s.File == "" {
		return s.Operator
	}
	return fmt.Sprintf("%s:%d: %s (%s)", s.File, s.Line, s.Text, s.Operator)
}

// DeviceConstant is a device that a method names in its code. Loading a module
// onto another device does not change it: the call then fails, or computes on the
// device that is named.
type DeviceConstant struct {
	Method string
	Device string // "cuda:0", "cpu"; "cuda" for .cuda()
	Source Source
}

// String gives one line.
func (d DeviceConstant) String() string {
	return fmt.Sprintf("%s names %s at %s", d.Method, d.Device, d.Source)
}

// DeviceConstants lists the devices that the methods name, in what they call too.
// Traces bake in those of the tensors that were traced.
func (m *Module) DeviceConstants() ([]DeviceConstant, error) {
	var all []DeviceConstant
	err := m.rows("find device constants", ctorch.ModuleDeviceConstants, func(method, subject string, at Source) {
		all = append(all, DeviceConstant{method, subject, at})
	})
	return all, err
}

// Mutation is an attribute that a method writes.
type Mutation struct {
	Method    string
	Attribute string // "norm.running_mean"
	Source    Source // the first place
}

// String gives one line.
func (m Mutation) String() string {
	return fmt.Sprintf("%s writes %s at %s", m.Method, m.Attribute, m.Source)
}

// Mutates lists the attributes and buffers that the methods write, in what they
// call too: calls of such methods must not run at once; see Serialized. The
// analysis follows aliases through views and containers, so that it may name too
// much where it cannot follow, and nothing that is done in the training mode alone
// while the module is in evaluation mode.
func (m *Module) Mutates() ([]Mutation, error) {
	var all []Mutation
	err := m.rows("find mutations", ctorch.ModuleMutations, func(method, subject string, at Source) {
		all = append(all, Mutation{method, subject, at})
	})
	return all, err
}

func (m *Module) rows(op string, body func(*ctorch.Module, **ctorch.Values) *ctorch.Error, row func(method, subject string, at Source)) error {
	list, err := m.list(op, body)
	if err != nil {
		return err
	}
	for _, v := range list {
		t := v.(torch.Tuple)
		text := func(i int) string { return string(t[i].(torch.String)) }
		row(text(0), text(1), Source{Operator: text(2), File: text(3), Line: int(t[4].(torch.Int)), Text: text(5)})
	}
	return nil
}
