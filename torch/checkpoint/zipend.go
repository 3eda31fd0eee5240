package checkpoint

import "encoding/binary"

// zipEnd says where the central directory lies and how many entries it has.
type zipEnd struct {
	offset, size, count int64
}

// findZipEnd finds the one end record and, where there is one, its 64-bit
// companion, and checks that they lie back to back behind the directory.
func findZipEnd(src *source) (zipEnd, error) {
	const longest = zipEndSize + 0xffff
	tailAt := max(0, src.size-longest)
	tail, err := src.view(tailAt, src.size-tailAt)
	if err != nil {
		return zipEnd{}, err
	}
	found := -1
	for i := len(tail) - zipEndSize; i >= 0; i-- {
		if binary.LittleEndian.Uint32(tail[i:]) != zipEndSig {
			continue
		}
		if comment := int(binary.LittleEndian.Uint16(tail[i+20:])); i+zipEndSize+comment != len(tail) {
			continue
		}
		if found >= 0 {
			return zipEnd{}, fail(ErrZip, "two end records; readers would disagree on this file")
		}
		found = i
	}
	if found < 0 {
		return zipEnd{}, fail(ErrTruncated, "no zip end record at its end: it is cut short or has bytes appended; copy it again")
	}
	record := tail[found:]
	at := tailAt + int64(found)
	disk, directoryDisk := binary.LittleEndian.Uint16(record[4:]), binary.LittleEndian.Uint16(record[6:])
	if disk != 0 || directoryDisk != 0 {
		return zipEnd{}, fail(ErrZip, "one part of a split archive; join the parts first")
	}
	here, total := binary.LittleEndian.Uint16(record[8:]), binary.LittleEndian.Uint16(record[10:])
	size, offset := binary.LittleEndian.Uint32(record[12:]), binary.LittleEndian.Uint32(record[16:])
	if here != total {
		return zipEnd{}, fail(ErrZip, "the end record counts %d and %d entries", here, total)
	}
	end, err := findZipEnd64(src, at)
	if err != nil {
		return zipEnd{}, err
	}
	if end == nil {
		end = &zip64End{count: uint64(total), size: uint64(size), offset: uint64(offset), at: at}
	}
	// The short record repeats the wide one, saturated where it does not fit.
	if !(uint64(total) == end.count || total == 0xffff && end.count > 0xffff) ||
		!(uint64(size) == end.size || size == 0xffffffff && end.size > 0xffffffff) ||
		!(uint64(offset) == end.offset || offset == 0xffffffff && end.offset > 0xffffffff) {
		return zipEnd{}, fail(ErrZip, "the two end records disagree; this file may be made to deceive")
	}
	if end.offset > uint64(end.at) || end.size != uint64(end.at)-end.offset {
		return zipEnd{}, fail(ErrZip, "the directory does not end where the end record starts: the file is damaged")
	}
	if end.count > end.size/zipCentralSize {
		return zipEnd{}, fail(ErrZip, "%d entries do not fit a directory of %d bytes", end.count, end.size)
	}
	return zipEnd{offset: int64(end.offset), size: int64(end.size), count: int64(end.count)}, nil
}

type zip64End struct {
	count, size, offset uint64
	at                  int64 // where the record itself starts
}

// findZipEnd64 reads the wide end record in front of the locator that ends at
// end, or returns nil when there is no locator.
func findZipEnd64(src *source, end int64) (*zip64End, error) {
	if end < zipLocator64Size {
		return nil, nil
	}
	locator, err := src.view(end-zipLocator64Size, zipLocator64Size)
	if err != nil {
		return nil, err
	}
	if binary.LittleEndian.Uint32(locator) != zipLocator64Sig {
		return nil, nil
	}
	at := binary.LittleEndian.Uint64(locator[8:])
	if limit := end - zipLocator64Size; limit < zipEnd64Size || at > uint64(limit-zipEnd64Size) {
		return nil, fail(ErrZip, "the zip64 locator points outside the file")
	}
	record, err := src.view(int64(at), zipEnd64Size)
	if err != nil {
		return nil, err
	}
	if binary.LittleEndian.Uint32(record) != zipEnd64Sig ||
		binary.LittleEndian.Uint64(record[4:]) != uint64(end-zipLocator64Size)-at-12 {
		return nil, fail(ErrZip, "the zip64 locator does not point at the zip64 end record")
	}
	if binary.LittleEndian.Uint32(record[16:]) != 0 || binary.LittleEndian.Uint32(record[20:]) != 0 ||
		binary.LittleEndian.Uint64(record[24:]) != binary.LittleEndian.Uint64(record[32:]) {
		return nil, fail(ErrZip, "one part of a split archive; join the parts first")
	}
	return &zip64End{
		count:  binary.LittleEndian.Uint64(record[32:]),
		size:   binary.LittleEndian.Uint64(record[40:]),
		offset: binary.LittleEndian.Uint64(record[48:]),
		at:     int64(at),
	}, nil
}
