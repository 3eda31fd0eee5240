package main

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
)

// goName turns ts_tensor_new or TS_TAG_NAMED_TUPLE into TensorNew, TagNamedTuple.
func goName(c string) string {
	var b strings.Builder
	c = strings.ToLower(c)
	for part := range strings.SplitSeq(strings.TrimPrefix(c, "ts_"), "_") {
		switch part {
		case "abi", "cpu", "cuda", "tf32":
			part = strings.ToUpper(part)
		default:
			r := []rune(part)
			r[0] = unicode.ToUpper(r[0])
			part = string(r)
		}
		b.WriteString(part)
	}
	return b.String()
}

// goParam keeps parameters clear of Go's keywords.
func goParam(c string) string {
	parts := strings.Split(c, "_")
	for i := range parts[1:] {
		parts[i+1] = goName(parts[i+1])
	}
	return strings.Join(parts, "")
}

var scalars = map[string]string{
	"int32_t": "int32", "int64_t": "int64", "uint32_t": "uint32", "uint64_t": "uint64",
	"size_t": "int", "double": "float64",
}

// goType gives the Go type of a C one. size_t is int: sizes beyond it cannot be held anyway.
func goType(ctype string) string {
	base := strings.TrimSpace(strings.ReplaceAll(strings.ReplaceAll(ctype, "const ", ""), "*", ""))
	stars := strings.Count(ctype, "*")
	var t string
	switch {
	case base == "void" && stars > 0:
		return strings.Repeat("*", stars-1) + "unsafe.Pointer"
	case base == "char":
		t = "byte"
	case strings.HasPrefix(base, "ts_"):
		t = goName(base)
	default:
		t = scalars[base]
	}
	return strings.Repeat("*", stars) + t
}

// cgoType gives the name by which cgo knows a C type.
func cgoType(ctype string) string {
	base := strings.TrimSpace(strings.ReplaceAll(strings.ReplaceAll(ctype, "const ", ""), "*", ""))
	return strings.Repeat("*", strings.Count(ctype, "*")) + "C." + base
}

func comment(b *bytes.Buffer, indent, doc string) {
	for line := range strings.SplitSeq(doc, "\n") {
		fmt.Fprintf(b, "%s\n", strings.TrimRight(indent+"// "+line, " "))
	}
}

// goDoc renames the C name that a comment begins with.
func goDoc(name, doc string) string { return strings.Replace(doc, name, goName(name), 1) }

func writeAPI(b *bytes.Buffer, h *header) {
	fmt.Fprintf(b, "// %s\n\npackage ctorch\n\nimport \"unsafe\"\n\n// The constants of ts_types.h and ts_api.h.\nconst (\n", banner)
	for _, c := range h.constants {
		fmt.Fprintf(b, "\t%s = %s", goName(c.name), c.value)
		if c.doc != "" {
			fmt.Fprintf(b, " // %s", c.doc)
		}
		fmt.Fprintln(b)
	}
	fmt.Fprint(b, ")\n")
	for _, t := range h.opaque {
		fmt.Fprintln(b)
		comment(b, "", goDoc(t.name, t.doc))
		fmt.Fprintf(b, "type %s struct{ _ [0]byte }\n", goName(t.name))
	}
	for _, s := range h.structs {
		fmt.Fprintln(b)
		comment(b, "", goDoc(s.name, s.doc))
		fmt.Fprintf(b, "type %s struct {\n", goName(s.name))
		for _, f := range s.fields {
			fmt.Fprintf(b, "\t%s %s", goName(f.name), goType(f.ctype))
			if f.doc != "" {
				fmt.Fprintf(b, " // %s", f.doc)
			}
			fmt.Fprintln(b)
		}
		fmt.Fprint(b, "}\n")
	}
}

func (f function) goSignature() string {
	parts := make([]string, len(f.params))
	for i, p := range f.params {
		parts[i] = goParam(p.name) + " " + goType(p.ctype)
	}
	result := ""
	if f.result != "void" {
		result = " " + goType(f.result)
	}
	return fmt.Sprintf("func %s(%s)%s", goName(f.name), strings.Join(parts, ", "), result)
}

func writeCgo(b *bytes.Buffer, h *header) {
	fmt.Fprintf(b, "// %s\n\n//go:build cgo\n\npackage ctorch\n\n/*\n#include \"zts_table.h\"\n\n", banner)
	for _, f := range h.functions {
		if f.steady {
			writeSteady(b, f)
		}
		fmt.Fprintf(b, "#cgo noescape %s\n#cgo nocallback %s\n", f.cgoName(), f.cgoName())
	}
	fmt.Fprint(b, "*/\nimport \"C\"\n\nimport \"unsafe\"\n\n// The Go structs must lie in memory as the C ones do; these lines do not compile otherwise.\nvar (\n")
	for _, s := range h.structs {
		g := goName(s.name)
		fmt.Fprintf(b, "\t_ [0]struct{} = [unsafe.Sizeof(%s{}) - unsafe.Sizeof(C.%s{})]struct{}{}\n", g, s.name)
		for _, f := range s.fields {
			fmt.Fprintf(b, "\t_ [0]struct{} = [unsafe.Offsetof(%s{}.%s) - unsafe.Offsetof(C.%s{}.%s)]struct{}{}\n", g, goName(f.name), s.name, f.name)
		}
	}
	fmt.Fprint(b, ")\n")
	for _, f := range h.functions {
		args := make([]string, len(f.params))
		for i, p := range f.params {
			switch {
			case f.steady && strings.Contains(p.ctype, "*"):
				args[i] = fmt.Sprintf("C.uintptr_t(uintptr(unsafe.Pointer(%s)))", goParam(p.name))
			case goType(p.ctype) == "unsafe.Pointer":
				args[i] = goParam(p.name)
			case strings.Contains(p.ctype, "*"):
				args[i] = fmt.Sprintf("(%s)(unsafe.Pointer(%s))", cgoType(p.ctype), goParam(p.name))
			default:
				args[i] = fmt.Sprintf("%s(%s)", cgoType(p.ctype), goParam(p.name))
			}
		}
		call := fmt.Sprintf("C.%s(%s)", f.cgoName(), strings.Join(args, ", "))
		switch {
		case f.result == "void":
		case strings.Contains(f.result, "*"):
			call = fmt.Sprintf("return (%s)(unsafe.Pointer(%s))", goType(f.result), call)
		default:
			call = fmt.Sprintf("return %s(%s)", goType(f.result), call)
		}
		fmt.Fprintln(b)
		comment(b, "", goDoc(f.name, f.doc))
		fmt.Fprintf(b, "%s {\n\t%s\n}\n", f.goSignature(), call)
	}
}

func writeNoCgo(b *bytes.Buffer, h *header) {
	fmt.Fprintf(b, "// %s\n\n//go:build !cgo\n\npackage ctorch\n\nimport \"unsafe\"\n\nvar _ unsafe.Pointer\n", banner)
	for _, f := range h.functions {
		body := ""
		switch {
		case f.result == "ts_error *":
			body = "return noCgo"
		case f.result != "void":
			body = "return 0"
		}
		fmt.Fprintf(b, "\n// %s does nothing without cgo.\n%s { %s }\n", goName(f.name), f.goSignature(), body)
	}
}
