package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/seed06459138/torchgo/internal/layout"
	"github.com/seed06459138/torchgo/verify/history/store"
)

// newHistoryPrune makes the command that takes old nights out.
func newHistoryPrune(p *past) *cobra.Command {
	var keep int
	cmd := &cobra.Command{
		Use:                   "prune [--db FILE|URL] --keep NUMBER",
		DisableFlagsInUseLine: true,
		Short:                 "take old nights out",
		Long: `prune takes all but the latest nights of each suite out of the history, and
gives the room back. verify history export saves them before.

Exit code: 0, or 2 when the history cannot be changed.`,
		Args: files("history prune", "no files", 0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if keep < 1 {
				return errors.New("--keep must say how many nights of each suite are to stay, one at the least")
			}
			return p.with(cmd.Context(), store.Open, func(s *store.Store) error {
				nights, err := s.Prune(cmd.Context(), keep)
				if err != nil {
					return err
				}
				size, err := s.Size(cmd.Context())
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(p.stdout, "%s: %s taken out, %s left\n", s.Where(), layout.Count(nights, "night"), layout.Size(size))
				return err
			})
		},
	}
	cmd.Flags().IntVar(&keep, "keep", 0, "`NUMBER` of nights of each suite that stay")
	return cmd
}
