//go:build race || torchgo_debug

package torchtest

const slow = true
