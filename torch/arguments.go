package torch

import (
	"fmt"
	"unsafe"

	"github.com/seed06459138/torchgo/internal/ctorch"
)

// Arguments collects the arguments of one call of an operator. A wrong one is
// remembered, and is the error of the call. It must come to its end with one of
// Call, CallTensor, Into and Run, and is not used after that.
type Arguments struct {
	operator *Operator
	frame    *frame
	given    int
	noGrad   bool
	err      error
}

// NoGrad keeps the call from being recorded, whatever its arguments are. It is how
// optimisers write to parameters.
func (a *Arguments) NoGrad() { a.noGrad = true }

// Name is that of the operator.
func (a *Arguments) Name() string { return a.operator.Name }

// Value adds an argument of any type.
func (a *Arguments) Value(v Value) { a.check(a.frame.add(v, 0)) }

// Default leaves the argument to the default of the schema, or to None where it
// has none and may be None. Defaults at the end need not be added.
func (a *Arguments) Default() { a.put(ctorch.Value{Tag: ctorch.TagDefault}) }

// Tensor adds a tensor, which must not be nil.
func (a *Arguments) Tensor(t *Tensor) { a.check(a.frame.addTensor(t)) }

// OptionalTensor adds a tensor; nil is Default.
func (a *Arguments) OptionalTensor(t *Tensor) {
	if t == nil {
		a.Default()
		return
	}
	a.Tensor(t)
}

// Tensors adds a list of tensors, none of them nil.
func (a *Arguments) Tensors(list []*Tensor) {
	a.frame.put(ctorch.Value{Tag: ctorch.TagList, N: uint32(len(list))})
	a.check(a.frame.addTensors(a.operator.Name, list))
}

// OptionalTensors adds a list of tensors; one that is nil is None.
func (a *Arguments) OptionalTensors(list []*Tensor) {
	a.put(ctorch.Value{Tag: ctorch.TagList, N: uint32(len(list))})
	for _, t := range list {
		if t == nil {
			a.frame.put(ctorch.Value{Tag: ctorch.TagNone})
		} else if err := a.frame.addTensor(t); err != nil {
			a.fail(err)
		}
	}
}

// Bool adds a bool.
func (a *Arguments) Bool(v bool) { a.put(boolValue(v)) }

// OptionalBool adds a bool; nil is Default.
func (a *Arguments) OptionalBool(v *bool) {
	if v == nil {
		a.Default()
		return
	}
	a.Bool(*v)
}

// NonzeroBool adds true; false is Default.
func (a *Arguments) NonzeroBool(v bool) {
	if !v {
		a.Default()
		return
	}
	a.Bool(v)
}

// Int adds an int.
func (a *Arguments) Int(v int64) { a.put(ctorch.Value{Tag: ctorch.TagInt, I: v}) }

// OptionalInt adds an int; nil is Default.
func (a *Arguments) OptionalInt(v *int64) {
	if v == nil {
		a.Default()
		return
	}
	a.Int(*v)
}

// NonzeroInt adds an int; zero is Default.
func (a *Arguments) NonzeroInt(v int64) {
	if v == 0 {
		a.Default()
		return
	}
	a.Int(v)
}

// Float adds a float.
func (a *Arguments) Float(v float64) { a.put(ctorch.Value{Tag: ctorch.TagFloat, Re: v}) }

// OptionalFloat adds a float; nil is Default.
func (a *Arguments) OptionalFloat(v *float64) {
	if v == nil {
		a.Default()
		return
	}
	a.Float(*v)
}

// NonzeroFloat adds a float; zero is Default.
func (a *Arguments) NonzeroFloat(v float64) {
	if v == 0 {
		a.Default()
		return
	}
	a.Float(v)
}

// Number adds a Scalar; nil is Default.
func (a *Arguments) Number(v Number) {
	if v == nil {
		a.Default()
		return
	}
	a.Value(v)
}

// Numbers adds a list of Scalars, none of them nil.
func (a *Arguments) Numbers(list []Number) {
	a.put(ctorch.Value{Tag: ctorch.TagList, N: uint32(len(list))})
	for _, v := range list {
		if err := a.frame.add(v, 1); err != nil {
			a.fail(err)
		}
	}
}

// String adds a str.
func (a *Arguments) String(v string) {
	a.given++
	a.frame.addString(v)
}

// OptionalString adds a str; "", which no operator takes, is Default.
func (a *Arguments) OptionalString(v string) {
	if v == "" {
		a.Default()
		return
	}
	a.String(v)
}

// DType adds a dtype.
func (a *Arguments) DType(v DType) { a.Int(int64(v)) }

// OptionalDType adds a dtype; nil is Default.
func (a *Arguments) OptionalDType(v *DType) {
	if v == nil {
		a.Default()
		return
	}
	a.DType(*v)
}

// Device adds a device.
func (a *Arguments) Device(v Device) { a.Value(v) }

