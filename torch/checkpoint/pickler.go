package checkpoint

import (
	"encoding/binary"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// pickler writes one value as pickle protocol 2, with the opcodes and the
// globals that torch.load(weights_only=True) accepts and no others. What is
// shared stays shared: containers, tensors and storages by identity.
type pickler struct {
	out      []byte
	memo     map[Value]int  // containers and tensors
	words    map[string]int // strings and globals, by their opcode and text
	slots    int
	busy     map[Value]bool // tuples that are being written
	depth    int
	storages []savedStorage           // in the order of their keys
	keys     map[*Storage]int         // position in storages
	typed    map[*Storage]dtype.DType // what all tensors over it agree on, or Invalid
}

// savedStorage is a storage and the type of the elements that tensors see in it,
// Invalid when they differ.
type savedStorage struct {
	*Storage
	use dtype.DType
}

// pickle returns the pickle of a value and the storages that it refers to by
// their position.
func pickle(root Value) ([]byte, []savedStorage, error) {
	p := &pickler{typed: make(map[*Storage]dtype.DType)}
	// The first run finds out which storages have one element type.
	for range 2 {
		p.out = []byte{opProto, 2}
		p.memo, p.words, p.slots = make(map[Value]int), make(map[string]int), 0
		p.busy, p.keys, p.storages = make(map[Value]bool), make(map[*Storage]int), nil
		if err := p.value(root); err != nil {
			return nil, nil, err
		}
		p.op(opStop)
	}
	for i, s := range p.storages {
		p.storages[i].use = p.use(s.Storage)
	}
	return p.out, p.storages, nil
}

func (p *pickler) op(ops ...byte) { p.out = append(p.out, ops...) }

// put stores the value on the stack in the next memo slot.
func (p *pickler) put() int {
	slot := p.slots
	p.slots++
	if slot < 256 {
		p.op(opBinput, byte(slot))
	} else {
		p.op(opLongBinput)
		p.out = binary.LittleEndian.AppendUint32(p.out, uint32(slot))
	}
	return slot
}

func (p *pickler) get(slot int) {
	if slot < 256 {
		p.op(opBinget, byte(slot))
		return
	}
	p.op(opLongBinget)
	p.out = binary.LittleEndian.AppendUint32(p.out, uint32(slot))
}

// global writes a name, once.
func (p *pickler) global(module, name string) {
	text := module + "\n" + name + "\n"
	if slot, ok := p.words[string(rune(opGlobal))+text]; ok {
		p.get(slot)
		return
	}
	p.op(opGlobal)
	p.out = append(p.out, text...)
	p.words[string(rune(opGlobal))+text] = p.put()
}

// string writes a string, once.
func (p *pickler) string(text string) {
	if slot, ok := p.words[string(rune(opBinunicode))+text]; ok {
		p.get(slot)
		return
	}
	p.text(text)
	p.words[string(rune(opBinunicode))+text] = p.put()
}

func (p *pickler) text(text string) {
	p.op(opBinunicode)
	p.out = binary.LittleEndian.AppendUint32(p.out, uint32(len(text)))
	p.out = append(p.out, text...)
}

func (p *pickler) int(n int64) {
	switch {
	case 0 <= n && n < 1<<8:
		p.op(opBinint1, byte(n))
	case 0 <= n && n < 1<<16:
		p.op(opBinint2, byte(n), byte(n>>8))
	case math.MinInt32 <= n && n <= math.MaxInt32:
		p.op(opBinint)
		p.out = binary.LittleEndian.AppendUint32(p.out, uint32(int32(n)))
	default:
		raw := binary.LittleEndian.AppendUint64(nil, uint64(n))
		size := 8
		for size > 1 && (raw[size-1] == 0 && raw[size-2] < 0x80 || raw[size-1] == 0xff && raw[size-2] >= 0x80) {
			size--
		}
		p.op(opLong1, byte(size))
		p.op(raw[:size]...)
	}
}

func (p *pickler) big(b *Big) error {
	if b.Int.IsInt64() {
		p.int(b.Int.Int64())
		return nil
	}
	size := b.Int.BitLen()/8 + 1
	if size > 255 {
		return fail(ErrUnsupported, "an integer of %d bits, which torch refuses to load", b.Int.BitLen())
	}
	raw := make([]byte, size)
	if b.Int.Sign() < 0 {
		// Two's complement: the complement of |n| - 1.
		minusOne := slices.Clone(b.Int.Bytes())
		for i := len(minusOne) - 1; i >= 0; i-- {
			minusOne[i]--
			if minusOne[i] != 0xff {
				break
			}
		}
		copy(raw[size-len(minusOne):], minusOne)
		for i := range raw {
			raw[i] = ^raw[i]
		}
	} else {
		b.Int.FillBytes(raw)
	}
	if size > 1 && raw[0] == 0xff && raw[1] >= 0x80 {
		raw = raw[1:]
	}
	slices.Reverse(raw)
	p.op(opLong1, byte(len(raw)))
	p.op(raw...)
	return nil
}

func (p *pickler) bool(b bool) {
	if b {
		p.op(opNewtrue)
	} else {
		p.op(opNewfalse)
	}
}

func (p *pickler) float(f float64) {
	p.op(opBinfloat)
	p.out = binary.BigEndian.AppendUint64(p.out, math.Float64bits(f))
}

// ints writes a tuple of integers.
func (p *pickler) ints(values []int64) {
	p.tuple(len(values), func() {
		for _, n := range values {
			p.int(n)
		}
	})
}

// tuple writes a tuple of n items that cannot fail.
func (p *pickler) tuple(n int, items func()) {
	switch n {
	case 0:
		p.op(opEmptyTuple)
	case 1, 2, 3:
		items()
		p.op([]byte{opTuple1, opTuple2, opTuple3}[n-1])
	default:
		p.op(opMark)
		items()
		p.op(opTuple)
	}
}

// value writes any value.
func (p *pickler) value(v Value) error {
	if slot, ok := p.memo[memoKey(v)]; ok {
		p.get(slot)
		return nil
	}
	if p.depth++; p.depth > mostDepth {
		return fail(ErrLimit, "values nest more than %d deep", mostDepth)
	}
	defer func() { p.depth-- }()
	switch v := v.(type) {
	case None:
		p.op(opNone)
	case Bool:
		p.bool(bool(v))
	case Int:
		p.int(int64(v))
	case *Big:
		return p.big(v)
	case Float:
		p.float(float64(v))
	case Complex:
		p.global("__builtin__", "complex")
		p.tuple(2, func() { p.float(real(v)); p.float(imag(v)) })
		p.op(opReduce)
	case String:
		if !validText(string(v)) || len(v) > math.MaxInt32 {
			return fail(ErrUnsupported, "a string that is not UTF-8 or longer than 2 GiB")
		}
		p.string(string(v))
	case Bytes:
		p.bytes(string(v))
	case *ByteArray:
		p.global("__builtin__", "bytearray")
		p.bytes(string(v.Data))
		p.op(opTuple1, opReduce)
		p.memo[v] = p.put()
	case Size:
		p.global("torch", "Size")
		p.ints(v)
		p.op(opTuple1, opReduce)
	case DType:
		p.global("torch", v.String())
	case QScheme:
		p.global("torch", strings.TrimPrefix(string(v), "torch."))
	case Layout:
		p.global("torch.serialization", "_get_layout")
		p.string(string(v))
		p.op(opTuple1, opReduce)
	case Device:
		p.device(string(v))
	case *Storage:
		p.storage(v, dtype.Invalid)
	case *Tensor:
		return p.tensor(v)
	case *List, *Tuple, *Dict, *Set:
		return p.container(v)
	default:
		return fail(ErrUnsupported, "%s, which torch.load(weights_only=True) refuses; save it as tensors and plain values", nameType(v))
	}
	return nil
}

// memoKey returns v where it has an identity, nil where it does not: values that
// cannot be compared must not reach a map.
func memoKey(v Value) Value {
	switch v.(type) {
	case *List, *Tuple, *Dict, *Set, *Tensor, *ByteArray:
		return v
	}
	return nil
}

// bytes writes what Python 3 writes for bytes in protocol 2.
func (p *pickler) bytes(data string) {
	p.global("_codecs", "encode")
	latin1 := make([]rune, 0, len(data))
	for _, c := range []byte(data) {
		latin1 = append(latin1, rune(c))
	}
	p.text(string(latin1))
	p.string("latin1")
	p.op(opTuple2, opReduce)
}

func (p *pickler) device(name string) {
	p.global("torch", "device")
	kind, index, indexed := strings.Cut(name, ":")
	if n, err := strconv.ParseInt(index, 10, 16); indexed && err == nil {
		p.string(kind)
		p.int(n)
		p.op(opTuple2, opReduce)
		return
	}
	p.string(name)
	p.op(opTuple1, opReduce)
}

// batch is how many items Python puts into one APPENDS or SETITEMS.
const batch = 1000

func (p *pickler) container(v Value) error {
	switch v := v.(type) {
	case *List:
		p.op(opEmptyList)
		p.memo[v] = p.put()
		return p.items(v.Items)
	case *Tuple:
		return p.tupleValue(v)
	case *Dict:
		return p.dict(v)
	case *Set:
		if v.Frozen {
			return fail(ErrUnsupported, "a frozenset, which torch.load(weights_only=True) refuses; save a set")
		}
		p.global("__builtin__", "set")
		p.op(opEmptyList)
		if err := p.items(v.Items); err != nil {
			return err
		}
		p.op(opTuple1, opReduce)
		p.memo[v] = p.put()
	}
	return nil
}

func (p *pickler) items(items []Value) error {
	for chunk := range slices.Chunk(items, batch) {
		p.op(opMark)
		for _, item := range chunk {
			if err := p.value(item); err != nil {
				return err
			}
		}
		p.op(opAppends)
	}
	return nil
}

func (p *pickler) tupleValue(v *Tuple) error {
	if p.busy[v] {
		return fail(ErrUnsupported, "a tuple that contains itself")
	}
	p.busy[v] = true
	defer delete(p.busy, v)
	var err error
	p.tuple(len(v.Items), func() {
		for _, item := range v.Items {
			if err == nil {
				err = p.value(item)
			}
		}
	})
	if err == nil && len(v.Items) > 0 {
		p.memo[v] = p.put()
	}
	return err
}

func (p *pickler) dict(v *Dict) error {
	switch v.Kind {
	case OrderedDict:
		p.global("collections", "OrderedDict")
		p.op(opEmptyTuple, opReduce)
	case CounterDict:
		// Counter is called with its counts, which are a dict.
		p.global("collections", "Counter")
		p.op(opEmptyDict)
		if err := p.entries(v.entries); err != nil {
			return err
		}
		p.op(opTuple1, opReduce)
		p.memo[v] = p.put()
		return nil
	default:
		p.op(opEmptyDict)
	}
	p.memo[v] = p.put()
	if err := p.entries(v.entries); err != nil {
		return err
	}
	if v.Attrs != nil && v.Kind == OrderedDict {
		if err := p.value(v.Attrs); err != nil {
			return err
		}
		p.op(opBuild)
	}
	return nil
}

func (p *pickler) entries(entries []Entry) error {
	for chunk := range slices.Chunk(entries, batch) {
		p.op(opMark)
		for _, e := range chunk {
			if err := p.value(e.Key); err != nil {
				return err
			}
			if err := p.value(e.Value); err != nil {
				return err
			}
		}
		p.op(opSetitems)
	}
	return nil
}
