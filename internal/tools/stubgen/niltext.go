package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// writeNilCalls writes a call of each function that takes a handle, without one,
// for a test that none of them ends the process.
func writeNilCalls(b *bytes.Buffer, h *header) {
	fmt.Fprintf(b, "// %s\n\npackage ctorch\n\n// nilCalls call every function that takes a handle, with nil for it.\nvar nilCalls = map[string]func() *Error{\n", banner)
	for _, f := range h.functions {
		if !h.takesHandle(f) {
			continue
		}
		call := fmt.Sprintf("%s(%s)", goName(f.name), strings.Join(h.nilArguments(f), ", "))
		switch {
		case f.result == "ts_error *":
			fmt.Fprintf(b, "\t%q: func() *Error { return %s },\n", f.name, call)
		case strings.HasSuffix(f.name, "_free"):
			fmt.Fprintf(b, "\t%q: func() *Error { %s; return nil },\n", f.name, call)
		}
	}
	fmt.Fprint(b, "}\n")
}

// takesHandle tells whether the first parameter of a function is a handle.
func (h *header) takesHandle(f function) bool {
	return len(f.params) > 0 && h.isHandle(f.params[0].ctype)
}

func (h *header) isHandle(ctype string) bool {
	name := strings.TrimSuffix(strings.TrimPrefix(ctype, "const "), " *")
	return slices.ContainsFunc(h.opaque, func(t typedef) bool { return t.name == name })
}

// nilArguments gives nil for handles and for memory, and something to write to
// where the function has results.
func (h *header) nilArguments(f function) []string {
	args := make([]string, len(f.params))
	for i, p := range f.params {
		t := goType(p.ctype)
		switch {
		case !strings.Contains(p.ctype, "*"):
			args[i] = "0"
		case p.ctype == "const char *":
			args[i] = "CString(\"x\")"
		case h.isHandle(p.ctype), strings.HasPrefix(p.ctype, "const "), t == "unsafe.Pointer":
			args[i] = "nil"
		default:
			args[i] = "new(" + strings.TrimPrefix(t, "*") + ")"
		}
	}
	return args
}
