package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/seed06459138/torchgo/internal/tools/bench/contest"
	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/suite"
)

// checks is how many models the suite has, and scripts of how many Python's time is taken.
const (
	checks  = 200
	scripts = 4
)

// suites holds verify suite against the same checks one after the other in one process,
// and against a Python script for each, of which a few are timed.
func (b bench) suites() (contest.Contest, error) {
	path, err := b.writeSuite()
	if err != nil {
		return contest.Contest{}, err
	}
	journal := filepath.Join(b.programs, "suite.night.jsonl")
	spawned := func(command string, count int) []string {
		return b.measured("spawn", command, fmt.Sprint(count), fmt.Sprint(checks))
	}
	c := contest.Contest{
		Title:  fmt.Sprintf("suite of %d small models, whole process", checks),
		Unit:   contest.Milliseconds,
		Rounds: 34,
		Turns:  1,
		Programs: []contest.Program{
			{Name: "Go", Command: spawned(fmt.Sprintf("rm -f %s && %s suite %s --quiet --journal %s", journal, b.verify, path, journal), checks)},
			{Name: "one process", Command: spawned(fmt.Sprintf("%s measure checks %s", b.self, path), checks)},
		},
		Limits: map[string]float64{"one process": 1.25, "Python": 1.0 / 8},
	}
	if b.python != "" {
		at := func(name string) string { return filepath.Join(scenario, name) }
		script := strings.Join([]string{b.python, filepath.Join("bench", "verify.py"), at("model_scripted.pt"), at("model_state.pt"), at("x.npy")}, " ")
		one := fmt.Sprintf("for i in $(seq %d); do %s; done", scripts, script)
		c.Programs = append(c.Programs, contest.Program{Name: "Python", Command: spawned(one, scripts)})
	}
	return c, nil
}

// writeSuite describes the same check many times: small models differ in nothing that
// takes time.
func (b bench) writeSuite() (path string, err error) {
	folder, err := filepath.Abs(scenario)
	if err != nil {
		return "", err
	}
	at := func(name string) string { return filepath.Join(folder, name) }
	var text strings.Builder
	fmt.Fprintf(&text, "defaults: {scripted: %q, state: %q, inputs: %q}\nchecks:\n", at("model_scripted.pt"), at("model_state.pt"), at("x.npy"))
	for i := range checks {
		fmt.Fprintf(&text, "  model %d: {}\n", i)
	}
	path = filepath.Join(b.programs, "suite.yaml")
	return path, os.WriteFile(path, []byte(text.String()), 0o666)
}

// spawn runs a command of the shell, which does count of the tasks, and answers with
// the nanoseconds that all of them would take.
func spawn(command string, count, all int) error {
	return eachTurn(func() (float64, error) {
		start := time.Now()
		cmd := exec.Command("sh", "-ec", command)
		cmd.Stderr = os.Stderr
		err := cmd.Run()
		return float64(time.Since(start).Nanoseconds()) * float64(all) / float64(count), err
	})
}

// inOneProcess checks a suite one model after the other.
func inOneProcess(path string) error {
	runtime.LockOSThread() // libtorch keeps a pool of workers for each thread that calls it
	s, err := suite.Load(path)
	if err != nil {
		return err
	}
	for i := range s.Checks {
		spec := s.Checks[i].Spec
		spec.Threads = runtime.GOMAXPROCS(0)
		report, err := verify.Run(context.Background(), spec)
		if err != nil {
			return err
		}
		if report.Verdict != verify.Consistent {
			return fmt.Errorf("%s: %s", s.Checks[i].Name, report.Summary)
		}
	}
	return nil
}
