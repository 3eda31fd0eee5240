// Command bench measures what the project promises about speed, beside C++
// programs on the same libtorch and Python scripts, and prints the ratios.
// scripts/bench builds the programs and starts it:
//
//	bench -programs build/bench -verify build/bench/verify [-python python3]
//
// The contestants take turns, so that a machine that slows down slows all of
// them. Medians are compared, and beside them the least times, which a busy machine
// disturbs least. It exits with 1 when a measurement fails, not when a ratio is
// above its limit: those hold on a quiet machine.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/seed06459138/torchgo/internal/tools/bench/contest"
)

const (
	elements = 50_000_000
	scenario = "testdata/scenarios/safe_model_save"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "measure" {
		fail(measure(os.Args[2:]))
		return
	}
	programs := flag.String("programs", "build/bench", "folder of the C++ programs")
	verify := flag.String("verify", "build/bench/verify", "the built cmd/verify")
	python := flag.String("python", "", "an interpreter with torch, or nothing")
	rounds := flag.Int("rounds", 9, "turns that each contestant takes")
	flag.Parse()

	self, err := os.Executable()
	fail(err)
	b := bench{self: self, programs: *programs, verify: *verify, python: *python}
	for _, c := range []contest.Contest{b.check(*rounds), b.forward(*rounds), b.operator(*rounds), b.compare(*rounds)} {
		result, err := c.Run()
		fail(err)
		fmt.Println(result)
	}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench knows where the programs are.
type bench struct{ self, programs, verify, python string }

// contestants puts the three programs of one name together; Python's only where
// there is one.
func (b bench) contestants(ours []string, name string, args ...string) []contest.Program {
	all := []contest.Program{
		{Name: "Go", Command: ours},
		{Name: "C++", Command: append([]string{filepath.Join(b.programs, "bench_"+name)}, args...)},
	}
	if b.python != "" {
		script := filepath.Join("bench", name+".py")
		all = append(all, contest.Program{Name: "Python", Command: append([]string{b.python, script}, args...)})
	}
	return all
}

func (b bench) check(rounds int) contest.Contest {
	scripted, state := filepath.Join(scenario, "model_scripted.pt"), filepath.Join(scenario, "model_state.pt")
	input := filepath.Join(scenario, "x.npy")
	ours := []string{b.verify, "--scripted", scripted, "--state", state, "--input", input}
	return contest.Contest{
		Title:    "verify of scenario 2, whole process",
		Unit:     contest.Milliseconds,
		Rounds:   rounds,
		Programs: b.contestants(ours, "verify", scripted, state, input),
		Limits:   map[string]float64{"C++": 1.15, "Python": 1.0 / 5},
	}
}

func (b bench) forward(rounds int) contest.Contest {
	args := []string{filepath.Join(scenario, "model_scripted.pt"), filepath.Join(scenario, "x.npy"), "1000", "100"}
	return contest.Contest{
		Title:    "forward of Linear(4, 2), result closed, one call",
		Unit:     contest.Microseconds,
		Rounds:   rounds,
		Printed:  true,
		Programs: b.contestants(append([]string{b.self, "measure", "forward"}, args...), "forward", args...),
		Limits:   map[string]float64{"C++": 1.2},
	}
}

func (b bench) operator(rounds int) contest.Contest {
	args := []string{"1000", "100"}
	return contest.Contest{
		Title:   "aten::add of four elements by torch.Call, result closed",
		Unit:    contest.Microseconds,
		Rounds:  rounds,
		Printed: true,
		Programs: []contest.Program{
			{Name: "Go", Command: append([]string{b.self, "measure", "operator"}, args...)},
			{Name: "C++", Command: append([]string{filepath.Join(b.programs, "bench_operator")}, args...)},
		},
		Excess: map[string]time.Duration{"C++": 250 * time.Nanosecond},
	}
}

func (b bench) compare(rounds int) contest.Contest {
	args := []string{strconv.Itoa(elements), "3"}
	return contest.Contest{
		Title:    "comparison of two float32 tensors of 5e7 elements",
		Unit:     contest.Milliseconds,
		Rounds:   (rounds + 2) / 3,
		Printed:  true,
		Programs: b.contestants(append([]string{b.self, "measure", "compare"}, args...), "allclose", args...),
		Limits:   map[string]float64{"C++": 1.0 / 6, "Python": 1.0 / 6},
	}
}
