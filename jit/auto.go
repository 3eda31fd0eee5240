package jit

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed06459138/torchgo/internal/ctorch"
	"github.com/seed06459138/torchgo/torch"
)

// Report says what Auto tried and took.
type Report struct {
	Taken      string      // the name of a candidate
	Candidates []Candidate // the first is the module as it is
}

// Candidate is one way to run a module.
type Candidate struct {
	Name     string        // "plain", "frozen", "optimized", "static", "straight"
	Median   time.Duration // of a call
	Ratio    float64       // of its time to the plain one's: the median of those taken in turns
	MaxError float64       // the greatest absolute difference from the plain result
	Err      error         // why it was ruled out; nil if it was not
}

// String gives a line for each candidate.
func (r *Report) String() string {
	var b strings.Builder
	for _, c := range r.Candidates {
		fmt.Fprintf(&b, "%-10s", c.Name)
		switch {
		case c.Err != nil:
			fmt.Fprintf(&b, "ruled out: %s", c.Err)
		case c.Median > 0:
			fmt.Fprintf(&b, "%10s  %.2f of plain, max error %.2g", c.Median, c.Ratio, c.MaxError)
		}
		if c.Name == r.Taken {
			b.WriteString(", taken")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// Auto finds the fastest way to run the module's forward on this machine, for
// arguments like args: as it is, frozen, optimised for inference, on the static
// runtime, or as straight-line code. It warms each of them up, compares its results with the plain ones, rules
// out what differs by more than the tolerance, |a − b| ≤ atol + rtol·|b|, and
// takes the one with the least time, measured in turns. That takes about a second,
// and longer for modules whose calls take long.
//
// The runner is the caller's, to be closed; m stays the caller's too, and may be
// closed before or after. A module whose forward writes to its own attributes is
// taken as it is, since every call changes it. An error is one of the plain module,
// or of ctx.
func Auto(ctx context.Context, m *Module, rtol, atol float64, args ...torch.Value) (Runner, *Report, error) {
	plain, err := m.share()
	if err != nil {
		return nil, nil, err
	}
	t := &trial{tolerance: [2]float64{rtol, atol}, args: args}
	t.add("plain", plain, nil)
	if err := t.rivals(m); err != nil {
		t.close(nil)
		return nil, nil, err
	}
	if err := t.run(ctx); err != nil {
		t.close(nil)
		return nil, nil, err
	}
	best := t.best()
	t.close(best)
	report := &Report{Taken: best.Name}
	for _, e := range t.entries {
		report.Candidates = append(report.Candidates, e.Candidate)
	}
	return best.runner, report, nil
}

// share gives a second handle to the module, with the same turn.
func (m *Module) share() (*Module, error) {
	var native *ctorch.Module
	if err := m.with("share", func(p *ctorch.Module) *ctorch.Error { return ctorch.ModuleShare(p, &native) }); err != nil {
		return nil, err
	}
	s := adopt(native, m.settings)
	s.turn = m.turn
	s.training = append(s.training, m.training...)
	return s, nil
}

// trial compares runners.
type trial struct {
	tolerance [2]float64 // relative, absolute
	args      []torch.Value
	entries   []*entry
}

type entry struct {
	Candidate
	runner Runner
	times  []time.Duration
}

func (t *trial) add(name string, r Runner, err error) {
	e := &entry{Candidate: Candidate{Name: name, Err: err}}
	if err == nil {
		e.runner = r
	}
	t.entries = append(t.entries, e)
}

// rivals adds the other ways to run m.
func (t *trial) rivals(m *Module) error {
	writes, err := m.Mutates()
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(writes, func(w Mutation) bool { return w.Method == "forward" }); i >= 0 {
		err := &torch.Error{Op: "compare runners", Code: torch.CodeArgument, Msg: writes[i].String() + ", so that every call changes the module"}
		for _, name := range []string{"frozen", "optimized", "static", "straight"} {
			t.add(name, nil, err)
		}
		return nil
	}
	frozen, err := m.Freeze()
	t.add("frozen", frozen, err)
	optimized, err := m.OptimizeForInference()
	t.add("optimized", optimized, err)
	static, err := m.Static()
	t.add("static", static, err)
	straight, err := m.Straight()
	t.add("straight", straight, err)
	return nil
}

// running are the entries that are not ruled out.
func (t *trial) running() []*entry {
	return slices.DeleteFunc(slices.Clone(t.entries), func(e *entry) bool { return e.Err != nil })
}

// run checks and measures. An error is one of the plain runner, or of ctx.
func (t *trial) run(ctx context.Context) error {
	if len(t.running()) == 1 {
		return nil
	}
	want, err := t.entries[0].runner.Run(ctx, t.args...)
	if err != nil {
		return err
	}
	defer torch.CloseAll(want)
	for _, e := range t.running() {
		if e.Err = t.check(ctx, e, want); e.Err != nil && (e == t.entries[0] || ctx.Err() != nil) {
			return e.Err
		}
	}
	return t.measure(ctx)
}

// check warms a runner up and compares each of its results.
func (t *trial) check(ctx context.Context, e *entry, want torch.Value) error {
	for range leastWarmup + 1 {
		got, err := e.runner.Run(ctx, t.args...)
		if err != nil {
			return err
		}
		apart, err := t.compare(got, want)
		torch.CloseAll(got)
		if err != nil {
			return err
		}
		e.MaxError = max(e.MaxError, apart)
	}
	return nil
}

// What a trial spends: a sample is so many calls as take sampleTime, at most
// mostCalls; sampling ends after mostRounds, or after trialTime when leastRounds
// are done.
const (
	sampleTime  = 300 * time.Microsecond
	mostCalls   = 200
	mostRounds  = 301
	leastRounds = 7
	trialTime   = 2 * time.Second
)

// measure times the runners in turns, so that what slows the machine slows all.
func (t *trial) measure(ctx context.Context) error {
	begun := time.Now()
	once, err := t.sample(ctx, t.entries[0], 1)
	if err != nil {
		return err
	}
	calls := int(min(max(sampleTime/max(once, 1), 1), mostCalls))
	for round := range mostRounds {
		if round >= leastRounds && time.Since(begun) > trialTime {
			break
		}
		for _, e := range t.running() {
			took, err := t.sample(ctx, e, calls)
			if err != nil {
				return err
			}
			e.times = append(e.times, took)
		}
	}
	plain := t.entries[0].times
	for _, e := range t.running() {
		ratios := make([]float64, len(e.times))
		for i, took := range e.times {
			ratios[i] = float64(took) / float64(plain[i])
		}
		e.Ratio = median(ratios)
	}
	for _, e := range t.running() {
		e.Median = median(e.times)
	}
	return nil
}

// median sorts the values.
func median[T cmp.Ordered](values []T) T {
	slices.Sort(values)
	return values[len(values)/2]
}

// sample gives the time of one call, as the mean of several.
func (t *trial) sample(ctx context.Context, e *entry, calls int) (time.Duration, error) {
	if err := ctx.Err(); err != nil {
		return 0, fmt.Errorf("compare runners: %w", context.Cause(ctx))
	}
	begun := time.Now()
	for range calls {
		// Run with a context that ends would start a goroutine for each call.
		v, err := e.runner.Run(context.WithoutCancel(ctx), t.args...)
		if err != nil {
			return 0, err
		}
		torch.CloseAll(v)
	}
	return time.Since(begun) / time.Duration(calls), nil
}

// worthwhile is how much faster one must be to be taken over what comes before it:
// the closer to the original, the better.
const worthwhile = 0.98

func (t *trial) best() *entry {
	best := t.entries[0]
	for _, e := range t.running() {
		if e.Ratio < worthwhile*best.Ratio {
			best = e
		}
	}
	return best
}

// close closes all runners but one.
func (t *trial) close(but *entry) {
	for _, e := range t.entries {
		if e != but && e.runner != nil {
			e.runner.Close()
		}
	}
}
