package nn

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/seed06459138/torchgo/torch"
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
	if l, ok := module.(moduleList); ok { // of which Python prints equal neighbours once
		children = folded(l)
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

// folded lists the modules of a list, with equal ones that follow each other as one.
func folded(l moduleList) []string {
	var lines []string
	begin, last := 0, ""
	flush := func(end int) {
		switch {
		case last == "":
		case end == begin+1:
			lines = append(lines, fmt.Sprintf("(%d): %s", begin, indent(last)))
		default:
			lines = append(lines, fmt.Sprintf("(%d-%d): %d x %s", begin, end-1, end-begin, indent(last)))
		}
	}
	all := l.Members()
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

// Describe tells of the parameters in the list, as Python's ParameterList does.
func (l moduleList) Describe() string {
	var lines []string
	for _, e := range l.Members() {
		if p, ok := e.Value.(*Parameter); ok {
			lines = append(lines, fmt.Sprintf("  (%s): %s", e.Name, p.describe()))
		}
	}
	return strings.Join(lines, "\n")
}

func (p *Parameter) describe() string {
	sizes := make([]string, len(p.Size()))
	for i, n := range p.Size() {
		sizes[i] = fmt.Sprint(n)
	}
	element, device := torch.Float32, ""
	if made(p.Tensor) {
		element = p.DType()
		if d := p.Device(); d != torch.CPU {
			device = fmt.Sprintf(" (%s)", d)
		}
	}
	return fmt.Sprintf("Parameter containing: [torch.%s of size %s%s]", element, strings.Join(sizes, "x"), device)
}

func indent(text string) string { return strings.ReplaceAll(text, "\n", "\n  ") }

// className names a module as Python would.
func className(module any) string {
	switch m := module.(type) {
	case *Linear:
		return nonzero(m.class, "Linear")
	case moduleList:
		if pointed(m.value.Type().Elem()) == parameterType.Elem() {
			return "ParameterList"
		}
		return "ModuleList"
	case moduleDict:
		return "ModuleDict"
	}
	name := pointed(reflect.TypeOf(module)).Name()
	name, _, _ = strings.Cut(name, "[")
	return name
}

// pyFloat writes a number as Python does.
func pyFloat(v float64) string {
	switch {
	case math.IsInf(v, 0):
		return strings.TrimPrefix(strings.ToLower(fmt.Sprint(v)), "+")
	case math.Abs(v) >= 1e16:
		return strconv.FormatFloat(v, 'e', -1, 64)
	}
	text := fmt.Sprintf("%v", v)
	if !strings.ContainsAny(text, ".eN") {
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
