// Command verify answers whether the files that were saved from one model still
// compute the same: see verify -h.
package main

import (
	"os"
	"runtime"

	"github.com/seed06459138/torchgo/verify"

	// The kinds of legs that verify does not have by itself.
	_ "github.com/seed06459138/torchgo/verify/aoti"
	_ "github.com/seed06459138/torchgo/verify/command"
	_ "github.com/seed06459138/torchgo/verify/onnx"
)

func main() {
	verify.EnableWorkers() // of --isolate and --libtorch, which are this program
	// libtorch keeps a pool of workers for each thread that calls it: one is enough.
	runtime.LockOSThread()
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}
