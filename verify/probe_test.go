package verify

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/torch"
)

// fakeGap is a gap that can or cannot be overwritten.
func fakeGap(name string, overwritable bool) *gap {
	g := &gap{report: Uncovered{Name: name}, members: []member{{}}}
	if overwritable {
		g.members[0].bad = [rounds]*torch.Tensor{{}, {}}
	}
	return g
}

func still() (bool, error) { return false, nil }

func result(text string) []output { return []output{{text: text}} }

func TestProbe(t *testing.T) {
	for _, c := range []struct {
		name string
		// run gives the outputs when these gaps are overwritten.
		run  func(names string, round int) ([]output, error)
		want map[string]bool // dependence by name; those that are left out stay unknown
		runs int
	}{
		{"no output depends on any", func(string, int) ([]output, error) { return result("same"), nil },
			map[string]bool{"a": false, "b": false}, 2 + 2},
		{"on one of two", func(names string, _ int) ([]output, error) {
			if names == "b" || names == "ab" {
				return result("changed"), nil
			}
			return result("same"), nil
		}, map[string]bool{"a": false, "b": true}, 2 + 1 + 2 + 1},
		{"NaN does not show it", func(names string, round int) ([]output, error) {
			if names != "" && names != "a" && round == 1 {
				return result("changed"), nil
			}
			return result("same"), nil
		}, map[string]bool{"a": false, "b": true}, 2 + 2 + 2 + 2},
		{"a run that fails depends", func(names string, _ int) ([]output, error) {
			if names == "a" || names == "ab" {
				return nil, errors.New("index out of range")
			}
			return result("same"), nil
		}, map[string]bool{"a": true, "b": false}, 2 + 1 + 1 + 2},
		{"only both together", func(names string, _ int) ([]output, error) {
			if names == "ab" {
				return result("changed"), nil
			}
			return result("same"), nil
		}, map[string]bool{"a": true, "b": true}, 2 + 1 + 2 + 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			gaps := []*gap{fakeGap("a", true), fakeGap("stuck", false), fakeGap("b", true)}
			runs := 0
			p := probe{run: func(poisoned []*gap, round int) ([]output, error, error) {
				runs++
				names := ""
				for _, g := range poisoned {
					names += g.report.Name
				}
				out, err := c.run(names, round)
				return out, err, nil
			}, replaced: still}
			require.NoError(t, p.depends(context.Background(), gaps))
			assert.Equal(t, c.runs, runs)
			for _, g := range gaps {
				want, known := c.want[g.report.Name]
				if !known {
					assert.Nil(t, g.report.Depends, g.report.Name)
					continue
				}
				require.NotNil(t, g.report.Depends, g.report.Name)
				assert.Equal(t, want, *g.report.Depends, g.report.Name)
			}
		})
	}
}

func TestProbeStartsAfresh(t *testing.T) {
	for _, c := range []struct {
		name     string
		replaced bool
		counts   bool // the outputs differ from run to run unless the file is loaded again
		want     bool
	}{
		{"nothing changes but values", false, false, false},
		{"a run assigns to an attribute", true, false, true},
		{"a run counts", false, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			fresh, n := false, 0
			p := probe{
				run: func([]*gap, int) ([]output, error, error) {
					if n++; c.counts && !fresh {
						return []output{{shape: []int64{int64(n)}}}, nil, nil
					}
					return result("same"), nil, nil
				},
				replaced: func() (bool, error) { return c.replaced, nil },
				afresh: func() bool {
					was := fresh
					fresh = true
					return !was
				},
			}
			require.NoError(t, p.depends(context.Background(), []*gap{fakeGap("a", true)}))
			assert.Equal(t, c.want, fresh)
		})
	}
}

func TestProbeGivesUp(t *testing.T) {
	gaps := []*gap{fakeGap("a", true)}
	done, cancel := context.WithCancel(context.Background())
	cancel()
	boom := errors.New("boom")
	n := 0
	for _, c := range []struct {
		name     string
		ctx      context.Context
		run      func([]*gap, int) ([]output, error, error)
		replaced func() (bool, error)
		want     error
	}{
		{"runs differ", context.Background(), func([]*gap, int) ([]output, error, error) {
			n++
			return []output{{shape: []int64{int64(n)}}}, nil, nil
		}, still, errUnstable},
		{"the plain run fails", context.Background(), func([]*gap, int) ([]output, error, error) { return nil, boom, nil }, still, boom},
		{"preparing fails", context.Background(), func([]*gap, int) ([]output, error, error) { return nil, nil, boom }, still, boom},
		{"listing fails", context.Background(), func([]*gap, int) ([]output, error, error) { return nil, nil, nil },
			func() (bool, error) { return false, boom }, boom},
		{"interrupted", done, func([]*gap, int) ([]output, error, error) { return nil, nil, nil }, still, context.Canceled},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &probe{run: c.run, replaced: c.replaced, afresh: func() bool { return false }}
			assert.ErrorIs(t, p.depends(c.ctx, gaps), c.want)
			assert.Nil(t, gaps[0].report.Depends)
		})
	}
}
