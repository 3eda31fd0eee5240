// Package compare holds two tensors against each other in one pass.
//
// Compare reads two row-major little-endian buffers once and yields everything
// that a report needs: whether they are close, how many elements are not and
// which, the greatest absolute and relative error and ULP distance, and the NaN
// and infinity counts of both sides. It allocates nothing that grows with the
// tensors and spreads over GOMAXPROCS goroutines; the result does not depend on
// how the work was split.
//
// # Closeness
//
// An element is close when it equals the wanted one or when
//
//	|got − want| ≤ ATol + RTol·|want|
//
// and the left side is finite: torch.isclose(got, want). The arithmetic is that
// of at::isclose, so that the answer equals torch's also next to the bound:
//
//   - float64 in double, float32 in single precision, every step rounded, with
//     both tolerances rounded to it first;
//   - float16 and bfloat16 as torch's kernels do: ATol and every result rounded to
//     the type, RTol kept in single precision;
//   - integers and bool are subtracted and compared in single precision, as
//     torch's default dtype has it: with tolerances other than zero, large integers
//     that differ by little are close. With both zero they must be equal;
//   - complex numbers by absolute value: complex64 as torch, complex128 up to the
//     last bit of the absolute value, where torch's own result depends on the
//     position of an element in the tensor, and complex32 as complex64;
//   - what torch.isclose refuses: 8-bit floats are compared as float32, bcomplex32 as
//     complex64, and quantized, packed and bits types byte by byte, since their
//     numbers mean nothing without what is stored elsewhere.
//
// NaN is close to NaN only with EqualNaN; infinities are close to themselves.
// Shapes must be equal, nothing is broadcast.
package compare
