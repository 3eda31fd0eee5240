package checkpoint

import (
	"bytes"
	"encoding/binary"
	"errors"
	"unicode/utf8"
)

// Sniff says what a file is by its content, also when it cannot be read. For a
// zip or pickle that takes the time of Open. It never fails: a file that cannot
// be opened is a KindMissing.
func Sniff(path string) Kind {
	kind, _ := Describe(path)
	return kind
}

// Describe is Sniff with the reason why Open would fail, nil when it would not.
func Describe(path string) (Kind, error) {
	src, err := openSource(path)
	if err != nil {
		var format *FormatError
		if errors.As(err, &format) {
			return KindFolder, err
		}
		return KindMissing, err
	}
	kind := KindUnknown
	err = guard(src, func() (err error) {
		kind, err = sniff(src)
		return err
	})
	if err != nil {
		return kind, errors.Join(locate(err, path, ""), src.close())
	}
	f, err := open(src, nil)
	if err == nil {
		return f.kind, f.Close()
	}
	var unsafe *UnsafeError
	if errors.As(err, &unsafe) && unsafe.Class != "" {
		return KindModule, err
	}
	if kind != KindZip {
		return kind, err
	}
	return zipKind(path), err
}

// zipKind says which kind of zip a file is that could not be opened.
func zipKind(path string) Kind {
	src, err := openSource(path)
	if err != nil {
		return KindZip
	}
	kind := KindZip
	err = guard(src, func() error {
		archive, err := readZip(src)
		if err == nil {
			kind = archive.kind()
		}
		return err
	})
	if err = errors.Join(err, src.close()); err != nil {
		return KindZip
	}
	return kind
}

var magics = []struct {
	magic string
	kind  Kind
}{
	{"PK\x03\x04", KindZip},
	{"PK\x05\x06", KindZip},
	{"\x93NUMPY", KindNPY},
	{"\x89HDF\r\n\x1a\n", KindHDF5},
	{"GGUF", KindGGUF},
	{"\x1f\x8b", KindGzip},
	{"7z\xbc\xaf\x27\x1c", KindSevenZip},
	{"\x28\xb5\x2f\xfd", KindZstd},
}

// sniff looks at the first bytes. A zip is a KindZip until its names are read.
func sniff(src *source) (Kind, error) {
	if src.size == 0 {
		return KindEmpty, nil
	}
	head, err := src.view(0, min(src.size, 1024))
	if err != nil {
		return KindUnknown, err
	}
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.magic)) {
			return m.kind, nil
		}
	}
	switch {
	case isLegacy(head):
		return KindLegacy, nil
	case len(head) > 262 && string(head[257:262]) == "ustar":
		return KindTar, nil
	case len(head) > 9 && head[8] == '{' && (head[9] == '"' || binary.LittleEndian.Uint64(head) <= mostSafetensorsHeader):
		return KindSafetensors, nil
	case head[0] == 0x80 && len(head) > 2 && head[1] <= 5:
		return KindPickle, nil
	case looksLikeONNX(head):
		return KindONNX, nil
	case isText(head):
		return KindText, nil
	}
	return KindUnknown, nil
}

// looksLikeONNX recognises the start of a ModelProto: field 1, the IR version,
// then field 2, the producer's name, or field 7, the graph, or 8, the opsets.
func looksLikeONNX(head []byte) bool {
	if len(head) < 4 || head[0] != 0x08 || head[1] == 0 || head[1] > 64 {
		return false
	}
	return head[2] == 0x12 || head[2] == 0x3a || head[2] == 0x42
}

func isText(head []byte) bool {
	for len(head) > 0 {
		r, n := utf8.DecodeRune(head)
		if r == utf8.RuneError && n == 1 {
			return len(head) < utf8.UTFMax // a character cut by the end of the sample
		}
		if r < ' ' && r != '\n' && r != '\r' && r != '\t' {
			return false
		}
		head = head[n:]
	}
	return true
}
