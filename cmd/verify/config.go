package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/seed06459138/torchgo/verify/config"
)

// besideConfig are the flags that say nothing about the check itself.
var besideConfig = []string{"config", "json", "junit", "markdown", "html", "certify", "against", "name", "to", "quiet", "verbose"}

// configured takes the check from a file; flags that say something else are refused.
func (c *check) configured(flags *pflag.FlagSet) (err error) {
	flags.Visit(func(f *pflag.Flag) {
		if err == nil && !slices.Contains(besideConfig, f.Name) {
			err = fmt.Errorf("--%s stands beside --config %s, which describes the check; write it there", f.Name, c.config)
		}
	})
	if err != nil {
		return err
	}
	profile := c.spec.Profile
	if c.spec, err = config.Load(c.config); err != nil {
		return fmt.Errorf("--config %w", err)
	}
	c.spec.Profile = profile
	return nil
}

const initLong = `init looks at files and writes verify.yaml, which describes a check of them for
verify --config. The first TorchScript file is the reference and others are legs;
of arrays, those named y, expected or output were recorded. What can only be
guessed, such as the shape of an input, is a comment. It needs no libtorch.

Exit code: 0 written, 2 not written.`

// newInit makes the command that writes verify.yaml.
func newInit(stdout io.Writer) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:                   "init [--output FILE] FILE...",
		DisableFlagsInUseLine: true,
		Short:                 "write a verify.yaml that describes a check of files",
		Long:                  initLong,
		Example:               "  verify init model_scripted.pt model_state.pt x.npy expected.npy",
		Args:                  files("init", "the files to check", 1, 100),
		RunE: func(cmd *cobra.Command, args []string) error {
			folder := "."
			if output != "-" {
				folder = filepath.Dir(output)
			}
			text, err := config.Draft(cmd.Context(), folder, args...)
			if err != nil {
				return err
			}
			if output == "-" {
				_, err := stdout.Write(text)
				return err
			}
			return writeNew(output, text)
		},
	}
	cmd.Flags().StringVar(&output, "output", "verify.yaml", "`FILE` to write; - is standard output")
	return cmd
}

// writeNew writes a file that is not there yet.
func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%s is there already; remove it, or name another with --output", path)
	case err != nil:
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}
