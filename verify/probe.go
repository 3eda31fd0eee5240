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
	// everything was put back and the gaps in poisoned overwritten. A failure of
	// the run itself is ran; err is one of preparing it.
	run func(poisoned []*gap) (out []output, ran, err error)
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

// base computes the outputs with nothing overwritten, twice.
func (p *probe) base(ctx context.Context) ([]output, error) {
	var runs [2][]output
	for i := range runs {
		out, ran, err := p.run(nil)
		switch {
		case err != nil:
			return nil, err
		case ran != nil:
			return nil, fmt.Errorf("running with the graph as it was written: %w", ran)
		case ctx.Err() != nil:
			return nil, ctx.Err()
		}
		runs[i] = out
	}
	if !sameOutputs(runs[0], runs[1]) {
		return nil, errUnstable
	}
	return runs[0], nil
}

// changes tells whether the outputs change, or cannot be computed any more, when
// the gaps are overwritten.
func (p *probe) changes(ctx context.Context, base []output, gaps []*gap) (bool, error) {
	if len(gaps) == 0 {
		return false, nil
	}
	out, ran, err := p.run(gaps)
	if err != nil {
		return false, err
	}
	return ran != nil || !sameOutputs(base, out), ctx.Err()
}
