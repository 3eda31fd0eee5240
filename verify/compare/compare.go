package compare

import (
	"fmt"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// Compare holds got against want, element by element. Shapes and types must be
// equal: a *ShapeError or *DTypeError says that they are not, a *DataError that a
// buffer has another length than its shape, a *ToleranceError that tol makes no
// sense. That elements differ is no error: see Stats. Compare only reads the
// buffers; calls may run at the same time.
func Compare(got, want Tensor, tol Tolerance) (Stats, error) {
	if err := tol.check(); err != nil {
		return Stats{}, err
	}
	if err := check(got, want); err != nil {
		return Stats{}, err
	}
	if got.DType != want.DType {
		return Stats{}, &DTypeError{Got: got.DType, Want: want.DType}
	}
	t := run(got, want, scannerOf(want.DType, want.DType, want.DType, tol))
	return t.stats(got, want, want.DType, tol), nil
}

// CompareWidened is Compare for floats, or complex numbers, whose types differ:
// both are compared in the type that torch.promote_types names, which holds every
// number of either, and Note says so. There is no ULP distance then, and BitEqual
// is false. Of equal types it is Compare.
func CompareWidened(got, want Tensor, tol Tolerance) (Stats, error) {
	if got.DType == want.DType {
		return Compare(got, want, tol)
	}
	if err := tol.check(); err != nil {
		return Stats{}, err
	}
	if err := check(got, want); err != nil {
		return Stats{}, err
	}
	in, ok := wider(got.DType, want.DType)
	if !ok {
		return Stats{}, &DTypeError{Got: got.DType, Want: want.DType}
	}
	t := run(got, want, scannerOf(got.DType, want.DType, in, tol))
	t.unequal = true
	s := t.stats(got, want, in, tol)
	s.Note = fmt.Sprintf("compared as %v: got is %v, want is %v", in, got.DType, want.DType)
	return s, nil
}

// wider returns the type that holds all numbers of two different ones.
func wider(a, b dtype.DType) (dtype.DType, bool) {
	isFloat := func(d dtype.DType) bool { return d == dtype.Float64 || narrowFloats[d] != nil }
	switch {
	case isFloat(a) && isFloat(b):
		if a == dtype.Float64 || b == dtype.Float64 {
			return dtype.Float64, true
		}
		return dtype.Float32, true
	case a.IsComplex() && b.IsComplex():
		if a == dtype.Complex128 || b == dtype.Complex128 {
			return dtype.Complex128, true
		}
		return dtype.Complex64, true
	}
	return dtype.Invalid, false
}
