package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
)

// stateLeg runs the structure of the scripted file with the values of the state,
// and with those alone.
type stateLeg struct {
	report   Leg
	spec     *Spec
	at       place
	scripted *source
	state    *source
	census   *census

	filler   *filler
	fresh    bool // every run loads the file again
	rested   bool // the module is not filled
	gaps     []*gap
	findings []Finding // about the gaps, set by run
	withheld []*gap    // those that the compared run went without
	doubtful []*gap    // those that the compared run borrowed, although they may differ
}

func newStateLeg(scripted, state *source, leg LegSpec, spec *Spec, at place) *stateLeg {
	return &stateLeg{scripted: scripted, state: state, spec: spec, at: at,
		report: Leg{Name: leg.Name, Kind: leg.Kind, Label: leg.label(stateLabel(leg.Kind)), Path: state.path, Structure: "TorchScript filled from the state"}}
}

// stateLabel is what people call a leg that a state_dict fills.
func stateLabel(kind string) string {
	if kind == kindCheckpoint {
		return kindCheckpoint
	}
	return "state_dict"
}

func (l *stateLeg) entry() *Leg { return &l.report }

// load loads the scripted file a second time, since a clone would share its
// constants with the scripted leg, and compares the weights before it fills them.
func (l *stateLeg) load(context.Context) error {
	var err error
	if l.filler, err = newFiller(l.scripted, l.at.device); err != nil {
		return err
	}
	module := make([]held, len(l.filler.tensors))
	for i, t := range l.filler.tensors {
		module[i] = heldByModule(t)
	}
	dict := newStateDict(l.state.state, module)
	if l.census, err = takeCensus(module, dict, l.spec.weightTolerance()); err != nil {
		return fmt.Errorf("%s: %w", l.state.path, err)
	}
	if !l.census.weights.fits() {
		return nil
	}
	if err := l.filler.pair(l.census, dict); err != nil {
		return fmt.Errorf("%s: %w", l.state.path, err)
	}
	if err := l.findGaps(); err != nil {
		return err
	}
	l.rest()
	return nil
}

// findGaps collects the uncovered tensors, those of one storage in one gap.
func (l *stateLeg) findGaps() error {
	for _, i := range l.census.uncovered {
		t := l.filler.tensors[i]
		if near := slices.IndexFunc(l.gaps, func(g *gap) bool { return g.touches(t.Tensor) }); near >= 0 {
			g := l.gaps[near]
			g.report.Aliases = append(g.report.Aliases, t.Name)
			if err := g.add(t, i); err != nil {
				return fmt.Errorf("saving %s: %w", t.Name, err)
			}
			continue
		}
		g, err := newGap(t, i)
		l.gaps = append(l.gaps, g)
		if err != nil {
			return fmt.Errorf("saving %s: %w", t.Name, err)
		}
	}
	return nil
}

// run finds out what the uncovered tensors mean, and computes the outputs
// without those that outputs depend on.
func (l *stateLeg) run(ctx context.Context, in *inputs) ([]output, error) {
	// Of what an earlier set of inputs has shown outputs to depend on nothing is left to
	// be found out.
	open := slices.DeleteFunc(slices.Clone(l.gaps), func(g *gap) bool { return g.report.Depends != nil && *g.report.Depends })
	l.withheld, l.doubtful = nil, nil
	judge := judgement{method: l.spec.method(), accept: l.spec.AcceptUncovered, nonPersistent: l.spec.NonPersistent}
	if l.census.weights.Frozen {
		judge.leftover = l.census.weights.Unexpected
	}
	if len(open) > 0 {
		p := probe{run: func(poisoned []*gap, round int) ([]output, error, error) {
			if err := l.prepare(poisoned, round); err != nil {
				return nil, nil, err
			}
			out, err := call(l.filler.module, l.spec.method(), in, l.at, (*jit.Method).CallUnoptimized)
			return out, err, nil
		}, afresh: l.startAfresh, replaced: func() (bool, error) { return l.filler.replaced() }}
		switch err := p.depends(ctx, open); {
		case errors.Is(err, errUnstable):
			judge.unstable = true
		case err != nil:
			return nil, err
		}
	}
	l.findings = judge.decide(l.gaps)
	for _, g := range l.gaps {
		switch g.report.Status {
		case Used:
			l.withheld = append(l.withheld, g)
		case Undecided:
			l.doubtful = append(l.doubtful, g)
		}
	}
	if err := l.prepare(l.withheld, 0); err != nil {
		return nil, err
	}
	return call(l.filler.module, l.spec.method(), in, l.at, (*jit.Method).Call)
}

// filled is a leg that computes with the values of a state, in the structure of the
// scripted file.
type filled interface {
	leg
	weighed() *Weights // null until they were compared
	lacks() lacking
}

// lacking says what the state does not hold.
type lacking struct {
	Findings []Finding   `json:"findings"`
	Gaps     []Uncovered `json:"gaps"`
	Withheld []string    `json:"withheld"` // that the outputs are without
	Doubtful []string    `json:"doubtful"` // that they borrow, although they may differ
}

