package checkpoint

import (
	"fmt"
	"slices"
	"strings"
)

// NPZ is an open npz file: a zip of npy files. It is safe for concurrent reading.
type NPZ struct {
	file  *File
	names []string
}

// OpenNPZ reads the directory of an npz file.
func OpenNPZ(path string, options ...Option) (*NPZ, error) {
	f, err := Open(path, options...)
	if err != nil {
		return nil, err
	}
	if f.kind != KindNPZ {
		_ = f.Close()
		return nil, &FormatError{Path: path, Class: ErrKind, Msg: "is a " + f.kind.String() + ", not an npz archive"}
	}
	z := &NPZ{file: f}
	for i := range f.archive.records {
		z.names = append(z.names, strings.TrimSuffix(f.archive.records[i].name, ".npy"))
	}
	return z, nil
}

// Names returns the names of the arrays in file order.
func (z *NPZ) Names() []string { return slices.Clone(z.names) }

// Array reads one array into memory, after comparing it with its checksum.
func (z *NPZ) Array(name string) (*Array, error) {
	r := z.file.archive.find(name + ".npy")
	if r == nil {
		return nil, &FormatError{Path: z.file.Path(), Class: ErrMissing,
			Msg: fmt.Sprintf("no array %s; it has %s", printable(name), printable(strings.Join(z.names, ", ")))}
	}
	var a *Array
	err := guard(z.file.src, func() (err error) {
		a, err = z.file.npzArray(r)
		return err
	})
	return a, locate(err, z.file.Path(), r.name)
}

// Close lets go of the file. Arrays that were read stay valid.
func (z *NPZ) Close() error { return z.file.Close() }

func (f *File) npzArray(r *record) (*Array, error) {
	if r.method != zipStored && r.size > f.settings.limit {
		return nil, failRecord(ErrLimit, r.name, "inflates to %d bytes, the limit is %d", r.size, f.settings.limit)
	}
	data, err := f.archive.checked(r)
	if err != nil {
		return nil, err
	}
	h, err := parseNPY(data, int64(len(data)))
	if err != nil {
		return nil, err
	}
	raw := data[h.start : h.start+h.size]
	return newArray(h.element, h.shape, h.fortran, append(make([]byte, 0, len(raw)), raw...))
}

// readNPZ makes a dict of tensors of an archive. Its arrays are small beside
// weights and often compressed, so they are read whole.
func (f *File) readNPZ() error {
	d := &Dict{}
	total := int64(0)
	for i := range f.archive.records {
		r := &f.archive.records[i]
		if total += r.size; total > f.settings.limit && r.method != zipStored {
			return failRecord(ErrLimit, r.name, "the arrays inflate to more than %d bytes", f.settings.limit)
		}
		a, err := f.npzArray(r)
		if err != nil {
			return locate(err, f.src.path, r.name)
		}
		t, err := a.Tensor()
		if err != nil {
			return err
		}
		if err := d.Set(String(strings.TrimSuffix(r.name, ".npy")), t); err != nil {
			return err
		}
	}
	f.value = d
	return nil
}

// NamedTensor is a tensor and the name it is written under.
type NamedTensor struct {
	Name   string
	Tensor *Tensor
}

// WriteNPZ writes tensors as an uncompressed npz file, the same bytes for the
// same tensors, and replaces the file at once or not at all. Types that numpy
// lacks are ErrUnsupported.
func WriteNPZ(path string, tensors []NamedTensor) error {
	return locate(writeFile(path, func(w *fileWriter) error {
		z := &zipWriter{to: w}
		seen := make(map[string]bool)
		for _, t := range tensors {
			if err := checkRecordName(t.Name + ".npy"); err != nil {
				return err
			}
			if lower := lowerASCII(t.Name); seen[lower] {
				return fail(ErrDuplicate, "two arrays are named %s, ignoring case", printable(t.Name))
			} else {
				seen[lower] = true
			}
			if err := z.npy(t.Name+".npy", t.Tensor); err != nil {
				return err
			}
		}
		return z.finish()
	}), path, "")
}

func (z *zipWriter) npy(name string, t *Tensor) error {
	data, err := t.Bytes()
	if err != nil {
		return err
	}
	header, err := npyHeaderBytes(t.dtype, t.shape, int64(len(data)))
	if err != nil {
		return err
	}
	return z.record(name, int64(len(header)+len(data)), func(write func([]byte)) error {
		write(header)
		return t.storage.guarded(func() error {
			write(data)
			return nil
		})
	})
}
