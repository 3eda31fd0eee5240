// Package dtype names the element types of tensors and converts their small
// floating point kinds.
//
// The numbers of DType are those of c10::ScalarType, so a value crosses to
// libtorch and comes out of a TorchScript archive without translation. The
// package is pure Go and imports nothing of this module.
package dtype
