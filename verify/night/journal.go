package night

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"
)

// syncEvery bounds what a power cut can take. The end of the process takes nothing.
const syncEvery = time.Second

// maxHeader bounds the first line, which names all checks.
const maxHeader = 16 << 20

// ErrBusy says that another run has the journal open.
var ErrBusy = errors.New("another run is writing to it")

// Journal is the file of a night that is in progress. What Add returned for is kept
// when the process is killed. It is safe for concurrent use; one process at a time
// has it open.
type Journal struct {
	mu     sync.Mutex
	path   string
	file   *os.File
	size   int64 // of whole lines
	synced time.Time
}

// Create begins the journal of a night. A file that is there already is an error that
// fs.ErrExist matches, unless it is one whose run was killed before it had written a
// line.
func Create(path string, h Header) (*Journal, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, &Error{Path: path, Msg: "cannot be made", Err: reason(err)}
	}
	j := &Journal{path: path, file: f, synced: time.Now()}
	h.Schema = Schema
	if !unbegun(f) {
		err = &Error{Path: path, Msg: "cannot be made", Err: fs.ErrExist}
	}
	if err == nil {
		err = j.lock()
	}
	if err == nil && !unbegun(f) { // another run was faster
		err = &Error{Path: path, Msg: "cannot be made", Err: fs.ErrExist}
	}
	if err == nil {
		if err = j.cut(0); err == nil {
			err = j.append(line{Night: &h})
		}
	}
	if err != nil {
		_ = f.Close() // the first error is the one to tell
		return nil, err
	}
	return j, nil
}

// unbegun tells whether a file holds nothing, or a part of the first line of a night.
func unbegun(f *os.File) bool {
	const begin = `{"night":`
	head, err := io.ReadAll(io.NewSectionReader(f, 0, maxHeader))
	if err != nil || len(head) == maxHeader || bytes.ContainsRune(head, '\n') {
		return false
	}
	return strings.HasPrefix(begin, string(head)) || bytes.HasPrefix(head, []byte(begin))
}

// Resume opens the journal of a run that was stopped, to go on with it, and gives what
// it holds so far. A last line that was not written to its end is cut off.
func Resume(path string) (*Night, *Journal, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, nil, &Error{Path: path, Msg: "cannot be resumed", Err: reason(err)}
	}
	j := &Journal{path: path, file: f, synced: time.Now()}
	n, err := j.resume()
	if err != nil {
		_ = f.Close() // the first error is the one to tell
		return nil, nil, err
	}
	return n, j, nil
}

func (j *Journal) resume() (*Night, error) {
	if err := j.lock(); err != nil {
		return nil, err
	}
	n, whole, err := read(j.file)
	if err != nil {
		return nil, at(j.path, err)
	}
	if err := j.cut(whole); err != nil {
		return nil, &Error{Path: j.path, Msg: "cannot be resumed", Err: err}
	}
	return n, nil
}

// lock makes this process the only one that writes.
func (j *Journal) lock() error {
	err := syscall.Flock(int(j.file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK):
		return &Error{Path: j.path, Msg: "is in use", Err: ErrBusy, Remedy: "wait for it, or name another journal"}
	case err != nil:
		return &Error{Path: j.path, Msg: "cannot be locked", Err: err}
	}
	return nil
}

// cut makes the file end after whole bytes, and writing go on there.
func (j *Journal) cut(whole int64) error {
	if err := j.file.Truncate(whole); err != nil {
		return err
	}
	j.size = whole
	_, err := j.file.Seek(whole, io.SeekStart)
	return err
}

// Add writes the result of a check. When it fails, as on a full disk, the journal is
// as it was before, and the same result may be added again later.
func (j *Journal) Add(r Result) error { return j.append(line{Result: &r}) }

// Finish writes the end of the night.
func (j *Journal) Finish(e End) error { return j.append(line{End: &e}) }

func (j *Journal) append(l line) error {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(l); err != nil {
		return fmt.Errorf("%s: %w", j.path, err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, err := j.file.Write(text.Bytes()); err != nil {
		return errors.Join(&Error{Path: j.path, Msg: "cannot be written", Err: reason(err)}, j.cut(j.size))
	}
	j.size += int64(text.Len())
	if time.Since(j.synced) > syncEvery {
		j.synced = time.Now()
		if err := j.file.Sync(); err != nil {
			return &Error{Path: j.path, Msg: "cannot be written to the disk", Err: reason(err)}
		}
	}
	return nil
}

// Close writes what is left to the disk and gives the file free.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return errors.Join(j.file.Sync(), j.file.Close())
}
