package nn

import (
	"errors"

	"github.com/seed06459138/torchgo/torch"
)

// Fill writes the first elements of a tensor, such as initializer.Ones.
type Fill func(*torch.Tensor) error

// Parameter is a tensor that is trained. A module declares it as a field of type
// *Parameter, nil for one that the module does without. It holds a tensor from
// Init or LoadStateDict on; until then operators refuse it. To and LoadStateDict
// may put another tensor in its place, so keep the Parameter rather than the tensor.
type Parameter struct {
	*torch.Tensor
	shape []int64
	fill  Fill
	held  bool // the tensor is that of something else, and stays
}

// ErrHeld is matched by the error of moving a parameter or buffer whose tensor is that
// of something else; see ParameterOf.
var ErrHeld = errors.New("the tensor is that of a module which was loaded, and cannot be replaced")

// ParameterOf makes a parameter of a tensor that something else computes with, such as a
// TorchScript module, and which Close closes. Init leaves it as it is; it cannot be
// moved or converted, only written to.
func ParameterOf(t *torch.Tensor) *Parameter { return &Parameter{Tensor: t, held: true} }

// BufferOf makes a buffer of such a tensor.
func BufferOf(t *torch.Tensor) *Buffer { return &Buffer{Tensor: t, held: true} }

// NewParameter declares a parameter of a shape, of 32-bit floats. fill may be nil
// for one that its module's Initialize fills; it is zeros until then.
func NewParameter(fill Fill, shape ...int64) *Parameter {
	return &Parameter{Tensor: new(torch.Tensor), shape: shape, fill: fill}
}

// Size gives the shape that was declared, or that of the tensor once there is one.
func (p *Parameter) Size() []int64 { return sizeOf(p.Tensor, p.shape) }

// Buffer is a tensor of a module's state that is not trained, declared as a field
// of type *Buffer.
type Buffer struct {
	*torch.Tensor
	shape   []int64
	dtype   torch.DType
	fill    Fill
	private bool
	held    bool // the tensor is that of something else, and stays
}

// NewBuffer declares a buffer of a shape, of 32-bit floats. fill may be nil for zeros.
func NewBuffer(fill Fill, shape ...int64) *Buffer {
	return &Buffer{Tensor: new(torch.Tensor), shape: shape, dtype: torch.Float32, fill: fill}
}

// OfDType makes it a buffer of another dtype, and returns it.
func (b *Buffer) OfDType(d torch.DType) *Buffer {
	b.dtype = d
	return b
}

// NotSaved leaves the buffer out of state_dicts (persistent=False), and returns it.
func (b *Buffer) NotSaved() *Buffer {
	b.private = true
	return b
}

// Size gives the shape that was declared, or that of the tensor once there is one.
func (b *Buffer) Size() []int64 { return sizeOf(b.Tensor, b.shape) }

func sizeOf(t *torch.Tensor, declared []int64) []int64 {
	if shape := t.Shape(); shape != nil {
		return shape
	}
	return declared
}

// tensorOf gives the tensor of an optional parameter.
func tensorOf(p *Parameter) *torch.Tensor {
	if p == nil {
		return nil
	}
	return p.Tensor
}

// make makes the tensor anew and fills it.
func (p *Parameter) make() error {
	if p.held {
		return nil
	}
	t, err := filled(p.fill, p.shape, torch.Float32)
	if err != nil {
		return err
	}
	return p.put(t, true)
}

// put makes t the parameter's tensor, to be trained or not.
func (p *Parameter) put(t *torch.Tensor, trained bool) error {
	if trained {
		if err := t.SetRequiresGrad(true); err != nil {
			t.Close()
			return err
		}
	}
	p.Close()
	p.Tensor = t
	return nil
}

func (b *Buffer) make() error {
	if b.held {
		return nil
	}
	t, err := filled(b.fill, b.shape, b.dtype)
	if err != nil {
		return err
	}
	b.put(t)
	return nil
}

func (b *Buffer) put(t *torch.Tensor) {
	b.Close()
	b.Tensor = t
}

func filled(fill Fill, shape []int64, d torch.DType) (*torch.Tensor, error) {
	if fill == nil {
		return torch.Zeros(d, torch.CPU, shape...)
	}
	t, err := torch.Empty(d, torch.CPU, shape...)
	if err != nil {
		return nil, err
	}
	if err := fill(t); err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// made tells whether there is a tensor.
func made(t *torch.Tensor) bool { return t.Shape() != nil }

// convert gives what a module's tensor becomes on another device, or with another
// dtype where it has floating-point elements; nil when it stays as it is.
func convert(t *torch.Tensor, device *torch.Device, d *torch.DType) (*torch.Tensor, error) {
	plain, err := t.Detach()
	if err != nil {
		return nil, err
	}
	defer plain.Close()
	switch {
	case device != nil && t.Device() != *device:
		return plain.To(*device)
	case d != nil && t.DType().IsFloat() && t.DType() != *d:
		return plain.ToDType(*d)
	}
	return nil, nil
}
