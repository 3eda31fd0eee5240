package jit

import (
	"fmt"
	"slices"

	"github.com/seed06459138/torchgo/torch"
)

// keyword is a Value so that it can stand among the arguments of a call; inside
// of other values it is refused.
type keyword struct {
	torch.Value
	name string
}

// Keyword gives an argument by its name, as name=v does in Python:
//
//	v, err := m.Call("decode", tokens, jit.Keyword("beam", torch.Int(4)))
//
// Keywords follow what is given by position. Arguments between that have a
// default may be left out.
func Keyword(name string, v torch.Value) torch.Value { return keyword{v, name} }

// bind puts keywords and the defaults that they skip into the order of the
// arguments, and checks that all is there.
func (s *Signature) bind(args []torch.Value) ([]torch.Value, error) {
	positional := slices.IndexFunc(args, isKeyword)
	if positional < 0 {
		return args, s.count(len(args))
	}
	if positional > len(s.Arguments) {
		return nil, s.count(positional)
	}
	bound := make([]torch.Value, len(s.Arguments))
	given := make([]bool, len(bound))
	for i, v := range args[:positional] {
		bound[i], given[i] = v, true
	}
	for _, v := range args[positional:] {
		k, ok := v.(keyword)
		if !ok {
			return nil, s.refuse("an argument by position follows the keyword arguments")
		}
		i := slices.IndexFunc(s.Arguments, func(a Argument) bool { return a.Name == k.name })
		switch {
		case i < 0:
			return nil, s.refuse("has no argument %s", k.name)
		case given[i]:
			return nil, s.refuse("the argument %s is given twice", k.name)
		}
		bound[i], given[i] = k.Value, true
	}
	for i, a := range s.Arguments {
		switch {
		case given[i]:
		case a.Default == nil:
			return nil, s.refuse("the argument %s is missing", a.Name)
		default:
			bound[i] = a.Default
		}
	}
	return bound, nil
}

func isKeyword(v torch.Value) bool { _, ok := v.(keyword); return ok }

// count checks the number of arguments that are given by position.
func (s *Signature) count(n int) error {
	if n >= s.least && n <= len(s.Arguments) {
		return nil
	}
	return s.miscount(n)
}

// miscount is apart so that count is small enough to be inlined.
func (s *Signature) miscount(n int) error {
	if n > len(s.Arguments) {
		return s.refuse("takes %d arguments, %d were given", len(s.Arguments), n)
	}
	i := slices.IndexFunc(s.Arguments[n:], func(a Argument) bool { return a.Default == nil })
	return s.refuse("the argument %s is missing, %d were given", s.Arguments[n+i].Name, n)
}

func (s *Signature) refuse(format string, args ...any) error {
	return &torch.Error{Op: s.Name, Code: torch.CodeArgument, Msg: fmt.Sprintf(format, args...) + "; it is " + s.String()}
}
