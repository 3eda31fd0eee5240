package main

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// load is the program that loads in Python what Go saved.
//
//go:embed load.py
var load string

// loadInPython lets Python load the files of a scenario, and notes when it does not
// print what it should.
func (s *scenarios) loadInPython(scenario, dir, want string) error {
	if s.python == "" {
		return nil
	}
	text, err := s.inPython(dir, "-c", load, scenario)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "\nGo's files, loaded by Python:\n%s", text)
	if string(text) != want {
		s.wrong = append(s.wrong, fmt.Errorf("%s in Python: %q, not %q", scenario, text, want))
	}
	return nil
}

// resumeInPython lets resume_training.py go on from the checkpoint in dir, and gives
// what it prints.
func (s *scenarios) resumeInPython(dir string) ([]byte, error) {
	for _, name := range []string{"x.npy", "y.npy"} {
		data, err := os.ReadFile(s.path("train_and_save", name))
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o666); err != nil {
			return nil, err
		}
	}
	return s.inPython(dir, "-m", "resume_training")
}

// inPython runs Python in a folder, with the scripts of the scenarios at hand.
func (s *scenarios) inPython(dir string, args ...string) ([]byte, error) {
	scripts, err := filepath.Abs(s.scripts)
	if err != nil {
		return nil, err
	}
	command := exec.Command(s.python, args...)
	command.Dir = dir
	command.Env = append(os.Environ(), "PYTHONPATH="+scripts, "PYTHONDONTWRITEBYTECODE=1")
	text, err := command.Output()
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		err = fmt.Errorf("%w: %s", err, bytes.TrimSpace(ended.Stderr))
	}
	return text, err
}
