// Command gotorch writes docs/gotorch.md from api.txt: what gotorch exported, and what
// there is here for it. A name of ours that does not exist is an error.
package main

import (
	"bytes"
	_ "embed"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

//go:generate go run . -root ../../..

//go:embed api.txt
var api string

// folders are those of the packages that api.txt names.
var folders = map[string]string{
	"torch": "torch", "aten": "torch/aten", "nn": "torch/nn", "functional": "torch/nn/functional", "initializer": "torch/nn/initializer",
	"optim": "torch/optim", "data": "torch/data", "images": "torch/data/images", "checkpoint": "torch/checkpoint",
	"mnist": "examples/mnist", "resnet": "examples/resnet/resnet",
}

// document is what is written, below the module's folder.
const document = "docs/gotorch.md"

func main() {
	root := flag.String("root", ".", "the module's folder")
	flag.Parse()
	text, err := render(*root)
	if err == nil {
		err = os.WriteFile(filepath.Join(*root, document), text, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gotorch:", err)
		os.Exit(1)
	}
}

// entry is a name that gotorch exports.
type entry struct {
	pkg, name string
	ours      []string // names of ours for it
	note      string
}

func parse(text string) ([]entry, error) {
	var all []entry
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Split(line, "\t")
		pkg, name, ok := strings.Cut(fields[0], " ")
		if !ok || len(fields) < 2 || len(fields) > 3 {
			return nil, fmt.Errorf("api.txt, line %d: %q is no package and name, names of ours and note", i+1, line)
		}
		e := entry{pkg: pkg, name: name}
		if fields[1] != "-" {
			e.ours = strings.Split(fields[1], ", ")
		}
		if len(fields) == 3 {
			e.note = fields[2]
		}
		if e.ours == nil && e.note == "" {
			return nil, fmt.Errorf("api.txt, line %d: %s has nothing of ours and no reason", i+1, fields[0])
		}
		all = append(all, e)
	}
	return all, nil
}

// exported lists what a package exports: functions, types with their methods and
// fields, variables and constants.
func exported(folder string) (map[string]bool, error) {
	names := make(map[string]bool)
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, d := range parsed.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				name := d.Name.Name
				if d.Recv != nil {
					name = receiver(d.Recv.List[0].Type) + "." + name
				}
				names[name] = true
			case *ast.GenDecl:
				for _, s := range d.Specs {
					addSpec(names, s)
				}
			}
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s: %w", folder, fs.ErrNotExist)
	}
	return names, nil
}

// receiver names the type of a method.
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

func addSpec(names map[string]bool, s ast.Spec) {
	switch s := s.(type) {
	case *ast.ValueSpec:
		for _, n := range s.Names {
			names[n.Name] = true
		}
	case *ast.TypeSpec:
		names[s.Name.Name] = true
		var members *ast.FieldList
		switch t := s.Type.(type) {
		case *ast.StructType:
			members = t.Fields
		case *ast.InterfaceType:
			members = t.Methods
		default:
			return
		}
		for _, m := range members.List {
			for _, n := range m.Names {
				names[s.Name.Name+"."+n.Name] = true
			}
		}
	}
}

// ourName is a name of ours in a note.
var ourName = regexp.MustCompile(`\b[a-z]+\.[A-Z]\w*(\.[A-Z]\w*)?`)

// check finds names of ours that are not there.
func check(root string, entries []entry) error {
	packages := make(map[string]map[string]bool)
	for _, e := range entries {
		for _, full := range append(ourName.FindAllString(e.note, -1), e.ours...) {
			pkg, name, _ := strings.Cut(full, ".")
			folder, ok := folders[pkg]
			if !ok {
				return fmt.Errorf("%s: there is no folder for package %s", full, pkg)
			}
			if packages[pkg] == nil {
				names, err := exported(filepath.Join(root, folder))
				if err != nil {
					return err
				}
				packages[pkg] = names
			}
			if last := name[strings.LastIndex(name, ".")+1:]; !packages[pkg][name] || !ast.IsExported(last) {
				return fmt.Errorf("%s, for gotorch's %s: there is no such name in %s", full, e.name, folder)
			}
		}
	}
	return nil
}

// Lines of gotorch's MNIST program, example/mnist/mnist.go of its last commit.
const (
	theirCommit = "9afed2f3ad7ba4fa5872f81c0dae82d7eeee06c5"
	theirLines  = 176
)

// ourProgram is the same program here.
const ourProgram = "examples/mnist/main.go"

func lines(path string) (int, error) {
	text, err := os.ReadFile(path)
	return bytes.Count(text, []byte("\n")), err
}

func render(root string) ([]byte, error) {
	entries, err := parse(api)
	if err != nil {
		return nil, err
	}
	if err := check(root, entries); err != nil {
		return nil, err
	}
	ours, err := lines(filepath.Join(root, ourProgram))
	if err != nil {
		return nil, err
	}
	without := 0
	for _, e := range entries {
		if e.ours == nil {
			without++
		}
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, `# Coming from gotorch

<!-- Written by make generate, from internal/tools/gotorch/api.txt. -->

[gotorch](https://github.com/wangkuiyi/gotorch) exported %d names; for %d of them there is something here, for the others the
reason stands beside them. Tensors are freed where a scope ends instead of by `+"`GC`"+`, nothing panics, modules are plain structs
with `+"`Forward`"+` typed for each, and files are Python's.

Its MNIST program (example/mnist/mnist.go at %s) has %d lines; [ours](../%s), which trains LeNet too, has %d.
The model stands beside either. What all examples share, going on after Ctrl-C, the bar and the plot, is in
[examples/training](../examples/training).

`, len(entries), len(entries)-without, theirCommit[:12], theirLines, ourProgram, ours)
	for at := 0; at < len(entries); {
		end := at
		for end < len(entries) && entries[end].pkg == entries[at].pkg {
			end++
		}
		title := entries[at].pkg
		if title == "." {
			title = "gotorch"
		}
		fmt.Fprintf(&out, "## %s\n\n| gotorch | here | |\n|---|---|---|\n", title)
		for _, e := range entries[at:end] {
			fmt.Fprintf(&out, "| `%s` | %s | %s |\n", e.name, quoted(e.ours), e.note)
		}
		fmt.Fprintln(&out)
		at = end
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

func quoted(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	all := slices.Clone(names)
	for i, n := range all {
		all[i] = "`" + n + "`"
	}
	return strings.Join(all, ", ")
}