// stateOf gives what is known of the state of a leg; nothing for legs without.
func stateOf(l leg) (*Weights, lacking) {
	if state, ok := l.(filled); ok {
		return state.weighed(), state.lacks()
	}
	return nil, lacking{}
}

func (l *stateLeg) weighed() *Weights {
	if l.census == nil {
		return nil
	}
	return l.census.weights
}

func (l *stateLeg) lacks() lacking {
	names := func(gaps []*gap) (all []string) {
		for _, g := range gaps {
			all = append(all, g.report.Name)
		}
		return all
	}
	lack := lacking{Findings: l.findings, Withheld: names(l.withheld), Doubtful: names(l.doubtful)}
	for _, g := range l.gaps {
		lack.Gaps = append(lack.Gaps, g.report)
	}
	return lack
}

func (l *stateLeg) model() *jit.Module {
	if l.filler == nil {
		return nil // it could not be loaded
	}
	return l.filler.module
}

func (l *stateLeg) repeat(_ context.Context, in *inputs, mode string) ([]output, error) {
	if l.rested {
		if err := l.prepare(l.withheld, 0); err != nil {
			return nil, err
		}
	}
	return call(l.filler.module, l.spec.method(), in, l.at, callerOf(mode))
}

// steps fills the module anew, or another load of it when runs change it.
func (l *stateLeg) steps() (*jit.Module, place, func(), error) {
	if len(mutations(l.filler.module, l.spec.method())) > 0 {
		l.startAfresh()
	}
	if err := l.prepare(l.withheld, 0); err != nil {
		return nil, l.at, nil, err
	}
	return l.filler.module, l.at, func() {}, nil
}

// prepare fills the module anew, whatever earlier runs left in it, and
// overwrites the tensors to go without.
func (l *stateLeg) prepare(without []*gap, round int) error {
	if l.fresh {
		if err := l.reload(); err != nil {
			return err
		}
	}
	for _, g := range l.gaps {
		if err := g.restore(); err != nil {
			return fmt.Errorf("restoring %s: %w", g.report.Name, err)
		}
	}
	if err := l.filler.fill(); err != nil {
		return err
	}
	for _, g := range without {
		if err := g.poison(round); err != nil {
			return fmt.Errorf("overwriting %s: %w", g.report.Name, err)
		}
	}
	l.rested = false
	return nil
}

// rest lets go of all weights, which come from the state again.
func (l *stateLeg) rest() {
	l.filler.module.Discard()
	l.rested = true
}

// startAfresh makes every later run load the file again.
func (l *stateLeg) startAfresh() bool {
	was := l.fresh
	l.fresh = true
	return !was
}

// reload loads the file again, to be rid of what runs have changed.
func (l *stateLeg) reload() error {
	next, err := l.another()
	if err != nil {
		return err
	}
	l.filler.close()
	l.filler = next
	for _, g := range l.gaps {
		if err := g.move(next.tensors); err != nil {
			return fmt.Errorf("finding %s again: %w", g.report.Name, err)
		}
	}
	return nil
}

// another loads the file once more and maps the state beside it.
func (l *stateLeg) another() (*filler, error) {
	next, err := newFiller(l.scripted, l.at.device)
	if err != nil {
		return nil, err
	}
	module := make([]held, len(next.tensors))
	for i, t := range next.tensors {
		module[i] = heldByModule(t)
	}
	if err := next.pair(l.census, newStateDict(l.state.state, module)); err != nil {
		next.close()
		return nil, err
	}
	return next, nil
}

// again fills another module, since a run may have changed the first.
func (l *stateLeg) again(_ context.Context, in *inputs) ([]output, bool, error) {
	next, err := l.another()
	if err != nil {
		return nil, false, err
	}
	defer next.close()
	if err := next.fill(); err != nil {
		return nil, false, err
	}
	out, err := call(next.module, l.spec.method(), in, l.at, (*jit.Method).Call)
	return out, true, err
}

func (l *stateLeg) close() {
	for _, g := range l.gaps {
		g.close()
	}
	l.filler.close()
}

// touches tells whether t shares its memory with the gap.
func (g *gap) touches(t *torch.Tensor) bool {
	return slices.ContainsFunc(g.members, func(m member) bool { return m.place.SameStorage(t) })
}

// loadRemedy says what to do about a file that libtorch does not load.
func loadRemedy(err error) string {
	var failure *torch.Error
	if !errors.As(err, &failure) {
		return ""
	}
	switch {
	case failure.Code == torch.CodeOutOfMemory:
		return "use a device with more memory"
	case strings.Contains(failure.Msg, "Unknown builtin op"), failure.Code == torch.CodeNoOperator:
		return "use the libtorch that saved it, or load the library that has the operator"
	case failure.Code == torch.CodeCompile, failure.Code == torch.CodeRuntime:
		return "save it again with torch.jit.save"
	}
	return ""
}
