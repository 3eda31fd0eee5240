package checkpoint

import (
	"encoding/binary"
	"math"
	"sort"
	"strings"
	"unicode/utf8"
)

// The layout of a zip, from APPNOTE.TXT 6.3.
const (
	zipLocalSig      = 0x04034b50
	zipDescriptorSig = 0x08074b50
	zipCentralSig    = 0x02014b50
	zipEndSig        = 0x06054b50
	zipEnd64Sig      = 0x06064b50
	zipLocator64Sig  = 0x07064b50

	zipLocalSize     = 30
	zipCentralSize   = 46
	zipEndSize       = 22
	zipEnd64Size     = 56
	zipLocator64Size = 20

	zipStored   = 0
	zipDeflated = 8

	zipFlagEncrypted  = 0x0001
	zipFlagLevel      = 0x0006 // how hard deflate tried: meaningless to a reader
	zipFlagDescriptor = 0x0008
	zipFlagUTF8       = 0x0800
)

// record is one entry of a zip, after its local and central headers were found
// to agree.
type record struct {
	name   string
	crc    uint32 // 0: not computed
	method uint16
	flags  uint16
	header int64 // offset of the local header
	start  int64 // offset of the data
	packed int64 // bytes in the file
	size   int64 // bytes after inflation
	end    int64 // offset after the data and its descriptor
}

// zipIndex is the checked directory of one zip. It is immutable.
type zipIndex struct {
	src     *source
	records []record
	byName  map[string]int32 // by lower-case name: torch looks names up ignoring case
	root    string           // "archive/" in a torch file, "" in an npz
}

// find returns the record of exactly this name, or nil.
func (z *zipIndex) find(name string) *record {
	i, ok := z.byName[lowerASCII(name)]
	if !ok || z.records[i].name != name {
		return nil
	}
	return &z.records[i]
}

// readZip walks the central directory. It is stricter than the zip format: the
// archive starts at byte 0 and ends at the last one, both headers of every
// record agree, and no two records share a byte or a name (ignoring case). The
// cost is that of the directory.
func readZip(src *source) (*zipIndex, error) {
	end, err := findZipEnd(src)
	if err != nil {
		return nil, err
	}
	directory, err := src.view(end.offset, end.size)
	if err != nil {
		return nil, err
	}
	z := &zipIndex{src: src, records: make([]record, 0, end.count)}
	// One copy of the directory holds every name, also after Close.
	text := string(directory)
	at := int64(0)
	for i := int64(0); i < end.count; i++ {
		var r record
		n, err := r.readCentral(text[at:])
		if err != nil {
			return nil, err
		}
		at += n
		z.records = append(z.records, r)
	}
	if at != end.size {
		return nil, fail(ErrZip, "the directory holds more than its %d entries; readers would disagree on this file", end.count)
	}
	if err := z.checkNames(); err != nil {
		return nil, err
	}
	order := z.byOffset()
	if err := z.checkRanges(order, end.offset, (*record).atLeast); err != nil {
		return nil, err
	}
	headers := newWindow(src, len(order))
	for _, r := range order {
		if err := r.readLocal(headers, end.offset); err != nil {
			return nil, err
		}
	}
	return z, z.checkRanges(order, end.offset, func(r *record) int64 { return r.end })
}

// readCentral reads one entry of the directory and returns its length.
func (r *record) readCentral(text string) (int64, error) {
	if len(text) < zipCentralSize || le32(text) != zipCentralSig {
		return 0, fail(ErrZip, "the directory is cut short or has a bad signature")
	}
	nameSize, extraSize, commentSize := int(le16(text[28:])), int(le16(text[30:])), int(le16(text[32:]))
	total := zipCentralSize + nameSize + extraSize + commentSize
	if len(text) < total {
		return 0, fail(ErrZip, "an entry runs past the directory")
	}
	r.name = text[zipCentralSize : zipCentralSize+nameSize]
	r.flags, r.method, r.crc = le16(text[8:]), le16(text[10:]), le32(text[16:])
	packed, size, header := uint64(le32(text[20:])), uint64(le32(text[24:])), uint64(le32(text[42:]))
	if le16(text[34:]) != 0 {
		return 0, failRecord(ErrZip, r.name, "stored on another disk of a split archive")
	}
	extra := text[zipCentralSize+nameSize : zipCentralSize+nameSize+extraSize]
	if err := zip64Extra([]byte(extra), &size, &packed, &header); err != nil {
		return 0, failRecord(ErrZip, r.name, "%s", err.Msg)
	}
	const most = 1<<63 - 1
	if packed > most || size > most || header > most {
		return 0, failRecord(ErrTruncated, r.name, "declares more bytes than a file can have")
	}
	r.packed, r.size, r.header = int64(packed), int64(size), int64(header)
	return int64(total), r.checkMethod()
}

