package torch

import (
	"fmt"
	"runtime"
	"sync"
	"unsafe"

	"github.com/seed06459138/torchgo/internal/ctorch"
)

// Native is one crossing into libtorch: n argument trees in, results out.
type Native func(in *ctorch.Value, n int, out *ctorch.Value, capacity int, more **ctorch.Values) *ctorch.Error

// Invoke passes args through call and gives its result. Results join the
// innermost scope of the tensors in args. It is for the packages of this module.
func Invoke(op string, args []Value, call Native) (Value, error) {
	f := newFrame()
	defer f.release()
	if err := f.addArguments(op, args); err != nil {
		return nil, err
	}
	if err := f.call(op, call); err != nil {
		return nil, err
	}
	return f.result()
}

// InvokeTensors is Invoke for tensors in and one tensor out, without an
// allocation but that of the result. call must free out[0].P as TS_CALL_REPLACE does.
func InvokeTensors(op string, args []*Tensor, call Native) (*Tensor, error) {
	f := newFrame()
	err := f.addTensors(op, args)
	if err == nil {
		f.offerLeft()
		err = f.call(op, call)
	}
	var t *Tensor
	if err == nil {
		f.tookLeft()
		t, err = f.oneTensor(op)
	}
	f.release()
	return t, err
}

// InvokeInto is InvokeTensors with dst as the result: dst gives up the tensor that
// it held for the one that call gives, without an allocation. When the call
// fails, dst keeps what it held. call must free out[0].P as TS_CALL_REPLACE does.
func InvokeInto(op string, dst *Tensor, args []*Tensor, call Native) error {
	if err := lockResult(op, dst); err != nil {
		return err
	}
	defer dst.handle.Unlock()
	f := newFrame()
	defer f.release()
	if err := f.addTensors(op, args); err != nil {
		return err
	}
	f.offer(dst)
	if err := f.call(op, call); err != nil {
		return err
	}
	return f.replace(op, dst)
}

// lockResult makes dst the result of a call and nothing else meanwhile.
func lockResult(op string, dst *Tensor) error {
	switch {
	case dst == nil:
		return errArgument(op, "the tensor for the result is nil")
	case dst.handle.Lock():
		return nil
	case dst.Closed():
		return errClosed(op)
	}
	return errArgument(op, "the tensor for the result is in use by another call")
}

// offer passes what a locked tensor holds to a call that frees it.
func (f *frame) offer(dst *Tensor) { f.space.out[0] = ctorch.Value{P: dst.handle.Pointer()} }

// replace makes a locked tensor of the result of such a call.
func (f *frame) replace(op string, dst *Tensor) error {
	first := &f.space.out[0]
	if f.space.more == nil && first.Tag == ctorch.TagTensor {
		dst.handle.Replace(ctorch.KindTensor, first.P, first.I)
		return nil
	}
	return f.notOneTensor(op)
}

// oneTensor gives the result of a call that must have given one tensor.
func (f *frame) oneTensor(op string) (*Tensor, error) {
	if f.isOneTensor() {
		return f.adopt(f.space.out[0]), nil
	}
	return nil, f.notOneTensor(op)
}

// notOneTensor closes a result that is something else, and says so.
func (f *frame) notOneTensor(op string) error {
	v, err := f.result()
	if err != nil {
		return err
	}
	CloseAll(v)
	return &Error{Op: op, Code: CodeType, Msg: fmt.Sprintf("gives %s, not one tensor; use Call, which gives any value", kindOf(v))}
}

// frame holds the arguments of one crossing: the flat array, the tensors and
// objects that must stay, the strings that must not move. Frames are reused.
type frame struct {
	space *space
	in    []ctorch.Value // begins as space.in
	held  []*ctorch.Handle
	scope *Scope
	pins  runtime.Pinner

	pinned bool
}

// space is what C reads and writes. It lies outside Go's heap, because cgo looks
// through every Go object that is passed for pointers that may not be there.
type space struct {
	in   [24]ctorch.Value
	out  [4]ctorch.Value
	more *ctorch.Values
	left *ctorch.Tensor // closed, to be freed by the next call; or nil
}

// mostLeft is the size of a tensor that is left for the next call, in bytes: about
// that of a space, so that those that are left take no more memory than spaces do.
const mostLeft = 1024

// leave lets the next call free a tensor that was closed, on its way: a crossing of its
// own would cost as much as all else that closing does. A frame keeps one.
func leave(t *ctorch.Tensor) {
	f := frames.Get().(*frame)
	full := f.space.left != nil
	if !full {
		f.space.left = t
	}
	frames.Put(f)
	if full {
		ctorch.FreeLeft(t)
	}
}

// offerLeft passes what was left to a call that frees it.
func (f *frame) offerLeft() {
	f.space.out[0] = ctorch.Value{P: unsafe.Pointer(f.space.left)}
}

