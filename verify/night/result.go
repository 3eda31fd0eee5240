package night

import (
	"cmp"
	"math"
	"slices"

	"github.com/seed06459138/torchgo/verify"
)

// ResultOf takes from a report what a night keeps. What only the runner knows, the
// tags, the attempts and the peak of memory, is left to it.
func ResultOf(check string, r *verify.Report) Result {
	result := Result{
		Check: check, Tags: []string{}, Verdict: r.Verdict, Summary: r.Summary, Findings: r.Findings, Files: r.Files,
		Legs: []Leg{}, Uncovered: []string{}, Devices: []string{}, Started: r.Started, Seconds: r.Seconds, Attempts: []string{},
	}
	for i := range r.Legs {
		result.Legs = append(result.Legs, legOf(&r.Legs[i], r))
		if device := r.Legs[i].Device; device != "" && !slices.Contains(result.Devices, device) {
			result.Devices = append(result.Devices, device)
		}
	}
	for _, u := range r.Uncovered {
		if u.Status == verify.Used || u.Status == verify.Undecided {
			result.Uncovered = append(result.Uncovered, u.Name)
		}
	}
	return result
}

// legOf takes the worst of all outputs and sets of inputs.
func legOf(l *verify.Leg, r *verify.Report) Leg {
	leg := Leg{Name: l.Name, Kind: l.Kind, Libtorch: r.Versions.Libtorch, Error: l.Error}
	leg.Device, leg.Peak = l.Device, l.Peak
	if l.Latency != nil {
		leg.P50 = l.Latency.P50
	}
	told := false
	for _, c := range r.Comparisons {
		if c.Leg != l.Name {
			continue
		}
		switch {
		case !told:
			leg.Same, told = c.Same, true
		case leg.Same != nil && (c.Same == nil || !*c.Same):
			leg.Same = c.Same
		}
		for _, o := range c.Outputs {
			leg.MaxAbs, leg.MaxRel = worse(leg.MaxAbs, o.MaxAbs), worse(leg.MaxRel, o.MaxRel)
			leg.Share = worse(leg.Share, shareOf(&o))
		}
	}
	return leg
}

// shareOf bounds |got − want| / (atol + rtol·|want|) from above by the least of what its
// parts allow. Of an output that is the same it is no more than 1.
func shareOf(o *verify.OutputComparison) verify.Number {
	if o.MaxAbs == 0 {
		return 0
	}
	t := o.Tolerance
	share := math.Inf(1)
	part := func(of, limit float64) {
		if of > 0 { // 0 is what was not measured
			share = min(share, of/limit)
		}
	}
	part(float64(o.MaxAbs), float64(t.ATol))
	part(float64(o.MaxRel), float64(t.RTol))
	if t.ULP > 0 {
		part(float64(o.MaxULP), float64(t.ULP))
	}
	if o.Same {
		share = min(share, 1)
	}
	return verify.Number(share)
}

// worse gives the greater error; NaN is the worst of all.
func worse(a, b verify.Number) verify.Number {
	if math.IsNaN(float64(a)) || math.IsNaN(float64(b)) {
		return verify.Number(math.NaN())
	}
	return max(a, b)
}

// Sort puts results into the order of their names, which does not depend on the order
// in which checks ended.
func Sort(results []Result) {
	slices.SortFunc(results, func(a, b Result) int { return cmp.Compare(a.Check, b.Check) })
}
