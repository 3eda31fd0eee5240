package history

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/seed06459138/torchgo/internal/layout"
	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/night"
)

// change begins a change that the night of now shows.
func change(rule Rule, weight Weight, check string, now *Turn) Change {
	m := now.mark()
	return Change{Rule: rule, Weight: weight, Check: check, New: true, Since: m, Machine: m.Machine}
}

// since says for how many nights, tonight and the latest of before, it has been so.
func (c *Change) since(now *Turn, before []*Turn, nights int) {
	first := now
	if nights > 1 {
		first, c.New = before[nights-2], false
	}
	c.Since = first.mark()
	if nights-1 < len(before) {
		than := before[nights-1].mark()
		c.Than = &than
	}
}

// lasting counts for how many nights it has been so, tonight being one.
func lasting(before []*Turn, so func(*Turn) bool) int {
	for i, t := range before {
		if !so(t) {
			return i + 1
		}
	}
	return len(before) + 1
}

// severity orders verdicts.
func severity(v verify.Verdict) int {
	return slices.Index([]verify.Verdict{verify.Consistent, verify.Unanswered, verify.Unstable, verify.Inconsistent}, v)
}

// verdictChange tells a verdict that is worse than before, or better, or stays bad.
func verdictChange(check string, now *Turn, before []*Turn) (Change, bool) {
	nights := lasting(before, func(t *Turn) bool { return t.Verdict == now.Verdict })
	one := change(VerdictRule, Worse, check, now)
	one.since(now, before, nights)
	one.Now, one.Detail = string(now.Verdict), now.verdictDetail()
	switch {
	case nights > len(before) && now.Verdict == verify.Consistent:
		return one, false
	case nights > len(before): // as far as the nights go back
		one.New = len(before) == 0
		return one, true
	case nights > 1 && now.Verdict == verify.Consistent:
		return one, false // better since an earlier night
	}
	than := before[nights-1]
	one.Before, one.Nights = string(than.Verdict), 1
	if severity(now.Verdict) < severity(than.Verdict) && nights == 1 {
		one.Weight = Better
		if now.Verdict != verify.Consistent {
			one.Weight = Open
		}
	}
	return one, true
}

// verdictDetail is why the verdict is not consistent.
func (t *Turn) verdictDetail() string {
	if t.Verdict == verify.Consistent {
		return ""
	}
	return strings.TrimPrefix(t.Summary, string(t.Verdict)+": ")
}

// uncoveredChange tells tensors that the night before had not found uncovered.
func uncoveredChange(check string, now *Turn, before []*Turn) (Change, bool) {
	if len(before) == 0 {
		return Change{}, false
	}
	var names []string
	for _, name := range now.Uncovered {
		if !slices.Contains(before[0].Uncovered, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 || before[0].Verdict == verify.Unanswered {
		return Change{}, false // what was not run has found nothing uncovered
	}
	one := change(UncoveredRule, Worse, check, now)
	one.since(now, before, 1)
	one.Nights = 1
	one.Now = layout.Count(len(names), "tensor") + " newly not covered by the state"
	one.Detail = some(names)
	return one, true
}

// An error must take so much of the tolerance after growing tenfold, or, where the
// tolerance is infinite and metrics judge, be so much of the value: rounding alone makes
// an error of 0 one of a few steps, and 1e-12 one of 1e-11.
const (
	growth     = 10
	leastShare = 0.01 // before growing
	leastRel   = 1e-5 // after it; some hundred steps of float32
)

// errorChanges tells errors that grew tenfold inside the tolerance.
func errorChanges(check string, now *Turn, before []*Turn) (all []Change) {
	for i := range now.Legs {
		l := &now.Legs[i]
		if l.Same == nil || !*l.Same {
			continue // the verdict tells that
		}
		var turns []*Turn
		var shares, errors []float64
		for _, t := range before {
			if e := t.Leg(l.Name, l.Device); e != nil && e.Same != nil && len(turns) < Window {
				turns = append(turns, t)
				shares = append(shares, finite(e.Share))
				errors = append(errors, finite(e.MaxAbs))
			}
		}
		if len(turns) == 0 {
			continue
		}
		share, usual := median(shares), median(errors)
		grown := func(e *night.Leg) bool {
			if e.Share == 0 {
				return finite(e.MaxAbs) >= growth*usual && finite(e.MaxRel) >= leastRel
			}
			return finite(e.Share) >= growth*max(share, leastShare) && finite(e.MaxAbs) > usual
		}
		if !grown(l) {
			continue
		}
		one := change(ErrorRule, Worse, check, now)
		one.Leg, one.Device = l.Name, l.Device
		nights := lasting(turns, func(t *Turn) bool { return grown(t.Leg(l.Name, l.Device)) })
		one.since(now, turns, nights)
		one.Nights = len(turns)
		one.Before, one.Now = verify.Number(usual).String(), l.MaxAbs.String()
		one.Values = &Values{Before: verify.Number(usual), Now: l.MaxAbs}
		if l.Share > 0 {
			one.Detail = fmt.Sprintf("up to %.0f %% of the tolerance", 100*float64(l.Share))
		}
		all = append(all, one)
	}
	return all
}

// finite takes NaN for the worst there is.
func finite(n verify.Number) float64 {
	if f := float64(n); !math.IsNaN(f) {
		return f
	}
	return math.Inf(1)
}

// filesChange tells files that have other bytes than before.
func filesChange(check string, now *Turn, before []*Turn) (Change, bool) {
	if len(before) == 0 {
		return Change{}, false
	}
	old := make(map[string]string, len(before[0].Files))
	for _, f := range before[0].Files {
		old[f.Role+"\x00"+f.Path] = f.SHA256
	}
	var names []string
	for _, f := range now.Files {
		if was := old[f.Role+"\x00"+f.Path]; was != "" && f.SHA256 != "" && was != f.SHA256 {
			names = append(names, fmt.Sprintf("%s %s (%.8s → %.8s)", f.Role, f.Path, was, f.SHA256))
		}
	}
	if len(names) == 0 {
		return Change{}, false
	}
	one := change(FilesRule, Note, check, now)
	one.since(now, before, 1)
	one.Nights = 1
	one.Now = "other bytes"
	if a, b := before[0].Night.Commit, now.Night.Commit; a == b && a != "" {
		one.Now = "other bytes at the same commit"
	}
	one.Detail = some(names)
	return one, true
}

// some lists the first of several names.
func some(names []string) string {
	const most = 5
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}
