package jit

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/seed06459138/torchgo/internal/ctorch"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
)

// MissingOperatorsError names all operators that a file's code calls and that
// libtorch does not know. libtorch itself names the first.
type MissingOperatorsError struct {
	Names []string // "torchvision::nms", sorted
	Err   error    // libtorch's own, of torch.CodeCompile
}

// Error names the operators and says what to do.
func (e *MissingOperatorsError) Error() string {
	text := "libtorch does not know " + strings.Join(e.Names, ", ")
	if ours := func(name string) bool { return !strings.HasPrefix(name, "aten::") }; slices.ContainsFunc(e.Names, ours) {
		text += "; load the library that registers them with torch.LoadOpLibrary before the module"
	}
	if slices.ContainsFunc(e.Names, func(name string) bool { return strings.HasPrefix(name, "aten::") }) {
		text += "; those of aten are of a later libtorch: use one as new as that which saved the module"
	}
	return text
}

// Unwrap gives libtorch's own error.
func (e *MissingOperatorsError) Unwrap() error { return e.Err }

// missing looks, when a module's code did not compile, for operators that it
// calls and that are not there. Where there are none, err is as it was.
func missing(err error, open func() (*checkpoint.File, error)) error {
	if !errors.Is(err, torch.CodeCompile) {
		return err
	}
	f, failed := open()
	if failed != nil {
		return err
	}
	defer f.Close()
	if names := unknownOperators(f); len(names) > 0 {
		return &MissingOperatorsError{names, err}
	}
	return err
}

// unknownOperators lists the operators that the code of an archive calls and that
// libtorch does not know.
func unknownOperators(f *checkpoint.File) []string {
	called := make(map[string]bool)
	for _, name := range f.CodeFiles() {
		if code, err := f.Record(name); err == nil {
			operatorsIn(string(code), called)
		}
	}
	var unknown []string
	for _, name := range slices.Sorted(maps.Keys(called)) {
		var known int32
		if torch.WrapError(name, ctorch.OperatorKnown(ctorch.CString(name), &known)) == nil && known == 0 {
			unknown = append(unknown, name)
		}
	}
	return unknown
}

// callForm finds the calls of operators in the code of an archive, which names
// those of aten after torch. Strings and comments are matched to be passed over.
var callForm = regexp.MustCompile(`"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|#[^\n]*|[\w.]*\b(?:ops\.(\w+)\.(\w+)|torch\.(\w+))\(`)

// operatorsIn adds the operators that code calls, as "namespace::name".
func operatorsIn(code string, called map[string]bool) {
	for _, m := range callForm.FindAllStringSubmatch(code, -1) {
		switch {
		case strings.HasPrefix(m[0], "ops."):
			called[fmt.Sprintf("%s::%s", m[1], m[2])] = true
		case strings.HasPrefix(m[0], "torch."):
			called["aten::"+m[3]] = true
		}
	}
}
