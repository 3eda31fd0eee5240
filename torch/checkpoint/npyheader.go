package checkpoint

import (
	"encoding/binary"
	"strconv"
	"strings"
)

const (
	npyMagic = "\x93NUMPY"
	// longestNPYHeader is far above what 64 dimensions take.
	longestNPYHeader = 1 << 16
)

// npyHeader is the header of an array and where its data starts.
type npyHeader struct {
	element numpyElement
	fortran bool
	shape   []int64
	start   int64
	size    int64 // bytes of data
}

// parseNPY reads the header at the start of head, which holds at least the
// header when the file does. total is the size of the whole file.
func parseNPY(head []byte, total int64) (npyHeader, error) {
	var h npyHeader
	if len(head) < 10 || string(head[:6]) != npyMagic {
		return h, fail(ErrHeader, "does not start as an npy file")
	}
	var length int64
	switch major, minor := head[6], head[7]; {
	case major == 1 && minor == 0:
		length, h.start = int64(binary.LittleEndian.Uint16(head[8:])), 10
	case (major == 2 || major == 3) && minor == 0 && len(head) >= 12:
		length, h.start = int64(binary.LittleEndian.Uint32(head[8:])), 12
	default:
		return h, fail(ErrVersion, "npy version %d.%d; 1.0 to 3.0 can be read", major, minor)
	}
	if length > longestNPYHeader {
		return h, fail(ErrLimit, "an npy header of %d bytes", length)
	}
	if h.start+length > int64(len(head)) {
		return h, fail(ErrTruncated, "the npy header is cut short; copy the file again")
	}
	if err := h.parse(string(head[h.start : h.start+length])); err != nil {
		return h, err
	}
	h.start += length
	numel, err := countElements(h.shape)
	if err != nil {
		return h, err
	}
	h.size = numel * int64(h.element.dtype.Size())
	if h.size > total-h.start {
		return h, fail(ErrTruncated, "the array takes %d bytes, %d are there; copy the file again", h.size, total-h.start)
	}
	return h, nil
}

// parse reads the Python literal {'descr': …, 'fortran_order': …, 'shape': …}.
func (h *npyHeader) parse(text string) error {
	p := literalParser{rest: text}
	p.expect('{')
	seen := make(map[string]bool, 3)
	for p.err == nil && !p.accept('}') {
		name := p.quoted()
		p.expect(':')
		if seen[name] {
			p.fail("the key %q twice", printable(name))
		}
		seen[name] = true
		switch name {
		case "descr":
			descr := p.quoted()
			if p.err != nil {
				return fail(ErrUnsupported, "an array of records or sub-arrays, which no tensor is; save its fields one by one")
			}
			var err error
			if h.element, err = parseDescr(descr); err != nil {
				return err
			}
		case "fortran_order":
			h.fortran = p.bool()
		case "shape":
			h.shape = p.tuple()
		default:
			p.fail("the unknown key %q", printable(name))
		}
		if !p.accept(',') {
			p.expect('}')
			break
		}
	}
	p.space()
	if p.err == nil && p.rest != "" {
		p.fail("text after the closing brace")
	}
	if p.err == nil && len(seen) != 3 {
		p.fail("one of descr, fortran_order and shape is missing")
	}
	return p.err
}

// literalParser reads the few Python literals of an npy header.
type literalParser struct {
	rest string
	err  error
}

func (p *literalParser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fail(ErrHeader, "npy header: "+format, args...)
	}
}

func (p *literalParser) space() { p.rest = strings.TrimLeft(p.rest, " \t\r\n") }

func (p *literalParser) accept(c byte) bool {
	p.space()
	if p.err != nil || p.rest == "" || p.rest[0] != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

func (p *literalParser) expect(c byte) {
	if !p.accept(c) {
		p.fail("no %q where one belongs", string(c))
	}
}

// quoted reads a string in either quotes; those of numpy have no escapes.
func (p *literalParser) quoted() string {
	for _, quote := range []byte{'\'', '"'} {
		if !p.accept(quote) {
			continue
		}
		end := strings.IndexByte(p.rest, quote)
		if end < 0 || strings.IndexByte(p.rest[:end], '\\') >= 0 {
			break
		}
		text := p.rest[:end]
		p.rest = p.rest[end+1:]
		return text
	}
	p.fail("no string where one belongs")
	return ""
}

func (p *literalParser) bool() bool {
	p.space()
	for text, value := range map[string]bool{"True": true, "False": false} {
		if rest, ok := strings.CutPrefix(p.rest, text); ok {
			p.rest = rest
			return value
		}
	}
	p.fail("no True or False where one belongs")
	return false
}

// tuple reads (), (4,) or (2, 3), with the L that Python 2 wrote after numbers.
func (p *literalParser) tuple() []int64 {
	p.expect('(')
	shape := []int64{}
	for p.err == nil && !p.accept(')') {
		p.space()
		digits := len(p.rest) - len(strings.TrimLeft(p.rest, "0123456789"))
		n, err := strconv.ParseInt(p.rest[:digits], 10, 64)
		if err != nil {
			p.fail("no dimension where one belongs")
			return nil
		}
		shape = append(shape, n)
		p.rest = strings.TrimPrefix(p.rest[digits:], "L")
		if p.accept(',') {
			continue
		}
		if len(shape) == 1 {
			p.fail("the shape is a number in parentheses, not a tuple")
		}
		p.expect(')')
		break
	}
	return shape
}
