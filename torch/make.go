package torch

import (
	"math"
	"runtime"
	"unsafe"

	"github.com/seed06459138/torchgo/internal/ctorch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/dtype"
)

// FromSlice makes a CPU tensor of a copy of data, in row-major order. Without a
// shape it has one dimension; a shape of no dimensions is asked for with
// Scalar. The number of elements must fit the shape.
func FromSlice[T dtype.Element](data []T, shape ...int64) (*Tensor, error) {
	if len(shape) == 0 {
		shape = []int64{int64(len(data))}
	}
	return FromBytes(dtype.Of[T](), shape, bytesOf(data))
}

// Scalar makes a CPU tensor of one element and no dimensions.
func Scalar[T dtype.Element](value T) (*Tensor, error) {
	return FromBytes(dtype.Of[T](), nil, bytesOf([]T{value}))
}

// FromBytes makes a CPU tensor of a copy of data: elements in row-major order,
// little-endian, of any dtype.
func FromBytes(element DType, shape []int64, data []byte) (*Tensor, error) {
	const op = "make a tensor"
	if err := ctorch.Ensure(); err != nil {
		return nil, err
	}
	var p *ctorch.Tensor
	err := Crossing(op, func() *ctorch.Error {
		return ctorch.TensorNew(unsafe.Pointer(unsafe.SliceData(data)), len(data), unsafe.SliceData(shape), len(shape), int32(element), &p)
	})
	if err != nil {
		return nil, err
	}
	return adopt(p, int64(len(data))), nil
}

// Wrap makes a CPU tensor over data itself, without a copy: both see what is
// written to either. The slice's array is pinned, and stays so as long as any
// tensor uses it, views included; the shape is as in FromSlice.
func Wrap[T dtype.Element](data []T, shape ...int64) (*Tensor, error) {
	const op = "wrap a slice"
	if err := ctorch.Ensure(); err != nil {
		return nil, err
	}
	if len(shape) == 0 {
		shape = []int64{int64(len(data))}
	}
	strides, n := rowMajor(shape)
	if n != int64(len(data)) {
		return nil, errArgument(op, "the slice has %d elements, not those of the shape %v", len(data), shape)
	}
	var pin runtime.Pinner
	if len(data) > 0 {
		pin.Pin(unsafe.SliceData(data))
	}
	return mapped(op, bytesOf(data), shape, strides, 0, dtype.Of[T](), pin.Unpin)
}

// rowMajor gives the strides of a shape without gaps, and the number of its
// elements, or -1 for a shape that no slice can have.
func rowMajor(shape []int64) (strides []int64, n int64) {
	strides, n = make([]int64, len(shape)), 1
	for i := len(shape) - 1; i >= 0; i-- {
		strides[i] = n
		if shape[i] < 0 || (shape[i] > 0 && n > math.MaxInt64/shape[i]) {
			return nil, -1
		}
		n *= shape[i]
	}
	return strides, n
}

// mapped makes a tensor over memory that release gives back. When it fails,
// release was called.
func mapped(op string, data []byte, shape, strides []int64, offset int64, element DType, release func()) (*Tensor, error) {
	var p *ctorch.Tensor
	if err := WrapError(op, ctorch.MapTensor(data, shape, strides, offset, int32(element), release, &p)); err != nil {
		release()
		return nil, err
	}
	return adopt(p, int64(len(data))), nil
}

// FromCheckpoint makes a CPU tensor over the elements of one that a file holds,
// without a copy: the file's mapping lives as long as any tensor that uses it,
// also after the file is closed. Writing to the tensor changes memory only,
// never the file. Strides, offsets and shared storages stay as they are.
func FromCheckpoint(t *checkpoint.Tensor) (*Tensor, error) {
	const op = "make a tensor from a file"
	if err := ctorch.Ensure(); err != nil {
		return nil, err
	}
	switch {
	case t == nil:
		return nil, errArgument(op, "the tensor is nil")
	case t.Sparse != nil:
		return nil, errArgument(op, "the tensor is %s: only strided ones can be mapped", t.Sparse.Layout)
	case t.Quant != nil:
		return nil, errArgument(op, "the tensor is quantized: its scale and zero point would be lost")
	case t.Meta():
		return nil, errArgument(op, "the tensor has no storage: it was saved from the meta device")
	}
	if t.Conj || t.Neg {
		// The lazy bits say how to read the bytes; Bytes gives them as stored, and no
		// operator sets the bits on a tensor that libtorch did not make.
		return resolved(t)
	}
	storage := t.Storage()
	data, err := storage.Bytes()
	if err != nil {
		return nil, err
	}
	unhold, err := storage.Hold()
	if err != nil {
		return nil, err
	}
	var pin runtime.Pinner // does nothing to bytes in a mapping
	if len(data) > 0 {
		pin.Pin(unsafe.SliceData(data))
	}
	release := func() { pin.Unpin(); unhold() }
	return mapped(op, data, t.Shape(), t.Strides(), t.Offset(), t.DType(), release)
}

// resolved copies a tensor whose elements are to be read conjugated or negated.
func resolved(t *checkpoint.Tensor) (*Tensor, error) {
	data, err := t.Bytes()
	if err != nil {
		return nil, err
	}
	raw, err := FromBytes(t.DType(), t.Shape(), data)
	if err != nil {
		return nil, err
	}
	defer raw.Close()
	x := raw
	if t.Conj {
		if x, err = callTensor("aten::conj_physical", x); err != nil {
			return nil, err
		}
		if !t.Neg {
			return x, nil
		}
		defer x.Close()
	}
	return callTensor("aten::neg", x)
}

// FromArray makes a CPU tensor of a copy of a NumPy array.
func FromArray(a *checkpoint.Array) (*Tensor, error) {
	if a == nil {
		return nil, errArgument("make a tensor from an array", "the array is nil")
	}
	return FromBytes(a.DType(), a.Shape(), a.Bytes())
}

// Empty makes a tensor whose elements are whatever was in memory, to be written
// by Mutate or CopyFrom.
func Empty(element DType, device Device, shape ...int64) (*Tensor, error) {
	return callTensor("aten::empty.memory_format", ints(shape), Int(element), None{}, device)
}

// Zeros makes a tensor of zeros.
func Zeros(element DType, device Device, shape ...int64) (*Tensor, error) {
	return callTensor("aten::zeros", ints(shape), Int(element), None{}, device)
}

// Full makes a tensor whose elements all are value.
func Full(value float64, element DType, device Device, shape ...int64) (*Tensor, error) {
	return callTensor("aten::full", ints(shape), Float(value), Int(element), None{}, device)
}

// bytesOf views the elements as bytes.
func bytesOf[T dtype.Element](data []T) []byte {
	var zero T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(data))), len(data)*int(unsafe.Sizeof(zero)))
}
