package inspect

import (
	"fmt"
	"path"
	"strings"
)

// script describes what a TorchScript archive holds, and lists its tensors.
func (i *inspection) script() []namedTensor {
	i.Script = &Script{Modules: []Module{}, Methods: []Method{}, Code: []Code{}, ExtraFiles: []ExtraFile{}}
	modules, err := i.file.ScriptModules()
	i.problem(err)
	for _, m := range modules {
		i.Script.Modules = append(i.Script.Modules, Module{m.Name, m.Class, m.Training})
	}
	for _, name := range i.file.CodeFiles() {
		code, err := i.file.Record(name)
		i.problem(err)
		if err == nil {
			text := string(code)
			i.Script.Code = append(i.Script.Code, Code{name, strings.Count(text, "\n"), text})
			i.Script.Methods = append(i.Script.Methods, methodsOf(moduleOf(name), text)...)
		}
	}
	for _, name := range i.file.ExtraFiles() {
		data, err := i.file.Record(path.Join("extra", name))
		i.problem(err)
		if err == nil {
			i.Script.ExtraFiles = append(i.Script.ExtraFiles, ExtraFile{name, len(data)})
		}
	}
	var named []namedTensor
	tensors, err := i.file.ScriptTensors()
	i.problem(err)
	for _, t := range tensors {
		named = append(named, namedTensor{t.Name, t.Role.String(), t.Tensor})
	}
	constants, err := i.file.Constants()
	i.problem(err)
	for n, t := range constants {
		if t != nil {
			named = append(named, namedTensor{fmt.Sprintf("CONSTANTS.c%d", n), "constant", t})
		}
	}
	return named
}

// moduleOf gives the module of a code file: code/__torch__/pkg.py is
// __torch__.pkg.
func moduleOf(name string) string {
	name = strings.TrimSuffix(strings.TrimPrefix(name, "code/"), ".py")
	return strings.ReplaceAll(name, "/", ".")
}

// methodsOf finds "def name(…) -> type:", over several lines, in each class.
func methodsOf(module, code string) []Method {
	var out []Method
	class, head := "", ""
	for line := range strings.Lines(code) {
		text := strings.TrimSpace(line)
		if rest, ok := strings.CutPrefix(line, "class "); ok {
			name, _, _ := strings.Cut(rest, "(")
			class = module + "." + strings.TrimSuffix(strings.TrimSpace(name), ":")
			continue
		}
		switch {
		case strings.HasPrefix(line, "def "):
			class, head = "", text
		case strings.HasPrefix(line, "  def "):
			head = text
		case head != "":
			head += " " + text
		}
		if head != "" && strings.HasSuffix(head, ":") {
			head = strings.TrimSuffix(strings.TrimPrefix(head, "def "), ":")
			out = append(out, Method{class, withoutSelfType(class, head)})
			head = ""
		}
	}
	return out
}

// withoutSelfType takes the type off self, which says nothing new.
func withoutSelfType(class, head string) string {
	if class == "" {
		return head
	}
	return strings.Replace(head, "self: "+class, "self", 1)
}
