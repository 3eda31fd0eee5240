package history

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/night"
)

// past makes nights n1, n2, … of one machine, in which a check "m" has the results.
func past(results ...night.Result) *Past {
	p := &Past{Courses: []Course{{Check: "m"}}}
	on := NewMachine(night.Machine{Host: "box", CPU: "cpu", Libtorch: "2.15.0"})
	for i, r := range results {
		n := &Night{Seq: int64(i + 1), Suite: "zoo", ID: fmt.Sprint("n", i+1), Started: time.Unix(int64(i)*86400, 0).UTC(), Machines: []*Machine{on}}
		p.Nights = append(p.Nights, n)
		p.Courses[0].Turns = append(p.Courses[0].Turns, Turn{Night: n, On: on, Result: r})
	}
	return p
}

func verdicts(all ...verify.Verdict) (results []night.Result) {
	for _, v := range all {
		r := night.Result{Check: "m", Verdict: v}
		if v != verify.Consistent {
			r.Summary = string(v) + ": for a reason"
		}
		results = append(results, r)
	}
	return results
}

// legs makes nights in which the check is consistent, of one leg each.
func legs(all ...night.Leg) (results []night.Result) {
	yes := true
	for _, l := range all {
		l.Name, l.Device, l.Libtorch = "state", "cpu", "2.15.0"
		if l.Same == nil {
			l.Same = &yes
		}
		results = append(results, night.Result{Check: "m", Verdict: verify.Consistent, Legs: []night.Leg{l}})
	}
	return results
}

func shares(abs, rel verify.Number, all ...verify.Number) (legs []night.Leg) {
	for _, s := range all {
		legs = append(legs, night.Leg{MaxAbs: s * abs, MaxRel: s * rel, Share: s})
	}
	return legs
}

// told writes changes as lines.
func told(r *Report) (lines []string) {
	for _, c := range r.Changes {
		text := string(c.Weight)
		if !c.New {
			text += ", standing"
		}
		lines = append(lines, text+": "+c.Subject()+": "+c.Text())
	}
	return lines
}

