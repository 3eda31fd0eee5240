package nn

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
)

// ErrState is matched by the error of a state_dict that does not fit a module.
var ErrState = errors.New("the state_dict does not fit the module")

// Mismatch is what a state_dict and a module disagree about.
type Mismatch struct {
	Missing    []string // names that the module has and the state_dict lacks
	Unexpected []string // names that only the state_dict has
	Different  []Difference
}

// Difference is a tensor of another shape or dtype in the file than in the module.
type Difference struct {
	Name             string
	Shape, WantShape []int64
	DType, WantDType torch.DType
}

// String tells what differs, and how.
func (d Difference) String() string {
	if !slices.Equal(d.Shape, d.WantShape) {
		return fmt.Sprintf("%s has the shape %v, not %v", d.Name, d.Shape, d.WantShape)
	}
	return fmt.Sprintf("%s has the dtype %s, not %s", d.Name, d.DType, d.WantDType)
}

// Empty tells whether there is nothing to tell.
func (m *Mismatch) Empty() bool {
	return len(m.Missing) == 0 && len(m.Unexpected) == 0 && len(m.Different) == 0
}

// String lists everything, a line for each kind.
func (m *Mismatch) String() string {
	var lines []string
	if len(m.Missing) > 0 {
		lines = append(lines, "missing: "+strings.Join(m.Missing, ", "))
	}
	if len(m.Unexpected) > 0 {
		lines = append(lines, "unexpected: "+strings.Join(m.Unexpected, ", "))
	}
	for _, d := range m.Different {
		lines = append(lines, d.String())
	}
	return strings.Join(lines, "\n")
}

// StateError is the error of a state_dict that does not fit: all that is wrong.
type StateError struct {
	Path string // the file, or ""
	Mismatch
}

// Error lists everything.
func (e *StateError) Error() string {
	text := ErrState.Error()
	if e.Path != "" {
		text = e.Path + ": " + text
	}
	text += "\n" + e.Mismatch.String()
	if e.prefixed() {
		text += "\nall names begin with module.: the file was saved from DataParallel, save model.module instead"
	}
	return text
}

// prefixed tells whether the names are those of a model in DataParallel.
func (e *StateError) prefixed() bool {
	return len(e.Unexpected) > 0 && !slices.ContainsFunc(e.Unexpected, func(name string) bool { return !strings.HasPrefix(name, "module.") })
}

// Is matches ErrState.
func (e *StateError) Is(target error) bool { return target == ErrState }

// StateDict copies the parameters and buffers of a module, under Python's names
// and in Python's order, as state_dict() gives them. Tensors of the GPU are copied
// to the host; a parameter that stands under two names is one tensor under both.
func StateDict(module any) (*checkpoint.State, error) {
	state := checkpoint.NewState()
	copies := make(map[any]*checkpoint.Tensor)
	for _, e := range entries(module) {
		t, key := e.tensor()
		if e.buffer != nil && e.buffer.private {
			continue
		}
		saved := copies[key]
		if saved == nil {
			var err error
			if saved, err = t.Checkpoint(); err != nil {
				return nil, fmt.Errorf("%s: %w", e.name, err)
			}
			copies[key] = saved
		}
		if err := state.Add(e.name, saved); err != nil {
			return nil, err
		}
	}
	return state, nil
}

func (e *entry) tensor() (*torch.Tensor, any) {
	if e.parameter != nil {
		return e.parameter.Tensor, e.parameter
	}
	return e.buffer.Tensor, e.buffer
}

// LoadStateDict copies a state_dict into the parameters and buffers of a module,
// where they are; those that Init has not made come into being on the CPU. Names,
// shapes and dtypes must agree: else it is a *StateError that lists all that do
// not, and the module stays as it was. It must not run beside Forward.
func LoadStateDict(module any, state *checkpoint.State) error {
	l := match(module, state)
	if !l.Empty() {
		return &StateError{Path: state.Path, Mismatch: l.Mismatch}
	}
	return l.load()
}

// LoadMatching copies what fits of a state_dict, converting dtypes, and tells what
// does not fit: load_state_dict(strict=False) that passes over other shapes too.
func LoadMatching(module any, state *checkpoint.State) (*Mismatch, error) {
	l := match(module, state)
	return &l.Mismatch, l.load()
}

// loading is what is to be copied, and what does not fit.
type loading struct {
	Mismatch
	pairs []pair
}

type pair struct {
	entry entry
	from  *checkpoint.Tensor
}

func match(module any, state *checkpoint.State) *loading {
	l := &loading{}
	expected := make(map[string]bool)
	for _, e := range entries(module) {
		if e.buffer != nil && e.buffer.private {
			continue
		}
		expected[e.name] = true
		from, ok := state.Tensor(e.name)
		if !ok {
			l.Missing = append(l.Missing, e.name)
			continue
		}
		shape, d := e.expects()
		switch {
		case !slices.Equal(from.Shape(), shape):
			l.Different = append(l.Different, Difference{Name: e.name, Shape: from.Shape(), WantShape: shape, DType: from.DType(), WantDType: d})
			continue
		case from.DType() != d:
			l.Different = append(l.Different, Difference{Name: e.name, Shape: shape, WantShape: shape, DType: from.DType(), WantDType: d})
		}
		l.pairs = append(l.pairs, pair{e, from})
	}
	for _, name := range state.Names() {
		if !expected[name] {
			l.Unexpected = append(l.Unexpected, name)
		}
	}
	return l
}

// expects gives the shape and dtype that a tensor must have.
func (e *entry) expects() ([]int64, torch.DType) {
	t, _ := e.tensor()
	switch {
	case made(t):
		return t.Shape(), t.DType()
	case e.parameter != nil:
		return e.parameter.Size(), torch.Float32
	}
	return e.buffer.Size(), e.buffer.dtype
}

// load copies. What could not be read is found before anything is written.
func (l *loading) load() error {
	read := make([]*torch.Tensor, len(l.pairs))
	defer func() {
		for _, t := range read {
			t.Close()
		}
	}()
	for i, p := range l.pairs {
		var err error
		if read[i], err = torch.FromCheckpoint(p.from); err != nil {
			return fmt.Errorf("%s: %w", p.entry.name, err)
		}
	}
	for i, p := range l.pairs {
		if err := p.entry.write(read[i]); err != nil {
			return fmt.Errorf("%s: %w", p.entry.name, err)
		}
	}
	return nil
}

func (e *entry) write(from *torch.Tensor) error {
	to, _ := e.tensor()
	if made(to) {
		return to.CopyFrom(from)
	}
	// A copy of its own: what lies in a mapped file goes with the file.
	t, err := from.Clone()
	if err != nil {
		return err
	}
	if e.parameter != nil {
		return e.parameter.put(t, true)
	}
	e.buffer.put(t)
	return nil
}
