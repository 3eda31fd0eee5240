package nn

import (
	"fmt"
	"slices"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/aten"
)

// padding puts something around its input.
type padding struct {
	pads  []int64 // left, right, top, bottom, …
	mode  PaddingMode
	value float64
}

// newPadding makes one number that of all sides.
func newPadding(n int, mode PaddingMode, value float64, pads []int64) padding {
	if len(pads) == 1 {
		pads = slices.Repeat(pads, 2*n)
	}
	return padding{pads, mode, value}
}

// Forward takes batch × channels × sizes, or the same without the batch.
func (p *padding) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	if p.mode == PadZeros {
		return aten.Pad(x, p.pads, &aten.PadOptions{Value: new(p.value)})
	}
	return aten.Pad(x, p.pads, &aten.PadOptions{Mode: string(p.mode)})
}

// Describe tells how much on each side.
func (p *padding) Describe() string { return pyTuple(p.pads) }

// constantPadding puts a value around its input.
type constantPadding struct{ padding }

// Describe tells how much on each side, and what.
func (p *constantPadding) Describe() string {
	return fmt.Sprintf("padding=%s, value=%s", pyTuple(p.pads), pyFloat(p.value))
}

// Padding of one, two and three dimensions: zeros, a constant, the input mirrored,
// its border repeated, its other side.
type (
	ZeroPad1d        struct{ padding }
	ZeroPad2d        struct{ padding }
	ZeroPad3d        struct{ padding }
	ConstantPad1d    struct{ constantPadding }
	ConstantPad2d    struct{ constantPadding }
	ConstantPad3d    struct{ constantPadding }
	ReflectionPad1d  struct{ padding }
	ReflectionPad2d  struct{ padding }
	ReflectionPad3d  struct{ padding }
	ReplicationPad1d struct{ padding }
	ReplicationPad2d struct{ padding }
	ReplicationPad3d struct{ padding }
	CircularPad1d    struct{ padding }
	CircularPad2d    struct{ padding }
	CircularPad3d    struct{ padding }
)

// NewZeroPad1d puts zeros around: as much as one number says on each side, or left, right
// and so on from the last dimension to the first.
func NewZeroPad1d(pads ...int64) *ZeroPad1d { return &ZeroPad1d{newPadding(1, PadZeros, 0, pads)} }

// NewZeroPad2d puts zeros around: as much as one number says on each side, or left, right
// and so on from the last dimension to the first.
func NewZeroPad2d(pads ...int64) *ZeroPad2d { return &ZeroPad2d{newPadding(2, PadZeros, 0, pads)} }

// NewZeroPad3d puts zeros around: as much as one number says on each side, or left, right
// and so on from the last dimension to the first.
func NewZeroPad3d(pads ...int64) *ZeroPad3d { return &ZeroPad3d{newPadding(3, PadZeros, 0, pads)} }

// NewConstantPad1d puts a constant around: as much as one number says on each side, or left, right
// and so on from the last dimension to the first.
func NewConstantPad1d(value float64, pads ...int64) *ConstantPad1d {
	return &ConstantPad1d{constantPadding{newPadding(1, PadZeros, value, pads)}}
}

// NewConstantPad2d puts a constant around: as much as one number says on each side, or left, right
// and so on from the last dimension to the first.
func NewConstantPad2d(value float64, pads ...int64) *ConstantPad2d {
	return &ConstantPad2d{constantPadding{newPadding(2, PadZeros, value, pads)}}
}

// NewConstantPad3d puts a constant around: as much as one number says on each side, or left, right
// and so on from the last dimension to the first.
func NewConstantPad3d(value float64, pads ...int64) *ConstantPad3d {
	return &ConstantPad3d{constantPadding{newPadding(3, PadZeros, value, pads)}}
}

// NewReflectionPad1d puts the input mirrored around: as much as one number says on each side, or left, right
// and so on from the last dimension to the first.
func NewReflectionPad1d(pads ...int64) *ReflectionPad1d {
	return &ReflectionPad1d{newPadding(1, PadReflect, 0, pads)}
}

// NewReflectionPad2d puts the input mirrored around: as much as one number says on each side, or left, right
// and so on from the last dimension to the first.
func NewReflectionPad2d(pads ...int64) *ReflectionPad2d {
	return &ReflectionPad2d{newPadding(2, PadReflect, 0, pads)}
}

// NewReflectionPad3d puts the input mirrored around: as much as one number says on each side, or left, right
// and so on from the last dimension to the first.
func NewReflectionPad3d(pads ...int64) *ReflectionPad3d {
	return &ReflectionPad3d{newPadding(3, PadReflect, 0, pads)}
}

// NewReplicationPad1d puts its border around: as much as one number says on each side, or left, right
// and so on from the last dimension to the first.
func NewReplicationPad1d(pads ...int64) *ReplicationPad1d {
	return &ReplicationPad1d{newPadding(1, PadReplicate, 0, pads)}
}

// NewReplicationPad2d puts its border around: as much as one number says on each side, or left, right
// and so on from the last dimension to the first.
func NewReplicationPad2d(pads ...int64) *ReplicationPad2d {
	return &ReplicationPad2d{newPadding(2, PadReplicate, 0, pads)}
}

// NewReplicationPad3d puts its border around: as much as one number says on each side, or left, right
// and so on from the last dimension to the first.
func NewReplicationPad3d(pads ...int64) *ReplicationPad3d {
	return &ReplicationPad3d{newPadding(3, PadReplicate, 0, pads)}
}

// NewCircularPad1d puts its other side around: as much as one number says on each side, or left, right
// and so on from the last dimension to the first.
func NewCircularPad1d(pads ...int64) *CircularPad1d {
	return &CircularPad1d{newPadding(1, PadCircular, 0, pads)}
}

// NewCircularPad2d puts its other side around: as much as one number says on each side, or left, right
// and so on from the last dimension to the first.
func NewCircularPad2d(pads ...int64) *CircularPad2d {
	return &CircularPad2d{newPadding(2, PadCircular, 0, pads)}
}

// NewCircularPad3d puts its other side around: as much as one number says on each side, or left, right
// and so on from the last dimension to the first.
func NewCircularPad3d(pads ...int64) *CircularPad3d {
	return &CircularPad3d{newPadding(3, PadCircular, 0, pads)}
}
