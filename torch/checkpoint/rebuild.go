package checkpoint

import (
	"math"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// arguments takes the arguments of a rebuild function apart, by position and
// type. The first that does not fit is kept as the error.
type arguments struct {
	items []Value
	err   error
}

func (a *arguments) fail(format string, args ...any) {
	if a.err == nil {
		a.err = fail(ErrTensor, format, args...)
	}
}

// next takes the next argument, None when there is none left.
func (a *arguments) next() Value {
	if len(a.items) == 0 {
		a.fail("too few arguments to rebuild a tensor")
		return None{}
	}
	v := a.items[0]
	a.items = a.items[1:]
	return v
}

func (a *arguments) storage() *Storage {
	v := a.next()
	s, ok := v.(*Storage)
	if !ok {
		a.fail("%s where a storage belongs", nameType(v))
	}
	return s
}

func (a *arguments) tensor() *Tensor {
	v := a.next()
	t, ok := v.(*Tensor)
	if !ok {
		a.fail("%s where a tensor belongs", nameType(v))
	}
	return t
}

func (a *arguments) int() int64 {
	v := a.next()
	n, ok := v.(Int)
	if !ok {
		a.fail("%s where an integer belongs", nameType(v))
	}
	return int64(n)
}

func (a *arguments) float() float64 {
	switch v := a.next().(type) {
	case Float:
		return float64(v)
	case Int:
		return float64(v)
	default:
		a.fail("%s where a number belongs", nameType(v))
		return 0
	}
}

func (a *arguments) bool() bool {
	v := a.next()
	b, ok := v.(Bool)
	if !ok {
		a.fail("%s where a bool belongs", nameType(v))
	}
	return bool(b)
}

func (a *arguments) ints() []int64 {
	n, err := ints(a.next())
	if err != nil {
		a.fail("%s", err)
	}
	return n
}

func (a *arguments) dtype() dtype.DType {
	v := a.next()
	d, ok := v.(DType)
	if !ok {
		a.fail("%s where a dtype belongs", nameType(v))
		return dtype.Invalid
	}
	return d.DType
}

// hooks takes the backward hooks, which no file can hold.
func (a *arguments) hooks() {
	switch v := a.next().(type) {
	case None:
	case *Dict:
		if v.Len() > 0 {
			a.fail("a tensor with backward hooks")
		}
	case *Tuple:
		if len(v.Items) > 0 {
			a.fail("a tensor with backward hooks")
		}
	default:
		a.fail("%s where the backward hooks belong", nameType(v))
	}
}

func (a *arguments) done() error {
	if len(a.items) > 0 {
		a.fail("%d arguments too many to rebuild a tensor", len(a.items))
	}
	return a.err
}

// tensor rebuilds a dense tensor: _rebuild_tensor takes storage, offset, size
// and stride; v2 adds requires_grad, hooks and optional lazy bits; v3 a dtype
// before those.
func (m *machine) tensor(form constructor, args []Value) (Value, error) {
	a := arguments{items: args}
	storage, offset, shape, strides := a.storage(), a.int(), a.ints(), a.ints()
	grad := false
	if form != buildTensor {
		grad = a.bool()
		a.hooks()
	}
	element := dtype.Invalid
	if form == buildTensorV3 {
		element = a.dtype()
	}
	conj, neg := false, false
	if form != buildTensor && len(a.items) > 0 {
		conj, neg = a.lazyBits()
	}
	if err := a.done(); err != nil {
		return nil, err
	}
	if element == dtype.Invalid {
		element = storage.element
	}
	t, err := newView(storage, element, shape, strides, offset, m.limit)
	if err != nil {
		return nil, err
	}
	if conj && !element.IsComplex() {
		return nil, fail(ErrTensor, "a conjugate view of %s", element)
	}
	t.RequiresGrad, t.Conj, t.Neg = grad, conj, neg
	return t, nil
}

// lazyBits reads {'conj': True, 'neg': True}; both may be missing.
func (a *arguments) lazyBits() (conj, neg bool) {
	v := a.next()
	bits, ok := v.(*Dict)
	if _, none := v.(None); none {
		return false, false
	}
	if !ok {
		a.fail("%s where the metadata of a tensor belongs", nameType(v))
		return false, false
	}
	for k, v := range bits.All() {
		on, ok := v.(Bool)
		switch {
		case !ok:
			a.fail("%s where a lazy bit belongs", nameType(v))
		case k == Value(String("conj")):
			conj = bool(on)
		case k == Value(String("neg")):
			neg = bool(on)
		default:
			a.fail("unknown metadata of a tensor")
		}
	}
	return conj, neg
}

// parameter marks a copy of a tensor as a Parameter: data, requires_grad, hooks
// and, in the form with state, attributes.
func parameter(form constructor, args []Value) (Value, error) {
	a := arguments{items: args}
	data, grad := a.tensor(), a.bool()
	a.hooks()
	var state Value
	if form == buildParameterState {
		state = a.next()
	}
	if err := a.done(); err != nil {
		return nil, err
	}
	t := *data
	t.Parameter, t.RequiresGrad = true, grad
	return &t, t.setState(state)
}

// setState takes the attributes of a tensor: a dict, or a pair of dict and slots.
func (t *Tensor) setState(state Value) error {
	switch state := state.(type) {
	case nil, None:
		return nil
	case *Dict:
		if err := stringKeys(state); err != nil {
			return err
		}
		if state.Len() > 0 {
			t.Attrs = state
		}
		return nil
	case *Tuple:
		if len(state.Items) == 2 && state.Items[1] == Value(None{}) {
			if attrs, ok := state.Items[0].(*Dict); ok {
				return t.setState(attrs)
			}
		}
	}
	return fail(ErrTensor, "%s as the attributes of a tensor", nameType(state))
}

// fromType rebuilds a tensor that has attributes or is of a subclass: the
// function that rebuilds it, the class, the arguments and the state.
func (m *machine) fromType(args []Value) (Value, error) {
	if len(args) != 4 {
		return nil, fail(ErrTensor, "%d arguments to rebuild a tensor with attributes", len(args))
	}
	rebuild, ok1 := args[0].(*Global)
	class, ok2 := args[1].(*Global)
	inner, ok3 := args[2].(*Tuple)
	if !ok1 || !ok2 || !ok3 {
		return nil, fail(ErrTensor, "arguments of the wrong types to rebuild a tensor with attributes")
	}
	switch rebuild.build {
	case buildTensor, buildTensorV2, buildTensorV3, buildParameter, buildParameterState, buildQuantized,
		buildSparse, buildSparseCSR, buildMeta:
	default:
		return nil, fail(ErrTensor, "%s does not rebuild a tensor", printable(rebuild.String()))
	}
	if class.build != buildTensorClass && class.build != buildInert {
		return nil, fail(ErrTensor, "%s is not a class of tensors", printable(class.String()))
	}
	v, err := m.call(rebuild, inner.Items)
	if err != nil {
		return nil, err
	}
	t := *v.(*Tensor) // every constructor listed above returns one
	switch {
	case class.Name == "Parameter" && class.build == buildTensorClass:
		t.Parameter = true
	case class.Name != "Tensor" || class.build == buildInert:
		t.Class = class.String()
	}
	return &t, t.setState(args[3])
}

// quantized rebuilds a tensor with its scale: storage, offset, size, stride,
// quantizer, requires_grad, hooks.
func (m *machine) quantized(args []Value) (Value, error) {
	a := arguments{items: args}
	storage, offset, shape, strides := a.storage(), a.int(), a.ints(), a.ints()
	quantizer, ok := a.next().(*Tuple)
	if !ok {
		a.fail("the quantizer is not a tuple")
	}
	grad := a.bool()
	a.hooks()
	if err := a.done(); err != nil {
		return nil, err
	}
	if !storage.element.IsQuantized() {
		return nil, fail(ErrTensor, "a quantized tensor over a storage of %s", storage.element)
	}
	t, err := newView(storage, storage.element, shape, strides, offset, m.limit)
	if err != nil {
		return nil, err
	}
	t.RequiresGrad = grad
	t.Quant, err = quantization(quantizer.Items, shape)
	return t, err
}

func quantization(args []Value, shape []int64) (*Quantization, error) {
	a := arguments{items: args}
	scheme, ok := a.next().(QScheme)
	if !ok {
		a.fail("the quantizer does not start with its scheme")
	}
	q := &Quantization{Scheme: scheme}
	switch scheme {
	case "torch.per_tensor_affine":
		q.Scale, q.ZeroPoint = a.float(), a.int()
		return q, a.done()
	case "torch.per_channel_affine", "torch.per_channel_affine_float_qparams":
		q.Scales, q.ZeroPts = a.channel(), a.channel()
		axis := a.int()
		if err := a.done(); err != nil {
			return nil, err
		}
		if axis < 0 || axis >= int64(len(shape)) {
			return nil, fail(ErrTensor, "quantized along axis %d of %d", axis, len(shape))
		}
		q.Axis = int(axis)
		if n := shape[axis]; q.Scales.numel != n || q.ZeroPts.numel != n {
			return nil, fail(ErrTensor, "%d scales and %d zero points for %d channels", q.Scales.numel, q.ZeroPts.numel, n)
		}
		return q, nil
	}
	a.fail("quantization scheme %s, which is not saved", printable(string(scheme)))
	return nil, a.err
}

// channel takes per-channel numbers: a 1-d tensor, or a list in older files.
func (a *arguments) channel() *Tensor {
	switch v := a.next().(type) {
	case *Tensor:
		if len(v.shape) == 1 && v.storage != nil {
			return v
		}
	case *List:
		numbers := make([]float64, len(v.Items))
		for i, item := range v.Items {
			switch item := item.(type) {
			case Float:
				numbers[i] = float64(item)
			case Int:
				numbers[i] = float64(item)
			default:
				a.fail("%s among the quantization parameters", nameType(item))
				return nil
			}
		}
		t, err := NewTensor(numbers, int64(len(numbers)))
		if err != nil {
			a.fail("%s", err)
		}
		return t
	}
	a.fail("the quantization parameters of the channels are not a 1-d tensor")
	return nil
}

// meta rebuilds a tensor without data: dtype, size, stride, requires_grad.
func (m *machine) meta(args []Value) (Value, error) {
	a := arguments{items: args}
	element, shape, strides, grad := a.dtype(), a.ints(), a.ints(), a.bool()
	if err := a.done(); err != nil {
		return nil, err
	}
	numel, err := checkView(shape, strides, 0, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	return &Tensor{dtype: element, shape: shape, strides: strides, numel: numel, RequiresGrad: grad, Device: "meta"}, nil
}
