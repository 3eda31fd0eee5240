package certificate

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/verify"
)

// State says what became of a file since it was verified.
type State string

// The states of a file.
const (
	Same     State = "same"     // byte by byte the one that was verified
	Changed  State = "changed"  // another one under its name
	Missing  State = "missing"  // not there
	Unread   State = "unread"   // there, and can't be read
	Stranger State = "stranger" // asked for, and not in the certificate
)

// File is what was found out about one file.
type File struct {
	Name  string // in the certificate, or as it was asked for
	Path  string // where it lies
	State State
	Note  string // what else is to be said, or ""
}

// Result is what checking a certificate found out.
type Result struct {
	Statement *Statement
	Files     []File
	Verdict   verify.Verdict // Consistent only when all files are the same, and were found consistent
	Summary   string         // the verdict in words, one line
}

// ExitCode gives what a command returns: 0 the files are those that were found
// consistent, 1 they are not, 2 it can't be told.
func (r *Result) ExitCode() int { return r.Verdict.ExitCode() }

// Check tells whether files are those that a certificate is about: these, found by
// their content whatever they are called, or without any all that it names. Those
// are looked for as seen from the certificate's folder, and then in that folder
// itself, so that certificate and files can be moved together. It fails with an
// *Error when the certificate can't be used.
func Check(certificate string, files ...string) (*Result, error) {
	s, err := Read(certificate)
	if err != nil {
		return nil, err
	}
	r := &Result{Statement: s}
	var looks []func() File
	for _, path := range files {
		looks = append(looks, func() File { return s.recognise(path) })
	}
	if len(files) == 0 {
		for _, one := range s.Subject {
			looks = append(looks, func() File { return s.find(one, filepath.Dir(certificate)) })
		}
	}
	r.Files = make([]File, len(looks))
	var group sync.WaitGroup
	free := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, look := range looks {
		group.Go(func() {
			free <- struct{}{}
			r.Files[i] = look()
			<-free
		})
	}
	group.Wait()
	r.conclude()
	return r, nil
}

// find looks for a file of the certificate and compares it.
func (s *Statement) find(one Subject, folder string) File {
	native := filepath.FromSlash(one.Name)
	if !filepath.IsAbs(native) {
		native = filepath.Join(folder, native)
	}
	at := native
	if _, err := os.Stat(at); errors.Is(err, fs.ErrNotExist) {
		at = filepath.Join(folder, path.Base(one.Name))
	}
	f := File{Name: one.Name, Path: at}
	digest, err := hash(at)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.State, f.Path, f.Note = Missing, native, "it is neither there nor beside the certificate"
	case err != nil:
		f.State, f.Note = Unread, bare(err).Error()
	case digest == one.Digest.SHA256:
		f.State = Same
	default:
		f.State, f.Note = Changed, s.sameWeights(one, at)
	}
	return f
}

// recognise compares a file with all of the certificate.
func (s *Statement) recognise(at string) File {
	f := File{Name: at, Path: at}
	digest, err := hash(at)
	if errors.Is(err, fs.ErrNotExist) {
		f.State, f.Note = Missing, "there is no such file"
		return f
	}
	if err != nil {
		f.State, f.Note = Unread, bare(err).Error()
		return f
	}
	if i := slices.IndexFunc(s.Subject, func(one Subject) bool { return one.Digest.SHA256 == digest }); i >= 0 {
		f.State = Same
		if name := s.Subject[i].Name; path.Base(name) != filepath.Base(at) {
			f.Note = "it was verified as " + name
		}
		return f
	}
	f.State, f.Note = Stranger, "no file of the certificate has its content"
	for _, one := range s.Subject {
		if path.Base(one.Name) == filepath.Base(at) {
			f.State, f.Note = Changed, s.sameWeights(one, at)
		}
	}
	return f
}

// hash gives the SHA-256 of a regular file.
func hash(at string) (string, error) {
	info, err := os.Stat(at)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", errors.New("it is no regular file")
	}
	return checkpoint.HashFile(at)
}

// sameWeights says of a file that has changed when its weights have not, or "".
func (s *Statement) sameWeights(one Subject, at string) string {
	i := slices.IndexFunc(s.Predicate.Weights, func(w Weights) bool { return w.Name == one.Name })
	if i < 0 {
		return ""
	}
	w, err := weightsOf(at, s.Predicate.Weights[i].Key, "")
	if err != nil || w == nil || w.SHA256 != s.Predicate.Weights[i].SHA256 {
		return ""
	}
	return "another file with the same weights"
}

// conclude weighs what was found: a file that is another one decides before those
// that could not be looked at.
func (r *Result) conclude() {
	report := r.Statement.Predicate.Report
	when := report.Started.Format("2006-01-02")
	first := func(states ...State) *File {
		i := slices.IndexFunc(r.Files, func(f File) bool { return slices.Contains(states, f.State) })
		if i < 0 {
			return nil
		}
		return &r.Files[i]
	}
	switch {
	case first(Changed) != nil:
		r.Verdict, r.Summary = verify.Inconsistent, fmt.Sprintf("not confirmed: %s is not the file that was verified on %s", first(Changed).Path, when)
	case first(Stranger) != nil:
		r.Verdict, r.Summary = verify.Inconsistent, fmt.Sprintf("not confirmed: %s was not verified", first(Stranger).Path)
	case report.Verdict == verify.Inconsistent:
		r.Verdict, r.Summary = verify.Inconsistent, fmt.Sprintf("not confirmed: on %s the files were %s", when, report.Summary)
	case report.Verdict == verify.Unanswered:
		r.Verdict, r.Summary = verify.Unanswered, fmt.Sprintf("not confirmed: on %s there was no answer: %s", when, report.Summary)
	case first(Missing, Unread) != nil:
		r.Verdict, r.Summary = verify.Unanswered, fmt.Sprintf("can't answer: %s is %s", first(Missing, Unread).Path, first(Missing, Unread).State)
	default:
		r.Verdict, r.Summary = verify.Consistent, fmt.Sprintf("confirmed: these files were verified on %s, %s", when, report.Summary)
	}
}
