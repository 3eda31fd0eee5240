package checkpoint

import (
	"bytes"
	"slices"
	"strings"
)

// ChangeKind says in what two tensors of one name differ.
type ChangeKind uint8

// The kinds, from the coarsest.
const (
	OnlyInA ChangeKind = iota
	OnlyInB
	ShapeChanged
	DTypeChanged
	ContentChanged
)

// String returns the kind in words.
func (k ChangeKind) String() string {
	return [...]string{"only in the first", "only in the second", "shape differs", "dtype differs", "content differs"}[k]
}

// Change is one difference between two state_dicts. A is nil for OnlyInB, B for
// OnlyInA.
type Change struct {
	Name string // without a uniform "module." prefix
	Kind ChangeKind
	A, B *Tensor
}

// Diff compares two state_dicts by name, shape, dtype and content, in that
// order, and returns one change for each name that differs: first those of a in
// its order, then those that only b has. Bits are compared, so a NaN equals
// itself and 0 differs from -0. It reads every tensor that both have.
func Diff(a, b *State) ([]Change, error) {
	changes := make([]*Change, len(a.names))
	err := parallel(len(a.names), func(i int) error {
		name := strings.TrimPrefix(a.names[i], a.Prefix)
		first := a.tensors[a.names[i]]
		second, ok := b.tensors[b.Prefix+name]
		c := &Change{Name: name, A: first, B: second}
		switch {
		case !ok:
			c.Kind, c.B = OnlyInA, nil
		case !slices.Equal(first.shape, second.shape):
			c.Kind = ShapeChanged
		case first.dtype != second.dtype:
			c.Kind = DTypeChanged
		default:
			same, err := sameContent(first, second)
			if err != nil || same {
				return err
			}
			c.Kind = ContentChanged
		}
		changes[i] = c
		return nil
	})
	if err != nil {
		return nil, locate(err, a.Path, "")
	}
	var out []Change
	for _, c := range changes {
		if c != nil {
			out = append(out, *c)
		}
	}
	for _, full := range b.names {
		name := strings.TrimPrefix(full, b.Prefix)
		if _, ok := a.tensors[a.Prefix+name]; !ok {
			out = append(out, Change{Name: name, Kind: OnlyInB, B: b.tensors[full]})
		}
	}
	return out, nil
}

// sameContent compares tensors of one shape and dtype bit by bit.
func sameContent(a, b *Tensor) (bool, error) {
	if a == b {
		return true, nil
	}
	plain := a.storage != nil && b.storage != nil && a.Quant == nil && b.Quant == nil && a.Conj == b.Conj && a.Neg == b.Neg
	if !plain {
		first, err := a.Hash()
		if err != nil {
			return false, err
		}
		second, err := b.Hash()
		return first == second, err
	}
	first, err := a.Bytes()
	if err != nil {
		return false, err
	}
	second, err := b.Bytes()
	if err != nil {
		return false, err
	}
	same := false
	compare := func() error {
		same = bytes.Equal(first, second)
		return nil
	}
	// Either mapping may fault.
	err = a.storage.guarded(func() error { return b.storage.guarded(compare) })
	return same, err
}

// guarded runs read under the protection of the storage's mapping, if any.
func (s *Storage) guarded(read func() error) error {
	if s.src == nil {
		return read()
	}
	return guard(s.src, read)
}
