package jit

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/seed06459138/torchgo/torch"
)

// Part is a tensor that a module keeps.
type Part struct {
	Name   string // in the state_dict: "fc1.weight"
	Tensor *torch.Tensor
	Buffer bool // not a parameter
}

// Tracing says what a traced module is made of.
type Tracing struct {
	Class  string   // of the module: "LeNet"; "" is Traced
	Parts  []Part   // its parameters and buffers
	Inputs []string // names of the arguments of forward; without them x, or x0, x1, …

	// Checks are inputs that forward and the module are compared on, besides those that
	// are traced: other values, another size of batch. They find what a trace cannot
	// hold, such as an if on the values of a tensor.
	Checks [][]*torch.Tensor
	// RTol and ATol are what may lie between them; 1e-5 and 1e-5 where both are 0, as in
	// torch.jit.trace.
	RTol, ATol float64
}

// Trace makes a TorchScript module of a function written in Go, as torch.jit.trace
// does of Python: forward is called once, with inputs, and every operator that is
// called with them, with a part, or with what was computed from those, is recorded.
// What forward decides otherwise, by Go's own if and for, is fixed as it was for
// these inputs; a tensor that was made in another way becomes a constant. The module
// has the parts under their names and shares their memory; Python's torch.jit.load
// reads it when it was saved.
//
// The module is compared with forward, on inputs and on Checks, before it is given: a
// difference is an error of torch.CodeValue. forward must give the same for the same
// inputs, so modules are to be in evaluation mode. It must not write to parts. One trace
// is recorded at a time; the module is the caller's, to be closed.
func Trace(t Tracing, forward func(inputs ...*torch.Tensor) (torch.Value, error), inputs ...*torch.Tensor) (*Module, error) {
	if err := t.complete(len(inputs)); err != nil {
		return nil, err
	}
	m, err := t.record(forward, inputs)
	if err != nil {
		return nil, fmt.Errorf("trace %s: %w", t.Class, err)
	}
	for i, check := range append([][]*torch.Tensor{inputs}, t.Checks...) {
		if err := t.check(m, forward, check); err != nil {
			m.Close()
			what := "the traced inputs"
			if i > 0 {
				what = fmt.Sprintf("check %d", i)
			}
			return nil, fmt.Errorf("trace %s: on %s: %w", t.Class, what, err)
		}
	}
	return m, nil
}

// complete fills in names and refuses those that TorchScript cannot have.
func (t *Tracing) complete(inputs int) error {
	const op = "trace"
	if t.Class == "" {
		t.Class = "Traced"
	}
	if t.RTol == 0 && t.ATol == 0 {
		t.RTol, t.ATol = 1e-5, 1e-5
	}
	if len(t.Inputs) == 0 {
		for i := range inputs {
			name := "x"
			if inputs > 1 {
				name = fmt.Sprintf("x%d", i)
			}
			t.Inputs = append(t.Inputs, name)
		}
	}
	if len(t.Inputs) != inputs {
		return &torch.Error{Op: op, Code: torch.CodeArgument, Msg: fmt.Sprintf("%d names for %d inputs", len(t.Inputs), inputs)}
	}
	for _, name := range append([]string{t.Class}, t.Inputs...) {
		if !identifier.MatchString(name) || name == "self" || reserved[name] {
			return &torch.Error{Op: op, Code: torch.CodeArgument, Msg: fmt.Sprintf("%q cannot be the name of a class or an argument", name)}
		}
	}
	for _, p := range t.Parts {
		for word := range strings.SplitSeq(p.Name, ".") {
			if reserved[word] || word == "forward" || strings.ContainsFunc(word, func(r rune) bool { return r > unicode.MaxASCII }) {
				return &torch.Error{Op: op, Code: torch.CodeArgument, Msg: fmt.Sprintf("a part is called %s, and in TorchScript none can be called %q: give it another name", p.Name, word)}
			}
		}
	}
	return nil
}

var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// reserved are the words that the parser of TorchScript keeps for itself, and the name
// under which its code calls operators. Modules with such names can be saved, and not
// loaded.
var reserved = map[string]bool{
	"def": true, "if": true, "else": true, "elif": true, "while": true, "return": true, "is": true, "True": true, "False": true, "None": true,
	"and": true, "or": true, "not": true, "global": true, "for": true, "in": true, "raise": true, "assert": true, "break": true, "continue": true,
	"del": true, "pass": true, "class": true, "import": true, "with": true, "as": true, "Ellipsis": true, "NoneType": true, "torch": true,
}

// record calls forward and makes the module.
func (t *Tracing) record(forward func(...*torch.Tensor) (torch.Value, error), inputs []*torch.Tensor) (*Module, error) {
	trace, err := torch.NewTrace(t.Class)
	if err != nil {
		return nil, err
	}
	defer trace.Close()
	for _, p := range t.Parts {
		if err := trace.Register(p.Name, p.Tensor, p.Buffer); err != nil {
			return nil, err
		}
	}
	// Evaluated without a graph: what is traced is the computation.
	s := torch.NewScope(torch.NoGrad)
	defer s.Close()
	copies := make([]*torch.Tensor, len(inputs))
	for i, x := range inputs {
		if copies[i], err = x.Clone(); err != nil {
			return nil, err
		}
		s.Add(copies[i])
		if err := trace.Input(t.Inputs[i], copies[i]); err != nil {
			return nil, err
		}
	}
	result, err := forward(copies...)
	if err != nil {
		return nil, err
	}
	defer torch.CloseAll(result)
	native, err := trace.Finish(result)
	if err != nil {
		return nil, err
	}
	return adopt(native, settings{}).execute()
}

// check compares the module with forward.
func (t *Tracing) check(m *Module, forward func(...*torch.Tensor) (torch.Value, error), inputs []*torch.Tensor) error {
	s := torch.NewScope(torch.NoGrad)
	defer s.Close()
	// Copies for each, since both may write to them.
	args, values := make([]*torch.Tensor, len(inputs)), make([]torch.Value, len(inputs))
	for i, x := range inputs {
		a, err := x.Clone()
		if err != nil {
			return err
		}
		args[i] = s.Add(a)
		b, err := x.Clone()
		if err != nil {
			return err
		}
		values[i] = s.Add(b)
	}
	want, err := forward(args...)
	if err != nil {
		return err
	}
	defer torch.CloseAll(want)
	got, err := m.Call("forward", values...)
	if err != nil {
		return err
	}
	defer torch.CloseAll(got)
	c := comparison{rtol: t.RTol, atol: t.ATol}
	return c.values(got, want, "the result")
}
