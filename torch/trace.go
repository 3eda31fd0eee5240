package torch

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/seed06459138/torchgo/internal/ctorch"
)

// Trace records the operators that are called with tensors it knows: inputs, parts
// of a module, and what is computed from them. It is what package jit makes
// TorchScript modules with, and for the packages of this module. At most one records
// at a time in a process; operators on other tensors, which other goroutines call
// meanwhile, are not touched.
type Trace struct {
	inUse  sync.RWMutex
	native *ctorch.Trace // nil when it was closed
}

// tracing is the trace that records, if there is one, and recorder what makes others wait.
var (
	tracing  atomic.Pointer[Trace]
	recorder sync.Mutex
)

// NewTrace begins to record, when no other does any more. Close ends it.
func NewTrace(class string) (*Trace, error) {
	if err := ctorch.Ensure(); err != nil {
		return nil, err
	}
	recorder.Lock()
	t := &Trace{}
	if err := WrapError("begin a trace", ctorch.TraceNew(ctorch.CString(class), &t.native)); err != nil {
		recorder.Unlock()
		return nil, err
	}
	tracing.Store(t)
	return t, nil
}

// Close ends the recording and frees it.
func (t *Trace) Close() {
	tracing.Store(nil)
	t.inUse.Lock() // waits for calls that are being recorded
	ctorch.TraceFree(t.native)
	t.native = nil
	t.inUse.Unlock()
	recorder.Unlock()
}

// Register gives the module a parameter or buffer by its name in the state_dict. The
// module keeps the tensor itself, not a copy.
func (t *Trace) Register(name string, part *Tensor, buffer bool) error {
	var isBuffer int32
	if buffer {
		isBuffer = 1
	}
	return part.with("register "+name, func(p *ctorch.Tensor) error {
		return WrapError("register "+name, ctorch.TraceRegister(t.native, ctorch.CString(name), p, isBuffer))
	})
}

// Input gives the module's method an argument, which x stands for.
func (t *Trace) Input(name string, x *Tensor) error {
	return x.with("trace the input "+name, func(p *ctorch.Tensor) error {
		return WrapError("trace the input "+name, ctorch.TraceInput(t.native, ctorch.CString(name), p))
	})
}

// Finish makes the module, whose method forward gives result. It may be called once.
func (t *Trace) Finish(result Value) (*ctorch.Module, error) {
	const op = "finish a trace"
	var module *ctorch.Module
	f := newFrame()
	defer f.release()
	if err := f.addArguments(op, []Value{result}); err != nil {
		return nil, err
	}
	err := WrapError(op, ctorch.TraceFinish(t.native, unsafe.SliceData(f.in), len(f.in), &module))
	return module, err
}

// call makes the call of an operator and records it.
func (t *Trace) call(f *frame, op *ctorch.Operator, flags uint32) *ctorch.Error {
	t.inUse.RLock()
	defer t.inUse.RUnlock()
	s := f.space
	if t.native == nil {
		return ctorch.OperatorCall(op, unsafe.SliceData(f.in), len(f.in), flags, &s.out[0], len(s.out), &s.more)
	}
	// What is replaced is freed when the call was recorded too, which may fail.
	replaced := s.out[0].P
	e := ctorch.TraceCall(t.native, op, unsafe.SliceData(f.in), len(f.in), flags&^ctorch.CallReplace, &s.out[0], len(s.out), &s.more)
	if e == nil && flags&ctorch.CallReplace != 0 && f.isOneTensor() {
		ctorch.TensorFree((*ctorch.Tensor)(replaced))
	}
	return e
}
