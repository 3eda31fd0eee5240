package checkpoint

import (
	"math"
	"strings"
)

const (
	// mostDepth bounds how deep values nest. Python's own writer stops at 498.
	mostDepth = 1000
	// longestGlobal bounds each half of a global's name.
	longestGlobal = 512
)

// machine runs one pickle. It has no way to call anything: REDUCE, NEWOBJ and
// BUILD are switches over the constructors of this package, which return data.
type machine struct {
	text  string // the pickle; strings of the result share it
	pos   int
	stack []Value
	marks []int
	memo  []Value
	room  int64 // bytes that the result may still take
	dialect
}

// dialect is what differs between the places where pickles occur.
type dialect struct {
	persistent func(id *Tuple) (Value, error) // turns a persistent id into a storage; nil refuses
	script     bool                           // TorchScript: __torch__ classes and torch.jit._pickle
	inert      bool                           // unknown classes become records
	narrow     bool                           // only what torch's weights-only reader accepts
	limit      int64                          // most bytes of one copy out of a tensor
	later      *[]func() error                // checks that need the data, for when it is found; nil: at once
}

// unpickle reads the one value of a pickle and returns the bytes that it took.
func unpickle(text string, d dialect) (Value, int, error) {
	m := &machine{text: text, dialect: d}
	// A byte of pickle can ask for a whole empty dict, hence the factor.
	m.room = 1<<20 + 64*int64(len(text))
	m.memo = make([]Value, 0, len(text)/32)
	v, err := m.run()
	if err != nil {
		return nil, 0, err
	}
	return v, m.pos, checkDepth(v)
}

// charge accounts for memory before it is taken.
func (m *machine) charge(bytes int) error {
	m.room -= int64(bytes)
	if m.room < 0 {
		return fail(ErrLimit, "the pickle of %d bytes unfolds to more than 64 times its size", len(m.text))
	}
	return nil
}

func (m *machine) run() (Value, error) {
	for {
		op, err := m.byte()
		if err != nil {
			return nil, err
		}
		if op == opStop {
			if len(m.stack) != 1 || len(m.marks) != 0 {
				return nil, fail(ErrPickle, "ends with %d values and %d open marks on its stack, not with one value", len(m.stack), len(m.marks))
			}
			return m.stack[0], nil
		}
		if err := m.step(op); err != nil {
			return nil, err
		}
	}
}

// step runs one opcode of the first tier.
func (m *machine) step(op byte) error {
	switch op {
	case opProto:
		version, err := m.byte()
		if err == nil && (version < 2 || version > 5) {
			return fail(ErrPickle, "pickle protocol %d; 2 to 5 can be read", version)
		}
		return err
	case opMark:
		if len(m.marks) >= mostDepth {
			return fail(ErrLimit, "more than %d open marks", mostDepth)
		}
		m.marks = append(m.marks, len(m.stack))
		return nil
	case opNone:
		return m.push(None{})
	case opNewtrue:
		return m.push(Bool(true))
	case opNewfalse:
		return m.push(Bool(false))
	case opBinint, opBinint1, opBinint2:
		return m.pushInt(op)
	case opLong1:
		return m.pushLong(1)
	case opBinfloat:
		raw, err := m.take(8)
		if err != nil {
			return err
		}
		var bits uint64
		for i := range 8 {
			bits = bits<<8 | uint64(raw[i])
		}
		return m.push(Float(math.Float64frombits(bits)))
	case opBinunicode:
		return m.pushText(4)
	case opShortBinstring:
		return m.pushText(1)
	case opEmptyTuple:
		return m.pushTuple(0)
	case opTuple1:
		return m.pushTuple(1)
	case opTuple2:
		return m.pushTuple(2)
	case opTuple3:
		return m.pushTuple(3)
	case opTuple:
		n, err := m.sinceMark()
		if err != nil {
			return err
		}
		return m.pushTuple(n)
	case opEmptyList:
		return m.pushNew(48, &List{})
	case opEmptyDict:
		return m.pushNew(64, &Dict{})
	case opEmptySet:
		return m.pushNew(48, &Set{})
	case opAppend, opAppends, opSetitem, opSetitems:
		return m.fill(op)
	case opBinput, opLongBinput, opBinget, opLongBinget:
		return m.remember(op)
	case opGlobal:
		return m.pushGlobal()
	case opReduce, opNewobj, opBuild:
		return m.construct(op)
	case opBinpersid:
		id, err := m.pop()
		if err != nil {
			return err
		}
		tuple, ok := id.(*Tuple)
		if !ok || m.persistent == nil {
			return fail(ErrPickle, "a persistent id that is not the tuple of a storage")
		}
		v, err := m.persistent(tuple)
		if err != nil {
			return err
		}
		return m.push(v)
	}
	if m.narrow {
		return fail(ErrPickle, "opcode %#02x at byte %d, which torch.load(weights_only=True) refuses", op, m.pos-1)
	}
	return m.stepWide(op)
}

func (m *machine) byte() (byte, error) {
	if m.pos >= len(m.text) {
		return 0, fail(ErrTruncated, "the pickle ends without a STOP; the file is cut short, copy it again")
	}
	m.pos++
	return m.text[m.pos-1], nil
}

