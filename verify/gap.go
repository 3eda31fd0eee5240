package verify

import (
	"path"
	"slices"

	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
)

// gap is memory that the scripted file computes with and the state does not
// hold: one tensor, or several that view the same storage.
type gap struct {
	report  Uncovered
	members []member
}

// member is one tensor of a gap with the values that it can have.
type member struct {
	place *torch.Tensor         // the module's own, or the part of it that can be written
	clean *torch.Tensor         // as the file has it
	bad   [rounds]*torch.Tensor // other values; nil when it cannot be overwritten
	index int                   // in the module's list of tensors
	owned bool                  // place is a view that was made here
}

// newGap saves a tensor's values and makes others. On the CPU alone are integers
// overwritten: an index that leaves its range there is an error, on a GPU it ends
// the process, and their values never decide anything.
func newGap(t jit.NamedTensor, index int) (*gap, error) {
	g := &gap{report: Uncovered{
		Name: t.Name, Aliases: []string{}, Role: t.Role.String(), DType: t.Tensor.DType().String(), Shape: notNil(t.Tensor.Shape()),
		Status: Undecided,
	}}
	return g, g.add(t, index)
}

// add takes another tensor of the same storage in.
func (g *gap) add(t jit.NamedTensor, index int) error {
	element := t.Tensor.DType()
	place, owned, err := writable(t.Tensor)
	if err != nil {
		return err
	}
	m := member{place: place, owned: owned, index: index}
	g.members = append(g.members, m)
	data, err := place.Bytes()
	if err != nil {
		return err
	}
	last := &g.members[len(g.members)-1]
	if last.clean, err = torch.FromBytes(element, place.Shape(), data); err != nil {
		return err
	}
	if len(g.members) == 1 {
		g.report.Values = reproducible(element, place.Shape(), data)
		if owned && place.Numel() == 1 {
			g.report.Values = "all equal" // one value, expanded
		}
	}
	onGPU := t.Tensor.Device() != torch.CPU
	if onGPU && !element.IsFloat() && !element.IsComplex() {
		return nil
	}
	for round := range rounds {
		if bad, ok := poisonOf(element, data, round); ok && err == nil {
			last.bad[round], err = torch.FromBytes(element, place.Shape(), bad)
		}
	}
	return err
}

// move finds the gap's tensors in another load of the same file.
func (g *gap) move(tensors []jit.NamedTensor) error {
	for i := range g.members {
		m := &g.members[i]
		if m.owned {
			m.place.Close()
		}
		var err error
		if m.place, m.owned, err = writable(tensors[m.index].Tensor); err != nil {
			return err
		}
	}
	return nil
}

// writable gives a view of t in which every element has its own place: of a
// dimension that was expanded, with a stride of 0, one index.
func writable(t *torch.Tensor) (place *torch.Tensor, owned bool, err error) {
	shape, strides := t.Shape(), t.Strides()
	if !slices.Contains(strides, 0) || slices.Contains(shape, 0) {
		return t, false, nil
	}
	for d := range shape {
		if strides[d] == 0 {
			shape[d] = 1
		}
	}
	place, err = corner(t, shape)
	return place, true, err
}

// corner gives a view of the first elements of t in each dimension.
func corner(t *torch.Tensor, shape []int64) (*torch.Tensor, error) {
	var sizes, strides torch.List
	for d, stride := range t.Strides() {
		sizes, strides = append(sizes, torch.Int(shape[d])), append(strides, torch.Int(stride))
	}
	v, err := torch.Call("aten::as_strided", t, sizes, strides)
	if err != nil {
		return nil, err
	}
	return v.(*torch.Tensor), nil
}

// overwritable tells whether every member has other values to take.
func (g *gap) overwritable() bool {
	return !slices.ContainsFunc(g.members, func(m member) bool { return m.bad[0] == nil })
}

// restore puts the file's values back.
func (g *gap) restore() error {
	for _, m := range g.members {
		if err := m.place.CopyFrom(m.clean); err != nil {
			return err
		}
	}
	return nil
}

// poison overwrites the values with those of a round.
func (g *gap) poison(round int) error {
	for _, m := range g.members {
		if m.bad[round] == nil {
			continue
		}
		if err := m.place.CopyFrom(m.bad[round]); err != nil {
			return err
		}
	}
	return nil
}

func (g *gap) close() {
	for _, m := range g.members {
		m.clean.Close()
		for _, bad := range m.bad {
			bad.Close()
		}
		if m.owned {
			m.place.Close()
		}
	}
}

// names lists every name of the gap.
func (g *gap) names() []string { return append([]string{g.report.Name}, g.report.Aliases...) }

// acceptedBy gives the pattern that accepts one of the names, or "".
func (g *gap) acceptedBy(patterns []string) string {
	for _, pattern := range patterns {
		for _, name := range g.names() {
			// The pattern was checked; a name such as "parts[0]" may be given as it is.
			if ok, _ := path.Match(pattern, name); ok || pattern == name {
				return pattern
			}
		}
	}
	return ""
}
