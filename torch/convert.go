package torch

import (
	"slices"

	"github.com/seed06459138/torchgo/internal/ctorch"
)

// Results of the functions in this file are tensors of their own, to be closed
// on their own, also where they share memory with t as in PyTorch.

// To gives the tensor on another device; itself, as a second handle, if it is
// there already. A device that is not there is an error of CodeDevice.
func (t *Tensor) To(d Device) (*Tensor, error) { return t.convert(d, DType(-1)) }

// ToDType gives the tensor with elements of another dtype, converted as in
// PyTorch; itself, as a second handle, if they are of that dtype already.
func (t *Tensor) ToDType(element DType) (*Tensor, error) {
	const op = "convert a tensor"
	if element < 0 {
		return nil, errArgument(op, "the dtype is invalid")
	}
	return t.convert(t.Device(), element)
}

func (t *Tensor) convert(d Device, element DType) (*Tensor, error) {
	const op = "convert a tensor"
	if tracing.Load() != nil { // it must be an operator to be recorded
		if element < 0 {
			element = t.DType()
		}
		return callTensor("aten::to.device", t, d, Int(element))
	}
	var out *Tensor
	err := t.with(op, func(p *ctorch.Tensor) error {
		var made *ctorch.Tensor
		if err := Crossing(op, func() *ctorch.Error {
			return ctorch.TensorTo(p, int32(d.Type), int32(d.nativeIndex()), int32(element), 0, &made)
		}); err != nil {
			return err
		}
		out = adopt(made, t.handle.Bytes())
		if s := t.scope.Load(); s != nil {
			s.join(out)
		}
		return nil
	})
	return out, err
}

// Clone copies the tensor with its elements.
func (t *Tensor) Clone() (*Tensor, error) { return callTensor("aten::clone", t) }

// Contiguous gives the tensor with its elements in row-major order without gaps;
// itself, as a second handle, if they lie so already.
func (t *Tensor) Contiguous() (*Tensor, error) { return callTensor("aten::contiguous", t) }

// Reshape gives the same elements in another shape, in which one size may be -1:
// what is left. Memory is shared where the strides allow it.
func (t *Tensor) Reshape(shape ...int64) (*Tensor, error) {
	return callTensor("aten::reshape", t, ints(shape))
}

// ViewAs gives the same memory in another shape, in which one size may be -1. It
// is an error where the strides do not allow it; see Reshape.
func (t *Tensor) ViewAs(shape ...int64) (*Tensor, error) {
	return callTensor("aten::view", t, ints(shape))
}

// CopyFrom overwrites the elements of t, in place, with those of src, converting
// dtype and device. The shapes must be equal: nothing is broadcast. Every tensor
// that shares t's memory changes with it.
func (t *Tensor) CopyFrom(src *Tensor) error {
	const op = "copy into a tensor"
	return t.with(op, func(to *ctorch.Tensor) error {
		return src.with(op, func(from *ctorch.Tensor) error {
			return Crossing(op, func() *ctorch.Error { return ctorch.TensorCopy(to, from) })
		})
	})
}

// Equal tells whether the two tensors have the same shape and equal elements, as
// torch.equal does: NaN is unequal to itself.
func (t *Tensor) Equal(o *Tensor) (bool, error) {
	v, err := Call("aten::equal", t, o)
	b, _ := v.(Bool)
	return bool(b), err
}

// AllClose tells whether |t − o| ≤ atol + rtol·|o| for all elements, as
// torch.allclose does (whose defaults are 1e-5 and 1e-8), but for tensors of
// equal shapes only: nothing is broadcast.
func (t *Tensor) AllClose(o *Tensor, rtol, atol float64, equalNaN bool) (bool, error) {
	if a, b := t.Shape(), o.Shape(); !t.Closed() && !o.Closed() && !slices.Equal(a, b) {
		return false, errArgument("aten::allclose", "the shapes %v and %v differ", a, b)
	}
	v, err := Call("aten::allclose", t, o, Float(rtol), Float(atol), Bool(equalNaN))
	b, _ := v.(Bool)
	return bool(b), err
}
