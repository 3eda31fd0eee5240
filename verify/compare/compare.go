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
	if err := check(got, want); err != nil {
		return Stats{}, err
	}
	if got.DType != want.DType {
		return Stats{}, &DTypeError{Got: got.DType, Want: want.DType}
	}
	s, _, err := pass(got, want, tol, false)
	return s, err
}

// CompareWidened is Compare for floats, or complex numbers, whose types differ:
// both are compared in the type that torch.promote_types names, which holds every
// number of either, and Note says so. There is no ULP distance then, and BitEqual
// is false. Of equal types it is Compare.
func CompareWidened(got, want Tensor, tol Tolerance) (Stats, error) {
	s, _, err := pass(got, want, tol, false)
	return s, err
}

// Measure is CompareWidened that measures, in the same pass, how alike the tensors
// are as a whole. Of types that are no floats or complex numbers Metrics is zero.
func Measure(got, want Tensor, tol Tolerance) (Stats, Metrics, error) {
	return pass(got, want, tol, true)
}

// pass reads both tensors once.
func pass(got, want Tensor, tol Tolerance, measure bool) (Stats, Metrics, error) {
	if err := tol.Check(); err != nil {
		return Stats{}, Metrics{}, err
	}
	if err := check(got, want); err != nil {
		return Stats{}, Metrics{}, err
	}
	in, ok := want.DType, true
	if got.DType != want.DType {
		in, ok = wider(got.DType, want.DType)
	}
	if !ok {
		return Stats{}, Metrics{}, &DTypeError{Got: got.DType, Want: want.DType}
	}
	tol = tol.For(got.DType, want.DType)
	var sums *blockSums
	if measure && (isFloat(in) || in.IsComplex()) {
		sums = newBlockSums(got, want)
	}
	t := run(got, want, scannerOf(got.DType, want.DType, in, tol), sums)
	t.unequal = t.unequal || got.DType != want.DType
	s := t.stats(got, want, in, tol)
	if got.DType != want.DType {
		s.Note = fmt.Sprintf("compared as %v: got is %v, want is %v", in, got.DType, want.DType)
	}
	return s, sums.metrics(), nil
}

// isFloat tells whether elements of a type are floats that stand alone.
func isFloat(d dtype.DType) bool { return d == dtype.Float64 || narrowFloats[d] != nil }

// wider returns the type that holds all numbers of two different ones.
func wider(a, b dtype.DType) (dtype.DType, bool) {
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
