// Command soak measures what a service that runs for weeks depends on: that
// memory and threads stay where they are. It prints a table in Markdown and ends
// with 1 when a figure is not what the project promises.
//
//	soak [TRIAL...]
//
// Each trial has a process of its own, so that none inherits another's memory.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

const child = "run-trial"

func main() {
	if len(os.Args) == 3 && os.Args[1] == child {
		fail(runChild(os.Args[2]))
		return
	}
	wanted := os.Args[1:]
	for _, name := range wanted {
		if !slices.ContainsFunc(trials, func(t trial) bool { return t.name == name }) {
			fail(fmt.Errorf("there is no trial %q: there are %s", name, names()))
		}
	}
	fmt.Println("| trial | measured | promised | |\n|---|---|---|---|")
	good := true
	for _, t := range trials {
		if len(wanted) > 0 && !slices.Contains(wanted, t.name) {
			continue
		}
		figure, err := measure(t)
		verdict := "kept"
		if errors.Is(err, errBroken) {
			verdict, good = "**broken**", false
		} else {
			fail(err)
		}
		fmt.Printf("| %s | %s | %s | %s |\n", t.title, figure, t.promise, verdict)
	}
	if !good {
		os.Exit(1)
	}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

func names() string {
	var all []string
	for _, t := range trials {
		all = append(all, t.name)
	}
	return strings.Join(all, ", ")
}

// errBroken says that a figure is not what was promised.
var errBroken = errors.New("a promise is broken")

// trial is one row of the table. run measures, in the child; judge gets the figures.
type trial struct {
	name, title, promise string
	run                  func() (reading, error)
	judge                func(reading) (figure string, kept bool)
}

// reading is what a trial measured, before it began to count and at the end.
type reading struct{ Before, After level }

// level is a process at one moment.
type level struct {
	Bytes   int64 // resident
	Threads int
}

// measure runs a trial in a child and judges what it printed.
func measure(t trial) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	cmd := exec.Command(self, child, t.name)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	printed := time.Now()
	if err := errors.Join(err, cmd.Wait()); err != nil {
		return "", fmt.Errorf("%s: %w", t.name, err)
	}
	ending := time.Since(printed)
	var r reading
	if _, err := fmt.Sscan(line, &r.Before.Bytes, &r.Before.Threads, &r.After.Bytes, &r.After.Threads); err != nil {
		return "", fmt.Errorf("%s printed %q: %w", t.name, line, err)
	}
	if t.judge == nil { // what counts is how long the process took to end
		figure := fmt.Sprintf("%.2f s", ending.Seconds())
		if ending >= time.Second {
			return figure, errBroken
		}
		return figure, nil
	}
	figure, kept := t.judge(r)
	if !kept {
		return figure, errBroken
	}
	return figure, nil
}

func runChild(name string) error {
	for _, t := range trials {
		if t.name == name {
			r, err := t.run()
			fmt.Println(r.Before.Bytes, r.Before.Threads, r.After.Bytes, r.After.Threads)
			return err
		}
	}
	return fmt.Errorf("there is no trial %q", name)
}
