package jit

import (
	"fmt"
	"io"
	"unsafe"

	"github.com/seed06459138/torchgo/internal/ctorch"
	"github.com/seed06459138/torchgo/torch"
)

// Recording is a run of a method that stops at every step, to look at what was
// computed. The graph is interpreted as it was written, as CallUnoptimized does it,
// with the same results bit for bit. It holds no more memory than such a call, and
// costs one change between two threads for each step. One goroutine uses it.
type Recording struct {
	handle ctorch.Handle
	method *Method
	result torch.Value
}

// Record prepares a run of the method with the arguments, which are as those of
// Call. The recording is the caller's, to be closed; the arguments may be closed
// before. When other calls of the method have to wait for their turn (see
// Serialized), they wait until it is closed.
func (m *Method) Record(args ...torch.Value) (*Recording, error) {
	args, err := m.bind(args)
	if err != nil {
		return nil, err
	}
	if err := m.acquire(); err != nil {
		return nil, err
	}
	r := &Recording{method: m}
	var native *ctorch.Recording
	err = torch.Crossing(m.name+": record", func() *ctorch.Error {
		return ctorch.RecordingNew((*ctorch.Method)(m.handle.Pointer()), &native)
	})
	if err != nil {
		m.release()
		return nil, err
	}
	r.handle.Adopt(ctorch.KindRecording, unsafe.Pointer(native), 0)
	_, err = torch.Invoke(m.name, args, func(in *ctorch.Value, n int, out *ctorch.Value, _ int, _ **ctorch.Values) *ctorch.Error {
		*out = ctorch.Value{Tag: ctorch.TagNone} // there is no result yet
		return ctorch.RecordingStart(native, in, n, 0)
	})
	if err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// Next runs the method up to its next step, and gives the index of that step in
// Steps and its values: what the operator or the submodule gave, as far as those
// are tensors or hold tensors, or the condition of a choice. They are the caller's,
// to be closed before the next Next; the tensors are those that the run goes on
// with, and must not be written. At the end of the run, the error is io.EOF; when the
// run failed, the error is that of the call.
func (r *Recording) Next() (step int, values []torch.Value, err error) {
	p := r.handle.Acquire()
	if p == nil {
		return 0, nil, fmt.Errorf("%s: recording %w", r.method.name, torch.ErrClosed)
	}
	defer r.handle.Release()
	if r.result != nil {
		return 0, nil, io.EOF
	}
	var at int64
	var out *ctorch.Values
	if err := torch.Crossing(r.method.name, func() *ctorch.Error { return ctorch.RecordingNext((*ctorch.Recording)(p), &at, &out) }); err != nil {
		return 0, nil, err
	}
	values = torch.DecodeValues(out).(torch.List)
	if at >= 0 {
		return int(at), values, nil
	}
	switch r.result = torch.Value(torch.Tuple(values)); len(values) {
	case 0:
		r.result = torch.None{}
	case 1:
		r.result = values[0]
	}
	return 0, nil, io.EOF
}

// Result gives what the method returned, after Next has given io.EOF; nil before. It
// is the caller's, to be closed.
func (r *Recording) Result() torch.Value { return r.result }

// Close ends the run where it is, waiting for the operator that runs. Closing again
// does nothing.
func (r *Recording) Close() {
	if r == nil || r.handle.Closed() {
		return
	}
	r.handle.Close()
	r.method.release()
}
