//go:build !cgo

package ctorch

import "unsafe"

// HasCgo tells whether this program was built with cgo.
const HasCgo = false

// noCgo stands for the error of every call; it is recognised by its address.
var noCgo = new(Error)

// Alloc gives n zeroed bytes.
func Alloc(n uintptr) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(make([]byte, n))) }

func open(string) error { return ErrNoCgo }
