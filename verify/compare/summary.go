package compare

import (
	"math"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// Summary describes the elements of one tensor. The numbers are of its finite
// elements, NaN without any; of complex ones, of their magnitudes.
type Summary struct {
	Min, Max, Mean float64
	Std            float64 // divided by the number of elements, not by one less
	NaN, Infinite  int64   // how many elements are
}

// Summarize goes through the elements one by one. Of packed and other types that have
// no numbers nothing is told.
func Summarize(t Tensor) Summary {
	none := math.NaN()
	s := Summary{Min: none, Max: none, Mean: none, Std: none}
	size := t.DType.Size()
	if size == 0 || t.DType == dtype.Float4E2M1FNx2 {
		return s
	}
	// Welford's recurrence, which loses nothing to a mean that is far from zero.
	count, mean, squares := 0.0, 0.0, 0.0
	for at := range int64(len(t.Data) / size) {
		scalar := scalarAt(t, at)
		v := scalar.Float64()
		if t.DType.IsComplex() {
			c := scalar.Complex128()
			v = math.Hypot(real(c), imag(c))
		}
		switch {
		case math.IsNaN(v):
			s.NaN++
			continue
		case math.IsInf(v, 0):
			s.Infinite++
			continue
		case count == 0:
			s.Min, s.Max = v, v
		}
		count++
		s.Min, s.Max = min(s.Min, v), max(s.Max, v)
		step := v - mean
		mean += step / count
		squares += step * (v - mean)
	}
	if count > 0 {
		s.Mean, s.Std = mean, math.Sqrt(squares/count)
	}
	return s
}
