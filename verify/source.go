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
	role   string // of the file in the report: the name of the first leg that reads it, input
	kind   string // of that leg; asInput
	path   string
	key    string            // where the state_dict is asked for
	file   *checkpoint.File  // of scripted and state; nil for arrays
	arrays []namedArray      // of expected and input
	state  *checkpoint.State // of state
	entry  File              // for the report, without the hash
	digest func() (string, error)
	err    error // why it could not be read

	checked bool // its checksums were compared, by the process that asks this one
}

// namedArray is an array of a file under its name there; an npy file has "".
type namedArray struct {
	Array
	path string
}

// sources holds the files of a question.
type sources struct {
	legs    []*source // of each leg; legs that read a file alike share it
	inputs  []*source
	sets    [][]*source // of each of Spec.Sets
	all     []*source   // each once, as reports list them
	hashing sync.WaitGroup
}

// asInput is the role and kind of input files.
const asInput = "input"

// readSources opens, maps and checks all files at once, and begins to hash them.
// Of the errors that end the check, the first in the order of the report is
// returned; a leg of Spec.Legs keeps its error to itself.
func readSources(ctx context.Context, spec *Spec) (*sources, error) {
	s := &sources{}
	fatal := make(map[*source]bool)
	add := func(role, kind, path, key string) *source {
		for _, known := range s.all {
			if known.path == path && known.key == key && readAlike(known.kind, kind) {
				return known
			}
		}
		one := &source{role: role, kind: kind, path: path, key: key, entry: File{Role: role, Path: path}}
		s.all = append(s.all, one)
		return one
	}
	legs := spec.legs()
	s.legs = make([]*source, len(legs))
	// What is recorded is listed behind what it was recorded of.
	for _, recorded := range []bool{false, true} {
		for i, l := range legs {
			if (l.Kind == kindExpected) != recorded {
				continue
			}
			s.legs[i] = add(strings.TrimSuffix(l.Name, l.suffix), l.Kind, l.File, spec.stateKey(l))
			fatal[s.legs[i]] = fatal[s.legs[i]] || l.flag != ""
		}
	}
	for _, path := range spec.Inputs {
		if path == "" {
			return s, &Error{Msg: "an input has no name", Remedy: "give --input a file"}
		}
		s.inputs = append(s.inputs, add(asInput, asInput, path, ""))
	}
	for _, set := range spec.Sets {
		var files []*source
		for _, path := range set.Files {
			files = append(files, add(asInput, asInput, path, ""))
		}
		s.sets = append(s.sets, files)
	}

	var reading sync.WaitGroup
	for _, one := range s.all {
		one.digest = sync.OnceValues(one.hash)
		reading.Go(func() { one.err = one.read() })
	}
	reading.Wait()
	for _, one := range s.all {
		if one.err != nil {
			one.err = s.explainSwap(one.err)
			if fatal[one] || one.kind == asInput {
				return s, one.err
			}
		}
	}
	for _, one := range s.all {
		if one.err != nil {
			continue
		}
		s.hashing.Go(func() { _, _ = one.digest() }) // the error comes again where the hash is asked for
	}
	return s, ctx.Err()
}

// stateKey says where the state_dict of a leg lies in its file.
func (s *Spec) stateKey(l LegSpec) string {
	switch {
	case !ofState(l.Kind):
		return ""
	case l.flag != "":
		return s.StateKey
	}
	return l.Options["key"]
}

// readAlike tells whether legs of two kinds, or inputs, read a file in the same way.
func readAlike(a, b string) bool {
	return a == b && a != asInput || ofModule(a) && ofModule(b)
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

// read opens the file and checks that it is what its kind asks for.
func (s *source) read() error {
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
	switch {
	case ofModule(s.kind):
		return s.readScripted()
	case ofState(s.kind):
		return s.readState()
	case s.kind == kindExpected, s.kind == asInput:
		return s.readArrays()
	}
	s.entry.Kind = checkpoint.Sniff(s.path).String()
	return nil
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
	if s.checked {
		return nil
	}
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

func (s *source) readState() error {
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
	state, err := s.file.State(s.key)
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
	if s.kind == kindCheckpoint {
		return s.noteCheckpoint()
	}
	return nil
}

// noteCheckpoint says what a checkpoint keeps beside the state_dict.
func (s *source) noteCheckpoint() error {
	root, ok := s.file.Value().(*checkpoint.Dict)
	if !ok || s.state.Key == "" {
		return &Error{Path: s.path, Msg: "is no checkpoint: it holds a state_dict and nothing else", Remedy: "give it as a leg of the kind state"}
	}
	in, _, _ := strings.Cut(s.state.Key, ".")
	var beside []string
	for key := range root.All() {
		if name, text := key.(checkpoint.String); text && string(name) != in {
			beside = append(beside, string(name))
		}
	}
	if len(beside) > 0 {
		s.entry.Holds += ", beside " + listText(beside, 4)
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
