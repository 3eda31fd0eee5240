package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/seed06459138/torchgo/verify/history/store"
)

const historyExportLong = `export writes nights as lines of JSON, as verify suite writes one: what was
taken in comes out again, times in UTC. Of a damaged database it writes every
night that can be read.

Exit code: 0, or 2 when a night cannot be read; the others are written.`

// newHistoryExport makes the command that writes nights.
func newHistoryExport(p *past) *cobra.Command {
	var id, output string
	cmd := &cobra.Command{
		Use:                   "export [--suite NAME] [--night ID] [--output FILE]",
		DisableFlagsInUseLine: true,
		Short:                 "write nights as lines of JSON",
		Long:                  historyExportLong,
		Args:                  files("history export", "no files", 0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return p.with(ctx, store.Open, func(s *store.Store) error {
				return writeFile(output, p.stdout, func(w io.Writer) error {
					var errs []error
					written := 0
					for n, err := range s.Export(ctx, p.suite, id) {
						if err != nil {
							errs = append(errs, err)
							continue
						}
						if err := n.Write(w); err != nil {
							return err
						}
						written++
					}
					if written == 0 && errs == nil {
						return fmt.Errorf("%s: there is no such night; verify history lists them", s.Where())
					}
					return errors.Join(errs...)
				})
			})
		},
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().StringVar(&id, "night", "", "`ID` of one night; all by default")
	cmd.Flags().StringVar(&output, "output", "-", "`FILE` to write to; - is standard output")
	return cmd
}
