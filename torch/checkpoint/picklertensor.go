package checkpoint

import (
	"strconv"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// storageClass returns "FloatStorage" or the like, or "" for the types that only
// untyped storages hold.
var storageClass = func() map[dtype.DType]string {
	names := make(map[dtype.DType]string, len(storageClasses))
	for name, element := range storageClasses {
		names[element] = name + "Storage"
	}
	return names
}()

// storage writes the persistent id of a storage and notes for which element type
// it is used; Invalid is none in particular.
func (p *pickler) storage(s *Storage, use dtype.DType) {
	if use != dtype.Invalid {
		if known, ok := p.typed[s]; !ok {
			p.typed[s] = use
		} else if known != use {
			p.typed[s] = dtype.Invalid
		}
	}
	if _, ok := p.keys[s]; !ok {
		p.keys[s] = len(p.storages)
		p.storages = append(p.storages, savedStorage{Storage: s})
	}
	element := p.element(s)
	device := s.device
	if device == "" {
		device = "cpu"
	}
	p.op(opMark)
	p.string("storage")
	if element == dtype.Invalid {
		p.global("torch.storage", "UntypedStorage")
	} else {
		p.global("torch", storageClass[element])
	}
	p.string(strconv.Itoa(p.keys[s]))
	p.string(device)
	if element == dtype.Invalid {
		p.int(s.size)
	} else {
		p.int(s.size / int64(element.Size()))
	}
	p.op(opTuple, opBinpersid)
}

// use is what the tensors over a storage agree on; its own type when it has none.
func (p *pickler) use(s *Storage) dtype.DType {
	if use, ok := p.typed[s]; ok {
		return use
	}
	return s.element
}

// element returns the type of the class that a storage is written as, or Invalid
// for an untyped one: when its tensors differ in type, when their type has no
// class, and for bare bytes.
func (p *pickler) element(s *Storage) dtype.DType {
	use := p.use(s)
	_, viewed := p.typed[s]
	if storageClass[use] == "" || s.size%int64(use.Size()) != 0 || use == dtype.Uint8 && !viewed {
		return dtype.Invalid
	}
	return use
}

// tensor writes a tensor: what rebuilds it, wrapped in what makes it a Parameter
// or gives it attributes.
func (p *pickler) tensor(t *Tensor) error {
	if t.Class != "" {
		return fail(ErrUnsupported, "a tensor of the class %s, which torch.load(weights_only=True) refuses", printable(t.Class))
	}
	plain := *t
	plain.Parameter, plain.Attrs = false, nil
	switch {
	case t.Parameter:
		form := "_rebuild_parameter"
		if t.Attrs != nil {
			form += "_with_state"
		}
		p.global("torch._utils", form)
		p.op(opMark)
		if err := p.plainTensor(&plain); err != nil {
			return err
		}
		p.bool(t.RequiresGrad)
		p.hooks()
		if t.Attrs != nil {
			if err := p.value(t.Attrs); err != nil {
				return err
			}
		}
		p.op(opTuple, opReduce)
	case t.Attrs != nil:
		p.global("torch._tensor", "_rebuild_from_type_v2")
		p.op(opMark)
		p.function(&plain)
		p.global("torch", "Tensor")
		if err := p.arguments(&plain); err != nil {
			return err
		}
		if err := p.value(t.Attrs); err != nil {
			return err
		}
		p.op(opTuple, opReduce)
	default:
		if err := p.plainTensor(t); err != nil {
			return err
		}
	}
	p.memo[t] = p.put()
	return nil
}

func (p *pickler) hooks() {
	p.global("collections", "OrderedDict")
	p.op(opEmptyTuple, opReduce)
}

// plainTensor writes the call that rebuilds a tensor.
func (p *pickler) plainTensor(t *Tensor) error {
	p.function(t)
	if err := p.arguments(t); err != nil {
		return err
	}
	p.op(opReduce)
	return nil
}

// function names what rebuilds a tensor. Its storage has to be seen first: v3
// is for untyped ones.
func (p *pickler) function(t *Tensor) {
	name := "_rebuild_tensor_v2"
	switch {
	case t.Sparse != nil:
		name = "_rebuild_sparse_tensor"
	case t.Meta():
		name = "_rebuild_meta_tensor_no_storage"
	case t.Quant != nil:
		name = "_rebuild_qtensor"
	case p.element(t.storage) == dtype.Invalid:
		name = "_rebuild_tensor_v3"
	}
	p.global("torch._utils", name)
}

// arguments writes the tuple that the function takes.
func (p *pickler) arguments(t *Tensor) error {
	switch {
	case t.Sparse != nil:
		return p.sparse(t)
	case t.Meta():
		p.op(opMark)
		p.global("torch", t.dtype.String())
		p.ints(t.shape)
		p.ints(t.strides)
		p.bool(t.RequiresGrad)
		p.op(opTuple)
		return nil
	}
	p.op(opMark)
	p.storage(t.storage, t.dtype)
	p.int(t.offset)
	p.ints(t.shape)
	p.ints(t.strides)
	if t.Quant != nil {
		if p.element(t.storage) != t.dtype {
			return fail(ErrUnsupported, "a quantized tensor that shares its storage with another dtype")
		}
		if err := p.quantization(t.Quant); err != nil {
			return err
		}
	}
	p.bool(t.RequiresGrad)
	p.hooks()
	if t.Quant == nil && p.element(t.storage) == dtype.Invalid {
		p.global("torch", t.dtype.String())
	}
	if t.Conj || t.Neg {
		p.lazyBits(t)
	}
	p.op(opTuple)
	return nil
}

func (p *pickler) lazyBits(t *Tensor) {
	p.op(opEmptyDict)
	for _, bit := range []struct {
		name string
		on   bool
	}{{"conj", t.Conj}, {"neg", t.Neg}} {
		if bit.on {
			p.string(bit.name)
			p.bool(true)
			p.op(opSetitem)
		}
	}
}

func (p *pickler) quantization(q *Quantization) error {
	p.op(opMark)
	if err := p.value(q.Scheme); err != nil {
		return err
	}
	if q.Scales == nil {
		p.float(q.Scale)
		p.int(q.ZeroPoint)
	} else {
		if err := p.value(q.Scales); err != nil {
			return err
		}
		if err := p.value(q.ZeroPts); err != nil {
			return err
		}
		p.int(int64(q.Axis))
	}
	p.op(opTuple)
	return nil
}

// sparse writes (layout, parts).
func (p *pickler) sparse(t *Tensor) error {
	s := t.Sparse
	if err := p.value(s.Layout); err != nil {
		return err
	}
	p.op(opMark)
	for _, part := range []*Tensor{s.Indices, s.Compressed, s.Plain, s.Values} {
		if part == nil {
			continue
		}
		if err := p.value(part); err != nil {
			return err
		}
	}
	if err := p.value(Size(t.shape)); err != nil {
		return err
	}
	if s.Indices != nil {
		p.bool(s.Coalesced)
	}
	p.op(opTuple, opTuple2)
	return nil
}
