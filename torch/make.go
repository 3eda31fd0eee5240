package torch

import (
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
	return AdoptTensor(p), nil
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
	release, err := storage.Hold()
	if err != nil {
		return nil, err
	}
	var p *ctorch.Tensor
	e := ctorch.MapTensor(data, t.Shape(), t.Strides(), t.Offset(), int32(t.DType()), release, &p)
	if err := WrapError(op, e); err != nil {
		release()
		return nil, err
	}
	return AdoptTensor(p), nil
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
