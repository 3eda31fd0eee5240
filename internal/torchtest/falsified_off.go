//go:build !asan && !torchgo_debug

package torchtest

const falsified = false