// OptionalDevice adds a device; nil is Default.
func (a *Arguments) OptionalDevice(v *Device) {
	if v == nil {
		a.Default()
		return
	}
	a.Device(*v)
}

// Ints adds a list of ints.
func (a *Arguments) Ints(list []int64) {
	a.put(ctorch.Value{Tag: ctorch.TagList, N: uint32(len(list))})
	for _, v := range list {
		a.frame.put(ctorch.Value{Tag: ctorch.TagInt, I: v})
	}
}

// OptionalInts adds a list of ints; nil is Default.
func (a *Arguments) OptionalInts(list []int64) {
	if list == nil {
		a.Default()
		return
	}
	a.Ints(list)
}

// Floats adds a list of floats.
func (a *Arguments) Floats(list []float64) {
	a.put(ctorch.Value{Tag: ctorch.TagList, N: uint32(len(list))})
	for _, v := range list {
		a.frame.put(ctorch.Value{Tag: ctorch.TagFloat, Re: v})
	}
}

// OptionalFloats adds a list of floats; nil is Default.
func (a *Arguments) OptionalFloats(list []float64) {
	if list == nil {
		a.Default()
		return
	}
	a.Floats(list)
}

// Bools adds a list of bools.
func (a *Arguments) Bools(list []bool) {
	a.put(ctorch.Value{Tag: ctorch.TagList, N: uint32(len(list))})
	for _, v := range list {
		a.frame.put(boolValue(v))
	}
}

func (a *Arguments) put(v ctorch.Value) {
	a.given++
	a.frame.put(v)
}

// check notes that an argument was added, or why not.
func (a *Arguments) check(err error) {
	if err != nil {
		a.fail(err)
	}
	a.given++
}

func (a *Arguments) fail(err error) {
	if a.err == nil {
		a.err = fmt.Errorf("%s: argument %d: %w", a.operator.Name, a.given, err)
	}
}

// Call makes the call and gives its result: None, one value, or a Tuple of
// several. Tensors in it join the innermost scope of the tensors among the
// arguments. The call is recorded when one of them requires grad.
func (a *Arguments) Call() (Value, error) {
	f := a.frame
	err := a.crossFresh()
	var v Value
	if err == nil {
		v, err = f.result()
	}
	f.release()
	return v, err
}

// CallTensor is Call for operators that give one tensor.
func (a *Arguments) CallTensor() (*Tensor, error) {
	f := a.frame
	err := a.crossFresh()
	var t *Tensor
	if err == nil {
		t, err = f.oneTensor(a.operator.Name)
	}
	f.release()
	return t, err
}

// crossFresh makes the call for a new result.
func (a *Arguments) crossFresh() error {
	a.frame.offerLeft()
	err := a.cross(ctorch.CallReplace)
	if err == nil {
		a.frame.tookLeft()
	}
	return err
}

// Into is CallTensor with dst as the result; see CallInto.
func (a *Arguments) Into(dst *Tensor) error {
	defer a.frame.release()
	if err := lockResult(a.operator.Name, dst); err != nil {
		return err
	}
	defer dst.handle.Unlock()
	a.frame.offer(dst)
	if err := a.cross(ctorch.CallReplace); err != nil {
		return err
	}
	return a.frame.replace(a.operator.Name, dst)
}

// Run is Call for operators that write to their arguments: what they give are
// these arguments, of which nobody needs a second handle.
func (a *Arguments) Run() error {
	defer a.frame.release()
	a.frame.join()
	return a.cross(ctorch.CallNoResults)
}

// cross makes the call in its turn.
func (a *Arguments) cross(flags uint32) error {
	if a.err != nil {
		return a.err
	}
	op, err := a.operator.find()
	if err != nil {
		return err
	}
	g := gateNow()
	if err := g.Enter(nil); err != nil {
		return &Refused{Op: a.operator.Name, Err: err}
	}
	f := a.frame
	if f.scope != nil {
		flags |= f.scope.flags
	}
	if a.noGrad {
		flags |= ctorch.CallNoGrad
	}
	var e *ctorch.Error
	if g.crew == nil {
		e = f.operate(op, flags)
	} else {
		e = f.delegated(g.crew, op, flags)
	}
	g.Leave()
	if e == nil {
		return nil
	}
	return WrapError(a.operator.Name, e)
}

func (f *frame) operate(op *ctorch.Operator, flags uint32) *ctorch.Error {
	s := f.space
	if t := tracing.Load(); t != nil {
		return t.call(f, op, flags)
	}
	return ctorch.OperatorCall(op, unsafe.SliceData(f.in), len(f.in), flags, &s.out[0], len(s.out), &s.more)
}

// delegated is apart so that cross makes no closure.
func (f *frame) delegated(c *crew, op *ctorch.Operator, flags uint32) (e *ctorch.Error) {
	c.do(func() { e = f.operate(op, flags) })
	return e
}

func boolValue(v bool) ctorch.Value {
	x := ctorch.Value{Tag: ctorch.TagBool}
	if v {
		x.I = 1
	}
	return x
}
