package verify

import (
	"fmt"
	"iter"
	"slices"

	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch/dtype"
	generated "github.com/seed06459138/torchgo/verify/inputs"
)

// InputSet is a further set of inputs from files.
type InputSet struct {
	Name  string
	Files []string // in the order of the method's arguments
}

// givenSet is the name of the inputs of Spec.Inputs.
const givenSet = "given"

// generates tells whether inputs are to be made.
func (s *Spec) generates() bool {
	return s.Generate != nil && (s.Generate.Random > 0 || len(s.Generate.Edges) > 0)
}

// gives tells whether Spec.Inputs are a set, which they are without files too where
// a method takes nothing.
func (s *Spec) gives() bool {
	return len(s.Inputs) > 0 || !s.generates() && len(s.Sets) == 0
}

// checkSets finds what is wrong with the sets before any file is opened.
func (s *Spec) checkSets() error {
	names := map[string]bool{givenSet: true}
	for _, set := range s.Sets {
		switch {
		case set.Name == "" || len(set.Files) == 0:
			return &Error{Msg: fmt.Sprintf("the set of inputs %q has no name or no files", set.Name), Remedy: "write --set NAME=FILE[,FILE…]"}
		case names[set.Name]:
			return &Error{Msg: "two sets of inputs are called " + set.Name}
		}
		names[set.Name] = true
	}
	computing := 0
	for _, l := range s.legs() {
		computing += b2i(l.Kind != kindExpected) // a kind that looks outputs up may know them
	}
	switch {
	case s.Generate != nil && s.Generate.Random < 0:
		return &Error{Msg: fmt.Sprintf("%d random sets are not possible", s.Generate.Random)}
	case s.Generate != nil && !s.generates():
		return &Error{Msg: "shapes and ranges are for inputs that are made", Remedy: "give --random N, --edge or both"}
	case s.SaveFailing != "" && !s.gives() && !s.generates() && len(s.Sets) == 0:
		return &Error{Msg: "there are no inputs to save"}
	case s.Expected != "" && !s.gives():
		return &Error{Path: s.Expected, Msg: "outputs were recorded for inputs that are not given", Remedy: "give those with --input; sets and random inputs come on top"}
	case computing < 2 && s.Keep == nil && (s.generates() || len(s.Sets) > 0):
		return &Error{Msg: "on inputs that nothing was recorded for, there is no second leg to compare with", Remedy: "give both --scripted and --state, or --leg"}
	}
	return nil
}

// bindSets checks all sets of inputs against the method, and makes the first the
// current round.
func (r *run) bindSets(signature *jit.Signature) error {
	if r.spec.gives() {
		in, err := newInputs(arraysOf(r.files.inputs), signature)
		if err != nil {
			return err
		}
		r.given = append(r.given, &round{name: givenSet, inputs: in, recorded: true})
	}
	for i, set := range r.spec.Sets {
		in, err := newInputs(arraysOf(r.files.sets[i]), signature)
		if err != nil {
			return err
		}
		r.given = append(r.given, &round{name: set.Name, inputs: in})
	}
	if r.spec.generates() {
		plan := *r.spec.Generate
		var err error
		if plan.Fields, err = r.fields(signature); err != nil {
			return err
		}
		if err := plan.Check(); err != nil {
			return &Error{Err: err}
		}
		r.plan, r.signature = &plan, signature
	}
	for first := range r.sets() {
		first.first = true
		r.round = first
		break
	}
	return nil
}

func arraysOf(files []*source) (all []namedArray) {
	for _, f := range files {
		all = append(all, f.arrays...)
	}
	return all
}

// sets gives a round for each set of inputs, the first of them the current one.
func (r *run) sets() iter.Seq[*round] {
	return func(yield func(*round) bool) {
		for _, d := range r.given {
			if !yield(d) {
				return
			}
		}
		if r.plan == nil {
			return
		}
		at := 0
		for set := range r.plan.Sets() {
			d := r.made(set, at >= r.plan.Random)
			if at++; at == 1 && len(r.given) == 0 && r.round != nil {
				d = r.round // it was made to see whether it fits
			}
			if !yield(d) {
				return
			}
		}
	}
}

// made gives the round of a set that was generated.
func (r *run) made(set generated.Set, edge bool) *round {
	in := &inputs{signature: r.signature}
	for _, a := range set.Arrays {
		in.arrays = append(in.arrays, namedArray{Array{Name: a.Name, DType: a.DType, Shape: a.Shape, Data: a.Data}, set.Name})
	}
	return &round{name: set.Name, inputs: in, edge: edge}
}

// fields says what to make for each argument: what was asked for, else of the shape
// and dtype of the inputs that are given, else what the schema says.
func (r *run) fields(signature *jit.Signature) ([]generated.Field, error) {
	asked := r.spec.Generate.Fields
	var known []generated.Field
	if len(r.given) > 0 {
		for i, a := range r.given[0].inputs.arrays {
			known = append(known, generated.Field{Name: r.given[0].inputs.argumentName(i), DType: a.DType, Shape: a.Shape})
		}
	}
	named := func(all []generated.Field, name string) *generated.Field {
		if i := slices.IndexFunc(all, func(f generated.Field) bool { return f.Name == name }); i >= 0 {
			return &all[i]
		}
		return nil
	}
	if signature == nil {
		for i, f := range known {
			if own := named(asked, f.Name); own != nil {
				known[i] = *own
			}
		}
		if len(known) == 0 {
			known = asked
		}
		return known, nil
	}
	for _, f := range asked {
		if !slices.ContainsFunc(signature.Arguments, func(a jit.Argument) bool { return a.Name == f.Name }) {
			return nil, &Error{Msg: fmt.Sprintf("there is a shape for %s, which %s does not take: %s", f.Name, signature.Name, signature), Remedy: "name one of its arguments"}
		}
	}
	var all []generated.Field
	for i, a := range signature.Arguments {
		field := named(asked, a.Name)
		if field == nil && i < len(known) {
			field = &known[i]
		}
		if field == nil && a.Default == nil {
			field = scalarField(a)
		}
		switch {
		case field != nil && len(all) == i:
			all = append(all, *field)
		case field != nil:
			return nil, &Error{Msg: fmt.Sprintf("there is a shape for %s, and none for %s before it", a.Name, signature.Arguments[len(all)].Name),
				Remedy: fmt.Sprintf("give --shape %s=… too", signature.Arguments[len(all)].Name)}
		case a.Default == nil:
			return nil, &Error{Msg: fmt.Sprintf("of the argument %s: %s neither a shape nor an example is known", a.Name, a.Type),
				Remedy: fmt.Sprintf("give --shape %s=1x3x224x224:float32, or --input", a.Name)}
		}
	}
	return all, nil
}

// scalarField gives what to make for an argument that is a number; nil for others.
func scalarField(a jit.Argument) *generated.Field {
	d, ok := map[string]dtype.DType{"int": dtype.Int64, "float": dtype.Float64, "bool": dtype.Bool}[plainType(a.Type)]
	if !ok {
		return nil
	}
	return &generated.Field{Name: a.Name, DType: d, Shape: []int64{}}
}
