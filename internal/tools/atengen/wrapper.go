package main

import (
	"fmt"
	"slices"
	"strings"
)

// wrapper is the Go function of one operator.
type wrapper struct {
	schema  *schema
	name    string
	options *options // nil: nothing has a default
}

// options is the struct of the arguments with defaults. Overloads of one operator
// that have the same ones share it.
type options struct {
	name   string
	fields []argument
	owner  *wrapper   // the one beside which it is written
	users  []*wrapper // all that take it
}

// wrap makes the wrappers of the schemas that have one.
func wrap(all []*schema) ([]*wrapper, error) {
	var wrappers []*wrapper
	named := make(map[string]*schema)
	for _, s := range all {
		if omitted(s) != "" {
			continue
		}
		w := &wrapper{schema: s, name: goName(s)}
		if other := named[w.name]; other != nil {
			return nil, fmt.Errorf("%s and %s would both be %s", other.full, s.full, w.name)
		}
		named[w.name] = s
		for _, a := range s.arguments {
			if _, ok := kindOf(a); !ok && !fixed(a) {
				return nil, fmt.Errorf("%s: the argument %s has the type %s, which kind.go does not know", s.full, a.name, a.kind)
			}
		}
		for _, r := range w.given() {
			if _, ok := gives[r.kind]; !ok {
				return nil, fmt.Errorf("%s: a result has the type %s, which kind.go does not know", s.full, r.kind)
			}
		}
		wrappers = append(wrappers, w)
	}
	share(wrappers)
	return wrappers, nil
}

// share gives the wrappers their options.
func share(wrappers []*wrapper) {
	sets := make(map[string]map[string]*options) // by operator, then by fields
	for _, w := range wrappers {
		var fields []argument
		for _, a := range w.schema.arguments {
			if a.optional && !fixed(a) {
				fields = append(fields, a)
			}
		}
		if fields == nil {
			continue
		}
		base, key := strings.TrimSuffix(w.schema.base, "_"), fmt.Sprint(fields)
		if sets[base] == nil {
			sets[base] = make(map[string]*options)
		}
		o := sets[base][key]
		if o == nil {
			o = &options{fields: fields}
			sets[base][key] = o
		}
		o.users = append(o.users, w)
		w.options = o
	}
	for base, set := range sets {
		for _, o := range set {
			o.owner = slices.MinFunc(o.users, func(a, b *wrapper) int { return a.variant() - b.variant() })
			o.name = o.owner.name + "Options"
			if len(set) == 1 {
				o.name = upper(base) + "Options"
			}
		}
	}
}

// variant orders the wrappers of an operator: that which gives new tensors first.
func (w *wrapper) variant() int {
	switch {
	case w.schema.inPlace():
		return 1
	case w.schema.out():
		return 2
	}
	return 0
}

// given are the results that the caller gets: those that are not arguments which
// were written to.
func (w *wrapper) given() []argument {
	var given []argument
	for _, r := range w.schema.results {
		if !r.written {
			given = append(given, r)
		}
	}
	return given
}

// parameters are the arguments that have to be given.
func (w *wrapper) parameters() []argument {
	var required []argument
	for _, a := range w.schema.arguments {
		if !a.optional {
			required = append(required, a)
		}
	}
	return required
}