// tookLeft follows such a call: it freed what was offered if it gave one tensor.
func (f *frame) tookLeft() {
	if f.isOneTensor() {
		f.space.left = nil
	}
}

// isOneTensor tells whether a call that succeeded gave one tensor.
func (f *frame) isOneTensor() bool {
	return f.space.more == nil && f.space.out[0].Tag == ctorch.TagTensor
}

// frames and spaces are kept apart: the pool drops frames as it sees fit, their
// spaces go back to be used by others.
var (
	frames = sync.Pool{New: func() any {
		f := &frame{space: newSpace(), held: make([]*ctorch.Handle, 0, 6)}
		runtime.AddCleanup(f, func(s *space) { spaces.put(s) }, f.space)
		return f
	}}
	spaces freeSpaces
)

// freeSpaces are those that no frame has.
type freeSpaces struct {
	mu   sync.Mutex
	list []*space
}

func (s *freeSpaces) put(one *space) {
	s.mu.Lock()
	s.list = append(s.list, one)
	s.mu.Unlock()
}

func newSpace() *space {
	spaces.mu.Lock()
	defer spaces.mu.Unlock()
	if n := len(spaces.list); n > 0 {
		one := spaces.list[n-1]
		spaces.list = spaces.list[:n-1]
		return one
	}
	return (*space)(ctorch.Alloc(unsafe.Sizeof(space{})))
}

func newFrame() *frame {
	f := frames.Get().(*frame)
	f.in = f.space.in[:0]
	return f
}

// release gives back what the call borrowed, and the frame itself.
func (f *frame) release() {
	for i, h := range f.held {
		h.Release()
		f.held[i] = nil
	}
	f.held = f.held[:0]
	f.scope = nil
	if f.space.more != nil {
		ctorch.ValuesFree(f.space.more)
		f.space.more = nil
	}
	if f.pinned {
		f.pins.Unpin()
		f.pinned = false
	}
	frames.Put(f)
}

func (f *frame) call(op string, call Native) error {
	g := gateNow()
	if err := g.Enter(nil); err != nil {
		return &Refused{Op: op, Err: err}
	}
	err := f.cross(g, op, call)
	g.Leave()
	return err
}

// cross makes the call for one that is inside the gate.
func (f *frame) cross(g *gate, op string, call Native) error {
	s := f.space
	if g.crew == nil {
		return WrapError(op, call(unsafe.SliceData(f.in), len(f.in), &s.out[0], len(s.out), &s.more))
	}
	return f.delegate(g.crew, op, call)
}

// delegate is apart so that cross makes no closure.
func (f *frame) delegate(c *crew, op string, call Native) error {
	var e *ctorch.Error
	s := f.space
	c.do(func() { e = call(unsafe.SliceData(f.in), len(f.in), &s.out[0], len(s.out), &s.more) })
	return WrapError(op, e)
}

func (f *frame) addArguments(op string, args []Value) error {
	for i, a := range args {
		if err := f.add(a, 0); err != nil {
			return fmt.Errorf("%s: argument %d: %w", op, i, err)
		}
	}
	return nil
}

func (f *frame) addTensors(op string, args []*Tensor) error {
	for i, a := range args {
		if err := f.addTensor(a); err != nil {
			return fmt.Errorf("%s: argument %d: %w", op, i, err)
		}
	}
	return nil
}

func (f *frame) addTensor(t *Tensor) error {
	if t == nil {
		return errNilTensor
	}
	p := t.handle.Acquire()
	if p == nil {
		if t.handle.Locked() {
			return errReplaced
		}
		if !t.handle.Closed() {
			return errEmpty
		}
		return fmt.Errorf("tensor %w", ErrClosed)
	}
	f.held = append(f.held, &t.handle)
	f.scope = inner(f.scope, t.scope.Load())
	f.in = append(f.in, ctorch.Value{Tag: ctorch.TagTensor, P: p})
	return nil
}

// addObject passes the object itself, whose attributes may have changed since Go
// saw them.
func (f *frame) addObject(o *Object) error {
	if o == nil {
		return errNilValue
	}
	p := o.handle.Acquire()
	if p == nil {
		return fmt.Errorf("object %w, or not one that libtorch gave", ErrClosed)
	}
	f.held = append(f.held, &o.handle)
	f.in = append(f.in, ctorch.Value{Tag: ctorch.TagObject, P: p})
	return nil
}

var (
	errReplaced  = &Error{Op: "pass a value", Code: CodeArgument, Msg: "the tensor is the result of a call that is running"}
	errEmpty     = &Error{Op: "pass a value", Code: CodeArgument, Msg: "the tensor holds nothing yet; parameters of a module do after nn.Init"}
	errNilTensor = &Error{Op: "pass a value", Code: CodeArgument, Msg: "the tensor is nil"}
	errNilValue  = &Error{Op: "pass a value", Code: CodeArgument, Msg: "the value is nil; use torch.None{} for None"}
)

