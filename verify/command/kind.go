package command

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed06459138/torchgo/internal/process"
	"github.com/seed06459138/torchgo/verify"
)

func init() {
	verify.RegisterKind(verify.Kind{Name: "command", Label: "command", Options: []string{"args"}, Open: open})
}

// runner starts a program for each run.
type runner struct {
	program string
	args    []string
	device  string
}

// open makes the runner of a leg. Nothing is started before it runs.
func open(_ context.Context, leg verify.LegSpec) (verify.Runner, error) {
	// Absolute, since a name without a slash would be searched for among the system's programs.
	program, err := filepath.Abs(leg.File)
	if err != nil {
		return nil, &verify.Error{Path: leg.File, Err: err}
	}
	info, err := os.Stat(program)
	switch {
	case err != nil:
		return nil, &verify.Error{Err: err}
	case info.Mode()&0o111 == 0:
		return nil, &verify.Error{Path: leg.File, Msg: "is not executable", Remedy: "begin it with a line such as #!/usr/bin/env python3, and make it executable with chmod +x"}
	}
	r := &runner{program: program, device: "cpu", args: []string{"{input}", "{output}"}}
	if leg.Device != nil {
		r.device = leg.Device.String()
	}
	if args, ok := leg.Options["args"]; ok {
		r.args = strings.Fields(args)
	}
	return r, nil
}

// Run writes the inputs, runs the program, and reads what it left.
func (r *runner) Run(ctx context.Context, in []verify.Array) (_ []verify.Array, err error) {
	folder, err := os.MkdirTemp("", "verify-command-*")
	if err != nil {
		return nil, &verify.Error{Msg: "no folder for the inputs of a command", Err: err}
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	input, output := filepath.Join(folder, "input"), filepath.Join(folder, "output")
	if err := errors.Join(os.Mkdir(input, 0o700), os.Mkdir(output, 0o700)); err != nil {
		return nil, &verify.Error{Err: err}
	}
	files, err := writeInputs(input, in)
	if err != nil {
		return nil, err
	}
	words, err := r.words(input, output, files)
	if err != nil {
		return nil, err
	}
	err = process.Run(ctx, append([]string{r.program}, words...), "", nil, 0)
	var ended *process.Ended
	switch {
	case errors.As(err, &ended):
		return nil, &Error{Program: r.program, Ended: ended}
	case errors.Is(err, fs.ErrNotExist):
		return nil, &verify.Error{Path: r.program, Msg: "cannot be started", Err: err, Remedy: "check that what its first line names is installed"}
	case err != nil && ctx.Err() == nil:
		return nil, &verify.Error{Path: r.program, Msg: "cannot be started", Err: err}
	case err != nil:
		return nil, err
	}
	out, err := readOutputs(output)
	if err != nil {
		return nil, &verify.Error{Path: r.program, Msg: "left no outputs that can be read", Err: err}
	}
	return out, nil
}

// Error says that a program did not end well.
type Error struct {
	Program string
	Ended   error // a *process.Ended: an exit code, a signal, a limit
}

// Error gives one line, with the last one that the program wrote.
func (e *Error) Error() string { return e.Program + ": " + e.Ended.Error() }

// Unwrap gives how it ended.
func (e *Error) Unwrap() error { return e.Ended }

// Describe tells how the program is started.
func (r *runner) Describe() map[string]string {
	return map[string]string{"program": r.program, "arguments": strings.Join(r.args, " ")}
}

// Close has nothing to free.
func (r *runner) Close() error { return nil }
