package torch

import (
	"maps"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/seed06459138/torchgo/internal/ctorch"
)

// Operator is an operator of the dispatcher, by name. It is looked up in libtorch
// at its first call and not again. Packages that wrap operators in typed
// functions, as package aten does, keep one in a variable for each; other
// programs use Call. It is safe for concurrent use.
type Operator struct {
	Name string // "aten::relu", or with its overload "aten::softmax.int"

	native atomic.Pointer[ctorch.Operator]
}

// Begin starts a call. The arguments follow in the order of the schema, by the
// methods of what it returns, and then one of its methods that make the call.
func (o *Operator) Begin() Arguments { return Arguments{operator: o, frame: newFrame()} }

// find gives the native operator.
func (o *Operator) find() (*ctorch.Operator, error) {
	if op := o.native.Load(); op != nil {
		return op, nil
	}
	if err := ctorch.Ensure(); err != nil {
		return nil, err
	}
	name, overload, _ := strings.Cut(o.Name, ".")
	if ctorch.HasNUL(o.Name) || !strings.Contains(name, "::") {
		return nil, errArgument("look up an operator", "%q is not a name such as aten::add.Tensor", o.Name)
	}
	var op *ctorch.Operator
	if err := WrapError(o.Name, ctorch.OperatorFind(ctorch.CString(name), ctorch.CString(overload), &op)); err != nil {
		return nil, err
	}
	o.native.Store(op)
	return op, nil
}

// named keeps the operators that Call found. Readers take the map as it is; who
// adds an operator puts a larger one in its place.
var named struct {
	byName atomic.Pointer[map[string]*Operator]
	adding sync.Mutex
}

func lookup(name string) (*Operator, error) {
	if known := named.byName.Load(); known != nil {
		if o := (*known)[name]; o != nil {
			return o, nil
		}
	}
	o := &Operator{Name: strings.Clone(name)}
	if _, err := o.find(); err != nil {
		return nil, err
	}
	named.adding.Lock()
	defer named.adding.Unlock()
	grown := make(map[string]*Operator)
	if known := named.byName.Load(); known != nil {
		maps.Copy(grown, *known)
	}
	grown[o.Name] = o
	named.byName.Store(&grown)
	return o, nil
}
