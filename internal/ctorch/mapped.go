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

// lend notes what to call when memory is given back.
func lend(release func()) (token uint64) {
	mapped.mu.Lock()
	defer mapped.mu.Unlock()
	if mapped.release == nil {
		mapped.release = make(map[uint64]func())
	}
	mapped.last++
	mapped.release[mapped.last] = release
	mapped.pending.Add(1)
	return mapped.last
}

// keep forgets memory that was not lent after all.
func keep(token uint64) {
	mapped.mu.Lock()
	defer mapped.mu.Unlock()
	delete(mapped.release, token)
	mapped.pending.Add(-1)
}

// MapTensor makes a tensor over memory that somebody else owns, and calls
// release once no tensor uses it any more, views and copies of the handle
// included. release runs on the goroutine that closes the last one, or a later
// one. When MapTensor fails, release is not called.
func MapTensor(data []byte, shape, strides []int64, offset int64, dtype int32, release func(), out **Tensor) *Error {
	token := lend(release)
	e := TensorMap(unsafe.Pointer(unsafe.SliceData(data)), len(data), unsafe.SliceData(shape), unsafe.SliceData(strides), len(shape), offset, dtype, token, out)
	if e != nil {
		keep(token)
	}
	return e
}

// Lent is where a record of an archive lies.
type Lent struct {
	Name string
	Data []byte // not in Go's heap
}

// MapModule loads a TorchScript file whose tensors lie in memory that somebody else
// owns, and calls release as MapTensor does.
func MapModule(path string, records []Lent, release func(), out **Module) *Error {
	var names []byte
	addresses, bytes := make([]uint64, len(records)), make([]int64, len(records))
	for i, r := range records {
		names = append(append(names, r.Name...), 0)
		addresses[i], bytes[i] = uint64(uintptr(unsafe.Pointer(unsafe.SliceData(r.Data)))), int64(len(r.Data))
	}
	token := lend(release)
	e := ModuleMap(CString(path), CString(string(names)), unsafe.SliceData(addresses), unsafe.SliceData(bytes), len(records), token, out)
	if e != nil {
		keep(token)
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
