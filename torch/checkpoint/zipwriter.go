package checkpoint

import (
	"encoding/binary"
	"hash/crc32"
	"math"
)

// zipWriter lays a zip out as torch does: stored records whose data starts at a
// multiple of 64 bytes, sizes and checksums in a descriptor behind the data, so
// that nothing has to be known or kept before it is written. The same records
// give the same bytes.
type zipWriter struct {
	to      *fileWriter
	root    string
	align   int64
	entries []zipEntry
}

type zipEntry struct {
	name   string
	crc    uint32
	size   int64
	header int64
	flags  uint16
}

// record writes one record of this size; body writes exactly that many bytes.
func (z *zipWriter) record(name string, size int64, body func(write func([]byte)) error) error {
	e := zipEntry{name: z.root + name, size: size, header: z.to.at, flags: zipFlagUTF8}
	if size > 0 {
		e.flags |= zipFlagDescriptor
	}
	z.to.write(z.localHeader(&e))
	start := z.to.at
	err := body(func(p []byte) {
		e.crc = crc32.Update(e.crc, crc32.IEEETable, p)
		z.to.write(p)
	})
	if err != nil {
		return err
	}
	if z.to.err != nil {
		return z.to.err
	}
	if wrote := z.to.at - start; wrote != size {
		return failRecord(ErrStorage, e.name, "wrote %d bytes of %d: its storage changed while it was saved", wrote, size)
	}
	if size > 0 {
		d := binary.LittleEndian.AppendUint32(nil, zipDescriptorSig)
		d = binary.LittleEndian.AppendUint32(d, e.crc)
		if e.wide() {
			d = binary.LittleEndian.AppendUint64(d, uint64(size))
			d = binary.LittleEndian.AppendUint64(d, uint64(size))
		} else {
			d = binary.LittleEndian.AppendUint32(d, uint32(size))
			d = binary.LittleEndian.AppendUint32(d, uint32(size))
		}
		z.to.write(d)
	}
	z.entries = append(z.entries, e)
	return z.to.err
}

// bytes writes a record that is in memory.
func (z *zipWriter) bytes(name string, data []byte) error {
	return z.record(name, int64(len(data)), func(write func([]byte)) error {
		write(data)
		return nil
	})
}

// wide reports whether the sizes of a record need 64 bits.
func (e *zipEntry) wide() bool { return e.size >= math.MaxUint32 }

func (z *zipWriter) localHeader(e *zipEntry) []byte {
	h := binary.LittleEndian.AppendUint32(nil, zipLocalSig)
	h = appendUint16s(h, e.version(), e.flags, zipStored, 0, 0)
	h = binary.LittleEndian.AppendUint32(h, 0) // the checksum of an empty record is 0 too
	sizes := uint32(0)
	var extra []byte
	if e.wide() {
		sizes = math.MaxUint32
		extra = appendUint16s(extra, 1, 16)
		extra = binary.LittleEndian.AppendUint64(extra, uint64(e.size))
		extra = binary.LittleEndian.AppendUint64(extra, uint64(e.size))
	}
	h = binary.LittleEndian.AppendUint32(h, sizes)
	h = binary.LittleEndian.AppendUint32(h, sizes)
	if z.align > 0 {
		start := e.header + zipLocalSize + int64(len(e.name)+len(extra)) + 4
		pad := (z.align - start%z.align) % z.align
		extra = append(extra, 'F', 'B')
		extra = appendUint16s(extra, uint16(pad))
		for range pad {
			extra = append(extra, 'Z')
		}
	}
	h = appendUint16s(h, uint16(len(e.name)), uint16(len(extra)))
	return append(append(h, e.name...), extra...)
}

// version is the version of the zip format that a reader of the record needs.
func (e *zipEntry) version() uint16 {
	if e.wide() || e.header >= math.MaxUint32 {
		return 45
	}
	return 20
}

// finish writes the directory and both end records.
func (z *zipWriter) finish() error {
	at := z.to.at
	for i := range z.entries {
		z.to.write(z.entries[i].central())
	}
	size, end := z.to.at-at, z.to.at
	count := uint64(len(z.entries))
	r := binary.LittleEndian.AppendUint32(nil, zipEnd64Sig)
	r = binary.LittleEndian.AppendUint64(r, zipEnd64Size-12)
	r = appendUint16s(r, 45, 45)
	r = binary.LittleEndian.AppendUint64(r, 0) // both disk numbers
	for _, v := range []uint64{count, count, uint64(size), uint64(at)} {
		r = binary.LittleEndian.AppendUint64(r, v)
	}
	r = binary.LittleEndian.AppendUint32(r, zipLocator64Sig)
	r = binary.LittleEndian.AppendUint32(r, 0)
	r = binary.LittleEndian.AppendUint64(r, uint64(end))
	r = binary.LittleEndian.AppendUint32(r, 1)
	r = binary.LittleEndian.AppendUint32(r, zipEndSig)
	short := uint16(min(count, math.MaxUint16))
	r = appendUint16s(r, 0, 0, short, short)
	r = binary.LittleEndian.AppendUint32(r, uint32(min(size, math.MaxUint32)))
	r = binary.LittleEndian.AppendUint32(r, uint32(min(at, math.MaxUint32)))
	z.to.write(appendUint16s(r, 0))
	return z.to.err
}

// central returns the entry of the directory.
func (e *zipEntry) central() []byte {
	var wide []byte
	size, header := uint32(e.size), uint32(e.header)
	if e.wide() {
		size = math.MaxUint32
		wide = binary.LittleEndian.AppendUint64(wide, uint64(e.size))
		wide = binary.LittleEndian.AppendUint64(wide, uint64(e.size))
	}
	if e.header >= math.MaxUint32 {
		header = math.MaxUint32
		wide = binary.LittleEndian.AppendUint64(wide, uint64(e.header))
	}
	extra := wide
	if len(wide) > 0 {
		extra = append(appendUint16s(nil, 1, uint16(len(wide))), wide...)
	}
	c := binary.LittleEndian.AppendUint32(nil, zipCentralSig)
	c = appendUint16s(c, 0, e.version(), e.flags, zipStored, 0, 0)
	c = binary.LittleEndian.AppendUint32(c, e.crc)
	c = binary.LittleEndian.AppendUint32(c, size)
	c = binary.LittleEndian.AppendUint32(c, size)
	c = appendUint16s(c, uint16(len(e.name)), uint16(len(extra)), 0, 0, 0)
	c = binary.LittleEndian.AppendUint32(c, 0)
	c = binary.LittleEndian.AppendUint32(c, header)
	return append(append(c, e.name...), extra...)
}

func appendUint16s(b []byte, values ...uint16) []byte {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	return b
}