func TestRules(t *testing.T) {
	const (
		yes = verify.Consistent
		no  = verify.Inconsistent
		odd = verify.Unstable
		un  = verify.Unanswered
	)
	p50 := func(all ...float64) (legs []night.Leg) {
		for _, s := range all {
			legs = append(legs, night.Leg{P50: s})
		}
		return legs
	}
	peaks := func(all ...int64) (results []night.Result) {
		for _, b := range all {
			results = append(results, night.Result{Check: "m", Verdict: yes, Peak: b})
		}
		return results
	}
	uncovered := func(all ...[]string) (results []night.Result) {
		for _, names := range all {
			results = append(results, night.Result{Check: "m", Verdict: no, Uncovered: names})
		}
		return results
	}
	files := func(all ...string) (results []night.Result) {
		for _, hash := range all {
			results = append(results, night.Result{Check: "m", Verdict: yes, Files: []verify.File{{Role: "state", Path: "s.pt", SHA256: hash}}})
		}
		return results
	}
	for name, c := range map[string]struct {
		results []night.Result
		want    []string
		code    int
	}{
		"good":                 {verdicts(yes, yes), nil, 0},
		"first night":          {verdicts(yes), nil, 0},
		"first night, bad":     {verdicts(no), []string{"worse: m: inconsistent: for a reason; on box"}, 1},
		"worse":                {verdicts(yes, yes, no), []string{"worse: m: consistent → inconsistent: for a reason; on box"}, 1},
		"unstable":             {verdicts(yes, odd), []string{"worse: m: consistent → unstable: for a reason; on box"}, 1},
		"no answer":            {verdicts(yes, un), []string{"worse: m: consistent → unanswered: for a reason; on box"}, 1},
		"stays bad":            {verdicts(yes, no, no, no), []string{"worse, standing: m: consistent → inconsistent: for a reason; since night n2; on box"}, 0},
		"was always bad":       {verdicts(no, no), []string{"worse, standing: m: inconsistent: for a reason; since night n1; on box"}, 0},
		"better":               {verdicts(no, yes), []string{"better: m: inconsistent → consistent; on box"}, 0},
		"better since long":    {verdicts(no, yes, yes), nil, 0},
		"bad in another way":   {verdicts(no, un), []string{"open: m: inconsistent → unanswered: for a reason; on box"}, 2},
		"error grows":          {legs(shares(1e-6, 1e-5, 0.02, 0.02, 0.02, 0.3)...), []string{"worse: m, leg state on cpu: max |Δ| 2e-08 → 3e-07: up to 30 % of the tolerance; on box"}, 1},
		"error stays grown":    {legs(shares(1e-6, 1e-5, 0.02, 0.02, 0.02, 0.3, 0.3)...), []string{"worse, standing: m, leg state on cpu: max |Δ| 2e-08 → 3e-07: up to 30 % of the tolerance; since night n4; on box"}, 0},
		"error grows less":     {legs(shares(1e-6, 1e-5, 0.02, 0.02, 0.02, 0.19)...), nil, 0},
		"error of rounding":    {legs(shares(1e-6, 1e-5, 0, 0, 0.01)...), nil, 0},
		"error near nothing":   {legs(shares(1e-6, 1e-5, 1e-6, 1e-6, 1e-5)...), nil, 0},
		"error from nothing":   {legs(shares(1e-6, 1e-5, 0, 0, 0.2)...), []string{"worse: m, leg state on cpu: max |Δ| 0 → 2e-07: up to 20 % of the tolerance; on box"}, 1},
		"error without bounds": {legs(night.Leg{MaxAbs: 1e-3, MaxRel: 1e-3}, night.Leg{MaxAbs: 1e-2, MaxRel: 1e-2}), []string{"worse: m, leg state on cpu: max |Δ| 0.001 → 0.01; on box"}, 1},
		"small without bounds": {legs(night.Leg{MaxAbs: 1e-9, MaxRel: 1e-9}, night.Leg{MaxAbs: 1e-7, MaxRel: 1e-7}), nil, 0},
		"error of no number":   {legs(night.Leg{MaxAbs: 1e-7, MaxRel: 1e-3, Share: 0.5}, night.Leg{MaxAbs: verify.Number(math.NaN()), Share: verify.Number(math.NaN())}), []string{"worse: m, leg state on cpu: max |Δ| 1e-07 → NaN; on box"}, 1},
		"error outside":        {legs(night.Leg{MaxAbs: 1e-7, Share: 0.01}, night.Leg{MaxAbs: 1, Share: 1e5, Same: new(bool)}), nil, 0},
		"slower":               {legs(p50(.010, .0101, .0099, .010, .010, .0102, .010, .015)...), []string{"worse: m, leg state on cpu: p50 10 ms → 15 ms, +50 % on the median of 7 nights; on box"}, 1},
		"stays slower":         {legs(p50(.010, .0101, .0099, .010, .010, .0102, .015, .0149)...), []string{"worse, standing: m, leg state on cpu: p50 10 ms → 14.9 ms, +49 % on the median of 7 nights; since night n7; on box"}, 0},
		"slower by little":     {legs(p50(.010, .0101, .0099, .010, .010, .0102, .010, .0108)...), nil, 0},
		"noisy":                {legs(p50(.010, .013, .009, .012, .010, .008, .011, .0135)...), nil, 0},
		"not timed tonight":    {legs(p50(.010, .0101, .0099, 0)...), nil, 0},
		"timed anew":           {legs(p50(0, 0, 0, .010)...), nil, 0},
		"memory":               {peaks(100e6, 100e6, 101e6, 100e6, 100e6, 100e6, 100e6, 150e6), []string{"worse: m: peak memory 100 MB → 150 MB, +50 % on the median of 7 nights; on box"}, 1},
		"little memory":        {peaks(1e6, 1e6, 1e6, 1e6, 1e6, 1e6, 1e6, 2e6), nil, 0},
		"uncovered": {uncovered([]string{"a"}, []string{"a", "b", "c"}), []string{
			"worse: m: 2 tensors newly not covered by the state: b, c; on box", "worse, standing: m: inconsistent; since night n1; on box"}, 1},
		"uncovered, and the verdict for it": {[]night.Result{{Check: "m", Verdict: yes}, {Check: "m", Verdict: no, Summary: "inconsistent: a is not in the state", Uncovered: []string{"a"}}},
			[]string{"worse: m: consistent → inconsistent: a is not in the state (1 tensor newly not covered by the state: a); on box"}, 1},
		"covered again": {uncovered([]string{"a"}, nil), []string{"worse, standing: m: inconsistent; since night n1; on box"}, 0},
		"other files":   {files("0123456789", "abcdefabcdef"), []string{"note: m: other bytes: state s.pt (01234567 → abcdefab); on box"}, 0},
		"same files":    {files("0123456789", "0123456789"), nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := Judge(past(c.results...))
			assert.Equal(t, c.want, told(r))
			assert.Equal(t, c.code, r.ExitCode())
			assert.LessOrEqual(t, len(r.Summary()), 80)
		})
	}
}

