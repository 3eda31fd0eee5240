package verify

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed06459138/torchgo/internal/layout"
	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/dtype"
	"github.com/seed06459138/torchgo/verify/compare"
)

// stateDict is a state_dict under the names that the module uses.
type stateDict struct {
	key, prefix string
	names       []string
	tensors     map[string]*checkpoint.Tensor
}

// newStateDict takes the prefix off that DataParallel puts before every name,
// unless the module has names with it too.
func newStateDict(state *checkpoint.State, module []held) stateDict {
	s := stateDict{key: state.Key, tensors: make(map[string]*checkpoint.Tensor, state.Len())}
	if state.Prefix != "" && !slices.ContainsFunc(module, func(h held) bool { return strings.HasPrefix(h.name, state.Prefix) }) {
		s.prefix = state.Prefix
	}
	for _, full := range state.Names() {
		t, _ := state.Tensor(full)
		name := strings.TrimPrefix(full, s.prefix)
		s.names = append(s.names, name)
		s.tensors[name] = t
	}
	return s
}

// compareWeights holds the state_dict against the tensors of the scripted file.
// What the state covers under other names is found by takeCensus.
func compareWeights(module []held, state stateDict, tol compare.Tolerance) (*Weights, error) {
	w := &Weights{
		StateKey: state.key, Prefix: state.prefix, State: len(state.names),
		Missing: []Missing{}, Unexpected: []string{}, Shapes: []Misshape{}, DTypes: []Mistype{},
		Unequal: []Unequal{}, Covered: []Cover{},
	}
	tol.EqualNaN = true // a weight that is NaN in both files is the same weight
	known := make(map[string]bool, len(module))
	for _, m := range module {
		if m.role == roleConstant || known[m.name] {
			continue
		}
		t, found := state.tensors[m.name]
		registered := m.role == roleParameter || m.role == roleBuffer
		if registered {
			w.Scripted++
		}
		if !found {
			if registered {
				w.Missing = append(w.Missing, Missing{m.name, m.role})
			}
			continue
		}
		known[m.name] = true
		if err := w.add(m, heldByFile(m.name, t), tol); err != nil {
			return nil, fmt.Errorf("comparing %s: %w", m.name, err)
		}
	}
	for _, name := range state.names {
		if !known[name] {
			w.Unexpected = append(w.Unexpected, name)
		}
	}
	return w, nil
}

// add compares one tensor that both files have.
func (w *Weights) add(module, state held, tol compare.Tolerance) error {
	if !slices.Equal(module.shape, state.shape) {
		turned, err := transposed(module, state)
		w.Shapes = append(w.Shapes, Misshape{module.name, notNil(module.shape), notNil(state.shape), turned})
		return err
	}
	if module.dtype != state.dtype {
		w.DTypes = append(w.DTypes, Mistype{module.name, module.dtype.String(), state.dtype.String()})
		if !widens(module.dtype, state.dtype) {
			return nil
		}
	} else if same, err := sameBytes(module, state); err != nil || same {
		w.BitEqual++
		return err
	}
	stats, err := compareHeld(module, state, tol)
	if err != nil {
		return err
	}
	if stats.Mismatches == 0 && stats.MaxAbs == 0 && module.dtype != state.dtype {
		return nil // the same values in another dtype, which is said above
	}
	turned, err := transposed(module, state)
	w.Unequal = append(w.Unequal, Unequal{
		Name: module.name, DType: stats.DType.String(), Shape: notNil(stats.Shape), Elements: stats.Numel,
		Mismatches: stats.Mismatches, MaxAbs: Number(stats.MaxAbs), Index: stats.MaxAbsIndex, Close: stats.Close, Transposed: turned,
	})
	return err
}

// compareModules holds the tensors of one module against those of another, by name.
func compareModules(module, other *jit.Module, tol compare.Tolerance) (*Weights, error) {
	ours, err := module.Tensors()
	if err != nil {
		return nil, err
	}
	defer closeTensors(ours)
	theirs, err := other.Tensors()
	if err != nil {
		return nil, err
	}
	defer closeTensors(theirs)
	tol.EqualNaN = true
	w := &Weights{}
	byName := make(map[string]held, len(theirs))
	for _, t := range theirs {
		byName[t.Name] = heldByModule(t)
	}
	known := make(map[string]bool, len(ours))
	for _, t := range ours {
		known[t.Name] = true
		if t.Role == jit.Constant {
			continue
		}
		o, found := byName[t.Name]
		if !found {
			w.Missing = append(w.Missing, Missing{t.Name, t.Role.String()})
			continue
		}
		if err := w.add(heldByModule(t), o, tol); err != nil {
			return nil, fmt.Errorf("comparing %s: %w", t.Name, err)
		}
	}
	for _, t := range theirs {
		if t.Role != jit.Constant && !known[t.Name] {
			w.Unexpected = append(w.Unexpected, t.Name)
		}
	}
	return w, nil
}

func closeTensors(all []jit.NamedTensor) {
	for _, t := range all {
		t.Tensor.Close()
	}
}

// widens tells whether values of two dtypes can be compared in a wider one.
func widens(a, b dtype.DType) bool {
	return a.IsFloat() && b.IsFloat() || a.IsComplex() && b.IsComplex()
}

