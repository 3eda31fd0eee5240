package compare

import (
	"bytes"
	"math"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// distancesOf returns the function that fills dst with |got − want| of each pair
// of elements: exact for integers, 0 for elements that count as equal, NaN or
// infinity where there is no distance. It keeps buffers: each goroutine has its own.
func distancesOf(got, want dtype.DType, equalNaN bool) func(dst []float64, got, want []byte) {
	switch {
	case want.IsInteger() || want == dtype.Bool:
		return integerDistances(want)
	case want.IsComplex():
		g, w := newLoader[float64](got), newLoader[float64](want)
		return func(dst []float64, got, want []byte) {
			a, b := g.load(got), w.load(want)
			for i := range dst {
				dst[i] = distance(complex(a[2*i], a[2*i+1]), complex(b[2*i], b[2*i+1]), equalNaN)
			}
		}
	case want == dtype.Float64, narrowFloats[want] != nil:
		g, w := newLoader[float64](got), newLoader[float64](want)
		return func(dst []float64, got, want []byte) {
			a, b := g.load(got), w.load(want)
			for i := range dst {
				if dst[i] = math.Abs(a[i] - b[i]); !(dst[i] <= math.MaxFloat64) {
					dst[i] = distance(complex(a[i], 0), complex(b[i], 0), equalNaN)
				}
			}
		}
	}
	size := want.Size()
	return func(dst []float64, got, want []byte) {
		for i := range dst {
			if dst[i] = 0; !bytes.Equal(got[i*size:(i+1)*size], want[i*size:(i+1)*size]) {
				dst[i] = math.NaN()
			}
		}
	}
}

// distance is that of two numbers of which a part may be NaN or infinite.
func distance(got, want complex128, equalNaN bool) float64 {
	hasNaN := func(c complex128) bool { return math.IsNaN(real(c)) || math.IsNaN(imag(c)) }
	if got == want || equalNaN && hasNaN(got) && hasNaN(want) {
		return 0
	}
	return math.Hypot(real(got)-real(want), imag(got)-imag(want))
}

// integerDistances subtracts integers, and bools as 0 and 1, without rounding them
// first.
func integerDistances(d dtype.DType) func(dst []float64, got, want []byte) {
	return func(dst []float64, got, want []byte) {
		g, w := Tensor{DType: d, Data: got}, Tensor{DType: d, Data: want}
		for i := range dst {
			a, b := scalarAt(g, int64(i)).integer(), scalarAt(w, int64(i)).integer()
			switch d {
			case dtype.Bool:
				dst[i] = float64(max(min(a, 1), min(b, 1)) - min(a, b, 1))
			case dtype.Uint64:
				dst[i] = float64(max(uint64(a), uint64(b)) - min(uint64(a), uint64(b)))
			default:
				dst[i] = float64(uint64(max(a, b)) - uint64(min(a, b)))
			}
		}
	}
}
