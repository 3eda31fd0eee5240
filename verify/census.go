package verify

import (
	"fmt"
	"slices"

	"github.com/seed06459138/torchgo/internal/layout"
	"github.com/seed06459138/torchgo/verify/compare"
)

// census says, for each tensor of a module, where its values come from when the
// module is filled from a state_dict.
type census struct {
	module  []held
	filled  []bool // by the state's tensor of the same name and shape
	weights *Weights
	// uncovered are the tensors, by index, whose values the state does not hold.
	uncovered []int
}

// takeCensus compares the weights and finds what the state covers: by name; by
// memory, as a list attribute of parameters is covered with them; and a constant
// by its bytes, as freezing moves weights into constants.
func takeCensus(module []held, state stateDict, tol compare.Tolerance) (*census, error) {
	weights, err := compareWeights(module, state, tol)
	if err != nil {
		return nil, err
	}
	c := &census{module: module, filled: make([]bool, len(module)), weights: weights}
	for i, m := range module {
		t, ok := state.tensors[m.name]
		c.filled[i] = ok && m.role != roleConstant && slices.Equal(t.Shape(), m.shape)
	}
	taken := make(map[string]bool)
	byKind := state.byKind()
	for i, m := range module {
		if c.filled[i] || weights.misshapen(m.name) {
			continue
		}
		if by := c.sharer(m); by != "" {
			weights.cover(m, by, "memory")
			continue
		}
		by, err := byBytes(m, byKind)
		if err != nil {
			return nil, fmt.Errorf("comparing %s: %w", m.name, err)
		}
		if by != "" {
			weights.cover(m, by, "bytes")
			taken[by] = true
			continue
		}
		c.uncovered = append(c.uncovered, i)
	}
	weights.Unexpected = slices.DeleteFunc(weights.Unexpected, func(name string) bool { return taken[name] })
	weights.Frozen = c.frozen(state)
	return c, nil
}

// sharer gives the filled tensor whose memory m shares, or "".
func (c *census) sharer(m held) string {
	for i, other := range c.module {
		if c.filled[i] && m.shares(other) {
			return other.name
		}
	}
	return ""
}

// byBytes gives the tensor of the state that a constant equals, or "". Scalars
// are left out: too many are equal by chance.
func byBytes(m held, state map[string][]held) (string, error) {
	if m.role != roleConstant || len(m.shape) == 0 {
		return "", nil
	}
	for _, t := range state[kindText(m)] {
		if same, err := sameBytes(m, t); err != nil || same {
			return t.name, err
		}
	}
	return "", nil
}

// byKind lists the tensors of the state by dtype and shape.
func (s *stateDict) byKind() map[string][]held {
	all := make(map[string][]held)
	for _, name := range s.names {
		t := heldByFile(name, s.tensors[name])
		all[kindText(t)] = append(all[kindText(t)], t)
	}
	return all
}

func kindText(h held) string { return h.dtype.String() + layout.Shape(h.shape) }

// frozen tells whether the module has moved its weights into constants: it has
// constants and no parameters, and knows none of the state's names.
func (c *census) frozen(state stateDict) bool {
	constants := 0
	for i, m := range c.module {
		switch {
		case c.filled[i] || m.role == roleParameter:
			return false
		case m.role == roleConstant:
			constants++
		}
	}
	return constants > 0 && len(state.names) > 0
}

// cover notes that the state holds a tensor under another name.
func (w *Weights) cover(m held, by, how string) {
	w.Covered = append(w.Covered, Cover{m.name, m.role, by, how})
	w.Missing = slices.DeleteFunc(w.Missing, func(missing Missing) bool { return missing.Name == m.name })
}

func (w *Weights) misshapen(name string) bool {
	return slices.ContainsFunc(w.Shapes, func(m Misshape) bool { return m.Name == name })
}
