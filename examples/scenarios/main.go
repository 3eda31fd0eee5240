// Command scenarios trains, saves, resumes and exports models in Go as the three
// Python scenarios under scripts/fixtures do, and holds each step against what Python
// saved and printed. With an interpreter it also lets Python read and resume what Go
// saved.
//
//	go run ./examples/scenarios -python "$(scripts/python)"
//
// It ends with 1 when anything is not as it should be.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

func main() {
	recorded := flag.String("recorded", "testdata/scenarios", "the folder of what Python saved and printed")
	scripts := flag.String("scripts", "scripts/fixtures", "the folder of Python's scenarios")
	python := flag.String("python", "", "an interpreter with torch, to exchange files with; none leaves that out")
	out := flag.String("out", "", "the folder to save in; a temporary one unless given")
	flag.Parse()
	if err := start(*recorded, *scripts, *python, *out); err != nil {
		fmt.Fprintln(os.Stderr, "scenarios:", err)
		os.Exit(1)
	}
}

func start(recorded, scripts, python, dir string) error {
	if _, err := os.Stat(recorded); err != nil {
		return fmt.Errorf("%w; run it in the root of the checkout, or give -recorded and -scripts", err)
	}
	if dir == "" {
		temporary, err := os.MkdirTemp("", "scenarios")
		if err != nil {
			return err
		}
		defer os.RemoveAll(temporary)
		dir = temporary
	}
	s := &scenarios{recorded: recorded, scripts: scripts, python: python, dir: dir, out: os.Stdout}
	return s.run(context.Background())
}

// scenarios are the three, and where they read and write.
type scenarios struct {
	recorded, scripts, python, dir string
	out                            io.Writer
	wrong                          []error
}

// run goes through the scenarios. What is not as it should be comes as one error at the
// end; one that cannot be gone through ends it.
func (s *scenarios) run(ctx context.Context) error {
	for _, one := range []struct {
		name  string
		title string
		play  func(ctx context.Context, dir string) error
	}{
		{"train_and_save", "train and save, resume training", s.trainAndSave},
		{"safe_model_save", "safe model save: a state_dict and TorchScript", s.safeModelSave},
		{"dynamic_model_safe_save", "dynamic model: a buffer, or a plain attribute", s.dynamicModelSafeSave},
	} {
		fmt.Fprintf(s.out, "\n== %s\n\n", one.title)
		dir := filepath.Join(s.dir, one.name)
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return err
		}
		if err := one.play(ctx, dir); err != nil {
			return fmt.Errorf("%s: %w", one.name, err)
		}
	}
	if s.python == "" {
		fmt.Fprintln(s.out, "\nPython did not read what Go saved: make scenarios has it do so where it is\ninstalled, which make bench-python does.")
	}
	return errors.Join(s.wrong...)
}

// same prints a SAME? line and notes when it is not the wanted one.
func (s *scenarios) same(what string, got, want bool) {
	text := map[bool]string{true: "True", false: "False"}
	fmt.Fprintf(s.out, "SAME? %s: %s\n", what, text[got])
	if got != want {
		s.wrong = append(s.wrong, fmt.Errorf("%s: %s, not %s", what, text[got], text[want]))
	}
}

// path gives that of a file that Python saved.
func (s *scenarios) path(parts ...string) string {
	return filepath.Join(append([]string{s.recorded}, parts...)...)
}
