//go:build torchgo_debug

package ctorch

import "runtime"

// sweep gives the collector and the cleanups it starts their turn at the worst
// moment: between the acquiring of a handle and the call that uses it. An object
// that native code still needs, but to which nothing in Go refers, is freed then,
// and its use is found by the address sanitizer, or crashes.
func sweep() {
	runtime.GC()
	runtime.Gosched()
}
