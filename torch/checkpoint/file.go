package checkpoint

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"slices"
	"sync"
)

// File is an open file. It is safe for concurrent reading. Memory that its
// tensors and storages hand out lies in the mapping and is valid until Close.
type File struct {
	src      *source
	kind     Kind
	settings settings
	value    Value
	meta     map[string]string // __metadata__ of safetensors
	script   *script           // TorchScript only

	archive   *zipIndex // nil for files that are not a zip
	version   int       // of the zip layout
	bigEndian bool

	digest func() (string, error) // computes the SHA-256 once
}

// Open reads the index of a file and maps the rest. What the file is follows
// from its content, never from its name. It fails with a *FormatError, or as
// os.Open does. The file must not be shortened while it is open; for a file that
// somebody may change use OpenReader, which does not map it.
func Open(path string, options ...Option) (*File, error) {
	src, err := openSource(path)
	if err != nil {
		return nil, err
	}
	return open(src, options)
}

// OpenReader reads a file of this size through r, which must stay usable until
// Close. Nothing is mapped: storages are read when they are asked for, and
// kept. The name is for messages.
func OpenReader(name string, r io.ReaderAt, size int64, options ...Option) (*File, error) {
	return open(readerSource(name, r, size), options)
}

func open(src *source, options []Option) (*File, error) {
	f := &File{src: src, settings: newSettings(src.size, options)}
	f.digest = sync.OnceValues(f.hashFile)
	err := guard(src, func() error {
		kind, err := sniff(src)
		if err != nil {
			return err
		}
		f.kind = kind
		if err := f.read(); err != nil {
			return err
		}
		return f.settings.allows(f.kind)
	})
	if err == nil {
		err = src.settle()
	}
	if err != nil {
		return nil, errors.Join(locate(err, src.path, ""), src.close())
	}
	return f, nil
}

func (s settings) allows(kind Kind) error {
	if len(s.only) > 0 && !slices.Contains(s.only, kind) {
		return fail(ErrKind, "is %s, not %s", kind, s.only[0])
	}
	return nil
}

// read reads the index of a file whose kind is known.
func (f *File) read() error {
	switch f.kind {
	case KindTorch, KindScript, KindNPZ, KindZip:
		return f.readArchive()
	case KindLegacy:
		return f.readLegacy()
	case KindSafetensors:
		return f.readSafetensors()
	case KindNPY:
		return f.readNPY()
	case KindEmpty:
		return fail(ErrNotTorch, "the file is empty; save or copy it again")
	case KindTar:
		return fail(ErrUnsupported, "a torch 0.1 tar archive, which cannot be read safely; load and save it again with torch before 2.6")
	case KindPickle:
		return fail(ErrNotTorch, "a bare pickle that torch.save did not write; save it with torch.save")
	}
	return fail(ErrNotTorch, "%s, which is not a file of PyTorch", f.kind)
}

// Path returns the path or name that the file was opened with.
func (f *File) Path() string { return f.src.path }

// Size returns its bytes.
func (f *File) Size() int64 { return f.src.size }

// Kind returns what the file is.
func (f *File) Kind() Kind { return f.kind }

// Version returns the version of the zip layout that the file declares, 0 for
// files that are not a torch zip.
func (f *File) Version() int { return f.version }

// Value returns the whole object of the file: what torch.load returns, the tree
// of *Object of a TorchScript archive, or a dict of the tensors of a safetensors
// or npz file. It is shared: do not change it.
func (f *File) Value() Value { return f.value }

// Metadata returns the __metadata__ of a safetensors file, nil for other files.
func (f *File) Metadata() map[string]string { return f.meta }

// Close lets go of the file. Memory that was handed out is invalid from then on,
// unless a Storage.Hold keeps it. Closing again does nothing.
func (f *File) Close() error { return f.src.close() }

// Hold keeps the mapping in place beyond Close until release is called.
func (f *File) Hold() (release func(), err error) { return f.src.hold() }

// CheckCRC compares every record of a zip with its checksum, on all processors.
// A checksum of 0 means that there is none. The *FormatError names the first
// damaged record. Files that are not a zip have no checksums: nil.
func (f *File) CheckCRC() error {
	if f.archive == nil {
		return nil
	}
	return locate(f.archive.checkAll(), f.src.path, "")
}

// SHA256 returns the hash of the file's bytes in hexadecimal. It is computed
// once.
func (f *File) SHA256() (string, error) { return f.digest() }

func (f *File) hashFile() (string, error) {
	h := sha256.New()
	err := guard(f.src, func() error {
		if f.src.data != nil {
			return f.src.pass(0, f.src.size, func(data []byte) { _, _ = h.Write(data) }) // a hash takes what it is given
		}
		_, err := io.Copy(h, f.src.reader(0, f.src.size))
		return err
	})
	if err != nil {
		return "", locate(err, f.src.path, "")
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// HashFile returns the SHA-256 of any file in hexadecimal, as File.SHA256 does of
// one that could be read.
func HashFile(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	_, err = io.Copy(h, file)
	if err = errors.Join(err, file.Close()); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
