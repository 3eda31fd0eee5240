package checkpoint

import (
	"math/bits"
	"strconv"
	"strings"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// The zip layouts of torch that can be read.
const (
	oldestLayout = 1
	newestLayout = 10
)

// readArchive reads the index of a zip: torch.save, TorchScript or npz.
func (f *File) readArchive() error {
	archive, err := readZip(f.src)
	if err != nil {
		return err
	}
	f.archive = archive
	if f.kind = archive.kind(); f.kind == KindNPZ {
		return f.readNPZ()
	}
	if f.kind == KindZip {
		return fail(ErrNotTorch, "a zip archive without a data.pkl in its folder, so not a file of PyTorch")
	}
	if err := archive.enterRoot(); err != nil {
		return err
	}
	if f.version, err = archive.layout(); err != nil {
		return err
	}
	if f.bigEndian, err = archive.byteOrder(); err != nil {
		return err
	}
	if f.value, err = f.readPickle("data.pkl", "data/"); err != nil || f.kind != KindScript {
		return err
	}
	return f.readScript()
}

// kind tells the kinds of zip apart by the names in them.
func (z *zipIndex) kind() Kind {
	if len(z.records) == 0 {
		return KindZip
	}
	root, _, _ := strings.Cut(z.records[0].name, "/")
	if z.find(root+"/data.pkl") != nil {
		if z.find(root+"/constants.pkl") != nil {
			return KindScript
		}
		return KindTorch
	}
	for i := range z.records {
		if !strings.HasSuffix(z.records[i].name, ".npy") {
			return KindZip
		}
	}
	return KindNPZ
}

// layout reads the version of the archive.
func (z *zipIndex) layout() (int, error) {
	r := z.inRoot("version")
	if r == nil {
		r = z.inRoot(".data/version")
	}
	if r == nil {
		return 0, fail(ErrVersion, "has no version record, so torch did not write it")
	}
	text, err := z.short(r)
	if err != nil {
		return 0, err
	}
	version, err := strconv.ParseUint(strings.TrimSuffix(text, "\n"), 10, 31)
	switch {
	case err != nil:
		return 0, failRecord(ErrVersion, r.name, "layout version %q is not a number from %d to %d", text, oldestLayout, newestLayout)
	case version > newestLayout:
		return 0, failRecord(ErrVersion, r.name, "layout version %d, and %d is the newest that can be read: a newer torch wrote it, use a newer torchgo or save it with an older torch", version, newestLayout)
	case version < oldestLayout:
		return 0, failRecord(ErrVersion, r.name, "layout version %d; %d to %d can be read", version, oldestLayout, newestLayout)
	}
	return int(version), nil
}

// byteOrder reports whether the storages are big-endian.
func (z *zipIndex) byteOrder() (big bool, err error) {
	r := z.inRoot("byteorder")
	if r == nil {
		return false, nil // before torch 2.1
	}
	text, err := z.short(r)
	if err != nil {
		return false, err
	}
	switch text {
	case "little":
		return false, nil
	case "big":
		return true, nil
	}
	return false, failRecord(ErrVersion, r.name, "byte order %q is neither little nor big", text)
}

// short returns a record of a few bytes as text.
func (z *zipIndex) short(r *record) (string, error) {
	const most = 64
	if r.size > most {
		return "", failRecord(ErrVersion, r.name, "has %d bytes where a few belong", r.size)
	}
	data, err := z.checked(r)
	return string(data), err
}

// readPickle reads a pickle of the archive whose storages lie in a folder.
func (f *File) readPickle(name, folder string) (Value, error) {
	r := f.archive.inRoot(name)
	data, err := f.archive.checked(r)
	if err != nil {
		return nil, err
	}
	v, err := f.unpickleAll(string(data), dialect{
		persistent: f.storages(folder),
		script:     f.kind == KindScript,
	})
	return v, locate(err, f.src.path, r.name)
}

// unpickleAll reads a pickle that is the whole text. When it is refused for a
// global and is a single object of an unknown class, the error says so.
func (f *File) unpickleAll(text string, d dialect) (Value, error) {
	d.inert, d.narrow, d.limit = f.settings.inert, f.settings.narrow, f.settings.limit
	v, n, err := unpickle(text, d)
	if unsafe, ok := err.(*UnsafeError); ok {
		d.inert = true
		if v, _, inertErr := unpickle(text, d); inertErr == nil {
			// An instance has a state; what was only called has none.
			if whole, ok := v.(*Object); ok && whole.State != nil && !d.script {
				unsafe.Class = whole.Class
			}
		}
	}
	if err == nil && n != len(text) {
		err = fail(ErrPickle, "%d bytes follow the end of the pickle", len(text)-n)
	}
	return v, err
}

// storages returns the reader of persistent ids for one folder of the archive.
func (f *File) storages(folder string) func(*Tuple) (Value, error) {
	known := make(map[string]*Storage)
	return func(id *Tuple) (Value, error) {
		p, err := parseStorageID(id.Items, 5)
		if err != nil {
			return nil, err
		}
		if s, ok := known[p.key]; ok {
			if s.size != p.size {
				return nil, fail(ErrStorage, "storage %s has %d bytes here and %d before", printable(p.key), p.size, s.size)
			}
			if s.element != p.element {
				return nil, fail(ErrStorage, "storage %s is one of %s here and of %s before, which torch.save refuses to write", printable(p.key), p.element, s.element)
			}
			return s, nil
		}
		r := f.archive.inRoot(folder + p.key)
		if r == nil {
			return nil, failRecord(ErrMissing, f.archive.root+folder+p.key, "the record of a storage is missing; the file is damaged or made to deceive")
		}
		if r.size != p.size {
			return nil, failRecord(ErrStorage, r.name, "has %d bytes, the pickle says %d", r.size, p.size)
		}
		if r.method != zipStored && r.size > f.settings.limit {
			return nil, failRecord(ErrLimit, r.name, "inflates to %d bytes, the limit is %d", r.size, f.settings.limit)
		}
		if err := r.mayInflate(); err != nil {
			return nil, err
		}
		s := &Storage{key: p.key, device: p.device, element: p.element, size: p.size, swapped: f.bigEndian,
			src: f.src, archive: f.archive, record: r, start: r.start}
		known[p.key] = s
		return s, nil
	}
}

// storageID is a parsed persistent id.
type storageID struct {
	key, device string
	element     dtype.DType
	size        int64 // bytes
}

// parseStorageID reads ('storage', class, key, location, numel).
func parseStorageID(items []Value, fields int) (storageID, error) {
	var p storageID
	if len(items) != fields || items[0] != Value(String("storage")) {
		return p, fail(ErrStorage, "a persistent id that is not that of a storage")
	}
	class, ok1 := items[1].(*Global)
	key, ok2 := items[2].(String)
	device, ok3 := items[3].(String)
	numel, ok4 := items[4].(Int)
	if !ok1 || !ok2 || !ok3 || !ok4 || class.build != buildStorageClass {
		return p, fail(ErrStorage, "the persistent id of a storage has fields of the wrong types")
	}
	if key == "" || strings.IndexByte(string(key), '/') >= 0 {
		return p, fail(ErrTraversal, "storage key %q does not name a record in its folder", printable(string(key)))
	}
	p.key, p.device = string(key), string(device)
	p.element = dtype.DType(class.arg &^ 0x80)
	hi, size := bits.Mul64(uint64(numel), uint64(p.element.Size()))
	if numel < 0 || hi != 0 || size > 1<<62 {
		return p, fail(ErrStorage, "storage %s of %d elements", printable(p.key), numel)
	}
	p.size = int64(size)
	return p, nil
}
