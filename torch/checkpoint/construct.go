package checkpoint

import (
	"math/big"
	"strings"
)

// construct runs REDUCE, NEWOBJ and BUILD.
func (m *machine) construct(op byte) error {
	two, err := m.items(2)
	if err != nil {
		return err
	}
	first, second := two[0], two[1]
	if err := m.charge(256); err != nil {
		return err
	}
	if op == opBuild {
		v, err := m.build(first, second)
		if err != nil {
			return err
		}
		return m.push(v)
	}
	g, ok := first.(*Global)
	if !ok {
		return fail(ErrPickle, "calls %s, which is data", nameType(first))
	}
	args, ok := second.(*Tuple)
	if !ok && g.build == buildScriptClass && op == opReduce {
		args, ok = &Tuple{Items: []Value{second}}, true // a member of an enum: libtorch's pickler gives its value alone
	}
	if !ok {
		return fail(ErrPickle, "calls %s with %s, not a tuple", printable(g.String()), nameType(second))
	}
	var v Value
	if op == opReduce {
		v, err = m.call(g, args.Items)
	} else {
		v, err = m.instance(g, args.Items)
	}
	if err != nil {
		return err
	}
	return m.push(v)
}

// instance runs NEWOBJ: an object whose contents follow.
func (m *machine) instance(g *Global, args []Value) (Value, error) {
	switch g.build {
	case buildScriptClass, buildInert, buildNamespace:
		return &Object{Class: g.String(), Args: args}, nil
	case buildOrderedDict:
		if len(args) == 0 {
			return &Dict{Kind: OrderedDict}, nil
		}
	case buildTorchVersion:
		if len(args) == 1 {
			if version, ok := args[0].(String); ok {
				return version, nil
			}
		}
	}
	return nil, fail(ErrPickle, "makes an instance of %s, which is not a class of records", printable(g.String()))
}

// call runs REDUCE. Every case returns plain data.
func (m *machine) call(g *Global, args []Value) (Value, error) {
	switch g.build {
	case buildOrderedDict:
		return orderedDict(args)
	case buildCounter:
		return counter(args)
	case buildSet, buildFrozenSet:
		return m.set(args, g.build == buildFrozenSet)
	case buildBytes:
		if len(args) == 0 {
			return Bytes(""), nil
		}
	case buildByteArray:
		return byteArray(args)
	case buildComplex:
		return complexOf(args)
	case buildEncode:
		return m.encode(args)
	case buildSize:
		return sizeOf(args)
	case buildDevice:
		return deviceOf(args)
	case buildLayout:
		return layoutOf(args)
	case buildTensor, buildTensorV2, buildTensorV3:
		return m.tensor(g.build, args)
	case buildParameter, buildParameterState:
		return parameter(g.build, args)
	case buildFromType:
		return m.fromType(args)
	case buildQuantized:
		return m.quantized(args)
	case buildSparse, buildSparseCSR:
		return m.sparse(args)
	case buildMeta:
		return m.meta(args)
	case buildDefaultDict:
		if len(args) <= 1 {
			return &Object{Class: g.String(), Args: args}, nil
		}
	case buildNamespace, buildInert, buildScriptClass:
		return &Object{Class: g.String(), Args: args}, nil
	case buildNumpyDType:
		return numpyDType(args)
	case buildNumpyScalar:
		return numpyScalar(args)
	case buildNumpyArray:
		return numpyArray(args)
	case buildNumpyBuffer:
		return m.numpyBuffer(args)
	case buildScriptList:
		return scriptList(g.arg, args)
	case buildScriptTag:
		return scriptTag(args)
	}
	return nil, fail(ErrPickle, "calls %s with arguments that its writer never gives it", printable(g.String()))
}

// build runs BUILD: the state of an object that was just made.
func (m *machine) build(target, state Value) (Value, error) {
	switch target := target.(type) {
	case *Dict:
		attrs, ok := state.(*Dict)
		if target.Kind == PlainDict || !ok {
			return nil, fail(ErrPickle, "gives %s to a dict as its attributes", nameType(state))
		}
		if err := stringKeys(attrs); err != nil {
			return nil, err
		}
		target.Attrs = attrs
		return target, nil
	case *Object:
		// A TorchScript class may define any state; with a dict, the keys are names.
		if attrs, ok := state.(*Dict); ok {
			if err := stringKeys(attrs); err != nil {
				return nil, err
			}
		}
		target.State = state
		return target, nil
	case *NumpyDType:
		return target, target.setState(state)
	case *Array:
		return target, m.setArray(target, state)
	}
	return nil, fail(ErrPickle, "gives state to %s, which has none", nameType(target))
}

func stringKeys(d *Dict) error {
	for _, e := range d.entries {
		if _, ok := e.Key.(String); !ok {
			return fail(ErrPickle, "an attribute whose name is %s", nameType(e.Key))
		}
	}
	return nil
}

