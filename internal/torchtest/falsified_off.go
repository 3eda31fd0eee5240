//go:build !asan && !race && !torchgo_debug

package torchtest

const falsified = false
