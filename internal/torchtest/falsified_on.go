//go:build asan || race || torchgo_debug

package torchtest

// falsified: the address sanitizer has an allocator of its own, under the race
// detector pools drop what they are given at random, and torchgo_debug collects
// all the time.
const falsified = true
