package torch

import (
	"fmt"
	"unsafe"

	"github.com/seed06459138/torchgo/internal/ctorch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/dtype"
)

// Slice copies the elements of t to a Go slice, in row-major order, from any
// device. T must be the Go type of t's dtype: nothing is converted.
func Slice[T dtype.Element](t *Tensor) ([]T, error) {
	const op = "read elements"
	var data []T
	err := t.describe(op, func(info *ctorch.TensorInfo) error {
		if DType(info.Dtype) != dtype.Of[T]() {
			return &Error{Op: op, Code: CodeType, Msg: fmt.Sprintf("the tensor is %s, not %s; use ToDType first", DType(info.Dtype), dtype.Of[T]())}
		}
		data = make([]T, info.Numel)
		return t.copyTo(op, bytesOf(data))
	})
	if err != nil {
		return nil, err
	}
	return data, nil
}

// Checkpoint copies t, from any device, into a tensor that checkpoint.Save takes; the
// way back is FromCheckpoint.
func (t *Tensor) Checkpoint() (*checkpoint.Tensor, error) {
	data, err := t.Bytes()
	if err != nil {
		return nil, err
	}
	return checkpoint.TensorFromBytes(t.DType(), t.Shape(), data)
}

// Bytes copies the elements of t, little-endian and in row-major order, from
// any device.
func (t *Tensor) Bytes() ([]byte, error) {
	const op = "read elements"
	var data []byte
	err := t.describe(op, func(info *ctorch.TensorInfo) error {
		data = make([]byte, info.Numel*int64(info.ItemBytes))
		return t.copyTo(op, data)
	})
	if err != nil {
		return nil, err
	}
	return data, nil
}

func (t *Tensor) copyTo(op string, dst []byte) error {
	return t.with(op, func(p *ctorch.Tensor) error {
		return Crossing(op, func() *ctorch.Error {
			return ctorch.TensorBytes(p, unsafe.Pointer(unsafe.SliceData(dst)), len(dst))
		})
	})
}

// View gives body the elements in row-major order, little-endian: the tensor's
// own memory where it is a contiguous one on the CPU, else a copy. The bytes are
// good until body returns and must not be written.
func (t *Tensor) View(body func(data []byte) error) error {
	return t.describe("view elements", func(info *ctorch.TensorInfo) error {
		const lazy = ctorch.TensorConj | ctorch.TensorNeg
		if info.Flags&ctorch.TensorContiguous == 0 || info.Flags&lazy != 0 || info.DeviceType != ctorch.DeviceCPU {
			data, err := t.Bytes()
			if err != nil {
				return err
			}
			return body(data)
		}
		return body(unsafe.Slice((*byte)(info.Data), info.Numel*int64(info.ItemBytes)))
	})
}

// Mutate gives body the tensor's own memory to be written: elements in row-major
// order, little-endian. It is for contiguous tensors on the CPU; others are
// written by CopyFrom. The bytes are good until body returns. Nothing else may
// use the tensor's memory meanwhile.
func (t *Tensor) Mutate(body func(data []byte) error) error {
	const op = "write elements"
	return t.describe(op, func(info *ctorch.TensorInfo) error {
		const lazy = ctorch.TensorConj | ctorch.TensorNeg
		if info.Flags&ctorch.TensorContiguous == 0 || info.Flags&lazy != 0 || info.DeviceType != ctorch.DeviceCPU {
			return errArgument(op, "the tensor is not a contiguous one on the CPU; use CopyFrom")
		}
		return body(unsafe.Slice((*byte)(info.Data), info.Numel*int64(info.ItemBytes)))
	})
}

// Item gives the only element of t as a Value: Bool, Int, Float or Complex.
func (t *Tensor) Item() (Value, error) {
	if n := t.Numel(); !t.Closed() && n != 1 {
		return nil, errArgument("item", "the tensor has %d elements, not one", n)
	}
	return Call("aten::item", t)
}

// Float64 gives the only element of t as a float64, also when it is an integer or bool.
func (t *Tensor) Float64() (float64, error) {
	v, err := t.Item()
	if err != nil {
		return 0, err
	}
	switch v := v.(type) {
	case Float:
		return float64(v), nil
	case Int:
		return float64(v), nil
	case Bool:
		if v {
			return 1, nil
		}
		return 0, nil
	}
	return 0, &Error{Op: "item", Code: CodeType, Msg: "the element is " + kindOf(v) + ", not a real number"}
}
