package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed06459138/torchgo/verify/history/store"
	"github.com/seed06459138/torchgo/verify/night"
)

const historyImportLong = `import takes nights into the history: files that verify suite or verify merge
wrote, or that verify history export wrote; - is standard input. Those of one
command are taken in in the order in which they began. A night that is there
already is left alone, and one that has gone on since then is replaced.

Exit code: 0 all are in the history, 2 some are not; the others are.`

// newHistoryImport makes the command that takes nights in.
func newHistoryImport(p *past) *cobra.Command {
	return &cobra.Command{
		Use:                   "import [--db FILE|URL] FILE...",
		DisableFlagsInUseLine: true,
		Short:                 "take nights in",
		Long:                  historyImportLong,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("import takes files that verify suite wrote; see verify history import -h")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return p.take(cmd, args) },
	}
}

func (p *past) take(cmd *cobra.Command, paths []string) error {
	ctx := cmd.Context()
	var errs []error
	files := beginnings(paths, cmd.InOrStdin(), &errs)
	if len(files) == 0 {
		return errors.Join(errs...) // and no history is made for nothing
	}
	err := p.with(ctx, store.Create, func(s *store.Store) error {
		for _, f := range files {
			if err := p.takeFile(ctx, s, f); err != nil {
				errs = append(errs, err)
				if ctx.Err() != nil || errors.Is(err, store.ErrLocked) || errors.Is(err, store.ErrFull) || errors.Is(err, store.ErrDamaged) {
					break // the next would fail as well
				}
			}
		}
		return nil
	})
	return errors.Join(append([]error{err}, errs...)...)
}

// nightFile is a file of one night or several.
type nightFile struct {
	path  string
	began time.Time // the first of them; zero of standard input
	open  func() (io.ReadCloser, error)
}

// beginnings looks when the nights of files began, to take them in in that order.
// Standard input comes first.
func beginnings(paths []string, stdin io.Reader, errs *[]error) (files []nightFile) {
	for _, path := range paths {
		if path == "-" {
			files = append(files, nightFile{path: path, open: func() (io.ReadCloser, error) { return io.NopCloser(stdin), nil }})
			continue
		}
		header, err := night.ReadHeader(path)
		if err != nil {
			*errs = append(*errs, err)
			continue
		}
		files = append(files, nightFile{path, header.Started, func() (io.ReadCloser, error) { return os.Open(path) }})
	}
	slices.SortStableFunc(files, func(a, b nightFile) int { return a.began.Compare(b.began) })
	return files
}

// takeFile takes in all nights of a file, and tells what became of each.
func (p *past) takeFile(ctx context.Context, s *store.Store, f nightFile) error {
	r, err := f.open()
	if err != nil {
		return err
	}
	defer r.Close()
	for n, err := range night.Nights(r) {
		if err != nil {
			var known *night.Error
			if errors.As(err, &known) {
				known.Path = f.path
			}
			return err
		}
		outcome, err := s.Take(ctx, n)
		if err != nil {
			return fmt.Errorf("%s: %w", f.path, err)
		}
		if _, err := fmt.Fprintf(p.stdout, "%s: night %s of %s %s\n", f.path, n.ID, n.Suite, outcome.Text()); err != nil {
			return err
		}
	}
	return nil
}
