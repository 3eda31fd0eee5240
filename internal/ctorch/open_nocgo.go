//go:build !cgo

package ctorch

// HasCgo tells whether this program was built with cgo.
const HasCgo = false

// noCgo stands for the error of every call; it is recognised by its address.
var noCgo = new(Error)

func open(string) error { return ErrNoCgo }
