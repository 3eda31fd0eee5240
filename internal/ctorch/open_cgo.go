//go:build cgo

package ctorch

/*
#cgo LDFLAGS: -ldl
#include <stdlib.h>
#include "loader.h"
*/
import "C"

import (
	"errors"
	"unsafe"
)

// HasCgo tells whether this program was built with cgo.
const HasCgo = true

// Alloc gives n zeroed bytes that the collector neither sees nor frees, and that
// cgo need not look through when they are passed.
func Alloc(n uintptr) unsafe.Pointer { return C.calloc(1, C.size_t(n)) }

// open opens the shim at path; the caller holds the loader's lock.
func open(path string) error {
	p := C.CString(path)
	defer C.free(unsafe.Pointer(p))
	var message [4096]C.char
	if C.ts_open(p, &message[0], C.size_t(len(message))) != 0 {
		return errors.New(C.GoString(&message[0]))
	}
	return nil
}
