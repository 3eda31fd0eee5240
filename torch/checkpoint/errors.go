package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// The classes of what can be wrong with a file. A *FormatError is one of them
// under errors.Is.
var (
	ErrNotTorch    = errors.New("not a file of a known kind")
	ErrKind        = errors.New("a file of another kind than asked for")
	ErrTruncated   = errors.New("file is truncated")
	ErrCRC         = errors.New("checksum does not match")
	ErrZip         = errors.New("malformed zip archive")
	ErrDuplicate   = errors.New("duplicate name")
	ErrOverlap     = errors.New("overlapping byte ranges")
	ErrTraversal   = errors.New("name leaves its folder")
	ErrCompressed  = errors.New("compression is not acceptable")
	ErrEncrypted   = errors.New("encrypted record")
	ErrVersion     = errors.New("unsupported format version")
	ErrPickle      = errors.New("malformed pickle")
	ErrUnsafe      = errors.New("unsafe global")
	ErrStorage     = errors.New("storage does not fit its record")
	ErrTensor      = errors.New("tensor does not fit its storage")
	ErrHeader      = errors.New("malformed header")
	ErrUnsupported = errors.New("not supported")
	ErrLimit       = errors.New("limit exceeded")
	ErrMissing     = errors.New("missing entry")
	ErrClosed      = errors.New("file is closed")
)

// FormatError says what is wrong with a file, where, and what to do about it.
type FormatError struct {
	Path   string // the file, as it was given
	Record string // the record inside it, such as "archive/data/3", or ""
	Class  error  // one of the Err… values of this package
	Msg    string // in words, with the remedy
	Err    error  // the cause, or nil
}

// Error returns "path: record: message: cause".
func (e *FormatError) Error() string {
	parts := make([]string, 0, 4)
	for _, part := range []string{e.Path, e.Record, e.Msg} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	if e.Err != nil {
		parts = append(parts, e.Err.Error())
	}
	return strings.Join(parts, ": ")
}

// Unwrap makes errors.Is and errors.As see the class and the cause.
func (e *FormatError) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Class}
	}
	return []error{e.Class, e.Err}
}

// UnsafeError names the global that a pickle wanted and that is not on the list
// of known constructors. errors.Is(err, ErrUnsafe) holds for it.
type UnsafeError struct {
	Module, Name string
	// Class is the class of the whole pickled object, such as
	// "my_model.MyModel" when the file is torch.save(model), or "".
	Class string
}

// Error names the global and says how to save the file instead.
func (e *UnsafeError) Error() string {
	global := printable(e.Module + "." + e.Name)
	if e.Class != "" {
		return fmt.Sprintf("pickle of a whole object of class %s (it asks for %s); save its state_dict() instead", printable(e.Class), global)
	}
	return fmt.Sprintf("refusing the global %s, which is not on the list of plain data; save tensors and plain values only", global)
}

// Is reports whether target is ErrUnsafe.
func (e *UnsafeError) Is(target error) bool { return target == ErrUnsafe }

// AmbiguousError says that a file holds more than one state_dict.
type AmbiguousError struct {
	Path       string
	Candidates []string // the keys to choose from, in file order
}

// Error lists the keys.
func (e *AmbiguousError) Error() string {
	return fmt.Sprintf("%s: more than one state_dict: %s; name the one that is meant", e.Path, strings.Join(e.Candidates, ", "))
}

// printable bounds and quotes text out of a file that goes into a message.
func printable(text string) string {
	const most = 120
	if len(text) > most {
		text = text[:most] + "…"
	}
	quoted := fmt.Sprintf("%q", text)
	return quoted[1 : len(quoted)-1]
}

func fail(class error, format string, args ...any) *FormatError {
	return &FormatError{Class: class, Msg: fmt.Sprintf(format, args...)}
}

func failRecord(class error, record, format string, args ...any) *FormatError {
	return &FormatError{Class: class, Record: printable(record), Msg: fmt.Sprintf(format, args...)}
}

// locate fills in the path and the record of an error that does not have them,
// and wraps an error of another type.
func locate(err error, path, record string) error {
	if err == nil {
		return nil
	}
	var format *FormatError
	if errors.As(err, &format) {
		if format.Path == "" {
			format.Path = path
		}
		if format.Record == "" {
			format.Record = printable(record)
		}
		return err
	}
	var unsafe *UnsafeError
	if errors.As(err, &unsafe) {
		return &FormatError{Path: path, Record: printable(record), Class: ErrUnsafe, Err: err}
	}
	var pathError *fs.PathError
	if errors.As(err, &pathError) || errors.Is(err, ErrClosed) {
		return err
	}
	return &FormatError{Path: path, Record: printable(record), Class: ErrNotTorch, Err: err}
}