// findings says what the differences mean. borrowed tells that the structure of
// the state leg is that of the scripted file.
func (w *Weights) findings(borrowed bool) []Finding {
	return w.findingsOf("the scripted file", "the state", borrowed)
}

// findingsOf is findings of two files that are called so.
func (w *Weights) findingsOf(here, there string, borrowed bool) []Finding {
	var all []Finding
	if w.Prefix != "" {
		all = append(all, Finding{StatePrefix, Note, w.Prefix,
			fmt.Sprintf("every name in the state starts with %q; it was taken off", w.Prefix),
			"save model.module.state_dict() to be rid of it"})
	}
	if w.Frozen {
		return append(all, w.frozenFindings(borrowed)...)
	}
	if lost := w.missingParameters(); w.BitEqual == 0 && len(lost) > 0 && len(w.Unexpected) > 0 && len(w.Shapes)+len(w.Unequal)+len(w.DTypes) == 0 {
		// Saying it of each tensor would bury the one thing that is wrong.
		return append(all, Finding{WeightMissing, Proof, lost[0],
			fmt.Sprintf("no name of the state is a name of the scripted file (%s there, %s here)", w.Unexpected[0], lost[0]),
			"check that both files were saved from the same model"})
	}
	for _, name := range w.missingParameters() {
		all = append(all, Finding{WeightMissing, Proof, name, fmt.Sprintf("parameter %s is not in %s", name, there), ""})
	}
	for _, name := range w.Unexpected {
		all = append(all, Finding{WeightUnexpected, Proof, name, fmt.Sprintf("%s of %s is not in %s", name, there, here), ""})
	}
	for _, m := range w.Shapes {
		f := Finding{WeightShape, Proof, m.Name,
			fmt.Sprintf("%s is %s in %s and %s in %s", m.Name, layout.Shape(m.State), there, layout.Shape(m.Scripted), here), ""}
		if m.Transposed {
			f.Code, f.Text = WeightTransposed, f.Text+": transposed"
		}
		all = append(all, f)
	}
	for _, m := range w.DTypes {
		all = append(all, Finding{WeightDType, Proof, m.Name,
			fmt.Sprintf("%s is %s in %s and %s in %s", m.Name, m.State, there, m.Scripted, here), ""})
	}
	if stale := w.staleStatistics(); stale != nil {
		return append(all, *stale)
	}
	for _, u := range w.Unequal {
		f := Finding{Code: WeightValues, Weight: Proof, Subject: u.Name,
			Text: fmt.Sprintf("%s differs between the files: max |Δ| %v, %d of %d elements", u.Name, u.MaxAbs, u.Mismatches, u.Elements)}
		if u.Close {
			f.Code, f.Weight = WeightRounding, Note
			f.Text = fmt.Sprintf("%s differs between the files within the tolerance: max |Δ| %v", u.Name, u.MaxAbs)
		} else if u.Transposed {
			f.Code, f.Text = WeightTransposed, fmt.Sprintf("%s %s of %s is that of %s, transposed", u.Name, layout.Shape(u.Shape), there, here)
		}
		all = append(all, f)
	}
	if proved := slices.IndexFunc(all, func(f Finding) bool { return f.Weight == Proof }); proved >= 0 {
		all[proved].Remedy = "save both files from the same model at the same step"
	}
	return all
}

// frozenFindings says what a file without names can tell. That tensors of the
// state are left over proves nothing: freezing folds them and drops what is not
// used.
func (w *Weights) frozenFindings(borrowed bool) []Finding {
	bytewise := 0
	for _, c := range w.Covered {
		if c.How == "bytes" {
			bytewise++
		}
	}
	if bytewise == 0 && borrowed {
		return []Finding{{UncoveredFrozen, Open, w.Unexpected[0],
			"the scripted file is frozen, and none of its constants equals a tensor of the state: folded, or other weights",
			fmt.Sprintf("compare a file that was saved before torch.jit.freeze; the state holds %s", listText(w.Unexpected, 3))}}
	}
	if len(w.Unexpected) > 0 {
		return []Finding{{WeightUnexpected, Note, w.Unexpected[0],
			fmt.Sprintf("the scripted file is frozen; %s of the state %s no constant of it: %s",
				layout.Count(len(w.Unexpected), "tensor"), equalsEqual(len(w.Unexpected)), listText(w.Unexpected, 3)), ""}}
	}
	return nil
}

func equalsEqual(n int) string {
	if n == 1 {
		return "equals"
	}
	return "equal"
}

// listText writes the first names of a list and how many follow.
func listText(names []string, most int) string {
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

// missingParameters lists the parameters that the state lacks. Buffers may be
// missing on purpose; they are judged as uncovered tensors.
func (w *Weights) missingParameters() []string {
	var names []string
	for _, m := range w.Missing {
		if m.Role == roleParameter {
			names = append(names, m.Name)
		}
	}
	return names
}

// fits tells whether the state can fill the scripted structure.
func (w *Weights) fits() bool { return len(w.Shapes) == 0 && len(w.missingParameters()) == 0 }

func notNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
