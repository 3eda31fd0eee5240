package ctorch

import (
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"
)

// Kind says what a Handle holds.
type Kind uint8

// The kinds of handles that are counted.
const (
	KindTensor Kind = iota
	KindModule
	KindMethod
	KindObject
	KindStatic
	KindRecording
	KindPackage
	kinds
)

// live counts the handles that are not freed, by kind.
var live [kinds]atomic.Int64

// Live returns how many handles of a kind are not freed yet.
func Live(k Kind) int64 { return live[k].Load() }

// What is added to a handle's state: the bits below count calls in flight.
const (
	closed = 1 << 40 // by Close
	freed  = 2 * closed
	locked = 4 * closed
)

// Handle owns one native object. It is embedded in the Go object that users
// hold, and lets that object be closed at any time from any goroutine: the
// native object is freed by Close, or, when calls are in flight, by the last of
// them. A handle that is never closed is freed after its owner was collected.
type Handle struct {
	ptr   unsafe.Pointer
	state atomic.Int64
	net   *net
}

// net frees a native object whose owner was collected. The owner's handle is all
// that refers to it, so it is found to be garbage together with the owner. Nets
// are reused, because registering a cleanup costs more than the rest of a
// handle; what the cleanup frees lies apart, since it must not refer to the net.
type net struct{ under *native }

type native struct {
	ptr   unsafe.Pointer // nil: nothing to free
	kind  Kind
	alone uint32 // 1: frees nothing but itself; accessed atomically once others see the handle
	bytes int64
}

var nets = sync.Pool{New: func() any {
	n := &net{under: new(native)}
	runtime.AddCleanup(n, (*native).free, n.under)
	return n
}}

// Adopt makes the handle the owner of ptr, which stands for so many bytes of
// native memory.
func (h *Handle) Adopt(kind Kind, ptr unsafe.Pointer, bytes int64) {
	h.ptr = ptr
	h.net = nets.Get().(*net)
	*h.net.under = native{ptr: ptr, kind: kind, bytes: bytes + handleBytes}
	live[kind].Add(1)
	grow(bytes + handleBytes)
}

// Acquire returns the native object for the length of a call; Release must
// follow. It returns nil when the handle is closed or was never set.
func (h *Handle) Acquire() unsafe.Pointer {
	if h.state.Add(1) >= closed || h.ptr == nil {
		h.Release()
		return nil
	}
	p := h.ptr
	sweep() // when nothing refers to the handle, this is where that shows
	return p
}

// Pointer gives the native object to a caller that is between Acquire and Release.
func (h *Handle) Pointer() unsafe.Pointer { return h.ptr }

// Bytes tells how many bytes of native memory the object stands for, to a caller
// that is between Acquire and Release.
func (h *Handle) Bytes() int64 { return h.net.under.bytes - handleBytes }

// Release ends what Acquire began.
func (h *Handle) Release() {
	if h.state.Add(-1) == closed {
		h.destroy()
	}
}

// Close frees the native object, now or at the end of the last call in flight.
// Closing again does nothing.
func (h *Handle) Close() {
	if h.state.CompareAndSwap(0, freed) { // nobody uses it, as is common
		h.free()
		return
	}
	for {
		s := h.state.Load()
		if s&locked != 0 {
			runtime.Gosched()
			continue
		}
		if s >= closed {
			return
		}
		// Counted as a call in flight until Release, so that exactly one caller
		// sees the count fall to zero after the closed bit was set.
		if h.state.CompareAndSwap(s, s+closed+1) {
			h.Release()
			return
		}
	}
}

// Alone notes, before others see the handle, that the native object keeps nothing alive
// but its own memory: a tensor may belong to a graph of gradients instead.
func (h *Handle) Alone() { h.net.under.alone = 1 }

// Joined takes that back, between Acquire and Release.
func (h *Handle) Joined() { atomic.StoreUint32(&h.net.under.alone, 0) }

// CloseSmall is Close, but when a tensor of at most so many bytes, which is alone, is freed
// by that, it is left to the caller to do so, who then frees it soon. It gives nil in all
// other cases.
func (h *Handle) CloseSmall(most int64) *Tensor {
	if !h.state.CompareAndSwap(0, freed) {
		h.Close()
		return nil
	}
	// Who lent memory to libtorch waits to have it back.
	if h.ptr == nil || atomic.LoadUint32(&h.net.under.alone) == 0 || h.net.under.bytes > most+handleBytes || mapped.pending.Load() > 0 {
		h.free()
		return nil
	}
	h.net.under.forget()
	h.giveBack()
	return (*Tensor)(h.ptr)
}

// Closed tells whether Close was called.
func (h *Handle) Closed() bool { return h.state.Load()&^locked >= closed }

// Lock makes the caller the only one who may use the handle, until Unlock: calls
// find it closed meanwhile, Close waits. It fails when the handle is closed or in use.
func (h *Handle) Lock() bool { return h.state.CompareAndSwap(0, locked) }

// Locked tells whether somebody else has locked the handle.
func (h *Handle) Locked() bool { return h.state.Load()&locked != 0 }

// Replace makes a locked handle the owner of ptr, and of nothing else: what it
// owned before is the caller's.
func (h *Handle) Replace(kind Kind, ptr unsafe.Pointer, bytes int64) {
	if h.net == nil {
		h.Adopt(kind, ptr, bytes)
		return
	}
	under := h.net.under
	if more := bytes + handleBytes - under.bytes; more != 0 {
		under.bytes += more
		grow(more)
	}
	h.ptr = ptr
	under.ptr, under.alone = ptr, 0
}

// Unlock ends what Lock began.
func (h *Handle) Unlock() { h.state.Add(-locked) }

func (h *Handle) destroy() {
	// A late Acquire on the closed handle takes the count from zero to one and
	// back; the mark keeps it from freeing again.
	if h.state.CompareAndSwap(closed, freed) {
		h.free()
	}
}

// free is called once, by whoever marked the handle as freed.
func (h *Handle) free() {
	if h.ptr != nil {
		h.net.under.free()
		h.giveBack()
	}
}

func (h *Handle) giveBack() {
	nets.Put(h.net)
	h.net = nil
}

func (n *native) free() {
	if n.ptr == nil {
		return
	}
	_ = frees.Enter(nil) // without a bound on its queue and an end of its wait it cannot fail
	switch n.kind {
	case KindTensor:
		TensorFree((*Tensor)(n.ptr))
	case KindModule:
		ModuleFree((*Module)(n.ptr))
	case KindMethod:
		MethodFree((*Method)(n.ptr))
	case KindObject:
		ObjectFree((*Object)(n.ptr))
	case KindStatic:
		StaticFree((*Static)(n.ptr))
	case KindRecording:
		RecordingFree((*Recording)(n.ptr))
	case KindPackage:
		PackageFree((*Package)(n.ptr))
	}
	frees.Leave()
	n.forget()
	DrainMapped()
}

// forget stops counting what was freed, or is to be freed by somebody else.
func (n *native) forget() {
	n.ptr = nil
	live[n.kind].Add(-1)
	shrink(n.bytes)
}

// FreeLeft frees a tensor that CloseSmall left.
func FreeLeft(t *Tensor) {
	_ = frees.Enter(nil)
	TensorFree(t)
	frees.Leave()
}
