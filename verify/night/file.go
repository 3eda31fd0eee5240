package night

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"

	"github.com/seed06459138/torchgo/internal/layout"
)

// maxLine bounds a line of the file; the longest result seen has some 100 kB.
const maxLine = 64 << 20

// ErrNone says that a file is empty, or that its run was killed before it had written
// a line.
var ErrNone = errors.New("no night begins here")

// Error says why a file of a night cannot be used.
type Error struct {
	Path   string // or "" when the file was a stream
	Line   int    // 0 when it is about the whole file
	Msg    string
	Remedy string // or ""
	Err    error  // the cause, or nil
}

// Error gives "path: line 3: what is wrong: cause; remedy".
func (e *Error) Error() string {
	line := ""
	if e.Line > 0 {
		line = fmt.Sprintf("line %d", e.Line)
	}
	return layout.Fault(e.Remedy, e.Path, line, e.Msg, layout.Said(e.Err))
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// line is one line of the file; one of its fields is set.
type line struct {
	Night  *Header `json:"night,omitempty"`
	Result *Result `json:"result,omitempty"`
	End    *End    `json:"end,omitempty"`
}

// Read reads the file of a night, whole or of a run that was killed: a last line that
// was not written to its end is left out. Errors are of type *Error.
func Read(path string) (*Night, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, &Error{Path: path, Msg: "cannot be read", Err: reason(err)}
	}
	defer f.Close()
	n, _, err := read(f)
	return n, at(path, err)
}

// ReadHeader reads no more than the beginning of a night's file.
func ReadHeader(path string) (*Header, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, &Error{Path: path, Msg: "cannot be read", Err: reason(err)}
	}
	defer f.Close()
	text, err := readLine(bufio.NewReaderSize(f, 1<<16))
	if errors.Is(err, io.EOF) {
		return nil, &Error{Path: path, Line: 1, Msg: "no night begins here", Remedy: "name a file that verify suite wrote"}
	}
	if err != nil {
		return nil, &Error{Path: path, Line: 1, Msg: "cannot be read", Err: reason(err)}
	}
	n, err := (*Night)(nil).take(text, 1)
	if err != nil {
		return nil, at(path, err)
	}
	return &n.Header, nil
}

// ReadFrom reads a night from a stream, as Read does.
func ReadFrom(r io.Reader) (*Night, error) {
	n, _, err := read(r)
	return n, err
}

// read also tells where the last whole line ends.
func read(r io.Reader) (n *Night, whole int64, err error) {
	lines := bufio.NewReaderSize(r, 1<<16)
	for number := 1; ; number++ {
		text, err := readLine(lines)
		if errors.Is(err, io.EOF) { // what was not written to its end, or nothing
			if n == nil {
				return nil, 0, &Error{Line: number, Err: ErrNone, Remedy: "name a file that verify suite wrote"}
			}
			return n, whole, nil
		}
		if err != nil {
			return nil, 0, &Error{Line: number, Msg: "cannot be read", Err: err}
		}
		whole += int64(len(text))
		if n, err = n.take(text, number); err != nil {
			return nil, 0, err
		}
	}
}

// Nights reads one night after another from a stream, as a history is exported. The
// last may lack its end, as in Read. An error ends the sequence.
func Nights(r io.Reader) iter.Seq2[*Night, error] {
	return func(yield func(*Night, error) bool) {
		lines := bufio.NewReaderSize(r, 1<<16)
		var n *Night
		for number := 1; ; number++ {
			text, err := readLine(lines)
			switch {
			case errors.Is(err, io.EOF) && n != nil:
				yield(n, nil)
				return
			case errors.Is(err, io.EOF):
				yield(nil, &Error{Line: number, Msg: "no night begins here", Remedy: "name a file that verify suite wrote"})
				return
			case err != nil:
				yield(nil, &Error{Line: number, Msg: "cannot be read", Err: err})
				return
			}
			if n != nil && bytes.HasPrefix(text, []byte(`{"night":`)) {
				if !yield(n, nil) {
					return
				}
				n = nil
			}
			if n, err = n.take(text, number); err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// readLine reads to the end of a line, which it must have.
func readLine(r *bufio.Reader) (text []byte, err error) {
	for {
		part, err := r.ReadSlice('\n')
		text = append(text, part...)
		switch {
		case err == nil:
			return text, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		case len(text) > maxLine:
			return nil, fmt.Errorf("longer than %d MiB", maxLine>>20)
		}
	}
}

// take adds a line to the night, which the first line begins.
func (n *Night) take(text []byte, number int) (_ *Night, err error) {
	defer func() {
		var known *Error
		if errors.As(err, &known) {
			known.Line = number
		}
	}()
	var l line
	decoder := json.NewDecoder(bytes.NewReader(text))
	if err := decoder.Decode(&l); err != nil {
		return nil, &Error{Msg: "is not of a night", Err: err, Remedy: "name a file that verify suite wrote"}
	}
	switch {
	case n == nil && l.Night == nil:
		return nil, &Error{Msg: "no night begins here", Remedy: "name a file that verify suite wrote"}
	case n == nil && l.Night.Schema != Schema:
		return nil, &Error{Msg: fmt.Sprintf("is of format %q, not %s", l.Night.Schema, Schema), Remedy: "use the verify that wrote it"}
	case n == nil:
		return &Night{Header: *l.Night}, nil
	case l.Result != nil:
		n.Results = append(n.Results, *l.Result)
		n.End = nil // a resumed run has gone on
	case l.End != nil:
		n.End = l.End
	case l.Night != nil:
		return nil, &Error{Msg: "a second night begins", Remedy: "verify merge joins the files of shards"}
	}
	return n, nil
}

// Write writes a night as a whole, in the format that Read reads.
func (n *Night) Write(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(line{Night: &n.Header}); err != nil {
		return err
	}
	for i := range n.Results {
		if err := enc.Encode(line{Result: &n.Results[i]}); err != nil {
			return err
		}
	}
	if n.End == nil {
		return nil
	}
	return enc.Encode(line{End: n.End})
}

// at puts the path into an error.
func at(path string, err error) error {
	var known *Error
	if errors.As(err, &known) {
		known.Path = path
	}
	return err
}

// reason takes the path out of an error, which says it already.
func reason(err error) error {
	var cause *os.PathError
	if errors.As(err, &cause) {
		return cause.Err
	}
	return err
}
