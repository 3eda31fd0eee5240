package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/verify/inspect"
)

const inspectLong = `inspect says what a file holds: its kind and hashes, tensors, plain values,
and of TorchScript modules, methods and code. Of two files it says in what their
state_dicts differ: names, shapes, dtypes, bits. It reads torch.save archives,
TorchScript, safetensors, npy and npz, executes nothing and needs no libtorch.
Of TorchScript, parameters and buffers are compared.

Exit code: 0, or for two files 0 equal and 1 different; 2 when a file can't be
read or used.`

const inspectExamples = `  # What is in this checkpoint?
  verify inspect checkpoint.pt

  # Do both files hold the same weights?
  verify inspect model_scripted.pt checkpoint.pt --state-key ema_state_dict

  # The code of a TorchScript file
  verify inspect --json model_scripted.pt | jq -r '.files[0].script.code[].text'`

// newInspect makes the command that describes files.
func newInspect(stdout io.Writer, code *int) *cobra.Command {
	var key string
	var asJSON bool
	cmd := &cobra.Command{
		Use:                   "inspect [--state-key KEY] [--json] FILE [FILE]",
		DisableFlagsInUseLine: true,
		Short:                 "say what a file holds, or in what two differ",
		Long:                  inspectLong,
		Example:               inspectExamples,
		Args:                  files("inspect", "one file to describe or two to compare", 1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			report, err := inspect.Run(cmd.Context(), key, args...)
			if err != nil {
				return withStateKey(err)
			}
			if asJSON {
				err = report.WriteJSON(stdout)
			} else {
				err = report.WriteText(stdout)
			}
			*code = report.ExitCode()
			for _, f := range report.Files {
				if f.Problem != "" {
					err = errors.Join(err, errors.New(f.Problem))
					break
				}
			}
			return err
		},
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().StringVar(&key, "state-key", "", "`KEY` of the state_dict in its file; searched for by default")
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON; docs/inspect.schema.json describes it")
	return cmd
}

// files asks for so many names of files.
func files(command, what string, least, most int) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) < least || len(args) > most {
			return fmt.Errorf("%s takes %s, not %d; see verify %s -h", command, what, len(args), command)
		}
		return nil
	}
}

// withStateKey names the flag that chooses between several state_dicts.
func withStateKey(err error) error {
	var several *checkpoint.AmbiguousError
	if errors.As(err, &several) {
		return fmt.Errorf("%w with --state-key", err)
	}
	return err
}
