package main

import (
	"fmt"
	"regexp"
	"strings"
)

// schema is one operator as the dispatcher describes it.
type schema struct {
	text      string // "aten::add.Tensor(Tensor self, …) -> Tensor"
	full      string // "aten::add.Tensor"
	base      string // "add", and "add_" for the one in place
	overload  string // "Tensor"
	arguments []argument
	results   []argument
}

// argument is an argument or a result.
type argument struct {
	kind     string // without sizes and aliases, and int for SymInt: "Tensor", "int[]?", "Tensor?[]"
	name     string // "" for most results
	alias    string // the letter of the memory that it shares, or ""
	written  bool   // that memory is written to
	fallback string // the default as text
	optional bool   // has a default
}

var (
	schemaForm   = regexp.MustCompile(`^((?:\w+)::(\w+)(?:\.(\w+))?)\((.*)\) -> (.*)$`)
	aliasForm    = regexp.MustCompile(`\(([a-z])([^)]*)\)`)
	listSizeForm = regexp.MustCompile(`\[\d+\]`)
)

// parse reads a schema as libtorch prints it.
func parse(text string) (*schema, error) {
	m := schemaForm.FindStringSubmatch(text)
	if m == nil {
		return nil, fmt.Errorf("%q is not a schema", text)
	}
	s := &schema{text: text, full: m[1], base: m[2], overload: m[3]}
	for _, part := range split(m[4]) {
		if part == "*" { // what follows is by name only in Python; in the dispatcher it is in order
			continue
		}
		a, err := parseArgument(part, true)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.full, err)
		}
		s.arguments = append(s.arguments, a)
	}
	results := m[5]
	if strings.HasPrefix(results, "(") {
		results = strings.TrimSuffix(results[1:], ")")
	}
	for _, part := range split(results) {
		a, err := parseArgument(part, false)
		if err != nil {
			return nil, fmt.Errorf("%s: result: %w", s.full, err)
		}
		s.results = append(s.results, a)
	}
	return s, nil
}

// parseArgument reads "Tensor(a!) self" or "int[1]? dim=None".
func parseArgument(text string, named bool) (argument, error) {
	var a argument
	text, a.fallback, a.optional = strings.Cut(text, "=")
	kind, name, hasName := cutLast(text, ' ')
	if !hasName {
		kind, name = text, ""
	}
	if named && name == "" {
		return a, fmt.Errorf("%q has no name", text)
	}
	a.name = name
	if !strings.HasPrefix(kind, "Dict(") {
		if m := aliasForm.FindStringSubmatch(kind); m != nil {
			a.alias, a.written = m[1], strings.Contains(m[2], "!")
			kind = strings.Replace(kind, m[0], "", 1)
		}
	}
	// A SymInt is an int, which in Go is always known; "int[2]" takes one of another length too.
	a.kind = listSizeForm.ReplaceAllString(strings.Replace(kind, "SymInt", "int", 1), "[]")
	return a, nil
}

// split cuts at the commas that are in no brackets.
func split(text string) []string {
	var parts []string
	depth, from := 0, 0
	for i, c := range text {
		switch c {
		case '(', '[':
			depth++
		case ')', ']':
			depth--
		case ',':
			if depth == 0 {
				parts = append(parts, strings.TrimSpace(text[from:i]))
				from = i + 1
			}
		}
	}
	if last := strings.TrimSpace(text[from:]); last != "" {
		parts = append(parts, last)
	}
	return parts
}

// cutLast cuts at the last c that is outside of brackets.
func cutLast(text string, c byte) (before, after string, found bool) {
	depth := 0
	for i := len(text) - 1; i >= 0; i-- {
		switch {
		case text[i] == ')' || text[i] == ']':
			depth++
		case text[i] == '(' || text[i] == '[':
			depth--
		case text[i] == c && depth == 0:
			return text[:i], text[i+1:], true
		}
	}
	return text, "", false
}

// inPlace tells whether the operator writes to its first argument and is named for it.
func (s *schema) inPlace() bool { return strings.HasSuffix(s.base, "_") }

// out tells whether the operator writes its results to arguments that are given for that.
func (s *schema) out() bool {
	last := s.arguments[len(s.arguments)-1:]
	return !s.inPlace() && len(last) == 1 && last[0].written
}
