// Command verify answers whether the files that were saved from one model still
// compute the same: see verify -h.
package main

import (
	"os"
	"runtime"

	_ "github.com/seed06459138/torchgo/verify/onnx" // the kind of leg
)

func main() {
	// libtorch keeps a pool of workers for each thread that calls it: one is enough.
	runtime.LockOSThread()
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}
