// Command bench measures what the project promises about speed, beside C++
// programs on the same libtorch and Python scripts, and prints the ratios.
// scripts/bench builds the programs and starts it:
//
//	bench -programs build/bench -verify build/bench/verify [-python python3]
//
// The contestants take turns of milliseconds where they can, so that a machine that
// slows down slows all of them. The median of the turns' ratios counts; beside it
// stands the ratio of the least times. It exits with 1 when a measurement fails, not
// when a ratio is above its limit: those hold on a quiet machine.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed06459138/torchgo/internal/tools/bench/contest"
)

const (
	elements = 50_000_000
	scenario = "testdata/scenarios/safe_model_save"
	clients  = 64
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "measure" {
		fail(measure(os.Args[2:]))
		return
	}
	programs := flag.String("programs", "build/bench", "folder of the C++ programs")
	verify := flag.String("verify", "build/bench/verify", "the built cmd/verify")
	python := flag.String("python", "", "an interpreter with torch, or nothing")
	rounds := flag.Int("rounds", 9, "how often each contestant is started")
	only := flag.String("only", "", "measure only what has this in its title")
	flag.Parse()

	self, err := os.Executable()
	fail(err)
	b := bench{self: self, programs: *programs, verify: *verify, python: *python}
	all := []contest.Contest{b.check(), b.large(), b.bisect(), b.compare(), b.operator(), b.training(), b.residual(), b.resume()}
	all = append(all, b.forwards()...)
	all = append(all, b.crowds()...)
	suites, err := b.suites()
	fail(err)
	all = append(all, suites)
	for _, c := range all {
		if !strings.Contains(c.Title, *only) {
			continue
		}
		c.Rounds = max(1, *rounds*c.Rounds/100)
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

// besidePython leaves C++ out, for what its library does not have.
func (b bench) besidePython(ours []string, name string, args ...string) []contest.Program {
	return slices.DeleteFunc(b.contestants(ours, name, args...), func(p contest.Program) bool { return p.Name == "C++" })
}

// Of the rounds asked for, a contest takes the part, in hundredths, that it says.

func (b bench) check() contest.Contest {
	scripted, state := filepath.Join(scenario, "model_scripted.pt"), filepath.Join(scenario, "model_state.pt")
	input := filepath.Join(scenario, "x.npy")
	ours := []string{b.verify, "--scripted", scripted, "--state", state, "--input", input}
	return contest.Contest{
		Title:    "verify of scenario 2, whole process",
		Unit:     contest.Milliseconds,
		Rounds:   100,
		Programs: b.contestants(ours, "verify", scripted, state, input),
		Limits:   map[string]float64{"C++": 1.15, "Python": 1.0 / 5},
	}
}

// large are files of 1 GB each, which C++ reads into memory twice.
func (b bench) large() contest.Contest {
	files := b.model("large")
	scripted, input := files[0], files[1]
	state := filepath.Join(b.programs, "models", "large_state.pt")
	return contest.Contest{
		Title:    "verify of a model of 1 GB, whole process",
		Unit:     contest.Milliseconds,
		Rounds:   34,
		Programs: b.contestants([]string{b.verify, "--scripted", scripted, "--state", state, "--input", input}, "verify", scripted, state, input)[:2],
		Limits:   map[string]float64{"C++": 1.1},
		Memory:   2_200_000_000,
	}
}

// bisect is a check of legs that differ, with and without the step at which they part.
func (b bench) bisect() contest.Contest {
	model := b.model("mlp512")
	plain := []string{"sh", "-c", `"$@"; test $? = 1`, "differing", b.verify, "--scripted", model[0], "--leg", "narrow=scripted:" + model[0] + ",dtype=bfloat16", "--input", model[1]}
	return contest.Contest{
		Title:    "verify --bisect of 4 × (Linear(512, 512), ReLU) in float32 and bfloat16, beside verify, whole process",
		Unit:     contest.Milliseconds,
		Rounds:   34,
		Programs: []contest.Program{{Name: "bisect", Command: append(plain[:len(plain):len(plain)], "--bisect")}, {Name: "plain", Command: plain}},
		Limits:   map[string]float64{"plain": 3},
	}
}

func (b bench) compare() contest.Contest {
	args := []string{strconv.Itoa(elements)}
	return contest.Contest{
		Title:    "comparison of two float32 tensors of 5e7 elements",
		Unit:     contest.Milliseconds,
		Rounds:   34,
		Turns:    3,
		Programs: b.contestants(b.measured("compare", args...), "allclose", args...),
		Limits:   map[string]float64{"C++": 1.0 / 6, "Python": 1.0 / 6},
	}
}

func (b bench) operator() contest.Contest {
	args := []string{"1000"}
	return contest.Contest{
		Title:    "aten::add of four elements by torch.Call, result closed",
		Unit:     contest.Microseconds,
		Rounds:   100,
		Turns:    100,
		Programs: b.contestants(b.measured("operator", args...), "operator", args...)[:2], // without Python
		Excess:   map[string]time.Duration{"C++": 250 * time.Nanosecond},
	}
}

// forwards are the ways to call a module, each beside the same plain call in C++.
func (b bench) forwards() []contest.Contest {
	linear := []string{filepath.Join(scenario, "model_scripted.pt"), filepath.Join(scenario, "x.npy"), "1000"}
	narrow, wide := b.model("mlp64", "200"), b.model("mlp512", "20")
	var all []contest.Contest
	for _, c := range []struct {
		title, way string
		args       []string
		limit      float64
	}{
		{"forward of Linear(4, 2), a new result closed", "ordinary", linear, 1.15},
		{"forward of Linear(4, 2) into one result", "reuse", linear, 1.05},
		{"forward of Linear(4, 2) by what Auto took, into one result", "auto", linear, 0.85},
		{"forward of 4 × (Linear(64, 64), ReLU) by what Auto took, into one result", "auto", narrow, 0.85},
		{"forward of 4 × (Linear(512, 512), ReLU), batch 16, a new result closed", "ordinary", wide, 1.01},
	} {
		all = append(all, contest.Contest{
			Title:    c.title,
			Unit:     contest.Microseconds,
			Rounds:   100,
			Turns:    100,
			Programs: b.contestants(b.measured("forward", append([]string{c.way}, c.args...)...), "forward", c.args...),
			Limits:   map[string]float64{"C++": c.limit},
		})
	}
	return all
}

// crowds are many goroutines on one module, beside a pool of threads as wide as
// the number of calls that Go lets in at once.
func (b bench) crowds() []contest.Contest {
	var all []contest.Contest
	for _, c := range []struct {
		title, what string
		limit       float64
	}{
		{"64 goroutines on 4 × (Linear(64, 64), ReLU), time of the wall for a call", "wall", 1 / 0.98},
		{"64 goroutines on 4 × (Linear(64, 64), ReLU), 99th percentile of waiting and call", "p99", 1.2},
	} {
		model := b.model("mlp64")
		args := append([]string{c.what}, append(model, strconv.Itoa(clients), strconv.Itoa(runtime.GOMAXPROCS(0)), "4000")...)
		all = append(all, contest.Contest{
			Title:    c.title,
			Unit:     contest.Microseconds,
			Rounds:   100,
			Turns:    100,
			Programs: b.contestants(b.measured("crowd", args...), "crowd", args...)[:2],
			Limits:   map[string]float64{"C++": c.limit},
		})
	}
	return all
}

// measured is this program, measuring itself.
func (b bench) measured(what string, args ...string) []string {
	return append([]string{b.self, "measure", what}, args...)
}

// model gives the files that bench_models wrote, and what follows them.
func (b bench) model(name string, more ...string) []string {
	at := filepath.Join(b.programs, "models", name)
	return append([]string{at + ".pt", at + ".npy"}, more...)
}
