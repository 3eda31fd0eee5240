package certificate

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/verify"
)

// StatementType is the _type of every certificate, that of in-toto's Statement v1.
const StatementType = "https://in-toto.io/Statement/v1"

// PredicateType names the predicate. Fields may be added under the same number;
// any other change raises it.
const PredicateType = "https://github.com/seed06459138/torchgo/verification/v1"

// Statement is a certificate.
type Statement struct {
	Type          string    `json:"_type"`         // StatementType
	Subject       []Subject `json:"subject"`       // the files that were verified; none when they could not be read
	PredicateType string    `json:"predicateType"` // PredicateType
	Predicate     Predicate `json:"predicate"`
}

// Subject is a file that was verified.
type Subject struct {
	Name   string `json:"name"` // its path from the certificate's folder, with slashes
	Digest Digest `json:"digest"`
}

// Digest is the hash of a file in hexadecimal.
type Digest struct {
	SHA256 string `json:"sha256"`
}

// Predicate is what was found out about the files.
type Predicate struct {
	Report  *verify.Report `json:"report"`  // as verify --json writes it
	Weights []Weights      `json:"weights"` // of the files that hold weights
}

// Weights identify what a file holds, whichever way it is laid out: a conversion
// to another format keeps their hash.
type Weights struct {
	Name    string `json:"name"`    // of the subject
	Key     string `json:"key"`     // of the state_dict in it, "" at its root
	Tensors int    `json:"tensors"` // how many there are
	SHA256  string `json:"sha256"`  // the content hash, of names, dtypes, shapes and elements: checkpoint.State.Hash
}

// New gives the certificate of a report that will lie in a folder, whatever the
// verdict. It reads the files with weights once more; one that has changed since
// it was verified is an error.
func New(report *verify.Report, folder string) (*Statement, error) {
	plain := *report
	plain.Comparisons = slices.Clone(report.Comparisons)
	for i, c := range plain.Comparisons {
		outputs := slices.Clone(c.Outputs)
		for k := range outputs {
			outputs[k].Profile = nil // it is for charts, and large
		}
		plain.Comparisons[i].Outputs = outputs
	}
	s := &Statement{Type: StatementType, Subject: []Subject{}, PredicateType: PredicateType, Predicate: Predicate{Report: &plain, Weights: []Weights{}}}
	for _, f := range report.Files {
		name, err := nameFrom(folder, f.Path)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(s.Subject, func(other Subject) bool { return other.Name == name }) {
			continue // one file in two roles
		}
		s.Subject = append(s.Subject, Subject{name, Digest{f.SHA256}})
		key := ""
		if f.Role != "scripted" {
			key = report.Settings.StateKey
		}
		weights, err := weightsOf(f.Path, key, f.SHA256)
		if err != nil {
			return nil, err
		}
		if weights != nil {
			weights.Name = name
			s.Predicate.Weights = append(s.Predicate.Weights, *weights)
		}
	}
	return s, nil
}

// Write writes the statement as indented JSON.
func (s *Statement) Write(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(s)
}

// nameFrom gives the path of a file as seen from a folder.
func nameFrom(folder, path string) (string, error) {
	from, err := filepath.Abs(folder)
	if err != nil {
		return "", err
	}
	to, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	name, err := filepath.Rel(from, to)
	if err != nil {
		name = to
	}
	return filepath.ToSlash(name), nil
}

// weightsOf hashes the weights of a file. Without an expected hash any file will
// do; nil without an error is one that holds no weights.
func weightsOf(path, key, expected string) (*Weights, error) {
	switch checkpoint.Sniff(path) {
	case checkpoint.KindTorch, checkpoint.KindLegacy, checkpoint.KindSafetensors, checkpoint.KindScript:
	default:
		return nil, nil
	}
	file, err := checkpoint.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	// The hash of the weights must be that of the same bytes.
	if digest, err := file.SHA256(); err != nil {
		return nil, err
	} else if expected != "" && digest != expected {
		return nil, fmt.Errorf("%s has changed since it was verified; verify it again", path)
	}
	state, err := file.State(key)
	if err != nil {
		return nil, nil // it holds other things, or several state_dicts
	}
	hash, err := state.Hash()
	if err != nil {
		return nil, err
	}
	return &Weights{Key: state.Key, Tensors: state.Len(), SHA256: hash.String()}, nil
}
