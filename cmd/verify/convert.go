package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/seed06459138/torchgo/internal/layout"
	"github.com/seed06459138/torchgo/verify/convert"
)

const convertLong = `convert writes the weights in A as the file B, in the format that B's name ends
in: .pt, .pth, .bin or .ckpt is torch.save's, .safetensors and .npz themselves.
A may be any file that verify inspect reads. It executes nothing and needs no
libtorch.

Every tensor keeps its name, order, dtype, shape and bits. When something else
would be lost (values beside the state_dict, shared memory, requires_grad, code)
nothing is written unless --accept-loss says so. B appears whole or not at all.

Exit code: 0 written, 2 not written.`

const convertExamples = `  # A state_dict as safetensors, and back
  verify convert model_state.pt model_state.safetensors
  verify convert model_state.safetensors model_state.pt

  # The averaged weights of a checkpoint, without the rest of it
  verify convert checkpoint.pt ema.safetensors --state-key ema_state_dict \
    --accept-loss

  # A file of torch before 1.6 in today's format, in its place
  verify convert old.pth old.pth --force`

// newConvert makes the command that writes weights in another format.
func newConvert(stdout io.Writer) *cobra.Command {
	var opts convert.Options
	cmd := &cobra.Command{
		Use:                   "convert [--state-key KEY] [--accept-loss] [--force] A B",
		DisableFlagsInUseLine: true,
		Short:                 "write weights in another format: torch.save, safetensors, npz",
		Long:                  convertLong,
		Example:               convertExamples,
		Args:                  files("convert", "two files, the old and the new", 2, 2),
		RunE: func(_ *cobra.Command, args []string) error {
			result, err := convert.Convert(args[0], args[1], opts)
			if err != nil {
				return withFlags(err)
			}
			return printResult(stdout, args[0], args[1], result)
		},
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().StringVar(&opts.StateKey, "state-key", "", "`KEY` of the state_dict in A; searched for by default")
	cmd.Flags().BoolVar(&opts.AcceptLoss, "accept-loss", false, "write B although it holds less than A")
	cmd.Flags().BoolVar(&opts.Overwrite, "force", false, "replace B if it is there")
	return cmd
}

// withFlags names the flag that allows what was refused.
func withFlags(err error) error {
	var loss *convert.LossError
	switch {
	case errors.As(err, &loss):
		return fmt.Errorf("%w; --accept-loss writes it all the same", err)
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%w, or replace it with --force", err)
	}
	return withStateKey(err)
}

// printResult says what was written and what was not.
func printResult(w io.Writer, from, to string, r *convert.Result) error {
	what := "all of " + from
	if !r.Whole {
		what = layout.Count(r.Tensors, "tensor") + " of " + from
	}
	_, err := fmt.Fprintf(w, "%s: %s, %s\n", to, r.To, what)
	for _, loss := range r.Losses {
		if err == nil {
			_, err = fmt.Fprintln(w, layout.Hang("without  ", loss))
		}
	}
	return err
}
