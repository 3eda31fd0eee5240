package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Fault is what is wrong in a file of YAML, and where: both numbers are from 1.
type Fault struct {
	Line, Column int
	Err          error
}

// Error gives "line 3, column 5: what is wrong".
func (f *Fault) Error() string { return fmt.Sprintf("line %d, column %d: %v", f.Line, f.Column, f.Err) }

// Unwrap gives what is wrong.
func (f *Fault) Unwrap() error { return f.Err }

func faultAt(node *yaml.Node, format string, args ...any) error {
	return &Fault{node.Line, node.Column, fmt.Errorf(format, args...)}
}

// Decode reads a document, of which there must not be two, into a struct whose fields
// have tags. An unknown key is an error, whose remedy is the schema, a file that lists
// them. Errors are of type *Fault where they have a place.
func Decode(data []byte, into any, schema string) error {
	var documents []yaml.Node
	if err := yaml.Load(data, &documents, yaml.WithAllDocuments()); err != nil {
		return explain(err, schema)
	}
	switch len(documents) {
	case 0:
		return nil
	case 1:
		return DecodeNode(&documents[0], into, schema)
	}
	return faultAt(&documents[1], "holds more than one document; write one into a file")
}

// DecodeNode is Decode of a part of a document.
func DecodeNode(node *yaml.Node, into any, schema string) error {
	return explain(node.Load(into, yaml.WithKnownFields()), schema)
}

var (
	unknownKey = regexp.MustCompile(`^field (.+) not found in type \S+$`)
	wrongType  = regexp.MustCompile("^cannot construct !!\\w+ `?([^`]*)`? ?into (\\S+)$")
)

// explain words an error of the decoder, of which the first fault is told.
func explain(err error, schema string) error {
	var ours *Fault
	if err == nil {
		return nil
	}
	if errors.As(err, &ours) {
		return ours
	}
	var first *yaml.LoadError
	if !errors.As(err, &first) {
		return err
	}
	f := &Fault{Line: max(first.Mark.Line, 1), Column: max(first.Mark.Column, 1), Err: errors.New(first.Message)}
	if m := unknownKey.FindStringSubmatch(first.Message); m != nil {
		f.Err = fmt.Errorf("unknown key %s; %s lists those there are", m[1], schema)
	} else if m := wrongType.FindStringSubmatch(first.Message); m != nil {
		wanted := "keys and values"
		if m[2] == "bool" {
			wanted = "true or false"
		}
		if f.Err = errors.New(wanted + " belong here"); strings.TrimSpace(m[1]) != "" {
			f.Err = fmt.Errorf("%s is not %s", strings.TrimSpace(m[1]), wanted)
		}
	}
	return f
}
