package jit

import (
	"github.com/seed06459138/torchgo/internal/ctorch"
	"github.com/seed06459138/torchgo/torch"
)

// Instance gives a module over an object of a TorchScript class: its methods are
// those of the class, its attributes the object's own, not copies. It is the
// caller's, to be closed; the object may be closed before.
func Instance(o *torch.Object) (*Module, error) {
	var native *ctorch.Module
	if err := o.With("use an object", func(p *ctorch.Object) *ctorch.Error { return ctorch.ObjectModule(p, &native) }); err != nil {
		return nil, err
	}
	return adopt(native, settings{}), nil
}
