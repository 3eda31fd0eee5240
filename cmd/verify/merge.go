package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed06459138/torchgo/verify/night"
)

const mergeLong = `merge joins the journals of all shards of one run into the night of the whole
suite. A shard that is missing, checks without a result and results that are
there twice are told, and kept as notes of the night; files of another run or
another state of the suite are refused. Of two results of one check the later
one stands, unless the earlier one found it inconsistent.

With --wait it begins before the shards have ended, or are there: it waits until
all of them have a result of every check, and merges what there is when the time
is over. SHARD may then be a pattern in quotes, looked up each time.

Exit code: that of verify suite, and 2 when something is missing.`

// newMerge makes the command that joins shards.
func newMerge(stdout io.Writer, code *int) *cobra.Command {
	var output string
	var wait time.Duration
	cmd := &cobra.Command{
		Use:                   "merge [--output FILE] SHARD...",
		DisableFlagsInUseLine: true,
		Short:                 "join the results of the shards of a suite",
		Long:                  mergeLong,
		Example:               "  verify merge -o night.jsonl shard*.jsonl\n  verify merge -o night.jsonl --wait 8h 'shard*.jsonl'",
		Args:                  files("merge", "the journals of the shards", 1, 1<<16),
		RunE: func(cmd *cobra.Command, args []string) error {
			read := readShards
			if wait > 0 {
				read = func(patterns []string) ([]night.Part, error) { return awaitShards(cmd.Context(), patterns, wait) }
			}
			parts, err := read(args)
			if err != nil {
				return err
			}
			merged, err := night.Merge(parts...)
			if err != nil {
				return err
			}
			*code = merged.ExitCode()
			if output == "-" {
				return merged.Write(stdout)
			}
			if err := replace(output, merged.Write); err != nil {
				return fmt.Errorf("%s cannot be written: %w", output, err)
			}
			return merged.WriteText(stdout, textOptions(stdout))
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "night.jsonl", "`FILE` to write; - is standard output")
	cmd.Flags().DurationVar(&wait, "wait", 0, "`TIME` to wait for shards that are still running")
	return cmd
}

// replace writes a file as a whole: what was there stays until the new one is complete.
func replace(path string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // the first error is the one to tell
		}
	}()
	err = errors.Join(write(f), f.Chmod(0o644), f.Sync())
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
