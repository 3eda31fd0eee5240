package jit

import (
	"strconv"
	"strings"

	"github.com/seed06459138/torchgo/internal/ctorch"
	"github.com/seed06459138/torchgo/torch"
)

// Submodule is one module of a tree.
type Submodule struct {
	Name     string // qualified: "net.0"; the root is ""
	Type     string // "__torch__.torch.nn.modules.linear.Linear"
	Training bool   // in training mode now
}

// Modules lists the tree, the root first.
func (m *Module) Modules() ([]Submodule, error) {
	list, err := m.list("list the submodules", ctorch.ModuleSubmodules)
	if err != nil {
		return nil, err
	}
	all := make([]Submodule, len(list))
	for i, v := range list {
		row := v.(torch.Tuple)
		training, _ := row[2].(torch.Bool)
		all[i] = Submodule{string(row[0].(torch.String)), string(row[1].(torch.String)), bool(training)}
	}
	return all, nil
}

// Role says how a module holds a tensor.
type Role int

// The roles.
const (
	Parameter Role = ctorch.RoleParameter // in the state_dict
	Buffer    Role = ctorch.RoleBuffer    // in the state_dict, unless it was registered with persistent=False
	Attribute Role = ctorch.RoleAttribute // a plain attribute, or inside one: not in the state_dict
	Constant  Role = ctorch.RoleConstant  // baked into a method's graph: not in the state_dict
)

// String names the role.
func (r Role) String() string {
	return [...]string{"parameter", "buffer", "attribute", "constant"}[r]
}

// NamedTensor is a tensor that a module computes with.
type NamedTensor struct {
	Name   string // "net.0.weight"; "parts[0]" inside a list; "CONSTANTS.c0" for a constant of the file, "" for one that Freeze made
	Role   Role
	Tensor *torch.Tensor // the module's own: writing to it changes the module
}

// Tensors lists everything that the module computes with and that is not code:
// parameters, buffers, tensors in attributes, and tensor constants of its
// methods' graphs. A tensor that has several places in the tree stands once for
// each. The handles are the caller's, to be closed.
//
// Constants are shared between a module, its clones, and everything that was
// compiled from the same graphs.
func (m *Module) Tensors() ([]NamedTensor, error) {
	list, err := m.list("list the tensors", ctorch.ModuleTensors)
	if err != nil {
		return nil, err
	}
	all := make([]NamedTensor, len(list))
	for i, v := range list {
		row := v.(torch.Tuple)
		all[i] = NamedTensor{string(row[0].(torch.String)), Role(row[1].(torch.Int)), row[2].(*torch.Tensor)}
	}
	return all, nil
}

// ConstantIndex tells the N of a constant that is called CONSTANTS.cN in the
// file's code, and so the record of constants.pkl that it was read from.
func (t NamedTensor) ConstantIndex() (int, bool) {
	n, err := strconv.Atoi(strings.TrimPrefix(t.Name, "CONSTANTS.c"))
	return n, t.Role == Constant && err == nil
}
