package jit

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/seed06459138/torchgo/internal/ctorch"
	"github.com/seed06459138/torchgo/torch"
)

// Signature describes a method. Its slices are not to be written to.
type Signature struct {
	Name      string
	Schema    string // as libtorch prints it
	Arguments []Argument
	Results   []string // the types, as in TorchScript; one, but for unusual modules

	least int // arguments that a call by position must give
}

// Argument is one argument of a method, without self.
type Argument struct {
	Name    string
	Type    string      // as in TorchScript: "Tensor", "Optional[int]", "List[Tensor]"
	Default torch.Value // nil when it has none
}

// Signatures lists the methods.
func (m *Module) Signatures() ([]Signature, error) {
	list, err := m.list("list the methods", ctorch.ModuleMethods)
	if err != nil {
		return nil, err
	}
	all := make([]Signature, len(list))
	for i, v := range list {
		row := v.(torch.Tuple)
		all[i] = Signature{Name: string(row[0].(torch.String)), Schema: string(row[1].(torch.String))}
		for j, a := range row[2].(torch.List) {
			arg := a.(torch.Tuple)
			declared := Argument{Name: string(arg[0].(torch.String)), Type: string(arg[1].(torch.String))}
			if arg[2].(torch.Bool) {
				declared.Default = arg[3]
			} else {
				all[i].least = j + 1
			}
			all[i].Arguments = append(all[i].Arguments, declared)
		}
		for _, t := range row[3].(torch.List) {
			all[i].Results = append(all[i].Results, string(t.(torch.String)))
		}
	}
	return all, nil
}

// String gives the signature as Python would write it.
func (s Signature) String() string {
	args := make([]string, len(s.Arguments))
	for i, a := range s.Arguments {
		args[i] = a.String()
	}
	return fmt.Sprintf("%s(%s) -> %s", s.Name, strings.Join(args, ", "), strings.Join(s.Results, ", "))
}

// String gives the argument as Python would write it.
func (a Argument) String() string {
	if a.Default == nil {
		return a.Name + ": " + a.Type
	}
	return a.Name + ": " + a.Type + " = " + literal(a.Default)
}

// literal writes a default as Python would.
func literal(v torch.Value) string {
	switch v := v.(type) {
	case torch.None:
		return "None"
	case torch.Bool:
		if v {
			return "True"
		}
		return "False"
	case torch.Int:
		return strconv.FormatInt(int64(v), 10)
	case torch.Float:
		text := strconv.FormatFloat(float64(v), 'g', -1, 64)
		if !strings.ContainsAny(text, ".eIN") {
			text += ".0"
		}
		return text
	case torch.String:
		return strconv.Quote(string(v))
	case torch.Device:
		return strconv.Quote(v.String())
	case torch.List:
		return "[" + literals(v) + "]"
	case torch.Tuple:
		return "(" + literals(v) + ")"
	}
	return "…"
}

func literals(values []torch.Value) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = literal(v)
	}
	return strings.Join(texts, ", ")
}
