package verifytest

import (
	"errors"
	"fmt"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/dtype"
	"github.com/seed06459138/torchgo/verify/compare"
)

// Values are what can be held against each other: tensors of libtorch on any
// device, tensors and arrays of files, buffers, and slices, which have one
// dimension. checkpoint.NewTensor gives a slice another shape.
type Values interface {
	*torch.Tensor | *checkpoint.Tensor | *checkpoint.Array | compare.Tensor |
		[]uint8 | []int8 | []int16 | []int32 | []int64 | []uint16 | []uint32 | []uint64 |
		[]float32 | []float64 | []complex64 | []complex128 | []bool | []dtype.F16 | []dtype.BF16
}

// tensorOf gives the elements in memory, row-major and little-endian.
func tensorOf[V Values](values V) (compare.Tensor, error) {
	switch v := any(values).(type) {
	case compare.Tensor:
		return v, nil
	case *torch.Tensor:
		if v == nil {
			return compare.Tensor{}, errNil
		}
		data, err := v.Bytes()
		if err != nil {
			return compare.Tensor{}, err
		}
		return compare.Tensor{DType: v.DType(), Shape: v.Shape(), Data: data}, nil
	case *checkpoint.Tensor:
		return savedTensor(v)
	case *checkpoint.Array:
		if v == nil {
			return compare.Tensor{}, errNil
		}
		return compare.Tensor{DType: v.DType(), Shape: v.Shape(), Data: v.Bytes()}, nil
	case []uint8:
		return sliceOf(v)
	case []int8:
		return sliceOf(v)
	case []int16:
		return sliceOf(v)
	case []int32:
		return sliceOf(v)
	case []int64:
		return sliceOf(v)
	case []uint16:
		return sliceOf(v)
	case []uint32:
		return sliceOf(v)
	case []uint64:
		return sliceOf(v)
	case []float32:
		return sliceOf(v)
	case []float64:
		return sliceOf(v)
	case []complex64:
		return sliceOf(v)
	case []complex128:
		return sliceOf(v)
	case []bool:
		return sliceOf(v)
	case []dtype.F16:
		return sliceOf(v)
	case []dtype.BF16:
		return sliceOf(v)
	}
	return compare.Tensor{}, fmt.Errorf("%T is not among Values", values)
}

var errNil = errors.New("there is none: it is nil")

// savedTensor reads a tensor of a file. Lazy bits are applied by libtorch, since
// the bytes in the file are those before conjugation or negation.
func savedTensor(t *checkpoint.Tensor) (compare.Tensor, error) {
	switch {
	case t == nil:
		return compare.Tensor{}, errNil
	case t.Conj || t.Neg:
		resolved, err := torch.FromCheckpoint(t)
		if err != nil {
			return compare.Tensor{}, err
		}
		defer resolved.Close()
		return tensorOf(resolved)
	}
	data, err := t.Bytes()
	return compare.Tensor{DType: t.DType(), Shape: t.Shape(), Data: data}, err
}

func sliceOf[T dtype.Element](values []T) (compare.Tensor, error) {
	t, err := checkpoint.NewTensor(values, int64(len(values)))
	if err != nil {
		return compare.Tensor{}, err
	}
	return tensorOf(t)
}
