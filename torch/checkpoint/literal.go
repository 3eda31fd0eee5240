package checkpoint

import (
	"math/big"
	"slices"
	"unicode/utf8"
)

func (m *machine) pushInt(op byte) error {
	width := 1
	switch op {
	case opBinint2:
		width = 2
	case opBinint:
		width = 4
	}
	n, err := m.length(width)
	if err != nil {
		return err
	}
	if op == opBinint {
		return m.push(Int(int32(n)))
	}
	return m.push(Int(n))
}

// pushLong reads a two's complement number after a length of so many bytes.
func (m *machine) pushLong(width int) error {
	n, err := m.length(width)
	if err != nil {
		return err
	}
	if width == 4 && n > 1<<31-1 {
		return fail(ErrPickle, "an integer of negative length")
	}
	raw, err := m.take(n)
	if err != nil {
		return err
	}
	if len(raw) > 8 {
		if err := m.charge(2 * len(raw)); err != nil {
			return err
		}
	}
	return m.push(integer(raw))
}

func integer(raw string) Value {
	if len(raw) <= 8 {
		v := uint64(0)
		for i := len(raw) - 1; i >= 0; i-- {
			v = v<<8 | uint64(raw[i])
		}
		if unused := 64 - 8*len(raw); unused < 64 {
			return Int(int64(v<<unused) >> unused)
		}
		return Int(0)
	}
	bytes := []byte(raw)
	slices.Reverse(bytes)
	v := new(big.Int).SetBytes(bytes)
	if bytes[0]&0x80 != 0 {
		v.Sub(v, new(big.Int).Lsh(big.NewInt(1), uint(8*len(bytes))))
	}
	if v.IsInt64() {
		return Int(v.Int64())
	}
	return &Big{Int: v}
}

// pushText reads a string after a length of so many bytes.
func (m *machine) pushText(width int) error {
	n, err := m.length(width)
	if err != nil {
		return err
	}
	text, err := m.take(n)
	if err != nil {
		return err
	}
	if !validText(text) {
		return fail(ErrPickle, "a string that is not UTF-8")
	}
	return m.push(String(text))
}

// validText accepts UTF-8 and, as Python's pickle does, lone surrogates.
func validText(text string) bool {
	if utf8.ValidString(text) {
		return true
	}
	for len(text) > 0 {
		r, n := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && n == 1 {
			if len(text) < 3 || text[0] != 0xed || text[1]&0xe0 != 0xa0 || text[2]&0xc0 != 0x80 {
				return false
			}
			n = 3
		}
		text = text[n:]
	}
	return true
}

// stepWide runs one opcode of the second tier.
func (m *machine) stepWide(op byte) error {
	switch op {
	case opPop:
		_, err := m.pop()
		return err
	case opPopMark:
		n, err := m.sinceMark()
		if err != nil {
			return err
		}
		_, err = m.items(n)
		return err
	case opList, opDict, opFrozenset, opAdditems:
		return m.collect(op)
	case opLong4:
		return m.pushLong(4)
	case opBinstring:
		return m.pushText(4)
	case opShortBinunicode:
		return m.pushText(1)
	case opBinunicode8:
		return m.pushText(8)
	case opShortBinbytes, opBinbytes, opBinbytes8, opBytearray8:
		return m.pushBytes(op)
	case opStackGlobal:
		return m.stackGlobal()
	case opMemoize:
		v, err := m.top()
		if err != nil {
			return err
		}
		return m.store(uint64(len(m.memo)), v)
	case opFrame:
		n, err := m.length(8)
		if err == nil && n > uint64(len(m.text)-m.pos) {
			return fail(ErrTruncated, "a frame of %d bytes with %d bytes of pickle left", n, len(m.text)-m.pos)
		}
		return err
	}
	return fail(ErrPickle, "opcode %#02x at byte %d, which no weights file needs", op, m.pos-1)
}

func (m *machine) pushBytes(op byte) error {
	width := 8
	switch op {
	case opShortBinbytes:
		width = 1
	case opBinbytes:
		width = 4
	}
	n, err := m.length(width)
	if err != nil {
		return err
	}
	raw, err := m.take(n)
	if err != nil {
		return err
	}
	if op != opBytearray8 {
		return m.push(Bytes(raw))
	}
	if err := m.charge(len(raw)); err != nil {
		return err
	}
	return m.push(&ByteArray{Data: []byte(raw)})
}

func (m *machine) stackGlobal() error {
	pair, err := m.items(2)
	if err != nil {
		return err
	}
	module, ok1 := pair[0].(String)
	name, ok2 := pair[1].(String)
	if !ok1 || !ok2 {
		return fail(ErrPickle, "a global whose name is not a string")
	}
	if len(module) > longestGlobal || len(name) > longestGlobal {
		return fail(ErrPickle, "the name of a global is longer than %d bytes", longestGlobal)
	}
	g, err := m.global(string(module), string(name))
	if err != nil {
		return err
	}
	return m.push(g)
}

// collect makes a container of what lies above the last mark.
func (m *machine) collect(op byte) error {
	n, err := m.sinceMark()
	if err != nil {
		return err
	}
	items, err := m.items(n)
	if err != nil {
		return err
	}
	if err := m.charge(64 + 96*n); err != nil {
		return err
	}
	switch op {
	case opList:
		return m.push(&List{Items: slices.Clone(items)})
	case opDict:
		d := &Dict{}
		if err := setAll(d, items); err != nil {
			return err
		}
		return m.push(d)
	case opFrozenset:
		s, err := newSet(items, true)
		if err != nil {
			return err
		}
		return m.push(s)
	}
	target, err := m.top()
	if err != nil {
		return err
	}
	set, ok := target.(*Set)
	if !ok || set.Frozen {
		return fail(ErrPickle, "adds members to %s", nameType(target))
	}
	return set.add(items)
}

// fill runs the opcodes that put values into a container.
func (m *machine) fill(op byte) error {
	n := 1
	switch op {
	case opSetitem:
		n = 2
	case opAppends, opSetitems:
		var err error
		if n, err = m.sinceMark(); err != nil {
			return err
		}
	}
	items, err := m.items(n)
	if err != nil {
		return err
	}
	target, err := m.top()
	if err != nil {
		return err
	}
	if op == opAppend || op == opAppends {
		if err := m.charge(32 * n); err != nil {
			return err
		}
		switch target := target.(type) {
		case *List:
			target.Items = append(target.Items, items...)
			return nil
		case *Object:
			target.List = append(target.List, items...)
			return nil
		}
		return fail(ErrPickle, "appends to %s", nameType(target))
	}
	if err := m.charge(96 * n); err != nil {
		return err
	}
	switch target := target.(type) {
	case *Dict:
		return setAll(target, items)
	case *Object:
		if n%2 != 0 {
			return fail(ErrPickle, "a key without a value")
		}
		for i := 0; i < n; i += 2 {
			target.Items = append(target.Items, Entry{items[i], items[i+1]})
		}
		return nil
	}
	return fail(ErrPickle, "stores an item into %s", nameType(target))
}

// setAll stores alternating keys and values.
func setAll(d *Dict, items []Value) error {
	if len(items)%2 != 0 {
		return fail(ErrPickle, "a key without a value")
	}
	d.grow(len(items) / 2)
	for i := 0; i < len(items); i += 2 {
		if err := d.Set(items[i], items[i+1]); err != nil {
			return err
		}
	}
	return nil
}
