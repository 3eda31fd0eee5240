package main

import (
	"go/token"
	"strings"
)

// goName is the name of an operator's wrapper: the operator in Go's spelling, then
// the overload, then InPlace where ATen has an underscore at the end. "add_.Tensor"
// is AddTensorInPlace.
func goName(s *schema) string {
	name := upper(strings.TrimSuffix(s.base, "_")) + upper(s.overload)
	if s.inPlace() {
		name += "InPlace"
	}
	return name
}

// spelled are the words that have a spelling of their own in Go.
var spelled = map[string]string{"dtype": "DType", "cpu": "CPU", "id": "ID", "uplo": "UPLO"}

// upper makes "dim_IntList" DimIntList.
func upper(name string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(name, "_") {
		if s, ok := spelled[strings.ToLower(word)]; ok {
			b.WriteString(s)
		} else if word != "" {
			b.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return b.String()
}

// lower makes "grad_output" gradOutput, and A a; a name that Go or the wrapper
// itself uses gets the word for what it is behind it.
func lower(name string) string {
	if name == "" {
		return ""
	}
	first, rest, _ := strings.Cut(name, "_")
	if first == strings.ToUpper(first) {
		first = strings.ToLower(first)
	} else {
		first = strings.ToLower(first[:1]) + first[1:]
	}
	made := first + upper(rest)
	if token.IsKeyword(made) || reserved[made] {
		made += "Value"
	}
	return made
}

// reserved are the names that the body of a wrapper uses.
var reserved = map[string]bool{"args": true, "got": true, "opts": true, "err": true, "torch": true, "new": true}
