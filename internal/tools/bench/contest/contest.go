// Package contest lets programs take turns at one task and compares their times.
package contest

import (
	"bytes"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
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

// Program is one contestant.
type Program struct {
	Name    string
	Command []string
}

// Contest is one task. The first program is held against each of the others.
type Contest struct {
	Title    string
	Unit     Unit
	Rounds   int
	Printed  bool // the programs print nanoseconds, one number a line, instead of being timed as a whole
	Programs []Program
	Limits   map[string]float64       // the greatest ratio that is wanted, by the other program's name
	Excess   map[string]time.Duration // the greatest difference that is wanted
}

// Result holds the times of each program, in nanoseconds, round by round, and its
// greatest memory.
type Result struct {
	contest Contest
	times   [][][]float64
	memory  []int64 // bytes
}

// Run runs every program once unmeasured, for the caches, and then in turns.
func (c Contest) Run() (Result, error) {
	r := Result{c, make([][][]float64, len(c.Programs)), make([]int64, len(c.Programs))}
	for round := range c.Rounds + 1 {
		for i, p := range c.Programs {
			times, memory, err := c.turn(p)
			if err != nil {
				return r, err
			}
			if round > 0 {
				r.times[i] = append(r.times[i], times)
				r.memory[i] = max(r.memory[i], memory)
			}
		}
	}
	return r, nil
}

// turn runs a program once.
func (c Contest) turn(p Program) (times []float64, memory int64, err error) {
	cmd := exec.Command(p.Command[0], p.Command[1:]...)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	start := time.Now()
	if err := cmd.Run(); err != nil {
		return nil, 0, fmt.Errorf("%s: %w\n%s%s", strings.Join(p.Command, " "), err, out.String(), complaints.String())
	}
	took := float64(time.Since(start).Nanoseconds())
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		memory = usage.Maxrss * 1024
	}
	if !c.Printed {
		return []float64{took}, memory, nil
	}
	for _, field := range strings.Fields(out.String()) {
		ns, err := strconv.ParseFloat(field, 64)
		if err != nil {
			return nil, 0, fmt.Errorf("%s printed %q, which is no number", strings.Join(p.Command, " "), field)
		}
		times = append(times, ns)
	}
	return times, memory, nil
}

// Median returns the median time of program i in nanoseconds.
func (r Result) Median(i int) float64 { return median(slices.Concat(r.times[i]...)) }

// Ratio returns the median, over the rounds, of the first program's median time
// in a round by that of program i: so a round in which the machine was slow
// counts as any other.
func (r Result) Ratio(i int) float64 {
	return r.rounds(i, func(first, other float64) float64 { return first / other })
}

// Difference returns the same of the first program's time less that of program i.
func (r Result) Difference(i int) float64 {
	return r.rounds(i, func(first, other float64) float64 { return first - other })
}

func (r Result) rounds(i int, of func(first, other float64) float64) float64 {
	var all []float64
	for round := range r.times[i] {
		all = append(all, of(median(r.times[0][round]), median(r.times[i][round])))
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
// the first program's ratio to it, of the rounds and of the least times.
func (r Result) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s)\n", r.contest.Title, r.contest.Unit.Name)
	unit := float64(r.contest.Unit.Size)
	first := r.contest.Programs[0].Name
	least := func(i int) float64 { return slices.Min(slices.Concat(r.times[i]...)) }
	for i, p := range r.contest.Programs {
		fmt.Fprintf(&b, "  %-7s %9.3f   from %.3f to %.3f   %4d MB", p.Name, r.Median(i)/unit,
			least(i)/unit, slices.Max(slices.Concat(r.times[i]...))/unit, r.memory[i]>>20)
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