func (r *record) checkMethod() error {
	if r.flags&zipFlagEncrypted != 0 {
		return failRecord(ErrEncrypted, r.name, "the record is encrypted; decrypt the archive first")
	}
	if r.flags&^(zipFlagLevel|zipFlagDescriptor|zipFlagUTF8) != 0 {
		return failRecord(ErrZip, r.name, "uses zip features %#x that no torch file has", r.flags)
	}
	switch r.method {
	case zipStored:
		if r.packed != r.size {
			return failRecord(ErrZip, r.name, "is stored, yet %d bytes are said to become %d", r.packed, r.size)
		}
	case zipDeflated:
	default:
		return failRecord(ErrCompressed, r.name, "zip compression method %d; save it uncompressed", r.method)
	}
	return nil
}

// zip64Extra replaces the values that are saturated at 32 bits, in the order of
// the arguments, by those of the zip64 extra field.
func zip64Extra(extra []byte, values ...*uint64) *FormatError {
	var wide []byte
	found := false
	for len(extra) > 0 {
		if len(extra) < 4 || len(extra)-4 < int(binary.LittleEndian.Uint16(extra[2:])) {
			return fail(ErrZip, "an extra field is longer than its room")
		}
		body := extra[4 : 4+int(binary.LittleEndian.Uint16(extra[2:]))]
		if binary.LittleEndian.Uint16(extra) == 1 {
			if found {
				return fail(ErrZip, "two zip64 extra fields")
			}
			wide, found = body, true
		}
		extra = extra[4+len(body):]
	}
	for _, v := range values {
		if *v != 0xffffffff {
			continue
		}
		if len(wide) < 8 {
			return fail(ErrZip, "a size or offset of 0xffffffff without its zip64 field")
		}
		*v = binary.LittleEndian.Uint64(wide)
		wide = wide[8:]
	}
	return nil
}

// readLocal checks the local header and the descriptor against the directory
// and finds where the data starts.
func (r *record) readLocal(headers *window, directory int64) error {
	room := directory - r.header
	if r.header < 0 || room < zipLocalSize {
		return failRecord(ErrTruncated, r.name, "its header at %d lies outside the file; copy the file again", r.header)
	}
	// Enough for the header, the name and torch's padding in one read.
	head, err := headers.view(r.header, min(room, int64(zipLocalSize+len(r.name)+128)))
	if err != nil {
		return err
	}
	if binary.LittleEndian.Uint32(head) != zipLocalSig {
		return failRecord(ErrZip, r.name, "no local header at %d", r.header)
	}
	flags, method := binary.LittleEndian.Uint16(head[6:]), binary.LittleEndian.Uint16(head[8:])
	nameSize, extraSize := int64(binary.LittleEndian.Uint16(head[26:])), int64(binary.LittleEndian.Uint16(head[28:]))
	if flags&zipFlagEncrypted != 0 {
		return failRecord(ErrEncrypted, r.name, "the local header says that the record is encrypted")
	}
	if flags != r.flags || method != r.method || nameSize != int64(len(r.name)) {
		return failRecord(ErrZip, r.name, "local header and directory disagree; this file may be made to deceive")
	}
	whole := zipLocalSize + nameSize + extraSize
	if whole > room {
		return failRecord(ErrTruncated, r.name, "its header runs past the data")
	}
	if whole > int64(len(head)) {
		if head, err = headers.view(r.header, whole); err != nil {
			return err
		}
	}
	if string(head[zipLocalSize:zipLocalSize+nameSize]) != r.name {
		return failRecord(ErrZip, r.name, "the local header names another record; this file may be made to deceive")
	}
	crc := binary.LittleEndian.Uint32(head[14:])
	packed, size := uint64(binary.LittleEndian.Uint32(head[18:])), uint64(binary.LittleEndian.Uint32(head[22:]))
	if err := zip64Extra(head[zipLocalSize+nameSize:whole], &size, &packed); err != nil {
		return failRecord(ErrZip, r.name, "local header: %s", err.Msg)
	}
	deferred := flags&zipFlagDescriptor != 0 // then zeros here, the values follow the data
	if !(deferred && crc == 0 || crc == r.crc) || !(deferred && size == 0 || size == uint64(r.size)) ||
		!(deferred && packed == 0 || packed == uint64(r.packed)) {
		return failRecord(ErrZip, r.name, "local header and directory disagree on its size or checksum")
	}
	r.start = r.header + whole
	if r.packed > directory-r.start {
		return failRecord(ErrTruncated, r.name, "declares %d bytes, %d are left in the file", r.packed, directory-r.start)
	}
	r.end = r.start + r.packed
	if deferred {
		return r.readDescriptor(headers, directory)
	}
	return nil
}

