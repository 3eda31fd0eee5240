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
		g.members[0].bad = &torch.Tensor{}
	}
	return g
}

func TestProbe(t *testing.T) {
	ctx := context.Background()
	result := func(text string) []output { return []output{{text: text}} }
	for _, c := range []struct {
		name string
		// run gives the outputs when these gaps are overwritten.
		run  func(names string) ([]output, error)
		want map[string]bool // dependence by name; those that are left out stay unknown
		runs int
	}{
		{"no output depends on any", func(string) ([]output, error) { return result("same"), nil },
			map[string]bool{"a": false, "b": false}, 3},
		{"on one of two", func(names string) ([]output, error) {
			if names == "b" || names == "ab" {
				return result("changed"), nil
			}
			return result("same"), nil
		}, map[string]bool{"a": false, "b": true}, 5},
		{"a run that fails depends", func(names string) ([]output, error) {
			if names == "a" || names == "ab" {
				return nil, errors.New("index out of range")
			}
			return result("same"), nil
		}, map[string]bool{"a": true, "b": false}, 5},
		{"only both together", func(names string) ([]output, error) {
			if names == "ab" {
				return result("changed"), nil
			}
			return result("same"), nil
		}, map[string]bool{"a": true, "b": true}, 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			gaps := []*gap{fakeGap("a", true), fakeGap("stuck", false), fakeGap("b", true)}
			runs := 0
			p := probe{run: func(poisoned []*gap) ([]output, error, error) {
				runs++
				names := ""
				for _, g := range poisoned {
					names += g.report.Name
				}
				out, err := c.run(names)
				return out, err, nil
			}}
			require.NoError(t, p.depends(ctx, gaps))
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

func TestProbeGivesUp(t *testing.T) {
	gaps := []*gap{fakeGap("a", true)}
	done, cancel := context.WithCancel(context.Background())
	cancel()
	boom := errors.New("boom")
	n := 0
	for _, c := range []struct {
		name string
		ctx  context.Context
		run  func([]*gap) ([]output, error, error)
		want error
	}{
		{"runs differ", context.Background(), func([]*gap) ([]output, error, error) {
			n++
			return []output{{shape: []int64{int64(n)}}}, nil, nil
		}, errUnstable},
		{"the plain run fails", context.Background(), func([]*gap) ([]output, error, error) { return nil, boom, nil }, boom},
		{"preparing fails", context.Background(), func([]*gap) ([]output, error, error) { return nil, nil, boom }, boom},
		{"interrupted", done, func([]*gap) ([]output, error, error) { return nil, nil, nil }, context.Canceled},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.ErrorIs(t, (&probe{run: c.run}).depends(c.ctx, gaps), c.want)
			assert.Nil(t, gaps[0].report.Depends)
		})
	}
}
