// Package functional has activations and losses as functions, under the names that
// torch.nn.functional gives them and with its defaults. Functions of one tensor can
// be steps of nn.Pipe. Options are a last argument that may be left out; zero fields
// have PyTorch's defaults. What torch.nn.functional has as an operator of libtorch is in
// package aten under its own name; upsampling and padding by their modes are modules.
//
// Results are the caller's, to be closed, and join the innermost scope of the
// tensors among the arguments. Everything is safe for concurrent use.
package functional

// option gives the options that were given, or none.
func option[T any](given []T) T {
	var none T
	if len(given) == 0 {
		return none
	}
	return given[0]
}
