package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/seed06459138/torchgo/verify/history"
	"github.com/seed06459138/torchgo/verify/history/store"
	"github.com/seed06459138/torchgo/verify/html"
)

const historyLong = `history keeps what nights of verify suite found out, and tells what changed. It
lists the nights, or shows how one check went from night to night.

The nights are in a SQLite file, or in a PostgreSQL database for a team:
--db, else $TORCHGO_HISTORY, else history.db in the user's folder for state.

Exit code: 0, or 2 when the history cannot be read.`

const historyExamples = `  # Take in last night, and what is worse than before?
  verify history import night.jsonl
  verify history check

  # How did a model go since it is checked?
  verify history resnet50
  verify history resnet50 --html resnet50.html

  # One history for a team
  export TORCHGO_HISTORY=postgres://verify@db.example.com/nights
  verify history import night.jsonl`

// past holds what the flags of all commands about histories say.
type past struct {
	db    string
	suite string

	stdout, stderr io.Writer
	code           *int
}

// newHistory makes the command that shows a history, and those below it.
func newHistory(stdout, stderr io.Writer, code *int) *cobra.Command {
	p := &past{stdout: stdout, stderr: stderr, code: code}
	var last int
	var asJSON bool
	var page string
	cmd := &cobra.Command{
		Use:                   "history [--db FILE|URL] [--suite NAME] [CHECK [--html FILE]]",
		DisableFlagsInUseLine: true,
		Short:                 "keep nights of a suite, and tell what changed",
		Long:                  historyLong,
		Example:               historyExamples,
		Args:                  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) > 1:
				return fmt.Errorf("history takes one check, not %d; see verify history -h", len(args))
			case len(args) == 0 && page != "":
				return errors.New("--html is for one check: verify history CHECK --html FILE")
			case len(args) == 0:
				return p.list(cmd.Context(), last, asJSON)
			}
			return p.show(cmd.Context(), args[0], page, asJSON)
		},
	}
	all := cmd.PersistentFlags()
	all.SortFlags = false
	all.StringVar(&p.db, "db", "", "`FILE` of SQLite, or URL of PostgreSQL, with the history")
	all.StringVar(&p.suite, "suite", "", "`NAME` of the suite; that of the latest night by default")
	cmd.Flags().SortFlags = false
	cmd.Flags().IntVar(&last, "last", 30, "list the last `NUMBER` of nights; 0 lists them all")
	cmd.Flags().StringVar(&page, "html", "", "write how the check went as a page with charts to `FILE`")
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	cmd.AddCommand(newHistoryImport(p), newHistoryCheck(p), newHistoryExport(p), newHistoryPrune(p))
	return cmd
}

// where names the database: the flag, the environment, the user's folder for state.
func (p *past) where() (string, error) {
	if p.db != "" {
		return p.db, nil
	}
	if where := os.Getenv("TORCHGO_HISTORY"); where != "" {
		return where, nil
	}
	state := os.Getenv("XDG_STATE_HOME")
	if state == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("no folder for the history: %w; name a file with --db or $TORCHGO_HISTORY", err)
		}
		state = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(state, "torchgo", "history.db"), nil
}

// with opens the history for f.
func (p *past) with(ctx context.Context, open func(context.Context, string) (*store.Store, error), f func(*store.Store) error) (err error) {
	where, err := p.where()
	if err != nil {
		return err
	}
	s, err := open(ctx, where)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return f(s)
}

func (p *past) list(ctx context.Context, last int, asJSON bool) error {
	return p.with(ctx, store.Open, func(s *store.Store) error {
		nights, err := s.Nights(ctx, p.suite)
		switch {
		case err != nil:
			return err
		case asJSON:
			return history.WriteNightsJSON(p.stdout, nights)
		case p.suite != "" && len(nights) == 0:
			return fmt.Errorf("%s: there is no night of a suite %q; verify history lists them all", s.Where(), p.suite)
		}
		return history.WriteNights(p.stdout, s.Where(), nights, last)
	})
}

// show shows how one check went.
func (p *past) show(ctx context.Context, check, page string, asJSON bool) error {
	return p.with(ctx, store.Open, func(s *store.Store) error {
		suite := p.suite
		if suite == "" {
			suites, err := s.Suites(ctx)
			if err != nil {
				return err
			}
			if len(suites) > 0 {
				suite = suites[0]
			}
		}
		course, err := s.Course(ctx, suite, check)
		if err != nil {
			return err
		}
		if page != "" {
			if err := writeFile(page, p.stdout, func(w io.Writer) error { return html.WriteCourse(course, suite, w) }); err != nil {
				return fmt.Errorf("--html %s: %w", page, err)
			}
			if page == "-" {
				return nil
			}
		}
		if asJSON {
			return course.WriteJSON(p.stdout)
		}
		return course.WriteText(p.stdout, suite)
	})
}

// writeFile writes a file, or standard output when its name is "-".
func writeFile(path string, stdout io.Writer, write func(io.Writer) error) (err error) {
	if path == "-" {
		return write(stdout)
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return write(f)
}
