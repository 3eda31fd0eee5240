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

// Result holds the times of each program, in nanoseconds, and its greatest memory.
type Result struct {
	contest Contest
	times   [][]float64
	memory  []int64 // bytes
}

// Run runs every program once unmeasured, for the caches, and then in turns.
func (c Contest) Run() (Result, error) {
	r := Result{c, make([][]float64, len(c.Programs)), make([]int64, len(c.Programs))}
	for round := range c.Rounds + 1 {
		for i, p := range c.Programs {
			times, memory, err := c.turn(p)
			if err != nil {
				return r, err
			}
			if round > 0 {
				r.times[i] = append(r.times[i], times...)
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
func (r Result) Median(i int) float64 {
	sorted := slices.Sorted(slices.Values(r.times[i]))
	n := len(sorted)
	if n == 0 {
		return 0
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// String shows a line for each program: its median and range, its memory, and
// the first program's ratio to it, of the medians and of the least times.
func (r Result) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s)\n", r.contest.Title, r.contest.Unit.Name)
	unit := float64(r.contest.Unit.Size)
	for i, p := range r.contest.Programs {
		fmt.Fprintf(&b, "  %-7s %9.3f   from %.3f to %.3f   %4d MB", p.Name, r.Median(i)/unit,
			slices.Min(r.times[i])/unit, slices.Max(r.times[i])/unit, r.memory[i]>>20)
		if i > 0 {
			ratio := r.Median(0) / r.Median(i)
			least := slices.Min(r.times[0]) / slices.Min(r.times[i])
			fmt.Fprintf(&b, "   %s/%s %.3f (least %.3f)", r.contest.Programs[0].Name, p.Name, ratio, least)
			if limit, ok := r.contest.Limits[p.Name]; ok {
				verdict := "within"
				if ratio > limit {
					verdict = "ABOVE"
				}
				fmt.Fprintf(&b, ", %s %.3f", verdict, limit)
			}
			if most, ok := r.contest.Excess[p.Name]; ok {
				more := r.Median(0) - r.Median(i)
				verdict := "within"
				if more > float64(most) {
					verdict = "ABOVE"
				}
				fmt.Fprintf(&b, ", %.0f ns more (least %.0f), %s %d", more, slices.Min(r.times[0])-slices.Min(r.times[i]), verdict, most.Nanoseconds())
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}