// take returns the next n bytes, which share the memory of the pickle.
func (m *machine) take(n uint64) (string, error) {
	if n > uint64(len(m.text)-m.pos) {
		return "", fail(ErrTruncated, "an operand of %d bytes with %d bytes of pickle left", n, len(m.text)-m.pos)
	}
	at := m.pos
	m.pos += int(n)
	return m.text[at:m.pos], nil
}

// length reads a little-endian length of 1, 4 or 8 bytes.
func (m *machine) length(width int) (uint64, error) {
	raw, err := m.take(uint64(width))
	if err != nil {
		return 0, err
	}
	n := uint64(0)
	for i := width - 1; i >= 0; i-- {
		n = n<<8 | uint64(raw[i])
	}
	return n, nil
}

func (m *machine) push(v Value) error {
	m.stack = append(m.stack, v)
	return m.charge(16)
}

func (m *machine) pushNew(bytes int, v Value) error {
	if err := m.charge(bytes); err != nil {
		return err
	}
	return m.push(v)
}

// base is how far down the stack the values reach that may be taken: to the
// last open mark.
func (m *machine) base() int {
	if len(m.marks) == 0 {
		return 0
	}
	return m.marks[len(m.marks)-1]
}

func (m *machine) pop() (Value, error) {
	if len(m.stack) <= m.base() {
		return nil, fail(ErrPickle, "takes a value from an empty stack at byte %d", m.pos-1)
	}
	v := m.stack[len(m.stack)-1]
	m.stack = m.stack[:len(m.stack)-1]
	return v, nil
}

// top returns the last value without taking it.
func (m *machine) top() (Value, error) {
	if len(m.stack) <= m.base() {
		return nil, fail(ErrPickle, "needs a value on an empty stack at byte %d", m.pos-1)
	}
	return m.stack[len(m.stack)-1], nil
}

// sinceMark closes the last mark and returns how many values lie above it.
func (m *machine) sinceMark() (int, error) {
	if len(m.marks) == 0 {
		return 0, fail(ErrPickle, "closes a mark that was never set, at byte %d", m.pos-1)
	}
	n := len(m.stack) - m.base()
	m.marks = m.marks[:len(m.marks)-1]
	return n, nil
}

// items takes the last n values in order. They stay on the stack's memory until
// the next push: use or copy them at once.
func (m *machine) items(n int) ([]Value, error) {
	if len(m.stack)-m.base() < n {
		return nil, fail(ErrPickle, "needs %d values at byte %d, the stack has fewer", n, m.pos-1)
	}
	at := len(m.stack) - n
	items := m.stack[at:]
	m.stack = m.stack[:at]
	return items, nil
}

// Short tuples are made in one piece with their items: a tensor takes six.
type (
	tuple1 struct {
		Tuple
		items [1]Value
	}
	tuple2 struct {
		Tuple
		items [2]Value
	}
	tuple3 struct {
		Tuple
		items [3]Value
	}
)

func (m *machine) pushTuple(n int) error {
	items, err := m.items(n)
	if err != nil {
		return err
	}
	if err := m.charge(48 + 16*n); err != nil {
		return err
	}
	var t *Tuple
	switch n {
	case 0:
		t = &Tuple{}
	case 1:
		whole := &tuple1{}
		t, whole.Items = &whole.Tuple, whole.items[:0:1]
	case 2:
		whole := &tuple2{}
		t, whole.Items = &whole.Tuple, whole.items[:0:2]
	case 3:
		whole := &tuple3{}
		t, whole.Items = &whole.Tuple, whole.items[:0:3]
	default:
		t = &Tuple{Items: make([]Value, 0, n)}
	}
	t.Items = append(t.Items, items...)
	return m.push(t)
}

// remember stores to and loads from the memo.
func (m *machine) remember(op byte) error {
	width := 1
	if op == opLongBinput || op == opLongBinget {
		width = 4
	}
	slot, err := m.length(width)
	if err != nil {
		return err
	}
	if op == opBinget || op == opLongBinget {
		if slot >= uint64(len(m.memo)) || m.memo[slot] == nil {
			return fail(ErrPickle, "memo slot %d was never set", slot)
		}
		return m.push(m.memo[slot])
	}
	v, err := m.top()
	if err != nil {
		return err
	}
	return m.store(slot, v)
}

// store sets a memo slot. Writers number slots in order; a few leave out the
// first ones.
func (m *machine) store(slot uint64, v Value) error {
	const gap = 16
	if slot > uint64(len(m.memo)+gap) {
		return fail(ErrLimit, "memo slot %d while %d are in use", slot, len(m.memo))
	}
	for uint64(len(m.memo)) <= slot {
		if err := m.charge(16); err != nil {
			return err
		}
		m.memo = append(m.memo, nil)
	}
	m.memo[slot] = v
	return nil
}

// pushGlobal reads "module\nname\n" and looks the pair up.
func (m *machine) pushGlobal() error {
	module, err := m.line()
	if err != nil {
		return err
	}
	name, err := m.line()
	if err != nil {
		return err
	}
	g, err := m.global(module, name)
	if err != nil {
		return err
	}
	return m.push(g)
}

func (m *machine) line() (string, error) {
	rest := m.text[m.pos:]
	end := strings.IndexByte(rest[:min(len(rest), longestGlobal+1)], '\n')
	if end < 0 {
		return "", fail(ErrPickle, "the name of a global that is cut short or longer than %d bytes", longestGlobal)
	}
	m.pos += end + 1
	return rest[:end], nil
}
