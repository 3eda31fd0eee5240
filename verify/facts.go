package verify

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed06459138/torchgo/internal/layout"
	"github.com/seed06459138/torchgo/jit"
)

// facts are what the rest of a check asks of a module, in whatever process that is.
type facts interface {
	signatures() ([]jit.Signature, error)
	training() []string                     // submodules in training mode, when it was loaded
	holds() (string, error)                 // "2 parameters, 1 buffer"
	firstWeight() string                    // "fc.weight, is float32 [2, 4]", or ""
	writes() []string                       // what the method writes of the module
	draws() string                          // the operator that gives other numbers each time, or ""
	devices() ([]jit.DeviceConstant, error) // that the code names
}

// moduleFacts looks at a module of this process.
type moduleFacts struct {
	module *jit.Module
	method string
}

func (f moduleFacts) signatures() ([]jit.Signature, error)   { return f.module.Signatures() }
func (f moduleFacts) training() []string                     { return f.module.TrainingFlags() }
func (f moduleFacts) devices() ([]jit.DeviceConstant, error) { return f.module.DeviceConstants() }
func (f moduleFacts) writes() []string                       { return mutations(f.module, f.method) }

func (f moduleFacts) holds() (string, error) {
	tensors, err := f.module.Tensors()
	if err != nil {
		return "", err
	}
	counts := make(map[jit.Role]int)
	for _, t := range tensors {
		counts[t.Role]++
		t.Tensor.Close()
	}
	var parts []string
	for _, role := range []jit.Role{jit.Parameter, jit.Buffer, jit.Attribute, jit.Constant} {
		if n := counts[role]; n > 0 {
			parts = append(parts, layout.Count(n, role.String()))
		}
	}
	if len(parts) == 0 {
		return "no tensors", nil
	}
	return strings.Join(parts, ", "), nil
}

func (f moduleFacts) firstWeight() string {
	tensors, err := f.module.Tensors()
	if err != nil {
		return ""
	}
	text := ""
	for _, t := range tensors {
		if text == "" && t.Role == jit.Parameter {
			text = fmt.Sprintf("%s, is %s %s", t.Name, t.Tensor.DType(), layout.Shape(t.Tensor.Shape()))
		}
		t.Tensor.Close()
	}
	return text
}

func (f moduleFacts) draws() string {
	code, err := f.module.Code()
	if err != nil {
		return ""
	}
	if found := random.FindStringSubmatch(code); found != nil {
		return strings.TrimSuffix(found[1], "_")
	}
	return ""
}

// factsOf gives those of a leg; nil for legs without TorchScript code.
func (r *run) factsOf(l leg) facts {
	switch l := l.(type) {
	case *remoteLeg:
		if l.opened.Facts == nil {
			return nil
		}
		return l.opened.Facts
	case repeater:
		if m := l.model(); m != nil {
			return moduleFacts{m, r.spec.method()}
		}
	}
	return nil
}

// writesOf names what calls of a leg write to its module.
func (r *run) writesOf(l leg) []string {
	if f := r.factsOf(l); f != nil {
		return f.writes()
	}
	return nil
}

// findSignature looks a method up and names those there are when it is missing.
func findSignature(f facts, method, path string) (*jit.Signature, error) {
	all, err := f.signatures()
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(all, func(s jit.Signature) bool { return s.Name == method }); i >= 0 {
		return &all[i], nil
	}
	names := "none"
	if len(all) > 0 {
		listed := make([]string, len(all))
		for i, s := range all {
			listed[i] = s.Name
		}
		names = strings.Join(listed, ", ")
	}
	return nil, &Error{Path: path, Msg: fmt.Sprintf("has no method %s", method), Remedy: "it has " + names}
}
