package notice

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed06459138/torchgo/internal/layout"
	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/history"
	"github.com/seed06459138/torchgo/verify/night"
)

// Notice is what there is to tell of a night.
type Notice struct {
	Night   *night.Night
	Changes *history.Report // since the nights before; nil without a history
}

// verdicts are those that are not consistent, the worst first, with the words that
// count checks.
var verdicts = []struct {
	verdict   verify.Verdict
	one, many string
}{
	{verify.Inconsistent, "is inconsistent", "are inconsistent"},
	{verify.Unanswered, "has no answer", "have no answer"},
	{verify.Unstable, "is unstable", "are unstable"},
}

// Headline says in a line how the night went: "zoo: of 40 checks 2 are inconsistent, 1
// did not run".
func (n *Notice) Headline() string {
	counts, missing, all := n.Night.Counts(), n.missing(), n.checks()
	var parts []string
	for _, v := range verdicts {
		switch count := counts[v.verdict]; count {
		case 0:
		case 1:
			parts = append(parts, "1 "+v.one)
		default:
			parts = append(parts, fmt.Sprintf("%d %s", count, v.many))
		}
	}
	if missing > 0 {
		parts = append(parts, fmt.Sprintf("%d did not run", missing))
	}
	switch {
	case len(parts) > 0:
	case all == 0:
		return n.Night.Suite + ": there were no checks"
	case n.Night.End == nil:
		return fmt.Sprintf("%s: the night did not come to its end; %s so far, consistent", n.Night.Suite, layout.Count(all, "check"))
	case all == 1:
		return n.Night.Suite + ": the check is consistent"
	default:
		return fmt.Sprintf("%s: all %d checks are consistent", n.Night.Suite, all)
	}
	return fmt.Sprintf("%s: of %s %s", n.Night.Suite, layout.Count(all, "check"), strings.Join(parts, ", "))
}

// checks counts those that ran and those that should have.
func (n *Notice) checks() int { return len(n.Night.Results) + n.missing() }

// missing counts checks without a result, those of shards that have not come as well.
func (n *Notice) missing() int { return len(n.Night.Missing()) + n.Night.Unassigned() }

// machines gives all that the night ran on.
func (n *Notice) machines() []night.Machine {
	return append([]night.Machine{n.Night.Machine}, n.Night.Others...)
}

// verdict sums the night up as one.
func (n *Notice) verdict() verify.Verdict {
	switch n.Night.ExitCode() {
	case 0:
		return verify.Consistent
	case 1:
		return verify.Inconsistent
	}
	return verify.Unanswered
}

// failing gives the results that are not consistent, the worst first.
func (n *Notice) failing() []*night.Result {
	rank := func(v verify.Verdict) int {
		for i, known := range verdicts {
			if known.verdict == v {
				return i
			}
		}
		return len(verdicts)
	}
	var all []*night.Result
	for i := range n.Night.Results {
		if r := &n.Night.Results[i]; r.Verdict != verify.Consistent {
			all = append(all, r)
		}
	}
	slices.SortStableFunc(all, func(a, b *night.Result) int {
		return cmp.Or(rank(a.Verdict)-rank(b.Verdict), cmp.Compare(a.Check, b.Check))
	})
	return all
}

// changes gives those of a weight that are new, or those that are not.
func (n *Notice) changes(weight history.Weight, fresh bool) []history.Change {
	if n.Changes == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(n.Changes.Changes), func(c history.Change) bool { return c.Weight != weight || c.New != fresh })
}

// where says which run it was: "night 2026-11-28 on box, shard 1 of 2, took 12m3s".
func (n *Notice) where() string {
	text := fmt.Sprintf("night %s", n.Night.ID)
	if n.Night.Machine.Host != "" {
		text += " on " + n.Night.Machine.Host
	}
	if more := len(n.Night.Others); more > 0 {
		text += fmt.Sprintf(" and %s", layout.Count(more, "other machine"))
	}
	if s := n.Night.Shard; s.Count > 1 {
		text += fmt.Sprintf(", shard %d of %d", s.Index, s.Count)
	}
	text += ", begun " + n.Night.Started.UTC().Format("2006-01-02 15:04 UTC")
	if end := n.Night.End; end != nil {
		text += fmt.Sprintf(", took %v", time.Duration(end.Seconds*float64(time.Second)).Round(time.Second))
		if end.Stopped != "" {
			text += ", ended early: " + end.Stopped
		}
	}
	return text
}

// summaryOf gives the line of a result, with how its process ended.
func summaryOf(r *night.Result) string {
	if r.Ended != "" && !strings.Contains(r.Summary, r.Ended) {
		return strings.TrimPrefix(r.Summary+"; its process "+r.Ended, "; ")
	}
	return r.Summary
}
