package checkpoint

import (
	"encoding/binary"
	"strings"
)

// A legacy file is five pickles back to back (magic number, protocol, system
// information, object, list of storage keys), then for each key an int64 count
// and the elements, little-endian whatever the system information says.

const legacyProtocol = 1001

// legacyStorages collects the storages that the object of a legacy file
// mentions, before it is known where they lie.
type legacyStorages struct {
	file  *File
	roots map[string]*Storage
	views map[string]*legacyView
}

// legacyView is a storage that is a window of another, as torch 0.2 to 0.4 had.
type legacyView struct {
	storage *Storage
	root    *Storage
	offset  int64 // bytes
}

// readLegacy reads the index of a legacy file.
func (f *File) readLegacy() error {
	at := int64(0)
	if _, err := f.nextPickle(&at, dialect{}); err != nil { // the magic number: sniff has compared it
		return err
	}
	protocol, err := f.nextPickle(&at, dialect{})
	if err != nil {
		return err
	}
	if protocol != Value(Int(legacyProtocol)) {
		return fail(ErrVersion, "a legacy file of another protocol than %d", legacyProtocol)
	}
	if _, err := f.nextPickle(&at, dialect{}); err != nil {
		return err
	}
	known := &legacyStorages{file: f, roots: make(map[string]*Storage), views: make(map[string]*legacyView)}
	var later []func() error
	if f.value, err = f.nextPickle(&at, dialect{persistent: known.persistent, later: &later}); err != nil {
		return err
	}
	keys, err := f.nextPickle(&at, dialect{})
	if err != nil {
		return err
	}
	if err := known.place(keys, at); err != nil {
		return err
	}
	for _, check := range later {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// nextPickle reads the pickle at an offset and moves the offset behind it.
func (f *File) nextPickle(at *int64, d dialect) (Value, error) {
	text, err := pickleText(f.src, *at)
	if err != nil {
		return nil, err
	}
	*at += int64(len(text))
	return f.unpickleAll(text, d)
}

// pickleText copies the one pickle that starts at an offset, without knowing its
// length: in windows that double until its STOP is found.
func pickleText(src *source, at int64) (string, error) {
	for window := int64(1 << 12); ; window *= 4 {
		window = min(window, src.size-at)
		data, err := src.view(at, window)
		if err != nil {
			return "", err
		}
		n, whole, err := pickleLength(data)
		if err != nil {
			return "", err
		}
		if whole {
			return string(data[:n]), nil
		}
		if window == src.size-at {
			return "", fail(ErrTruncated, "a pickle ends without a STOP; the file is cut short, copy it again")
		}
	}
}

// pickleLength skips opcodes and their operands up to and with STOP. whole is
// false when the data ends first.
func pickleLength(data []byte) (n int, whole bool, err error) {
	for at := 0; at < len(data); {
		op := data[at]
		at++
		fixed, length, lines := operand(op)
		if fixed < 0 {
			return 0, false, fail(ErrPickle, "opcode %#02x at byte %d, which no weights file needs", op, at-1)
		}
		at += fixed
		if length > 0 {
			if len(data)-at < length {
				return 0, false, nil
			}
			var raw [8]byte
			copy(raw[:], data[at:at+length])
			size := binary.LittleEndian.Uint64(raw[:])
			at += length
			if size > uint64(len(data)-at) {
				return 0, false, nil
			}
			at += int(size)
		}
		for range lines {
			end := -1
			if at <= len(data) {
				end = strings.IndexByte(string(data[at:min(len(data), at+longestGlobal+1)]), '\n')
			}
			if end < 0 && len(data)-at > longestGlobal {
				return 0, false, fail(ErrPickle, "the name of a global is longer than %d bytes", longestGlobal)
			}
			if end < 0 {
				return 0, false, nil
			}
			at += end + 1
		}
		if op == opStop && at <= len(data) {
			return at, true, nil
		}
	}
	return 0, false, nil
}

// operand says what follows an opcode: fixed bytes, or a length of so many bytes
// and that many more, or lines. fixed is -1 for an unknown opcode.
func operand(op byte) (fixed, length, lines int) {
	switch op {
	case opMark, opStop, opNone, opBinpersid, opReduce, opAppend, opAppends, opBuild, opEmptyDict, opEmptyList,
		opEmptyTuple, opSetitem, opSetitems, opTuple, opNewobj, opTuple1, opTuple2, opTuple3, opNewtrue, opNewfalse,
		opEmptySet, opPop, opPopMark, opList, opDict, opAdditems, opFrozenset, opStackGlobal, opMemoize:
		return 0, 0, 0
	case opProto, opBinint1, opBinget, opBinput:
		return 1, 0, 0
	case opBinint2:
		return 2, 0, 0
	case opBinint, opLongBinget, opLongBinput:
		return 4, 0, 0
	case opBinfloat, opFrame:
		return 8, 0, 0
	case opShortBinstring, opLong1, opShortBinunicode, opShortBinbytes:
		return 0, 1, 0
	case opBinunicode, opBinstring, opBinbytes, opLong4:
		return 0, 4, 0
	case opBinunicode8, opBinbytes8, opBytearray8:
		return 0, 8, 0
	case opGlobal:
		return 0, 0, 2
	}
	return -1, 0, 0
}

// persistent reads ('storage', class, key, location, numel, view), where view is
// None or (view key, offset, size), and with the option Inert the class of
// ('module', class, file, source).
func (l *legacyStorages) persistent(id *Tuple) (Value, error) {
	if l.file.settings.inert && len(id.Items) == 4 && id.Items[0] == Value(String("module")) {
		return id.Items[1], nil
	}
	if len(id.Items) != 6 {
		return nil, fail(ErrStorage, "a persistent id that is not that of a storage")
	}
	p, err := parseStorageID(id.Items[:5], 5)
	if err != nil {
		return nil, err
	}
	root, ok := l.roots[p.key]
	if !ok {
		root = &Storage{key: p.key, device: p.device, element: p.element, size: p.size, src: l.file.src, start: -1}
		l.roots[p.key] = root
	}
	if root.size != p.size || root.element != p.element {
		return nil, fail(ErrStorage, "storage %s has two sizes or types", printable(p.key))
	}
	if id.Items[5] == Value(None{}) {
		return root, nil
	}
	return l.view(root, id.Items[5])
}

func (l *legacyStorages) view(root *Storage, field Value) (Value, error) {
	tuple, ok := field.(*Tuple)
	if !ok || len(tuple.Items) != 3 {
		return nil, fail(ErrStorage, "the view of storage %s is not (key, offset, size)", printable(root.key))
	}
	key, ok1 := tuple.Items[0].(String)
	offset, ok2 := tuple.Items[1].(Int)
	size, ok3 := tuple.Items[2].(Int)
	width := int64(root.element.Size())
	elements := root.size / width
	if !ok1 || !ok2 || !ok3 || offset < 0 || size < 0 || int64(offset) > elements || int64(size) > elements-int64(offset) {
		return nil, fail(ErrStorage, "a view of elements %v to %v more of storage %s, which has %d", tuple.Items[1], tuple.Items[2], printable(root.key), elements)
	}
	if v, ok := l.views[string(key)]; ok {
		if v.root != root || v.offset != int64(offset)*width || v.storage.size != int64(size)*width {
			return nil, fail(ErrStorage, "the view %s of storage %s is described in two ways", printable(string(key)), printable(root.key))
		}
		return v.storage, nil
	}
	v := &legacyView{root: root, offset: int64(offset) * width}
	v.storage = &Storage{key: string(key), device: root.device, element: root.element, size: int64(size) * width, src: root.src, start: -1}
	l.views[string(key)] = v
	return v.storage, nil
}

// place finds where each storage lies: behind the pickles, in the order of the
// key list.
func (l *legacyStorages) place(keys Value, at int64) error {
	var names []Value
	switch keys := keys.(type) {
	case *List:
		names = keys.Items
	case *Tuple:
		names = keys.Items
	default:
		return fail(ErrStorage, "the list of storages is %s", nameType(keys))
	}
	for _, name := range names {
		key, ok := name.(String)
		s := l.roots[string(key)]
		if !ok || s == nil || s.start >= 0 {
			return fail(ErrStorage, "the list of storages names one that no tensor has, or one twice")
		}
		count, err := l.file.src.view(at, 8)
		if err != nil {
			return err
		}
		at += 8
		if n := int64(binary.LittleEndian.Uint64(count)); n != s.size/int64(s.element.Size()) {
			return fail(ErrStorage, "storage %s has %d elements in the file, %d in the pickle", printable(s.key), n, s.size/int64(s.element.Size()))
		}
		if s.size > l.file.src.size-at {
			return fail(ErrTruncated, "storage %s takes %d bytes, %d are left; copy the file again", printable(s.key), s.size, l.file.src.size-at)
		}
		s.start = at
		at += s.size
	}
	if at != l.file.src.size {
		return fail(ErrStorage, "%d bytes follow the last storage", l.file.src.size-at)
	}
	for key, s := range l.roots {
		if s.start < 0 {
			return fail(ErrMissing, "storage %s is used but not in the file", printable(key))
		}
	}
	for _, v := range l.views {
		v.storage.start = v.root.start + v.offset
	}
	return nil
}

// isLegacy recognises the magic number 0x1950a86a20f9469cfc6c, pickled with any
// protocol, at the start of a file.
func isLegacy(head []byte) bool {
	text := string(head)
	if len(text) < 2 || text[0] != opProto || text[1] < 2 || text[1] > 5 {
		return false
	}
	text = text[2:]
	if len(text) > 9 && text[0] == opFrame {
		text = text[9:]
	}
	return strings.HasPrefix(text, "\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.")
}
