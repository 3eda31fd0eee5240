package certificate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"

	"github.com/seed06459138/torchgo/internal/layout"
	"github.com/seed06459138/torchgo/verify"
)

// mostBytes is more than any certificate has: that of a check which found ten
// thousand differences takes a few MB.
const mostBytes = 64 << 20

// Error says why a certificate can't be used. It is one line.
type Error struct {
	Path   string // the certificate
	Msg    string // what is wrong, in words
	Remedy string // what to do about it, or ""
	Err    error  // the cause, or nil
}

// Error gives "path: what is wrong: cause; remedy".
func (e *Error) Error() string {
	return layout.Fault(e.Remedy, e.Path, e.Msg, layout.Said(e.Err))
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Read reads a certificate and makes sure that its parts agree. It fails with an
// *Error.
func Read(path string) (*Statement, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, &Error{Path: path, Msg: "cannot be read", Err: err}
	}
	const remedy = "name what verify --certify wrote"
	s := &Statement{}
	if err := json.Unmarshal(data, s); err != nil {
		return nil, &Error{Path: path, Msg: "is no certificate", Remedy: remedy, Err: err}
	}
	switch {
	case s.Type != StatementType:
		return nil, &Error{Path: path, Msg: fmt.Sprintf("is no certificate: its _type is %q", s.Type), Remedy: remedy}
	case s.PredicateType != PredicateType:
		return nil, &Error{Path: path, Msg: fmt.Sprintf("certifies something else: its predicateType is %q, not %s", s.PredicateType, PredicateType), Remedy: remedy}
	case s.Predicate.Report == nil:
		return nil, &Error{Path: path, Msg: "holds no report", Remedy: remedy}
	case s.Predicate.Report.Schema != verify.Schema:
		return nil, &Error{Path: path, Msg: fmt.Sprintf("holds a report of format %q, not %s", s.Predicate.Report.Schema, verify.Schema), Remedy: "check it with the torchgo that wrote it"}
	}
	if msg := s.contradiction(); msg != "" {
		return nil, &Error{Path: path, Msg: "contradicts itself: " + msg, Remedy: "verify the files again"}
	}
	return s, nil
}

// readFile reads a file that may be anything.
func readFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, bare(err)
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && !info.Mode().IsRegular() {
		return nil, errors.New("it is no regular file")
	}
	data, err := io.ReadAll(io.LimitReader(file, mostBytes+1))
	switch {
	case err != nil:
		return nil, bare(err)
	case len(data) > mostBytes:
		return nil, errors.New("it is too large for a certificate")
	}
	return data, nil
}

// bare takes the operation and the path off an error that names the file already.
func bare(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

var sha256Text = regexp.MustCompile("^[0-9a-f]{64}$")

// contradiction says in what the subjects and the report differ, or "".
func (s *Statement) contradiction() string {
	report := s.Predicate.Report
	switch report.Verdict {
	case verify.Consistent, verify.Inconsistent, verify.Unanswered:
	default:
		return fmt.Sprintf("%q is no verdict", report.Verdict)
	}
	if report.Verdict == verify.Consistent && len(s.Subject) == 0 {
		return "no files were consistent"
	}
	inReport := make(map[string]bool)
	for _, f := range report.Files {
		inReport[f.SHA256] = true
	}
	named, inSubject := make(map[string]bool), make(map[string]bool)
	for _, one := range s.Subject {
		switch {
		case one.Name == "" || named[one.Name]:
			return fmt.Sprintf("the name %q is empty or there twice", one.Name)
		case !sha256Text.MatchString(one.Digest.SHA256):
			return fmt.Sprintf("%q of %s is no SHA-256", one.Digest.SHA256, one.Name)
		case !inReport[one.Digest.SHA256]:
			return one.Name + " is not in the report"
		}
		named[one.Name], inSubject[one.Digest.SHA256] = true, true
	}
	for _, f := range report.Files {
		if !inSubject[f.SHA256] {
			return f.Path + " of the report is not among the subjects"
		}
	}
	return ""
}
