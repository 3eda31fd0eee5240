//go:build !torchgo_debug

package ctorch

// collect does nothing. With -tags torchgo_debug it collects garbage.
func collect() {}
