package checkpoint

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// fileWriter counts what it writes and keeps the first error, so that a
// sequence of writes is checked once.
type fileWriter struct {
	out *bufio.Writer
	at  int64
	err error
}

func newFileWriter(w io.Writer) *fileWriter { return &fileWriter{out: bufio.NewWriterSize(w, 1<<18)} }

func (w *fileWriter) write(p []byte) {
	if w.err != nil {
		return
	}
	var n int
	n, w.err = w.out.Write(p)
	w.at += int64(n)
}

// eagerFile sends what it is given to the disk while more comes.
type eagerFile struct {
	file  *os.File
	at    int64
	begun int64 // up to where writing to disk was asked for
}

func (e *eagerFile) Write(p []byte) (int, error) {
	const step = 8 << 20
	total := 0
	for len(p) > 0 {
		n, err := e.file.Write(p[:min(len(p), step)])
		total += n
		e.at += int64(n)
		if err != nil {
			return total, err
		}
		p = p[n:]
		if e.at-e.begun >= step {
			startWriteback(e.file, e.begun, e.at-e.begun)
			e.begun = e.at
		}
	}
	return total, nil
}

// writeFile calls write with a temporary file in the folder of path, forces it
// to disk and renames it over path. Whatever happens before the rename leaves
// the old file whole; a map of the old file stays valid after it. A new file is
// readable by all, an existing one keeps its mode.
func writeFile(path string, write func(*fileWriter) error) (err error) {
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		path = resolved // replace what a link points at, not the link
	}
	mode := fs.FileMode(0o644)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	folder := filepath.Dir(path)
	file, err := os.CreateTemp(folder, "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	w := newFileWriter(&eagerFile{file: file})
	err = write(w)
	if err == nil {
		err = w.out.Flush()
	}
	if err == nil {
		err = file.Chmod(mode)
	}
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	if err = os.Rename(file.Name(), path); err != nil {
		return err
	}
	return syncFolder(folder)
}

// syncFolder makes the rename survive a power cut.
func syncFolder(folder string) error {
	dir, err := os.Open(folder)
	if err != nil {
		return nil // the file is in place; a folder that may not be read is not its fault
	}
	_ = dir.Sync() // some file systems cannot sync a folder
	return dir.Close()
}
