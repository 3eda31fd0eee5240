package compare

import (
	"fmt"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// ShapeError says that two tensors differ in shape; nothing is broadcast.
type ShapeError struct{ Got, Want []int64 }

func (e *ShapeError) Error() string {
	return fmt.Sprintf("shapes differ: got %v, want %v; nothing is broadcast", e.Got, e.Want)
}

// DTypeError says that two tensors differ in element type, or that an element
// type is not one that can be compared.
type DTypeError struct{ Got, Want dtype.DType }

func (e *DTypeError) Error() string {
	if e.Got == e.Want {
		return fmt.Sprintf("elements of type %v can't be compared", e.Got)
	}
	return fmt.Sprintf("element types differ: got %v, want %v", e.Got, e.Want)
}

// DataError says that a tensor's Data is not as long as its shape and type need.
type DataError struct {
	DType dtype.DType
	Shape []int64
	Bytes int
}

func (e *DataError) Error() string {
	return fmt.Sprintf("a %v tensor of shape %v doesn't have %d bytes", e.DType, e.Shape, e.Bytes)
}

// ToleranceError says that a tolerance is negative or not a number, or has numbers
// beside those of its table.
type ToleranceError struct{ Tolerance Tolerance }

func (e *ToleranceError) Error() string {
	if e.Tolerance.ByDType && e.Tolerance.RTol >= 0 && e.Tolerance.ATol >= 0 {
		return fmt.Sprintf("assert_close has its own rtol and atol for each dtype: rtol %v and atol %v can't be given beside it", e.Tolerance.RTol, e.Tolerance.ATol)
	}
	return fmt.Sprintf("rtol %v and atol %v must be zero or more", e.Tolerance.RTol, e.Tolerance.ATol)
}
