// Package torchtest is what tests that need libtorch share.
package torchtest

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/seed06459138/torchgo/torch"
)

// Main runs a package's tests and fails when native handles are left over. It
// is the body of TestMain.
func Main(m *testing.M) {
	flag.Parse()
	if torch.Open() != nil && !required() {
		// Examples cannot skip themselves.
		_ = flag.Set("test.skip", strings.TrimPrefix(flag.Lookup("test.skip").Value.String()+"|^Example", "|"))
	}
	code := m.Run()
	if code == 0 {
		code = leaked()
	}
	os.Exit(code)
}

// Require skips a test that needs libtorch where there is none; with
// TORCH_REQUIRE=1, as in 'make test', it fails instead.
func Require(t testing.TB) {
	t.Helper()
	err := torch.Open()
	switch {
	case err == nil:
	case required():
		t.Fatal(err)
	default:
		t.Skip("libtorch is missing: ", err)
	}
}

// RequireCUDA skips a test that needs a GPU where there is none; with
// TORCH_REQUIRE_GPU=1, as in 'scripts/gpu-test --require-gpu', it fails instead.
// Names of such tests begin with TestCUDA: by that they are counted.
func RequireCUDA(t testing.TB) {
	t.Helper()
	Require(t)
	n, missing, err := torch.DeviceCount(torch.DeviceCUDA)
	switch {
	case err != nil:
		t.Fatal(err)
	case n > 0:
	case os.Getenv("TORCH_REQUIRE_GPU") == "1":
		t.Fatalf("there is no GPU: %s", missing)
	default:
		t.Skipf("there is no GPU: %s", missing)
	}
}

// Undisturbed skips a test that measures time, memory or allocations in a program
// whose figures are those of a sanitizer.
func Undisturbed(t testing.TB) {
	t.Helper()
	if falsified {
		t.Skip("a sanitizer falsifies what this measures")
	}
}

// Repetitions gives how often a test repeats something: a hundredth of n, rounded up,
// under the race detector and where garbage is collected at every access, which make
// each time cost as many times as much.
func Repetitions(n int) int {
	if slow {
		return (n + 99) / 100
	}
	return n
}

func required() bool { return os.Getenv("TORCH_REQUIRE") == "1" }

// leaked gives the collector its turn, since tests may leave handles to it, and
// fails if any live on: then somebody still refers to them.
func leaked() int {
	for range 20 {
		if torch.LiveHandles() == 0 {
			return 0
		}
		runtime.GC()
		time.Sleep(10 * time.Millisecond)
	}
	fmt.Fprintf(os.Stderr, "%d native handles were never freed\n", torch.LiveHandles())
	return 1
}
