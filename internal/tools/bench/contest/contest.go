// Package contest lets programs take turns at one task and compares their times.
package contest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Unit is what times are shown in.
type Unit struct {
	Name string
	Size time.Duration
}

// The units in use.
var (
	Milliseconds = Unit{"ms", time.Millisecond}
	Microseconds = Unit{"µs", time.Microsecond}
)

// Contest is one task. The first program is held against each of the others.
type Contest struct {
	Title  string
	Unit   Unit
	Rounds int // how often each program is started

	// Turns is how often a program, once started, is given a line and answers with a
	// number of nanoseconds; 0 is to time it as a whole. The shorter a turn, the
	// less can befall one program that does not befall the others.
	Turns int

	Programs []Program
	Limits   map[string]float64       // the greatest ratio that is wanted, by the other program's name
	Memory   int64                    // the greatest memory of the first program that is wanted, in bytes; 0 is any
	Excess   map[string]time.Duration // the greatest difference that is wanted
}

// Result holds the times of each program, in nanoseconds, turn by turn, and its
// greatest memory.
type Result struct {
	contest Contest
	times   [][]float64
	memory  []int64 // bytes
}

// Run lets every program have its first turn unmeasured, for the caches. Who
// begins changes from turn to turn.
func (c Contest) Run() (Result, error) {
	r := Result{c, make([][]float64, len(c.Programs)), make([]int64, len(c.Programs))}
	if c.Turns == 0 {
		return r, r.take(c.Rounds, func(i int) (float64, error) {
			p, err := c.Programs[i].start()
			if err != nil {
				return 0, err
			}
			return r.end(i, p)
		})
	}
	for range c.Rounds {
		if err := r.round(); err != nil {
			return r, err
		}
	}
	return r, nil
}

// round starts all programs, lets them take turns, and ends them.
func (r *Result) round() error {
	started := make([]*running, len(r.contest.Programs))
	defer func() {
		for _, p := range started {
			if p != nil {
				p.kill()
			}
		}
	}()
	for i, p := range r.contest.Programs {
		var err error
		if started[i], err = p.start(); err != nil {
			return err
		}
	}
	if err := r.take(r.contest.Turns, func(i int) (float64, error) { return started[i].ask() }); err != nil {
		return err
	}
	for i, p := range started {
		if _, err := r.end(i, p); err != nil {
			return err
		}
	}
	return nil
}

// take lets the programs have turns.
func (r *Result) take(turns int, turn func(i int) (float64, error)) error {
	n := len(r.contest.Programs)
	for t := range turns + 1 {
		for k := range n {
			i := (t + k) % n
			ns, err := turn(i)
			if err != nil {
				return err
			}
			if t > 0 {
				r.times[i] = append(r.times[i], ns)
			}
		}
	}
	return nil
}

func (r *Result) end(i int, p *running) (float64, error) {
	took, memory, err := p.end()
	r.memory[i] = max(r.memory[i], memory)
	return took, err
}

// Median returns the median time of program i in nanoseconds.
func (r Result) Median(i int) float64 { return median(r.times[i]) }

// Ratio returns the median, over the turns, of the first program's time by that of
// program i in the same turn: so one in which the machine was slow counts as any
// other.
func (r Result) Ratio(i int) float64 {
	return r.turns(i, func(first, other float64) float64 { return first / other })
}

// Difference returns the same of the first program's time less that of program i.
func (r Result) Difference(i int) float64 {
	return r.turns(i, func(first, other float64) float64 { return first - other })
}

func (r Result) turns(i int, of func(first, other float64) float64) float64 {
	all := make([]float64, len(r.times[i]))
	for t, other := range r.times[i] {
		all[t] = of(r.times[0][t], other)
	}
	return median(all)
}

func median(times []float64) float64 {
	sorted := slices.Sorted(slices.Values(times))
	n := len(sorted)
	if n == 0 {
		return 0
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// String shows a line for each program: its median and range, its memory, and
// the first program's ratio to it, of the turns and of the least times.
func (r Result) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s)\n", r.contest.Title, r.contest.Unit.Name)
	unit := float64(r.contest.Unit.Size)
	first := r.contest.Programs[0].Name
	least := func(i int) float64 { return slices.Min(r.times[i]) }
	for i, p := range r.contest.Programs {
		fmt.Fprintf(&b, "  %-7s %9.3f   from %.3f to %.3f   %4d MB", p.Name, r.Median(i)/unit,
			least(i)/unit, slices.Max(r.times[i])/unit, r.memory[i]>>20)
		if i == 0 && r.contest.Memory > 0 {
			fmt.Fprintf(&b, ", %s %d MB", verdict(float64(r.memory[0]), float64(r.contest.Memory)), r.contest.Memory>>20)
		}
		if i > 0 {
			fmt.Fprintf(&b, "   %s/%s %.3f (least %.3f)", first, p.Name, r.Ratio(i), least(0)/least(i))
			if limit, ok := r.contest.Limits[p.Name]; ok {
				fmt.Fprintf(&b, ", %s %.3f", verdict(r.Ratio(i), limit), limit)
			}
			if limit, ok := r.contest.Excess[p.Name]; ok {
				fmt.Fprintf(&b, ", %s−%s %.0f ns, %s %d ns", first, p.Name, r.Difference(i), verdict(r.Difference(i), float64(limit)), limit.Nanoseconds())
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func verdict(figure, limit float64) string {
	if figure > limit {
		return "ABOVE"
	}
	return "within"
}
