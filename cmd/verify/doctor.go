package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/seed06459138/torchgo/verify/doctor"
)

// newDoctor makes the command that says what torchgo runs on.
func newDoctor(stdout io.Writer, code *int) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "say what torchgo runs on here, and what is missing",
		Long: `doctor prints which Go, compiler, libtorch, shim, C++ ABI, CPU features and CUDA
devices are in use, where each came from, and what to do about what is missing.

Exit code: 0 when nothing that is needed is missing, else 2.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := doctor.Examine(cmd.Context())
			if !d.Healthy() {
				*code = exitUnanswered
			}
			return d.WriteText(stdout)
		},
	}
}
