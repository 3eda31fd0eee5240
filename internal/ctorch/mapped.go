package ctorch

import (
	"sync"
	"sync/atomic"
	"unsafe"
)

// mapped keeps what must not go away while tensors use memory that is not
// libtorch's: one release function for each token given to TensorMap.
var mapped struct {
	mu      sync.Mutex
	last    uint64
	release map[uint64]func()
	pending atomic.Int64 // entries in release
}

// MapTensor makes a tensor over memory that somebody else owns, and calls
// release once no tensor uses it any more, views and copies of the handle
// included. release runs on the goroutine that closes the last one, or a later
// one. When MapTensor fails, release is not called.
func MapTensor(data []byte, shape, strides []int64, offset int64, dtype int32, release func(), out **Tensor) *Error {
	mapped.mu.Lock()
	if mapped.release == nil {
		mapped.release = make(map[uint64]func())
	}
	mapped.last++
	token := mapped.last
	mapped.release[token] = release
	mapped.pending.Add(1)
	mapped.mu.Unlock()

	e := TensorMap(unsafe.Pointer(unsafe.SliceData(data)), len(data), unsafe.SliceData(shape), unsafe.SliceData(strides), len(shape), offset, dtype, token, out)
	if e != nil {
		mapped.mu.Lock()
		delete(mapped.release, token)
		mapped.pending.Add(-1)
		mapped.mu.Unlock()
	}
	return e
}

// DrainMapped calls the release functions of memory that is no longer used.
func DrainMapped() {
	var tokens [32]uint64
	for mapped.pending.Load() > 0 {
		n := TensorReleased(&tokens[0], len(tokens))
		for _, token := range tokens[:n] {
			mapped.mu.Lock()
			release := mapped.release[token]
			delete(mapped.release, token)
			mapped.mu.Unlock()
			mapped.pending.Add(-1)
			release()
		}
		if n < len(tokens) {
			return
		}
	}
}
