package checkpoint

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"sync"
)

// source is the bytes of one file: mapped, or behind an io.ReaderAt. It counts
// who still needs them and lets go when it is closed and nobody does.
type source struct {
	path string
	size int64
	data []byte      // the mapping, nil when r is read instead
	r    io.ReaderAt // beside a mapping only while the index is read
	shut func() error

	again *os.File // of a large mapping: what long passes map in windows

	mu     sync.Mutex
	holds  int
	closed bool
}

func openSource(path string) (*source, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if info.IsDir() {
		_ = file.Close()
		return nil, &FormatError{Path: path, Class: ErrNotTorch, Msg: "a folder, not a file; name the file inside it"}
	}
	if !info.Mode().IsRegular() {
		_ = file.Close()
		return nil, &FormatError{Path: path, Class: ErrNotTorch, Msg: "not a regular file; copy it to disk first"}
	}
	s := &source{path: path, size: info.Size(), r: file, shut: file.Close}
	if data, err := mapFile(file, info.Size()); err == nil && data != nil {
		s.data = data
		s.shut = func() error {
			err := errors.Join(s.settle(), unmapFile(data))
			if s.again != nil {
				err = errors.Join(err, s.again.Close())
			}
			return err
		}
	}
	return s, nil
}

// settle closes the file once its index was read, where the mapping serves for
// all that is left.
func (s *source) settle() error {
	file, ok := s.r.(*os.File)
	if !ok || s.data == nil {
		return nil
	}
	s.r = nil
	if s.size > fewResident {
		s.again = file
		return nil
	}
	return file.Close()
}

func readerSource(name string, r io.ReaderAt, size int64) *source {
	return &source{path: name, size: size, r: r, shut: func() error { return nil }}
}

// view returns n bytes at off: of the mapping where there is one, else a fresh
// copy. The caller must not write to them.
func (s *source) view(off, n int64) ([]byte, error) {
	if off < 0 || n < 0 || off > s.size || n > s.size-off {
		return nil, fail(ErrTruncated, "needs bytes %d to %d of %d; copy the file again", off, off+n, s.size)
	}
	if s.isClosed() {
		return nil, fmt.Errorf("%s: %w", s.path, ErrClosed)
	}
	if s.data != nil {
		return s.data[off : off+n : off+n], nil
	}
	if n == 0 {
		return nil, nil
	}
	buf := make([]byte, n)
	if got, err := s.r.ReadAt(buf, off); got < len(buf) {
		return nil, &FormatError{Class: ErrTruncated, Msg: fmt.Sprintf("read %d of %d bytes at %d", got, n, off), Err: err}
	}
	return buf, nil
}

// reader streams n bytes at off.
func (s *source) reader(off, n int64) io.Reader {
	return io.NewSectionReader(readerAt{s}, off, n)
}

type readerAt struct{ s *source }

func (r readerAt) ReadAt(p []byte, off int64) (int, error) {
	if r.s.data == nil {
		return r.s.r.ReadAt(p, off)
	}
	if off < 0 || off >= r.s.size {
		return 0, io.EOF
	}
	n := copy(p, r.s.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (s *source) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// hold keeps the bytes in place beyond close, until release is called.
func (s *source) hold() (release func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, fmt.Errorf("%s: %w", s.path, ErrClosed)
	}
	s.holds++
	var once sync.Once
	return func() {
		once.Do(func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.holds--
			if s.closed && s.holds == 0 {
				_ = s.shut() // nobody is left to tell; unmapping a mapping of ours does not fail
			}
		})
	}, nil
}

func (s *source) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	if s.holds > 0 {
		return nil
	}
	return s.shut()
}

// guard runs read and turns the fault that a mapped file raises, when somebody
// shortens it or the disk fails, into an error. Without it the fault is fatal.
func guard(s *source, read func() error) (err error) {
	if s.data == nil {
		return read()
	}
	release, err := s.hold()
	if err != nil {
		return err
	}
	defer release()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch fault := recover().(type) {
		case nil:
		case interface{ Addr() uintptr }:
			err = &FormatError{Path: s.path, Class: ErrTruncated, Msg: "the file became shorter or unreadable while it was mapped"}
		default:
			panic(fault)
		}
	}()
	return read()
}
