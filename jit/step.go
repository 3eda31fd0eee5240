package jit

import (
	"github.com/seed06459138/torchgo/internal/ctorch"
	"github.com/seed06459138/torchgo/torch"
)

// The operators of steps that are no operators of libtorch.
const (
	StepCall   = "prim::CallMethod" // what a call of a submodule gave
	StepChoice = "prim::If"         // the condition of a branch, where it depends on the arguments
)

// Step is a place in a method that Record stops at: an operator that computes
// something, in what the method calls too, what a submodule gave, or a choice that
// depends on the arguments. Views of tensors are left out.
type Step struct {
	Module string // qualified name of the submodule that it belongs to, or is the call of; "" is the module itself
	Source Source // of a call, the place of the call

	// Settings are the arguments that are no tensors and the same in every call, in the
	// order of the operator's schema: eps of a batch_norm.
	Settings []Setting
}

// Setting is an argument of an operator that its caller has no say in: it stands in
// the code, or is an attribute that the method does not assign.
type Setting struct {
	Name  string
	Value torch.Value
}

// String gives "eps=1e-05".
func (s Setting) String() string { return s.Name + "=" + literal(s.Value) }

// Setting looks an argument up; nil without.
func (s Step) Setting(name string) torch.Value {
	for _, c := range s.Settings {
		if c.Name == name {
			return c.Value
		}
	}
	return nil
}

// Steps lists the steps of the method in the order of its code. A run passes through
// them in that order, but for those in loops, which it may pass through many times,
// and in branches.
func (m *Method) Steps() ([]Step, error) {
	v, err := m.inspect("steps", ctorch.MethodSteps)
	if err != nil {
		return nil, err
	}
	list := v.(torch.List)
	all := make([]Step, len(list))
	for i, v := range list {
		row := v.(torch.Tuple)
		text := func(i int) string { return string(row[i].(torch.String)) }
		all[i] = Step{Module: text(0), Source: Source{Operator: text(1), File: text(2), Line: int(row[3].(torch.Int)), Text: text(4)}}
		for _, e := range row[5].(*torch.Dict).Entries {
			all[i].Settings = append(all[i].Settings, Setting{string(e.Key.(torch.String)), e.Value})
		}
	}
	return all, nil
}
