package verify

import (
	"fmt"

	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
)

// filler fills a module from a state_dict, again and again.
type filler struct {
	module  *jit.Module
	tensors []jit.NamedTensor
	pairs   []pair
}

// pair is a tensor of the module and what is written to it.
type pair struct {
	name     string
	to, from *torch.Tensor
	saved    *checkpoint.Tensor // that from lies in
	owned    bool               // to is a view that was made here
}

func newFiller(s *source, device torch.Device) (*filler, error) {
	m, err := loadModule(s, device)
	if err != nil {
		return nil, err
	}
	tensors, err := m.Tensors()
	if err != nil {
		m.Close()
		return nil, err
	}
	return &filler{module: m, tensors: tensors}, nil
}

// pair maps the state's tensors for those that it fills. The census may be of
// another load of the same file, which lists its tensors in the same order.
func (f *filler) pair(c *census, state stateDict) error {
	for i, t := range f.tensors {
		if !c.filled[i] {
			continue
		}
		p, err := newPair(t, state.tensors[t.Name])
		f.pairs = append(f.pairs, p)
		if err != nil {
			return fmt.Errorf("%s: %w", t.Name, err)
		}
	}
	return nil
}

// newPair maps a tensor of the state beside the one that it fills. What it gives
// is to be closed also after an error.
func newPair(t jit.NamedTensor, saved *checkpoint.Tensor) (p pair, err error) {
	p.name, p.saved = t.Name, saved
	if p.from, err = torch.FromCheckpoint(saved); err != nil {
		return p, err
	}
	if p.to, p.owned, err = writable(t.Tensor); err != nil || !p.owned {
		return p, err
	}
	whole := p.from
	defer whole.Close()
	p.from, err = corner(whole, p.to.Shape())
	return p, err
}

// fill writes the state's values, in place, so that whatever shares the memory
// follows.
func (f *filler) fill() error {
	for _, p := range f.pairs {
		if err := p.to.CopyFrom(p.from); err != nil {
			return fmt.Errorf("filling %s: %w", p.name, err)
		}
		letGo(p.saved)
	}
	return nil
}

// replaced tells whether the module now holds other tensors than when it was
// loaded, because a run has assigned to its attributes.
func (f *filler) replaced() (bool, error) {
	now, err := f.module.Tensors()
	if err != nil {
		return false, err
	}
	moved := len(now) != len(f.tensors)
	for i, t := range now {
		moved = moved || t.Name != f.tensors[i].Name || t.Tensor.Numel() > 0 && !t.Tensor.SameStorage(f.tensors[i].Tensor)
		t.Tensor.Close()
	}
	return moved, nil
}

func (f *filler) close() {
	if f == nil {
		return
	}
	for _, p := range f.pairs {
		p.from.Close()
		if p.owned {
			p.to.Close()
		}
	}
	for _, t := range f.tensors {
		t.Tensor.Close()
	}
	f.module.Close()
}
