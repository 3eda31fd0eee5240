package jit

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"unsafe"

	"github.com/seed06459138/torchgo/internal/ctorch"
)

// Save writes the module as a TorchScript file that torch.jit.load reads, in
// Python too, with its extra files. The file is replaced whole or not at all: it is written beside the
// old one, flushed to the disk, and renamed.
func (m *Module) Save(path string) error {
	if ctorch.HasNUL(path) {
		return &fs.PathError{Op: "save", Path: path, Err: fs.ErrInvalid}
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name()) // after the rename there is nothing left to remove
	err = m.with("save "+path, func(p *ctorch.Module) *ctorch.Error {
		return ctorch.ModuleSave(p, ctorch.CString(temporary.Name()))
	})
	// libtorch wrote through a descriptor of its own; flushing this one flushes the file.
	if err := errors.Join(err, temporary.Sync(), temporary.Chmod(0o644), temporary.Close()); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), path)
}

// WriteTo writes to w what Save writes to a file. It is made in memory first.
func (m *Module) WriteTo(w io.Writer) (int64, error) {
	var values *ctorch.Values
	if err := m.with("save", func(p *ctorch.Module) *ctorch.Error { return ctorch.ModuleSaveBytes(p, &values) }); err != nil {
		return 0, err
	}
	defer ctorch.ValuesFree(values)
	var archive *ctorch.Value
	var count int
	ctorch.ValuesRead(values, &archive, &count)
	n, err := w.Write(unsafe.Slice((*byte)(archive.P), archive.I))
	return int64(n), err
}