// orderedDict takes nothing, or pairs as Python 2 wrote them.
func orderedDict(args []Value) (Value, error) {
	d := &Dict{Kind: OrderedDict}
	if len(args) == 0 {
		return d, nil
	}
	pairs, ok := args[0].(*List)
	if !ok || len(args) != 1 {
		return nil, fail(ErrPickle, "OrderedDict takes a list of pairs")
	}
	d.grow(len(pairs.Items))
	for _, item := range pairs.Items {
		var pair []Value
		switch item := item.(type) {
		case *List:
			pair = item.Items
		case *Tuple:
			pair = item.Items
		}
		if len(pair) != 2 {
			return nil, fail(ErrPickle, "OrderedDict takes a list of pairs")
		}
		if err := d.Set(pair[0], pair[1]); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func counter(args []Value) (Value, error) {
	d := &Dict{Kind: CounterDict}
	if len(args) == 0 {
		return d, nil
	}
	counts, ok := args[0].(*Dict)
	if !ok || len(args) != 1 {
		return nil, fail(ErrPickle, "Counter takes a dict")
	}
	d.grow(counts.Len())
	for _, e := range counts.entries {
		if err := d.Set(e.Key, e.Value); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func (m *machine) set(args []Value, frozen bool) (Value, error) {
	if len(args) == 0 {
		return newSet(nil, frozen)
	}
	members, ok := args[0].(*List)
	if !ok || len(args) != 1 {
		return nil, fail(ErrPickle, "set takes a list")
	}
	if err := m.charge(96 * len(members.Items)); err != nil {
		return nil, err
	}
	return newSet(members.Items, frozen)
}

// byteArray takes bytes. A number, for which Python would allocate as many
// bytes, and a string are refused.
func byteArray(args []Value) (Value, error) {
	if len(args) == 0 {
		return &ByteArray{}, nil
	}
	if data, ok := args[0].(Bytes); ok && len(args) == 1 {
		return &ByteArray{Data: []byte(data)}, nil
	}
	return nil, fail(ErrPickle, "bytearray takes bytes")
}

func complexOf(args []Value) (Value, error) {
	if len(args) == 2 {
		re, ok1 := args[0].(Float)
		im, ok2 := args[1].(Float)
		if ok1 && ok2 {
			return Complex(complex(re, im)), nil
		}
	}
	return nil, fail(ErrPickle, "complex takes two floats")
}

// encode is how protocol 2 spells bytes: a string of characters up to U+00FF.
func (m *machine) encode(args []Value) (Value, error) {
	if len(args) != 2 || args[1] != String("latin1") {
		return nil, fail(ErrPickle, "_codecs.encode takes a string and 'latin1'")
	}
	text, ok := args[0].(String)
	if !ok {
		return nil, fail(ErrPickle, "_codecs.encode takes a string and 'latin1'")
	}
	if err := m.charge(len(text)); err != nil {
		return nil, err
	}
	data := make([]byte, 0, len(text))
	for _, r := range string(text) {
		if r > 0xff {
			return nil, fail(ErrPickle, "a character above U+00FF in bytes")
		}
		data = append(data, byte(r))
	}
	return Bytes(data), nil
}

func sizeOf(args []Value) (Value, error) {
	if len(args) == 1 {
		if dims, err := ints(args[0]); err == nil {
			return Size(dims), nil
		}
	}
	return nil, fail(ErrPickle, "torch.Size takes a tuple of integers")
}

// deviceOf takes 'cuda', 1 as Python writes it or 'cuda:1' as C++ does.
func deviceOf(args []Value) (Value, error) {
	if len(args) == 1 || len(args) == 2 {
		name, ok := args[0].(String)
		if ok && len(args) == 1 {
			return Device(name), nil
		}
		if index, isInt := args[len(args)-1].(Int); ok && isInt {
			return Device(string(name) + ":" + big.NewInt(int64(index)).String()), nil
		}
	}
	return nil, fail(ErrPickle, "torch.device takes a name and an index")
}

var layouts = map[string]bool{
	"torch.strided": true, "torch.sparse_coo": true, "torch.sparse_csr": true, "torch.sparse_csc": true,
	"torch.sparse_bsr": true, "torch.sparse_bsc": true, "torch._mkldnn": true, "torch.jagged": true,
}

func layoutOf(args []Value) (Value, error) {
	if len(args) == 1 {
		if name, ok := args[0].(String); ok && layouts[string(name)] {
			return Layout(strings.Clone(string(name))), nil
		}
	}
	return nil, fail(ErrPickle, "an unknown layout")
}

// ints reads a tuple, list or torch.Size of integers of 64 bits.
func ints(v Value) ([]int64, error) {
	var items []Value
	switch v := v.(type) {
	case *Tuple:
		items = v.Items
	case Size:
		return v, nil
	default:
		return nil, fail(ErrTensor, "%s where a tuple of integers belongs", nameType(v))
	}
	if len(items) > 1<<16 {
		return nil, fail(ErrTensor, "%d integers where a shape belongs", len(items))
	}
	out := make([]int64, len(items))
	for i, item := range items {
		n, ok := item.(Int)
		if !ok {
			return nil, fail(ErrTensor, "%s where an integer belongs", nameType(item))
		}
		out[i] = int64(n)
	}
	return out, nil
}
