package torch

import "github.com/seed06459138/torchgo/torch/dtype"

// DType is the type of a tensor's elements. See package dtype, which has all of
// them, and the Go types of their elements.
type DType = dtype.DType

// The dtypes that programs use most. (torch.Bool is a Value; its dtype is dtype.Bool.)
const (
	Uint8      = dtype.Uint8
	Int8       = dtype.Int8
	Int16      = dtype.Int16
	Int32      = dtype.Int32
	Int64      = dtype.Int64
	Float16    = dtype.Float16
	BFloat16   = dtype.BFloat16
	Float32    = dtype.Float32
	Float64    = dtype.Float64
	Complex64  = dtype.Complex64
	Complex128 = dtype.Complex128
)
