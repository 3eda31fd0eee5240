package checkpoint

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"strconv"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// Save writes a value as torch.save does, so that torch.load(weights_only=True)
// reads it back. What Python would share stays shared, dtypes, strides and bytes
// stay as they are, and equal values give equal files. Values that torch would
// refuse (numpy values, frozensets, objects) are ErrUnsupported.
//
// The file is written under another name in the same folder, forced to disk and
// renamed: whatever happens, path holds the old file or the new one, whole.
// Tensors are written from where they lie, without a second copy.
func Save(path string, root Value) error {
	return locate(writeFile(path, func(w *fileWriter) error { return writeTorch(w, root) }), path, "")
}

// SaveTo is Save to a stream. On an error the stream holds part of a file.
func SaveTo(w io.Writer, root Value) error {
	out := newFileWriter(w)
	if err := writeTorch(out, root); err != nil {
		return err
	}
	return out.out.Flush()
}

// writeTorch lays the records out as torch.save does. It leaves out
// .format_version, which promises more about the layout than a reader needs.
func writeTorch(w *fileWriter, root Value) error {
	data, storages, err := pickle(root)
	if err != nil {
		return err
	}
	z := &zipWriter{to: w, root: "archive/", align: 64}
	if err := z.bytes("data.pkl", data); err != nil {
		return err
	}
	if err := z.bytes("byteorder", []byte("little")); err != nil {
		return err
	}
	for i, s := range storages {
		if err := z.storage("data/"+strconv.Itoa(i), s); err != nil {
			return err
		}
	}
	if err := z.bytes("version", []byte("3\n")); err != nil {
		return err
	}
	if err := z.bytes(".data/serialization_id", z.serializationID()); err != nil {
		return err
	}
	return z.finish()
}

// storage streams a storage in little-endian order.
func (z *zipWriter) storage(name string, s savedStorage) error {
	return z.record(name, s.size, s.stream)
}

// stream hands the bytes of a storage to write, in order. What lies in memory
// or in a mapping is not copied; what is read passes through a small buffer.
func (s savedStorage) stream(write func([]byte)) error {
	if s.swapped && s.use == dtype.Invalid {
		return fail(ErrUnsupported, "a big-endian storage that tensors of several dtypes share")
	}
	turned := s.swapped && swapWidth(s.use) > 1
	if s.src != nil && s.src.data == nil && !turned && (s.record == nil || s.record.method == zipStored) {
		return s.streamFile(write)
	}
	data, err := s.inOrder(s.use)
	if err != nil {
		return err
	}
	return s.guarded(func() error {
		write(data)
		return nil
	})
}

func (s *Storage) streamFile(write func([]byte)) error {
	buf := make([]byte, min(s.size, 1<<20))
	for at := int64(0); at < s.size; at += int64(len(buf)) {
		n := min(int64(len(buf)), s.size-at)
		if got, err := s.src.r.ReadAt(buf[:n], s.start+at); int64(got) < n {
			return &FormatError{Path: s.src.path, Class: ErrTruncated, Msg: "a storage could not be read", Err: err}
		}
		write(buf[:n])
	}
	return nil
}

// serializationID returns forty digits that depend on the names and checksums of
// the records before it, as torch's do.
func (z *zipWriter) serializationID() []byte {
	h := sha256.New()
	for i := range z.entries {
		e := &z.entries[i]
		_, _ = fmt.Fprintf(h, "%s\x00%08x\x00%d\n", e.name, e.crc, e.size) // a hash does not fail
	}
	sum := h.Sum(nil)
	return fmt.Appendf(nil, "%020d%020d", binary.BigEndian.Uint64(sum), binary.BigEndian.Uint64(sum[8:]))
}
