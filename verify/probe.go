package verify

import (
	"context"
	"errors"
	"fmt"
)

// errUnstable says that two runs of one module on the same inputs differ, so
// that nothing can be learnt by changing its tensors.
var errUnstable = errors.New("two runs on the same input differ")

// probe finds out which tensors the outputs depend on, by overwriting them.
type probe struct {
	// run computes the outputs, interpreting the graph as it was written, after
	// everything was put back and the gaps in poisoned overwritten with their
	// values of that round. A failure of the run itself is ran; err is one of
	// preparing it.
	run func(poisoned []*gap, round int) (out []output, ran, err error)

	// afresh makes every later run start from the file instead of from tensors that
	// were put back, for modules that change more than their tensors' values. It is
	// false when that is so already.
	afresh func() bool

	// replaced tells whether a run has put other tensors in the place of those that
	// are overwritten.
	replaced func() (bool, error)
}

// depends sets, for each gap that can be overwritten, whether outputs depend on
// it: one run with all of them overwritten and, where that changes the outputs,
// one run for each. An output that changes only together counts for each: which
// one it was cannot be told.
func (p *probe) depends(ctx context.Context, gaps []*gap) error {
	base, err := p.base(ctx)
	if err != nil {
		return err
	}
	var open []*gap
	for _, g := range gaps {
		if g.overwritable() {
			open = append(open, g)
		}
	}
	changed, err := p.changes(ctx, base, open)
	if err != nil {
		return err
	}
	any := false
	for _, g := range open {
		one := changed
		if changed && len(open) > 1 {
			if one, err = p.changes(ctx, base, []*gap{g}); err != nil {
				return err
			}
		}
		g.report.Depends = &one
		any = any || one
	}
	if changed && !any {
		for _, g := range open {
			g.report.Depends = &changed
		}
	}
	return nil
}

// base computes the outputs with nothing overwritten, twice; when the two differ,
// or the tensors have changed places, twice more from the file.
func (p *probe) base(ctx context.Context) ([]output, error) {
	for {
		first, err := p.plain(ctx)
		if err != nil {
			return nil, err
		}
		moved, err := p.replaced()
		if err != nil {
			return nil, err
		}
		if moved && p.afresh() {
			continue
		}
		second, err := p.plain(ctx)
		switch {
		case err != nil:
			return nil, err
		case sameOutputs(first, second):
			return first, nil
		case !p.afresh():
			return nil, errUnstable
		}
	}
}

// plain computes the outputs with nothing overwritten.
func (p *probe) plain(ctx context.Context) ([]output, error) {
	out, ran, err := p.run(nil, 0)
	switch {
	case err != nil:
		return nil, err
	case ran != nil:
		return nil, fmt.Errorf("running with the graph as it was written: %w", ran)
	}
	return out, ctx.Err()
}

// changes tells whether the outputs change, or cannot be computed any more, when
// the gaps are overwritten. One kind of values can pass unseen, as the argmax of
// NaN is an index like any other: no change is believed after the second round.
func (p *probe) changes(ctx context.Context, base []output, gaps []*gap) (bool, error) {
	if len(gaps) == 0 {
		return false, nil
	}
	for round := range rounds {
		out, ran, err := p.run(gaps, round)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil || ran != nil || !sameOutputs(base, out) {
			return err == nil, err
		}
	}
	return false, nil
}
