package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/seed06459138/torchgo/verify"
)

// isolating holds the flags about the processes that legs compute in.
type isolating struct {
	isolate  bool
	timeout  string
	memory   string
	libtorch []string
}

func (i *isolating) declare(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&i.isolate, "isolate", false, "run each leg in a child process, so that a crash is the failure of that leg")
	f.StringVar(&i.timeout, "timeout", "", "`TIME` that a leg may take in all, such as 90s or 10m; implies --isolate")
	f.StringVar(&i.memory, "memory", "", "`SIZE` that its process may take, such as 512MiB or 4GiB; implies --isolate")
	f.StringSliceVar(&i.libtorch, "libtorch", nil, "run each leg with these `VERSIONS` of libtorch, with commas between them, in child processes; the first is the reference")
}

// apply says in spec what the flags ask for.
func (i *isolating) apply(spec *verify.Spec) (err error) {
	spec.Isolate, spec.Libtorch = i.isolate, i.libtorch
	if spec.Timeout, err = verify.ParseTimeout(i.timeout); err != nil {
		return fmt.Errorf("--timeout: %w", err)
	}
	if spec.Memory, err = verify.ParseMemory(i.memory); err != nil {
		return fmt.Errorf("--memory: %w", err)
	}
	return nil
}
