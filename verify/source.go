package verify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/seed06459138/torchgo/internal/layout"
	"github.com/seed06459138/torchgo/torch/checkpoint"
)

// source is one file of the question, read as far as that needs no libtorch.
type source struct {
	role   string
	path   string
	file   *checkpoint.File  // of scripted and state; nil for arrays
	arrays []namedArray      // of expected and input
	state  *checkpoint.State // of state
	entry  File              // for the report, without the hash
	digest func() (string, error)
}

// namedArray is an array of an npz file under its name; an npy file has "".
type namedArray struct {
	name string
	path string
	*checkpoint.Array
}

// sources holds the files of a question.
type sources struct {
	scripted, state, expected *source // nil where none was given
	inputs                    []*source
	all                       []*source
	hashing                   sync.WaitGroup
}

// The names of legs, which are also the roles of their files, and the role of
// input files.
const (
	legScripted = "scripted"
	legState    = "state"
	legExpected = "expected"
	asInput     = "input"
)

// readSources opens, maps and checks all files at once, and begins to hash them.
// Of several errors the first in the order of the question is returned.
func readSources(ctx context.Context, spec *Spec) (*sources, error) {
	s := &sources{}
	add := func(role, path string) *source {
		if path == "" {
			return nil
		}
		one := &source{role: role, path: path, entry: File{Role: role, Path: path}}
		s.all = append(s.all, one)
		return one
	}
	s.scripted = add(legScripted, spec.Scripted)
	s.state = add(legState, spec.State)
	s.expected = add(legExpected, spec.Expected)
	for _, path := range spec.Inputs {
		if path == "" {
			return s, &Error{Msg: "an input has no name", Remedy: "give --input a file"}
		}
		s.inputs = append(s.inputs, add(asInput, path))
	}

	errs := make([]error, len(s.all))
	var reading sync.WaitGroup
	for i, one := range s.all {
		one.digest = sync.OnceValues(one.hash)
		reading.Go(func() { errs[i] = one.read(spec) })
	}
	reading.Wait()
	for _, err := range errs {
		if err != nil {
			return s, s.explainSwap(err)
		}
	}
	for _, one := range s.all {
		s.hashing.Go(func() { _, _ = one.digest() }) // the error comes again where the hash is asked for
	}
	return s, ctx.Err()
}

// close lets go of the files.
func (s *sources) close() {
	s.hashing.Wait() // it reads the mappings
	for _, one := range s.all {
		if one.file != nil {
			_ = one.file.Close() // unmapping what was only read loses nothing
		}
	}
}

// read opens the file and checks that it is what its role asks for.
func (s *source) read(spec *Spec) error {
	info, err := os.Stat(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &Error{Path: s.path, Msg: "no such file", Remedy: s.nearby()}
	case err != nil:
		return &Error{Path: s.path, Msg: "cannot be read", Remedy: "check its permissions", Err: err}
	case info.IsDir():
		return &Error{Path: s.path, Msg: "is a folder", Remedy: "name a file in it"}
	case !info.Mode().IsRegular():
		return &Error{Path: s.path, Msg: "is no regular file", Remedy: "write what it gives to a file first: it is read more than once"}
	case info.Size() == 0:
		return &Error{Path: s.path, Msg: "the file is empty", Remedy: "save or copy it again"}
	}
	s.entry.Bytes = info.Size()
	switch s.role {
	case legScripted:
		return s.readScripted()
	case legState:
		return s.readState(spec.StateKey)
	default:
		return s.readArrays()
	}
}

// nearby says what to do about a missing file.
func (s *source) nearby() string {
	if dir := filepath.Dir(s.path); dir != "." {
		if _, err := os.Stat(dir); err != nil {
			return "the folder " + dir + " is not there either"
		}
	}
	return "check the name"
}

// open opens a torch file and compares every record with its checksum.
func (s *source) open() error {
	file, err := checkpoint.Open(s.path)
	if err != nil {
		return s.refuse(err)
	}
	s.file = file
	s.entry.Kind = file.Kind().String()
	return nil
}

func (s *source) checkSums() error {
	if err := s.file.CheckCRC(); err != nil {
		return &Error{Err: err}
	}
	return nil
}

func (s *source) readScripted() error {
	if err := s.open(); err != nil {
		return err
	}
	if kind := s.file.Kind(); kind != checkpoint.KindScript {
		return &kindError{s, kind}
	}
	return s.checkSums()
}

func (s *source) readState(key string) error {
	if err := s.open(); err != nil {
		return err
	}
	switch kind := s.file.Kind(); kind {
	case checkpoint.KindTorch, checkpoint.KindLegacy, checkpoint.KindSafetensors:
	default:
		return &kindError{s, kind}
	}
	if err := s.checkSums(); err != nil {
		return err
	}
	state, err := s.file.State(key)
	var ambiguous *checkpoint.AmbiguousError
	switch {
	case errors.As(err, &ambiguous):
		return &Error{Path: s.path, Msg: "holds more than one state_dict: " + strings.Join(ambiguous.Candidates, ", "),
			Remedy: "say which with --state-key " + ambiguous.Candidates[0]}
	case err != nil:
		return &Error{Err: err, Remedy: "save model.state_dict(), or name its place with --state-key"}
	}
	s.state = state
	s.entry.Holds = fmt.Sprintf("state_dict of %s", layout.Count(state.Len(), "tensor"))
	if state.Key != "" {
		s.entry.Holds = fmt.Sprintf("%s in %s", layout.Count(state.Len(), "tensor"), state.Key)
	}
	return nil
}

func (s *source) readArrays() error {
	switch kind := checkpoint.Sniff(s.path); kind {
	case checkpoint.KindNPY:
		s.entry.Kind = kind.String()
		a, err := checkpoint.ReadNPY(s.path)
		if err != nil {
			return s.refuse(err)
		}
		s.arrays = []namedArray{{"", s.path, a}}
	case checkpoint.KindNPZ:
		s.entry.Kind = kind.String()
		if err := s.readNPZ(); err != nil {
			return s.refuse(err)
		}
	case checkpoint.KindZip:
		if err := s.readNPZ(); err != nil {
			return s.refuse(err)
		}
	default:
		return &kindError{s, kind}
	}
	var parts []string
	for _, a := range s.arrays {
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("%s %s %s", a.name, a.DType(), layout.Shape(a.Shape()))))
	}
	s.entry.Holds = strings.Join(parts, ", ")
	return nil
}

func (s *source) readNPZ() (err error) {
	z, err := checkpoint.OpenNPZ(s.path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, z.Close()) }()
	for _, name := range z.Names() {
		a, err := z.Array(name)
		if err != nil {
			return err
		}
		s.arrays = append(s.arrays, namedArray{name, s.path, a})
	}
	return nil
}

// hash computes the SHA-256 of the file.
func (s *source) hash() (string, error) {
	if s.file != nil {
		return s.file.SHA256()
	}
	return checkpoint.HashFile(s.path)
}
