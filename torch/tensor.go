package torch

import (
	"reflect"
	"sync/atomic"
	"unsafe"

	"github.com/seed06459138/torchgo/internal/ctorch"
)

// Tensor is a tensor of libtorch, on any device. Its zero value is a closed
// tensor. Tensors must not be copied; they are passed by pointer.
type Tensor struct {
	handle ctorch.Handle
	scope  atomic.Pointer[Scope]
}

// adopt makes a Tensor that owns a native one, whose storage has so many bytes.
func adopt(native *ctorch.Tensor, bytes int64) *Tensor {
	t := &Tensor{}
	t.handle.Adopt(ctorch.KindTensor, unsafe.Pointer(native), bytes)
	return t
}

// Close frees the tensor, now or when the last call that uses it ends. Calls
// that come later return ErrClosed. Closing again, or closing nil, does nothing.
// Memory that other tensors share (views, a module's parameters) stays.
func (t *Tensor) Close() {
	if t == nil {
		return
	}
	if t.scope.Load() != nil {
		if s := t.scope.Swap(nil); s != nil {
			s.remove(t)
		}
	}
	if left := t.handle.CloseSmall(mostLeft); left != nil {
		leave(left)
	}
}

// with calls body with the native tensor, which lives until body returns.
func (t *Tensor) with(op string, body func(*ctorch.Tensor) error) error {
	if t == nil {
		return errArgument(op, "the tensor is nil")
	}
	p := t.handle.Acquire()
	if p == nil {
		return errClosed(op)
	}
	defer t.handle.Release()
	return body((*ctorch.Tensor)(p))
}

// describe calls body with what is known of the tensor. The addresses in it are
// good until body returns.
func (t *Tensor) describe(op string, body func(*ctorch.TensorInfo) error) error {
	return t.with(op, func(p *ctorch.Tensor) error {
		var info ctorch.TensorInfo
		if err := WrapError(op, ctorch.TensorRead(p, &info)); err != nil {
			return err
		}
		return body(&info)
	})
}

// Shape gives the size of each dimension; nil for a closed tensor.
func (t *Tensor) Shape() []int64 {
	var shape []int64
	_ = t.describe("shape", func(info *ctorch.TensorInfo) error {
		shape = append([]int64{}, unsafe.Slice(info.Sizes, info.Ndim)...)
		return nil
	})
	return shape
}

// Strides gives, for each dimension, how many elements lie between neighbours;
// nil for a closed or sparse tensor.
func (t *Tensor) Strides() []int64 {
	var strides []int64
	_ = t.describe("strides", func(info *ctorch.TensorInfo) error {
		if info.Strides != nil {
			strides = append([]int64{}, unsafe.Slice(info.Strides, info.Ndim)...)
		}
		return nil
	})
	return strides
}

// Dim gives the number of dimensions; 0 for a scalar, and for a closed tensor.
func (t *Tensor) Dim() int {
	n := 0
	_ = t.describe("dim", func(info *ctorch.TensorInfo) error { n = int(info.Ndim); return nil })
	return n
}

// Numel gives the number of elements; 0 for a closed tensor.
func (t *Tensor) Numel() int64 {
	var n int64
	_ = t.describe("numel", func(info *ctorch.TensorInfo) error { n = info.Numel; return nil })
	return n
}

// DType gives the type of the elements; dtype.Invalid for a closed tensor.
func (t *Tensor) DType() DType {
	d := DType(-1)
	_ = t.describe("dtype", func(info *ctorch.TensorInfo) error { d = DType(info.Dtype); return nil })
	return d
}

// Device tells where the elements are; the CPU for a closed tensor.
func (t *Tensor) Device() Device {
	var d Device
	_ = t.describe("device", func(info *ctorch.TensorInfo) error {
		d = Device{DeviceType(info.DeviceType), int(info.DeviceIndex)}
		return nil
	})
	return d
}

// IsContiguous tells whether the elements lie in row-major order without gaps.
func (t *Tensor) IsContiguous() bool { return t.has(ctorch.TensorContiguous) }

// RequiresGrad tells whether gradients are recorded for the tensor.
func (t *Tensor) RequiresGrad() bool { return t.has(ctorch.TensorRequiresGrad) }

func (t *Tensor) has(flag uint32) bool {
	set := false
	_ = t.describe("flags", func(info *ctorch.TensorInfo) error { set = info.Flags&flag != 0; return nil })
	return set
}

// Closed tells whether the tensor was closed.
func (t *Tensor) Closed() bool { return t == nil || t.handle.Closed() }

// SameStorage tells whether the two tensors share their memory, so that writing
// to one may change the other.
func (t *Tensor) SameStorage(o *Tensor) bool {
	a, b := t.storage(), o.storage()
	return a != 0 && a == b
}

// storage gives the address of the storage's first byte, 0 where there is none.
// Empty storages have none, and share nothing.
func (t *Tensor) storage() uintptr {
	var p uintptr
	_ = t.describe("storage", func(info *ctorch.TensorInfo) error { p = uintptr(info.Storage); return nil })
	return p
}

// self is found in types that embed a tensor, such as the parameters of package nn.
func (t *Tensor) self() *Tensor { return t }

// embedded gives the tensor of a type that embeds one, or nil.
func embedded(v Value) *Tensor {
	holder, ok := v.(interface{ self() *Tensor })
	if p := reflect.ValueOf(v); !ok || p.Kind() != reflect.Pointer || p.IsNil() {
		return nil
	}
	return holder.self()
}
