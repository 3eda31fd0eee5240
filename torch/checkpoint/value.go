package checkpoint

import (
	"fmt"
	"iter"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// Value is one object of a file. The set of types is closed:
//
//	None, Bool, Int, *Big, Float, Complex, String, Bytes, *ByteArray,
//	*List, *Tuple, *Dict, *Set, Size, DType, Device, Layout, QScheme,
//	*Tensor, *Storage, *Array, *Scalar, *NumpyDType, *Object, *Global.
//
// Values may share others and may contain themselves, as in Python; walk them
// by identity. They are safe for concurrent reading.
type Value interface{ isValue() }

type (
	// None is Python's None.
	None struct{}
	// Bool is a Python bool.
	Bool bool
	// Int is a Python int of at most 64 bits, sign included.
	Int int64
	// Big is a Python int of more than 64 bits.
	Big struct{ Int *big.Int }
	// Float is a Python float.
	Float float64
	// Complex is a Python complex.
	Complex complex128
	// String is a Python str in UTF-8. A lone surrogate, which Python allows, is
	// kept as its three bytes, so that such a string is not valid UTF-8.
	String string
	// Bytes is a Python bytes.
	Bytes string
	// ByteArray is a Python bytearray.
	ByteArray struct{ Data []byte }
	// List is a Python list.
	List struct{ Items []Value }
	// Tuple is a Python tuple.
	Tuple struct{ Items []Value }
	// Size is a torch.Size.
	Size []int64
	// DType is a torch.dtype.
	DType struct{ dtype.DType }
	// Device is a torch.device such as "cpu" or "cuda:1".
	Device string
	// Layout is a torch.layout such as "torch.sparse_coo".
	Layout string
	// QScheme is a torch.qscheme such as "torch.per_tensor_affine".
	QScheme string
)

// Global is a name that a pickle mentions as a value, such as the factory of a
// defaultdict. It is never resolved.
type Global struct {
	Module, Name string

	build constructor
	arg   uint8 // what build needs to know, such as the dtype of a storage class
}

// String returns "module.name".
func (g *Global) String() string { return g.Module + "." + g.Name }

// Object is an instance of a class that is not one of the plain types, as an
// inert record of what the pickle says about it: a TorchScript module, an
// argparse.Namespace, a defaultdict, or with the option Inert anything.
type Object struct {
	Class string  // "module.name"
	Args  []Value // what the class was called with
	State Value   // what BUILD gave it: mostly a *Dict of its attributes; nil without
	Items []Entry // what was stored under keys, when it is a kind of dict
	List  []Value // what was appended, when it is a kind of list
}

// Attr returns the attribute of this name, when State is a dict that has it.
func (o *Object) Attr(name string) (Value, bool) {
	state, ok := o.State.(*Dict)
	if !ok {
		return nil, false
	}
	return state.Get(name)
}

// Scalar is a numpy scalar: the little-endian bytes of one element.
type Scalar struct {
	DType dtype.DType
	Data  string
}

func (None) isValue()       {}
func (Bool) isValue()       {}
func (Int) isValue()        {}
func (*Big) isValue()       {}
func (Float) isValue()      {}
func (Complex) isValue()    {}
func (String) isValue()     {}
func (Bytes) isValue()      {}
func (*ByteArray) isValue() {}
func (*List) isValue()      {}
func (*Tuple) isValue()     {}
func (*Dict) isValue()      {}
func (*Set) isValue()       {}
func (Size) isValue()       {}
func (DType) isValue()      {}
func (Device) isValue()     {}
func (Layout) isValue()     {}
func (QScheme) isValue()    {}
func (*Tensor) isValue()    {}
func (*Storage) isValue()   {}
func (*Array) isValue()     {}
func (*Scalar) isValue()    {}
func (*Object) isValue()    {}
func (*Global) isValue()    {}

// DictKind tells the classes apart that Python keeps beside the plain dict.
type DictKind uint8

// The kinds of Dict.
const (
	PlainDict   DictKind = iota // dict
	OrderedDict                 // collections.OrderedDict, as state_dict() returns
	CounterDict                 // collections.Counter
)

// Entry is one key and its value.
type Entry struct{ Key, Value Value }

// Dict is a Python dict in its order of insertion. Keys are equal when Python
// finds them equal: 1, 1.0 and True are one key.
type Dict struct {
	Kind    DictKind
	Attrs   *Dict // attributes that BUILD set, such as _metadata; nil without
	entries []Entry
	index   map[key]int32 // nil while entries are few
}

// NewDict returns a plain dict of these entries; of equal keys the last wins. It
// panics on a key that Python cannot hash, which is a fault of the program.
func NewDict(entries ...Entry) *Dict {
	d := &Dict{}
	for _, e := range entries {
		if err := d.Set(e.Key, e.Value); err != nil {
			panic(err)
		}
	}
	return d
}

// Len returns the number of entries.
func (d *Dict) Len() int { return len(d.entries) }

// All iterates over keys and values in order.
func (d *Dict) All() iter.Seq2[Value, Value] {
	return func(yield func(Value, Value) bool) {
		for _, e := range d.entries {
			if !yield(e.Key, e.Value) {
				return
			}
		}
	}
}

// Get returns the value under a string key.
func (d *Dict) Get(name string) (Value, bool) { return d.Lookup(String(name)) }

// Lookup returns the value under any key.
func (d *Dict) Lookup(k Value) (Value, bool) {
	id, err := keyOf(k)
	if err != nil {
		return nil, false
	}
	if i := d.position(id); i >= 0 {
		return d.entries[i].Value, true
	}
	return nil, false
}

// Set stores a value; an equal key keeps its place and its first spelling, as in
// Python. It fails on a key that Python cannot hash. Not safe beside readers.
func (d *Dict) Set(k, v Value) error {
	id, err := keyOf(k)
	if err != nil {
		return err
	}
	if i := d.position(id); i >= 0 {
		d.entries[i].Value = v
		return nil
	}
	d.entries = append(d.entries, Entry{k, v})
	if d.index != nil {
		d.index[id] = int32(len(d.entries) - 1)
		return nil
	}
	if len(d.entries) > fewEntries {
		d.index = make(map[key]int32, 2*len(d.entries))
		for i, e := range d.entries {
			id, err := keyOf(e.Key)
			if err != nil {
				return err
			}
			d.index[id] = int32(i)
		}
	}
	return nil
}

// fewEntries is up to how many a linear search beats a map.
const fewEntries = 8

func (d *Dict) position(id key) int {
	if d.index != nil {
		if i, ok := d.index[id]; ok {
			return int(i)
		}
		return -1
	}
	return slices.IndexFunc(d.entries, func(e Entry) bool {
		other, err := keyOf(e.Key)
		return err == nil && other == id
	})
}

// grow makes room for n more entries.
func (d *Dict) grow(n int) {
	d.entries = slices.Grow(d.entries, n)
	if d.index == nil && len(d.entries)+n > fewEntries {
		d.index = make(map[key]int32, len(d.entries)+n)
		for i, e := range d.entries {
			id, _ := keyOf(e.Key) // it is in the dict: it has a key
			d.index[id] = int32(i)
		}
	}
}

// Set is a Python set or frozenset; Items keeps the order of the file.
type Set struct {
	Frozen bool
	Items  []Value
	seen   map[key]struct{}
}

func newSet(items []Value, frozen bool) (*Set, error) {
	s := &Set{Frozen: frozen}
	return s, s.add(items)
}

// add appends the items that are not in the set yet.
func (s *Set) add(items []Value) error {
	if s.seen == nil {
		s.seen = make(map[key]struct{}, len(items))
	}
	for _, item := range items {
		id, err := keyOf(item)
		if err != nil {
			return err
		}
		if _, twice := s.seen[id]; !twice {
			s.seen[id] = struct{}{}
			s.Items = append(s.Items, item)
		}
	}
	return nil
}

// String returns the number as Python prints it; numbers of thousands of digits
// are shortened.
func (b *Big) String() string {
	if bits := b.Int.BitLen(); bits > 4096 {
		return fmt.Sprintf("<int of %d bits>", bits)
	}
	return b.Int.String()
}

// String returns the size as torch prints it.
func (s Size) String() string {
	parts := make([]string, len(s))
	for i, n := range s {
		parts[i] = strconv.FormatInt(n, 10)
	}
	return "torch.Size([" + strings.Join(parts, ", ") + "])"
}
