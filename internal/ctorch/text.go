package ctorch

import (
	"strings"
	"unsafe"
)

// GoString copies a NUL-terminated C string; nil gives "".
func GoString(p *byte) string {
	if p == nil {
		return ""
	}
	n := 0
	for *(*byte)(unsafe.Add(unsafe.Pointer(p), n)) != 0 {
		n++
	}
	return string(unsafe.Slice(p, n))
}

// CString gives s with a NUL at its end, in Go memory, for a parameter of type
// const char *. A NUL inside s ends it early, so names with one are refused by
// their callers: see HasNUL.
func CString(s string) *byte {
	b := make([]byte, len(s)+1)
	copy(b, s)
	return &b[0]
}

// HasNUL tells whether s holds a NUL byte, which no path or name may have.
func HasNUL(s string) bool { return strings.IndexByte(s, 0) >= 0 }
