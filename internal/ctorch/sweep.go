//go:build !torchgo_debug

package ctorch

// sweep does nothing. With -tags torchgo_debug it collects garbage.
func sweep() {}