// Numbers of other machines, devices and libtorches are other numbers.
func TestOnlyLikesCompare(t *testing.T) {
	fast, slow := night.Leg{P50: .010}, night.Leg{P50: .020}
	for name, c := range map[string]struct {
		change func(t *Turn)
		want   int
	}{
		"alike":          {func(*Turn) {}, 1},
		"hardware":       {func(t *Turn) { t.On = NewMachine(night.Machine{CPU: "other", Libtorch: "2.15.0"}) }, 0},
		"another host":   {func(t *Turn) { t.On = NewMachine(night.Machine{CPU: "cpu", Host: "twin", Libtorch: "2.15.0"}) }, 1},
		"device":         {func(t *Turn) { t.Legs[0].Device = "cuda:0" }, 0},
		"libtorch":       {func(t *Turn) { t.Legs[0].Libtorch = "2.11.0" }, 0},
		"kind of leg":    {func(t *Turn) { t.Legs[0].Kind = "onnx" }, 0},
		"name of a leg":  {func(t *Turn) { t.Legs[0].Name = "other" }, 0},
		"another course": {func(t *Turn) { t.Legs = nil }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			p := past(legs(fast, fast, fast, fast, fast, fast, fast, slow)...)
			for i := range p.Courses[0].Turns[:7] {
				c.change(&p.Courses[0].Turns[i])
			}
			assert.Len(t, Judge(p).New(Worse), c.want)
		})
	}
}

// A machine that is slower tells one thing, and what is slower by more is told besides.
func TestSlowerMachineIsToldOnce(t *testing.T) {
	fast := legs(night.Leg{P50: .010}, night.Leg{P50: .010}, night.Leg{P50: .010}, night.Leg{P50: .010})
	p := past(fast...)
	turns := p.Courses[0].Turns
	p.Courses = nil
	for i := range 20 {
		c := Course{Check: fmt.Sprint("m", i)}
		for j, turn := range turns {
			leg := turn.Legs[0]
			if j == 3 {
				leg.P50 = .012
				if i == 7 {
					leg.P50 = .018
				}
			}
			turn.Legs = []night.Leg{leg}
			c.Turns = append(c.Turns, turn)
		}
		p.Courses = append(p.Courses, c)
	}
	assert.Equal(t, []string{
		"worse: cpu: legs are slower by 20 %: median of 20 legs, which none of them is told for; on box",
		"worse: m7, leg state on cpu: p50 10 ms → 18 ms, +80 % on the median of 3 nights; on box",
	}, told(Judge(p)))
}

// Legs of one check that are slower have one cause.
func TestLegsAreFolded(t *testing.T) {
	p := past(legs(night.Leg{P50: .010}, night.Leg{P50: .010}, night.Leg{P50: .010}, night.Leg{P50: .010}, night.Leg{P50: .010}, night.Leg{P50: .020})...)
	for i := range p.Courses[0].Turns {
		turn := &p.Courses[0].Turns[i]
		for _, name := range []string{"scripted", "onnx"} {
			l := turn.Legs[0]
			l.Name, l.P50 = name, l.P50*0.9
			turn.Legs = append(turn.Legs, l)
		}
	}
	assert.Equal(t, []string{"worse: m, leg onnx on cpu: p50 9 ms → 18 ms, +100 % on the median of 5 nights: and leg scripted on cpu 9 ms → 18 ms, and leg state on cpu 10 ms → 20 ms; on box"}, told(Judge(p)))
}

func TestPresence(t *testing.T) {
	p := past(verdicts(verify.Consistent, verify.Consistent)...)
	gone := Course{Check: "gone", Turns: []Turn{p.Courses[0].Turns[0]}}
	fresh := Course{Check: "fresh", Fresh: true, Turns: []Turn{p.Courses[0].Turns[1]}}
	idle := Course{Check: "idle", Turns: []Turn{p.Courses[0].Turns[0]}}
	p.Courses, p.NotRun = append(p.Courses, gone, fresh, idle), []string{"idle"}
	p.Nights[1].Stopped = "interrupted"
	r := Judge(p)
	assert.Equal(t, []string{
		"open: : 1 check not run (interrupted): idle",
		"note: fresh: is new; on box",
		"note: gone: consistent → not in this night: no longer in the suite, or not selected",
	}, told(r))
	assert.Equal(t, 2, r.ExitCode())
}

func TestMachineChanges(t *testing.T) {
	p := past(verdicts(verify.Consistent, verify.Consistent)...)
	p.Nights[1].Commit = "0123456789abcdef"
	other := NewMachine(night.Machine{Host: "box", CPU: "cpu", Libtorch: "2.16.0", Torchgo: "v2"})
	p.Nights[1].Machines = []*Machine{other}
	p.Nights[1].Shard = night.Shard{Index: 2, Count: 3}
	assert.Equal(t, []string{
		"open: : 2 shards of 3 not taken in: 1, 3",
		"note: : libtorch 2.15.0 → 2.16.0, torchgo none → v2, commit none → 0123456789ab; on box",
	}, told(Judge(p)))
}

func TestClockThatJumps(t *testing.T) {
	p := past(verdicts(verify.Consistent, verify.Consistent)...)
	p.Nights[1].Started = time.Unix(-5, 0)
	r := Judge(p)
	require.Len(t, r.Notes, 1)
	assert.Contains(t, r.Notes[0], "a clock jumped")
}

func TestNothingToJudge(t *testing.T) {
	r := Judge(&Past{})
	assert.Empty(t, r.Changes)
	assert.Zero(t, r.ExitCode())
}
