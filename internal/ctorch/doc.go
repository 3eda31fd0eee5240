// Package ctorch is torchgo's boundary to libtorch, and the only package that
// imports "C". It opens the shim, a shared library that hides libtorch behind
// the plain C functions of ts_api.h, and wraps each of them one to one.
//
// Nothing here is linked against libtorch: the shim is opened at first use, so
// that programs build, start and report a clear error on machines without it.
//
// The wrappers are as thin as a call can be. Handles, errors and values get
// their Go shape in handle.go, fault.go and mapped.go; packages torch and jit
// build the public API on these.
package ctorch

//go:generate go run ../tools/stubgen -dir .