// readDescriptor accepts the four shapes a descriptor has in the wild: with and
// without a signature, of 32 and of 64 bit sizes.
func (r *record) readDescriptor(headers *window, directory int64) error {
	tail, err := headers.view(r.end, min(24, directory-r.end))
	if err != nil {
		return err
	}
	var want [24]byte
	var short [16]byte // the same with sizes of 32 bits
	binary.LittleEndian.PutUint32(want[:], zipDescriptorSig)
	binary.LittleEndian.PutUint32(want[4:], r.crc)
	binary.LittleEndian.PutUint64(want[8:], uint64(r.packed))
	binary.LittleEndian.PutUint64(want[16:], uint64(r.size))
	matches := func(shape []byte) bool {
		return len(tail) >= len(shape) && string(tail[:len(shape)]) == string(shape)
	}
	copy(short[:], want[:12])
	copy(short[12:], want[16:20])
	fits32 := r.packed <= 0xffffffff && r.size <= 0xffffffff
	for _, skip := range []int{0, 4} {
		switch {
		case matches(want[skip:]):
			r.end += int64(len(want) - skip)
			return nil
		case fits32 && matches(short[skip:]):
			r.end += int64(len(short) - skip)
			return nil
		}
	}
	return failRecord(ErrZip, r.name, "the descriptor after its data disagrees with the directory")
}

// checkNames fills byName and refuses names that could mean two things.
func (z *zipIndex) checkNames() error {
	z.byName = make(map[string]int32, len(z.records))
	for i := range z.records {
		r := &z.records[i]
		if err := checkRecordName(r.name); err != nil {
			return err
		}
		lower := lowerASCII(r.name)
		if j, taken := z.byName[lower]; taken {
			return failRecord(ErrDuplicate, r.name, "two records are named %s, ignoring case; readers would disagree on this file", printable(z.records[j].name))
		}
		z.byName[lower] = int32(i)
	}
	return nil
}

func checkRecordName(name string) error {
	if name == "" || strings.IndexByte(name, 0) >= 0 || !utf8.ValidString(name) {
		return failRecord(ErrZip, name, "the name of a record is empty, has a NUL byte or is not UTF-8")
	}
	if name[0] == '/' || strings.IndexByte(name, '\\') >= 0 || strings.Contains(name, "//") {
		return failRecord(ErrTraversal, name, "the name of a record is absolute or has a backslash or an empty part")
	}
	if !strings.HasPrefix(name, ".") && !strings.Contains(name, "/.") {
		return nil
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "." || part == ".." {
			return failRecord(ErrTraversal, name, "the name of a record leaves its folder; this file may be made to deceive")
		}
	}
	return nil
}

// enterRoot finds the one folder that holds every record of a torch file.
func (z *zipIndex) enterRoot() error {
	for i := range z.records {
		r := &z.records[i]
		root, _, inside := strings.Cut(r.name, "/")
		switch {
		case !inside:
			return failRecord(ErrZip, r.name, "is not inside a folder, as every record of a torch file is")
		case i == 0:
			z.root = root + "/"
		case root+"/" != z.root:
			return failRecord(ErrZip, r.name, "is outside the folder %s of the other records", printable(z.root))
		}
	}
	return nil
}

// inRoot returns the record of this name in the folder, or nil.
func (z *zipIndex) inRoot(name string) *record { return z.find(z.root + name) }

// byOffset returns the records in the order of their local headers.
func (z *zipIndex) byOffset() []*record {
	order := make([]*record, len(z.records))
	sorted := true
	for i := range z.records {
		order[i] = &z.records[i]
		sorted = sorted && (i == 0 || order[i].header > order[i-1].header)
	}
	if !sorted {
		sort.Slice(order, func(i, j int) bool { return order[i].header < order[j].header })
	}
	return order
}

// atLeast is where a record ends at the earliest, by the directory alone.
func (r *record) atLeast() int64 {
	fixed := r.header + zipLocalSize + int64(len(r.name))
	if fixed < 0 || r.packed > math.MaxInt64-fixed {
		return math.MaxInt64
	}
	return fixed + r.packed
}

// checkRanges refuses records that share bytes, bytes in front of the first, and
// records that reach beyond the last.
func (z *zipIndex) checkRanges(order []*record, directory int64, end func(*record) int64) error {
	at := int64(0)
	for i, r := range order {
		if i == 0 && r.header != 0 {
			return failRecord(ErrZip, r.name, "%d bytes lie in front of the archive; a torch file starts with its first record", r.header)
		}
		if r.header < at {
			return failRecord(ErrOverlap, r.name, "shares bytes with %s; this file may be made to deceive", printable(order[i-1].name))
		}
		if at = end(r); at > directory {
			return failRecord(ErrTruncated, r.name, "declares %d bytes at %d, the records end at %d; copy the file again", r.packed, r.header, directory)
		}
	}
	return nil
}

func lowerASCII(name string) string {
	for i := 0; i < len(name); i++ {
		if c := name[i]; 'A' <= c && c <= 'Z' {
			lower := []byte(name)
			for ; i < len(lower); i++ {
				if c := lower[i]; 'A' <= c && c <= 'Z' {
					lower[i] = c + 'a' - 'A'
				}
			}
			return string(lower)
		}
	}
	return name
}

func le16(s string) uint16 { return uint16(s[0]) | uint16(s[1])<<8 }

func le32(s string) uint32 {
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}