// maxDepth bounds nesting on the way in, as the shim does: values may contain themselves.
const maxDepth = 200

func (f *frame) add(v Value, depth int) error {
	if depth > maxDepth {
		return &Error{Op: "pass a value", Code: CodeValue, Msg: fmt.Sprintf("nested deeper than %d", maxDepth)}
	}
	switch v := v.(type) {
	case *Tensor:
		return f.addTensor(v)
	case None:
		f.put(ctorch.Value{Tag: ctorch.TagNone})
	case Bool:
		x := ctorch.Value{Tag: ctorch.TagBool}
		if v {
			x.I = 1
		}
		f.put(x)
	case Int:
		f.put(ctorch.Value{Tag: ctorch.TagInt, I: int64(v)})
	case Float:
		f.put(ctorch.Value{Tag: ctorch.TagFloat, Re: float64(v)})
	case Complex:
		f.put(ctorch.Value{Tag: ctorch.TagComplex, Re: real(v), Im: imag(v)})
	case String:
		f.addString(string(v))
	case Device:
		f.put(ctorch.Value{Tag: ctorch.TagDevice, N: uint32(v.Type), I: v.nativeIndex()})
	case List:
		f.put(ctorch.Value{Tag: ctorch.TagList, N: uint32(len(v))})
		return f.addAll(v, depth)
	case Tuple:
		f.put(ctorch.Value{Tag: ctorch.TagTuple, N: uint32(len(v))})
		return f.addAll(v, depth)
	case *NamedTuple:
		if v == nil {
			return errNilValue
		}
		f.put(ctorch.Value{Tag: ctorch.TagNamedTuple, N: uint32(len(v.Fields))})
		f.addString(v.Name)
		for _, field := range v.Fields {
			f.addString(field.Name)
			if err := f.add(field.Value, depth+1); err != nil {
				return err
			}
		}
	case *Dict:
		if v == nil {
			return errNilValue
		}
		f.put(ctorch.Value{Tag: ctorch.TagDict, N: uint32(len(v.Entries))})
		for _, e := range v.Entries {
			if err := f.addAll([]Value{e.Key, e.Value}, depth); err != nil {
				return err
			}
		}
	case *Object:
		return f.addObject(v)
	case nil:
		return errNilValue
	default:
		if t := embedded(v); t != nil {
			return f.addTensor(t)
		}
		return &Error{Op: "pass a value", Code: CodeType, Msg: fmt.Sprintf("%T is not a value that has a place here", v)}
	}
	return nil
}

func (f *frame) addAll(values []Value, depth int) error {
	for _, v := range values {
		if err := f.add(v, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (f *frame) put(v ctorch.Value) { f.in = append(f.in, v) }

// addString passes the string's own bytes, which must not move while libtorch reads them.
func (f *frame) addString(s string) {
	x := ctorch.Value{Tag: ctorch.TagString, I: int64(len(s))}
	if len(s) > 0 {
		p := unsafe.StringData(s)
		f.pins.Pin(p)
		f.pinned = true
		x.P = unsafe.Pointer(p)
	}
	f.put(x)
}

// join notes that the arguments may have become part of a graph of gradients.
func (f *frame) join() {
	for _, h := range f.held {
		h.Joined()
	}
}

// adopt makes a Tensor of a result.
func (f *frame) adopt(v ctorch.Value) *Tensor {
	t := adopt((*ctorch.Tensor)(v.P), v.I)
	if v.N == 1 {
		t.handle.Alone()
	} else {
		f.join()
	}
	if f.scope != nil {
		f.scope.join(t)
	}
	return t
}

// result makes a Value of what the call wrote.
func (f *frame) result() (Value, error) {
	if f.space.more == nil {
		if first := &f.space.out[0]; first.Tag == ctorch.TagTensor {
			return f.adopt(*first), nil
		}
		d := decoder{frame: f, values: f.space.out[:]}
		return d.next(), nil
	}
	return f.decode(f.space.more), nil
}

// DecodeValues makes a Value of an array that a native call gave, and frees the
// array. It is for the packages of this module.
func DecodeValues(values *ctorch.Values) Value {
	f := newFrame()
	defer f.release()
	f.space.more = values
	return f.decode(values)
}

func (f *frame) decode(values *ctorch.Values) Value {
	var data *ctorch.Value
	var n int
	ctorch.ValuesRead(values, &data, &n)
	d := decoder{frame: f, values: unsafe.Slice(data, n)}
	return d.next()
}

func (d Device) nativeIndex() int64 {
	if d.Type == DeviceCPU {
		return -1
	}
	return int64(d.Index)
}
