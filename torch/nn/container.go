package nn

import (
	"fmt"
	"strconv"

	"github.com/seed06459138/torchgo/torch"
)

// Sequential passes a tensor through layers, one after the other.
type Sequential struct{ layers []Layer }

// NewSequential makes a module of layers, named 0, 1, ….
func NewSequential(layers ...Layer) *Sequential { return &Sequential{layers} }

// Forward gives what the last layer gives; without layers, x itself.
func (s *Sequential) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	var err error
	for i, l := range s.layers {
		if x, err = l.Forward(x); err != nil {
			return nil, fmt.Errorf("layer %d, %s: %w", i, className(l), err)
		}
	}
	return x, nil
}

// Members lists the layers.
func (s *Sequential) Members() []Member { return numbered(s.layers) }

// Append adds layers at the end.
func (s *Sequential) Append(layers ...Layer) { s.layers = append(s.layers, layers...) }

// Layers lists the layers.
func (s *Sequential) Layers() []Layer { return s.layers }

func numbered[M any](list []M) []Member {
	all := make([]Member, len(list))
	for i, m := range list {
		all[i] = Member{strconv.Itoa(i), m}
	}
	return all
}

// ModuleDict keeps modules of one type by name, in the order in which they were
// added. (A list of modules is a slice: a field of type []*Block is a ModuleList.)
type ModuleDict[M any] struct {
	names   []string
	modules map[string]M
}

// Set adds a module, or replaces the one of this name.
func (d *ModuleDict[M]) Set(name string, module M) {
	if d.modules == nil {
		d.modules = make(map[string]M)
	}
	if _, ok := d.modules[name]; !ok {
		d.names = append(d.names, name)
	}
	d.modules[name] = module
}

// Lookup gives the module of a name.
func (d *ModuleDict[M]) Lookup(name string) (M, bool) {
	m, ok := d.modules[name]
	return m, ok
}

// Names lists the names in their order.
func (d *ModuleDict[M]) Names() []string { return append([]string(nil), d.names...) }

// Members lists the modules.
func (d *ModuleDict[M]) Members() []Member {
	list := make([]Member, len(d.names))
	for i, name := range d.names {
		list[i] = Member{name, d.modules[name]}
	}
	return list
}
