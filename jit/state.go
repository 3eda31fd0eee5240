package jit

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/seed06459138/torchgo/torch"
)

// StateReport says how a state_dict fits a module, as load_state_dict in Python
// would. Names stand in the order of the module, then of the state.
type StateReport struct {
	Loaded     []string   // copied
	Missing    []string   // parameters and buffers that the state lacks
	Unexpected []string   // in the state, not in the module
	Misfits    []Mismatch // of another shape or dtype; not copied
}

// Mismatch is a tensor whose shape or dtype is not the module's.
type Mismatch struct {
	Name                 string
	Want, Have           []int64 // the module's shape, the state's
	WantDType, HaveDType torch.DType
}

// OK tells whether every parameter and buffer was loaded and nothing was left over.
func (r *StateReport) OK() bool {
	return len(r.Missing) == 0 && len(r.Unexpected) == 0 && len(r.Misfits) == 0
}

// ErrState is matched by the error of a state_dict that does not fit.
var ErrState = errors.New("the state_dict does not fit the module")

// Err gives nil when OK, else an error that matches ErrState and names what does not fit.
func (r *StateReport) Err() error {
	if r.OK() {
		return nil
	}
	var parts []string
	add := func(what string, names []string) {
		if len(names) > 0 {
			parts = append(parts, what+" "+strings.Join(names, ", "))
		}
	}
	add("missing", r.Missing)
	add("unexpected", r.Unexpected)
	for _, m := range r.Misfits {
		parts = append(parts, fmt.Sprintf("%s is %s%v, not %s%v", m.Name, m.HaveDType, m.Have, m.WantDType, m.Want))
	}
	return fmt.Errorf("%w: %s", ErrState, strings.Join(parts, "; "))
}

// LoadState copies the tensors of a state_dict into the parameters and buffers
// of the same names, in place, so that whatever shares their memory follows. A
// tensor of another shape or dtype is not copied; nothing is broadcast or
// converted, only moved between devices. The report says what did not fit; the
// error is for failures of the copy itself. It must not run beside calls.
func (m *Module) LoadState(state iter.Seq2[string, *torch.Tensor]) (*StateReport, error) {
	tensors, err := m.Tensors()
	if err != nil {
		return nil, err
	}
	slots := make(map[string]*torch.Tensor, len(tensors))
	var order []string
	for _, t := range tensors {
		defer t.Tensor.Close()
		if t.Role == Parameter || t.Role == Buffer {
			slots[t.Name] = t.Tensor
			order = append(order, t.Name)
		}
	}
	report := &StateReport{}
	seen := make(map[string]bool, len(slots))
	for name, src := range state {
		slot := slots[name]
		if slot == nil {
			report.Unexpected = append(report.Unexpected, name)
			continue
		}
		seen[name] = true
		want, have := slot.Shape(), src.Shape()
		if !slices.Equal(want, have) || slot.DType() != src.DType() {
			report.Misfits = append(report.Misfits, Mismatch{name, want, have, slot.DType(), src.DType()})
			continue
		}
		if err := slot.CopyFrom(src); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		report.Loaded = append(report.Loaded, name)
	}
	for _, name := range order {
		if !seen[name] {
			report.Missing = append(report.Missing, name)
		}
	}
	return report, nil
}
