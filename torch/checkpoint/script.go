package checkpoint

import (
	"slices"
	"strings"
)

// script is what a TorchScript archive has beside its module tree.
type script struct {
	constants []*Tensor
}

// readScript reads constants.pkl: a tuple, of which the tensors are those that
// the code calls CONSTANTS.c0, CONSTANTS.c1, …
func (f *File) readScript() error {
	v, err := f.readPickle("constants.pkl", "constants/")
	if err != nil {
		return err
	}
	tuple, ok := v.(*Tuple)
	if !ok {
		return failRecord(ErrPickle, f.archive.root+"constants.pkl", "holds %s, not a tuple", nameType(v))
	}
	f.script = &script{constants: make([]*Tensor, len(tuple.Items))}
	for i, item := range tuple.Items {
		// Constants that are not tensors (custom classes) keep their number.
		f.script.constants[i], _ = item.(*Tensor)
	}
	return nil
}

func (f *File) notScript() error {
	return &FormatError{Path: f.src.path, Class: ErrKind, Msg: "is a " + f.kind.String() + ", not a TorchScript archive"}
}

// Constants returns the tensor constants of a TorchScript archive: entry N is
// CONSTANTS.cN of its code, nil where that is not a tensor. Other files: an
// error that is ErrKind.
func (f *File) Constants() ([]*Tensor, error) {
	if f.script == nil {
		return nil, f.notScript()
	}
	return slices.Clone(f.script.constants), nil
}

// Records returns the names of everything in a zip, without its root folder, in
// file order. Other files have none.
func (f *File) Records() []string {
	if f.archive == nil {
		return nil
	}
	names := make([]string, 0, len(f.archive.records))
	for i := range f.archive.records {
		names = append(names, strings.TrimPrefix(f.archive.records[i].name, f.archive.root))
	}
	return names
}

// Record returns a copy of the bytes of one record of a zip, after comparing
// them with their checksum: "code/__torch__.py", "extra/config.json", "version".
func (f *File) Record(name string) ([]byte, error) {
	if f.archive == nil {
		return nil, &FormatError{Path: f.src.path, Class: ErrKind, Msg: "is a " + f.kind.String() + ", which has no records"}
	}
	r := f.archive.inRoot(name)
	if r == nil {
		return nil, &FormatError{Path: f.src.path, Record: printable(name), Class: ErrMissing, Msg: "no such record"}
	}
	if r.size > f.settings.limit {
		return nil, &FormatError{Path: f.src.path, Record: printable(name), Class: ErrLimit, Msg: "larger than the memory limit"}
	}
	var out []byte
	err := guard(f.src, func() error {
		data, err := f.archive.checked(r)
		out = slices.Clone(data)
		return err
	})
	if err != nil {
		return nil, locate(err, f.src.path, r.name)
	}
	return out, nil
}

// Stored returns the bytes of one record of a zip where they lie in the mapping,
// unchecked; nil when they do not lie there, because the record is compressed, the
// file is not mapped or there is no such record. They are valid until Close, or as
// long as a Hold keeps them; writing to them changes what this process sees, never
// the file.
func (f *File) Stored(name string) []byte {
	if f.archive == nil || f.src.data == nil {
		return nil
	}
	r := f.archive.inRoot(name)
	if r == nil || r.method != zipStored {
		return nil
	}
	data, err := f.src.view(r.start, r.size)
	if err != nil {
		return nil
	}
	return data
}

// CodeFiles returns the records that hold the code of a TorchScript archive,
// such as "code/__torch__/my_model.py", for Record to read.
func (f *File) CodeFiles() []string {
	return f.recordsWith("code/", ".py")
}

// ExtraFiles returns the names that torch.jit.save was given as _extra_files;
// Record reads them under "extra/" and the name.
func (f *File) ExtraFiles() []string {
	names := f.recordsWith("extra/", "")
	for i := range names {
		names[i] = strings.TrimPrefix(names[i], "extra/")
	}
	return names
}

func (f *File) recordsWith(prefix, suffix string) []string {
	var names []string
	for _, name := range f.Records() {
		if strings.HasPrefix(name, prefix) && strings.HasSuffix(name, suffix) && !strings.HasSuffix(name, "/") {
			names = append(names, name)
		}
	}
	return names
}
