//go:build asan || torchgo_debug

package torchtest

// falsified: the address sanitizer has an allocator of its own, and torchgo_debug
// collects all the time.
const falsified = true
