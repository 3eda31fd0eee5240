package nn

import (
	"fmt"
	"reflect"
	"strings"
)

// Describer is a module that tells what it was made with, as extra_repr does.
type Describer interface{ Describe() string }

// Print gives the tree of a module, in the words in which Python prints it.
func Print(module any) string {
	var lines []string
	if d, ok := module.(Describer); ok && d.Describe() != "" {
		lines = strings.Split(d.Describe(), "\n")
	}
	extra := len(lines)
	var children []string
	for _, e := range members(module) {
		if !isModule(e.Value) {
			continue
		}
		children = append(children, "("+e.Name+"): "+indent(Print(e.Value)))
	}
	if isList(module) {
		children = folded(module)
	}
	lines = append(lines, children...)
	name := className(module)
	switch {
	case len(lines) == 0:
		return name + "()"
	case extra == 1 && len(children) == 0:
		return name + "(" + lines[0] + ")"
	}
	return name + "(\n  " + strings.Join(lines, "\n  ") + "\n)"
}

// isList tells whether Python prints equal neighbours once.
func isList(module any) bool { _, ok := module.(slice); return ok }

// folded lists the modules of a list, with equal ones that follow each other as one.
func folded(module any) []string {
	var lines []string
	begin, last := 0, ""
	flush := func(end int) {
		switch {
		case end == begin:
		case end == begin+1:
			lines = append(lines, fmt.Sprintf("(%d): %s", begin, indent(last)))
		default:
			lines = append(lines, fmt.Sprintf("(%d-%d): %d x %s", begin, end-1, end-begin, indent(last)))
		}
	}
	all := members(module)
	for i, e := range all {
		text := ""
		if isModule(e.Value) {
			text = Print(e.Value)
		}
		if i > 0 && text == last {
			continue
		}
		flush(i)
		begin, last = i, text
	}
	flush(len(all))
	return lines
}

func indent(text string) string { return strings.ReplaceAll(text, "\n", "\n  ") }

// className names a module as Python would.
func className(module any) string {
	switch m := module.(type) {
	case *Linear:
		return nonzero(m.class, "Linear")
	case slice:
		return "ModuleList"
	}
	name := pointed(reflect.TypeOf(module)).Name()
	name, _, _ = strings.Cut(name, "[")
	return name
}

// pyFloat writes a number as Python does.
func pyFloat(v float64) string {
	text := fmt.Sprintf("%v", v)
	if !strings.ContainsAny(text, ".enI") {
		text += ".0"
	}
	return text
}

func pyBool(v bool) string {
	if v {
		return "True"
	}
	return "False"
}

// pyTuple writes sizes as Python does.
func pyTuple(v []int64) string {
	if len(v) == 1 {
		return fmt.Sprintf("(%d,)", v[0])
	}
	text := make([]string, len(v))
	for i, n := range v {
		text[i] = fmt.Sprint(n)
	}
	return "(" + strings.Join(text, ", ") + ")"
}
