package main

import (
	"github.com/spf13/cobra"

	"github.com/seed06459138/torchgo/verify/history"
	"github.com/seed06459138/torchgo/verify/history/store"
)

const historyCheckLong = `check tells what is not as it was in the nights before: verdicts, tensors that
are newly uncovered, errors that grew tenfold inside the tolerance, latencies
and memory that are up by more than 10 % and by more than their noise, checks
that are new, have vanished or were not run, files with other bytes.

A night is held against earlier ones of the same suite on the same hardware, and
latencies and memory against the last 7 with the same device and libtorch.
Where numbers jump up for single nights, a rise is told when it has lasted.

Exit code: 0 nothing is newly worse, 1 something is, 2 it cannot be told: checks
were not run, or the history cannot be read.`

// newHistoryCheck makes the command that applies the rules to a night.
func newHistoryCheck(p *past) *cobra.Command {
	var id string
	var asJSON, quiet bool
	cmd := &cobra.Command{
		Use:                   "check [--suite NAME] [--night ID] [--json]",
		DisableFlagsInUseLine: true,
		Short:                 "tell what is worse than in the nights before",
		Long:                  historyCheckLong,
		Args:                  files("history check", "no files", 0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.with(cmd.Context(), store.Open, func(s *store.Store) error {
				nights, err := s.Past(cmd.Context(), p.suite, id)
				if err != nil {
					return err
				}
				report := history.Judge(nights)
				*p.code = report.ExitCode()
				switch {
				case asJSON:
					return report.WriteJSON(p.stdout)
				case quiet:
					_, err := p.stdout.Write([]byte(report.Summary() + "\n"))
					return err
				}
				return report.WriteText(p.stdout)
			})
		},
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().StringVar(&id, "night", "", "`ID` of the night; the latest by default")
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON; docs/changes.schema.json describes it")
	cmd.Flags().BoolVar(&quiet, "quiet", false, "print one line only")
	return cmd
}
