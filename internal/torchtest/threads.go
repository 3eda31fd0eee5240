package torchtest

import (
	"os"
	"regexp"
	"strconv"
	"testing"
)

var threadsLine = regexp.MustCompile(`(?m)^Threads:\s+(\d+)`)

// Threads counts the OS threads of this process; where that cannot be known, it
// skips the test.
func Threads(t testing.TB) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("the number of threads is not known: ", err)
	}
	m := threadsLine.FindSubmatch(status)
	if m == nil {
		t.Fatal("/proc/self/status has no line Threads")
	}
	n, err := strconv.Atoi(string(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	return n
}
