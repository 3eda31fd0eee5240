package checkpoint

import (
	"math"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// jsonParser reads JSON token by token. encoding/json will not do: it hides
// duplicate names, replaces bad UTF-8, and matches names ignoring case. The
// first error is kept and stops everything.
type jsonParser struct {
	text string
	pos  int
	err  error
}

func (p *jsonParser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fail(ErrHeader, "header: "+format, args...)
	}
}

// peek skips white space and returns the next byte, 0 at the end or after an
// error.
func (p *jsonParser) peek() byte {
	for p.err == nil && p.pos < len(p.text) {
		switch c := p.text[p.pos]; c {
		case ' ', '\t', '\n', '\r':
			p.pos++
		default:
			return c
		}
	}
	return 0
}

func (p *jsonParser) expect(c byte) {
	if p.peek() != c {
		p.fail("no %q at byte %d", string(c), p.pos)
		return
	}
	p.pos++
}

// end demands that nothing but white space follows.
func (p *jsonParser) end() {
	if p.peek() != 0 || p.err == nil && p.pos != len(p.text) {
		p.fail("text after its end, at byte %d", p.pos)
	}
}

func (p *jsonParser) literal(word string) bool {
	if p.peek() == word[0] && strings.HasPrefix(p.text[p.pos:], word) {
		p.pos += len(word)
		return true
	}
	return false
}

// object reads {…} and calls member at each value.
func (p *jsonParser) object(member func(name string)) {
	p.expect('{')
	if p.peek() == '}' {
		p.pos++
		return
	}
	for p.err == nil {
		name := p.string()
		p.expect(':')
		if p.err != nil {
			return
		}
		member(name)
		if p.peek() != ',' {
			break
		}
		p.pos++
	}
	p.expect('}')
}

// integers reads […] of at most so many non-negative integers.
func (p *jsonParser) integers(most int) []int64 {
	out := []int64{}
	p.expect('[')
	if p.peek() == ']' {
		p.pos++
		return out
	}
	for p.err == nil {
		if len(out) == most {
			p.fail("more than %d numbers in a list", most)
		}
		out = append(out, p.integer())
		if p.peek() != ',' {
			break
		}
		p.pos++
	}
	p.expect(']')
	return out
}

// integer reads a number without sign, fraction, exponent or leading zeros.
func (p *jsonParser) integer() int64 {
	first := p.peek()
	start, n := p.pos, int64(0)
	for p.pos < len(p.text) && '0' <= p.text[p.pos] && p.text[p.pos] <= '9' {
		digit := int64(p.text[p.pos] - '0')
		if n > (math.MaxInt64-digit)/10 {
			p.fail("a number above 63 bits")
			return 0
		}
		n = 10*n + digit
		p.pos++
	}
	if p.pos == start || first == '0' && p.pos > start+1 {
		p.fail("no whole number at byte %d", start)
	}
	return n
}

// string reads a string and resolves its escapes.
func (p *jsonParser) string() string {
	p.expect('"')
	if p.err != nil {
		return ""
	}
	start := p.pos
	for p.pos < len(p.text) {
		switch c := p.text[p.pos]; {
		case c == '"':
			text := p.text[start:p.pos]
			p.pos++
			if !utf8.ValidString(text) {
				p.fail("a string that is not UTF-8")
			}
			return text
		case c == '\\':
			return p.escaped(start)
		case c < ' ':
			p.fail("a control character in a string")
			return ""
		}
		p.pos++
	}
	p.fail("a string without its end")
	return ""
}

// escaped reads on from the first backslash of a string.
func (p *jsonParser) escaped(start int) string {
	out := []byte(p.text[start:p.pos])
	for p.pos < len(p.text) {
		c := p.text[p.pos]
		p.pos++
		switch {
		case c == '"':
			if !utf8.Valid(out) {
				p.fail("a string that is not UTF-8")
			}
			return string(out)
		case c < ' ':
			p.fail("a control character in a string")
			return ""
		case c != '\\':
			out = append(out, c)
		default:
			if out = p.escape(out); p.err != nil {
				return ""
			}
		}
	}
	p.fail("a string without its end")
	return ""
}

func (p *jsonParser) escape(out []byte) []byte {
	if p.pos >= len(p.text) {
		p.fail("a string without its end")
		return out
	}
	c := p.text[p.pos]
	p.pos++
	if i := strings.IndexByte(`"\/bfnrt`, c); i >= 0 {
		return append(out, "\"\\/\b\f\n\r\t"[i])
	}
	if c != 'u' {
		p.fail("the escape \\%s", printable(string(c)))
		return out
	}
	r := p.hex4()
	if utf16.IsSurrogate(r) {
		low := rune(-1)
		if strings.HasPrefix(p.text[p.pos:], `\u`) {
			p.pos += 2
			low = p.hex4()
		}
		if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
			p.fail("a lone surrogate in a string")
		}
	}
	return utf8.AppendRune(out, r)
}

func (p *jsonParser) hex4() rune {
	if len(p.text)-p.pos < 4 {
		p.fail("an escape that is cut short")
		return 0
	}
	r := rune(0)
	for _, c := range []byte(p.text[p.pos : p.pos+4]) {
		digit := strings.IndexByte("0123456789abcdef", c|0x20)
		if digit < 0 || c < '0' {
			p.fail("an escape without four hexadecimal digits")
			return 0
		}
		r = r<<4 | rune(digit)
	}
	p.pos += 4
	return r
}

// skip reads a value of any kind and drops it, nested to a small depth.
func (p *jsonParser) skip() {
	const deepest = 64
	closers := make([]byte, 0, deepest)
	for {
		switch c := p.peek(); {
		case p.err != nil:
			return
		case c == '{' || c == '[':
			if len(closers) == deepest {
				p.fail("values nest more than %d deep", deepest)
				return
			}
			p.pos++
			closers = append(closers, c+2) // '{' and '}', '[' and ']' are two apart
			if p.peek() != c+2 {
				if c == '{' {
					p.string()
					p.expect(':')
				}
				continue
			}
		case c == '"':
			p.string()
		case c == '-' || '0' <= c && c <= '9':
			p.number()
		case p.literal("true") || p.literal("false") || p.literal("null"):
		default:
			p.fail("no value at byte %d", p.pos)
			return
		}
		for len(closers) > 0 && p.peek() == closers[len(closers)-1] {
			p.pos++
			closers = closers[:len(closers)-1]
		}
		if len(closers) == 0 {
			return
		}
		p.expect(',')
		if closers[len(closers)-1] == '}' {
			p.string()
			p.expect(':')
		}
	}
}

// number skips any JSON number.
func (p *jsonParser) number() {
	digits := func() bool {
		start := p.pos
		for p.pos < len(p.text) && '0' <= p.text[p.pos] && p.text[p.pos] <= '9' {
			p.pos++
		}
		return p.pos > start
	}
	at := func(set string) bool {
		if p.pos < len(p.text) && strings.IndexByte(set, p.text[p.pos]) >= 0 {
			p.pos++
			return true
		}
		return false
	}
	at("-")
	ok := at("0") || digits()
	if at(".") {
		ok = digits() && ok
	}
	if at("eE") {
		at("+-")
		ok = digits() && ok
	}
	if !ok {
		p.fail("a malformed number")
	}
}
