package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed06459138/torchgo/internal/layout"
	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/doctor"
	"github.com/seed06459138/torchgo/verify/record"
	"github.com/seed06459138/torchgo/verify/suite"
)

const recordLong = `record runs a model, or every check of a suite, and keeps inputs, outputs and
statistics in a folder. On another machine, with another processor, GPU or
libtorch, verify --against FOLDER and verify suite --against FOLDER hold the
models against it; so does a leg of the kind record.

Only what is consistent is recorded: of a model alone, what it computes each
time. The first leg that computes gives the outputs. What was recorded of a
check before is replaced, at once. Files are called by their SHA-256 and shared
by checks; --prune removes those that no check names any more.

Exit code: 0 all is recorded, 1 a check is inconsistent, 2 one has no answer.`

const recordExamples = `  # What the model computes here; then on the machine with the GPU
  verify record --to records --scripted m.pt --input x.npy
  verify --against records --scripted m.pt --input x.npy --device cuda

  # Every check of a suite
  verify record --to records --suite zoo.yaml

  # Remove what nothing names any more
  verify record --prune records`

// recording holds what the flags of verify record say.
type recording struct {
	check
	to, suite, prune string
	selection        suite.Selection
}

// newRecord makes the command that records.
func newRecord(stdout, stderr io.Writer, code *int) *cobra.Command {
	r := &recording{check: check{stdout: stdout, stderr: stderr}}
	cmd := &cobra.Command{
		Use:                   "record --to FOLDER (--suite SUITE | --scripted FILE --input FILE)",
		DisableFlagsInUseLine: true,
		Short:                 "keep what models compute here, for other machines",
		Long:                  recordLong,
		Example:               recordExamples,
		Args:                  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			switch {
			case r.prune != "":
				return r.tidy()
			case r.to == "":
				return errors.New("--to is missing: the folder to record into")
			case r.suite != "":
				*code, err = r.all(cmd.Context())
			default:
				if err := r.ask(cmd.Flags()); err != nil {
					return err
				}
				*code, err = r.one(cmd.Context(), r.called(), r.spec)
			}
			return err
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&r.to, "to", "", "`FOLDER` to record into")
	f.StringVar(&r.suite, "suite", "", "record every check of this `SUITE`, in place of the flags that describe one")
	f.StringArrayVar(&r.selection.Only, "only", nil, "of the suite, the check of this `NAME` or pattern; repeatable")
	f.StringArrayVar(&r.selection.Skip, "skip", nil, "leave out the check of this `NAME` or pattern; repeatable")
	f.StringArrayVar(&r.selection.Tags, "tag", nil, "of the suite, checks with this `TAG`; repeatable")
	f.StringVar(&r.prune, "prune", "", "remove from this `FOLDER` what no check names, and do nothing else")
	f.StringVar(&r.name, "name", "", "`NAME` to record the check under; that of the file by default")
	r.declare(cmd)
	return cmd
}

// called gives the name of the check among records: the one that was asked for, that
// of the file that describes it, or of the model.
func (c *check) called() string {
	path := c.config
	switch {
	case c.name != "":
		return c.name
	case path == "" && c.spec.Scripted != "":
		path = c.spec.Scripted
	case path == "":
		path = c.spec.State
	case filepath.Base(path) == "verify.yaml":
		if folder, err := filepath.Abs(filepath.Dir(path)); err == nil {
			return filepath.Base(folder)
		}
	}
	base := filepath.Base(path)
	return strings.TrimSuffix(strings.TrimSuffix(base, filepath.Ext(base)), ".verify")
}

// one records a check and says in a line what became of it.
func (r *recording) one(ctx context.Context, name string, spec verify.Spec) (int, error) {
	if spec.Threads == 0 {
		spec.Threads = runtime.GOMAXPROCS(0)
	}
	host, err := verify.Here()
	if err != nil {
		return 0, err
	}
	report, recorded, err := record.At(r.to).Check(ctx, name, spec, doctor.Machine(ctx, host))
	if err != nil {
		return 0, err
	}
	outcome := "not recorded: " + report.Summary
	if recorded {
		outcome = "recorded " + layout.Count(len(report.Sets), "set")
	}
	_, err = fmt.Fprintln(r.stdout, layout.Hang(name+"  ", outcome))
	return report.ExitCode(), err
}

// all records the checks of a suite. One that cannot be put leaves the others alone.
func (r *recording) all(ctx context.Context) (code int, err error) {
	s, err := suite.Load(r.suite)
	if err != nil {
		return 0, err
	}
	checks, err := s.Select(r.selection)
	if err != nil {
		return 0, err
	}
	worse := map[int]int{0: 0, 2: 1, 1: 2} // as for a night: what is proved outweighs what is open
	for _, c := range checks {
		spec, err := c.Question(ctx)
		one := exitUnanswered
		if err == nil {
			spec.Isolate = true // a model that ends its process ends no other
			one, err = r.one(ctx, c.Name, spec)
		}
		if ctx.Err() != nil {
			return 0, errors.New("interrupted; what was recorded stays")
		}
		if err != nil {
			one = exitUnanswered
			if _, err := fmt.Fprintln(r.stdout, layout.Hang(c.Name+"  ", "not recorded: "+err.Error())); err != nil {
				return 0, err
			}
		}
		if worse[one] > worse[code] {
			code = one
		}
	}
	return code, nil
}

// tidy removes what no record names.
func (r *recording) tidy() error {
	p, err := record.At(r.prune).Prune()
	if err != nil {
		return err
	}
	text := fmt.Sprintf("%s, %s kept; %s of %s removed", layout.Count(p.Records, "check"), layout.Count(p.Kept, "file"), layout.Count(p.Removed, "file"), layout.Size(p.Bytes))
	if p.Missing > 0 {
		text += fmt.Sprintf("; %s missing: record those checks again", layout.Count(p.Missing, "file"))
	}
	_, err = fmt.Fprintln(r.stdout, layout.Hang("", text))
	return err
}
