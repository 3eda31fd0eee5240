package compare

import (
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// tensorOf makes a one-dimensional tensor that shares data's memory.
func tensorOf[T dtype.Element](data []T) Tensor {
	size := len(data) * int(unsafe.Sizeof(*new(T)))
	return Tensor{
		DType: dtype.Of[T](),
		Shape: []int64{int64(len(data))},
		Data:  unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(data))), size),
	}
}

// perturbed returns n normal numbers, and the same with a relative error of at most rel.
func perturbed(n int, rel float64) (got, want []float32) {
	r := rand.New(rand.NewPCG(1, 2))
	got, want = make([]float32, n), make([]float32, n)
	for i := range want {
		x := r.NormFloat64()
		want[i] = float32(x)
		got[i] = float32(x * (1 + rel*(2*r.Float64()-1)))
	}
	return got, want
}

// BenchmarkCompare measures 5e7 elements on all cores, the size that the target is set for.
func BenchmarkCompare(b *testing.B) { benchmarkFloat32(b, 50_000_000) }

// BenchmarkKernel measures what stays in the caches of one core: run it with -cpu 1.
func BenchmarkKernel(b *testing.B) { benchmarkFloat32(b, 1<<18) }

func benchmarkFloat32(b *testing.B, n int) {
	for _, c := range []struct {
		name string
		rel  float64
	}{{"equal", 0}, {"one_ulp", 0x1p-24}, {"close", 1e-6}, {"half_mismatched", 2e-5}, {"all_mismatched", 0.1}} {
		got, want := perturbed(n, c.rel)
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, err := Compare(tensorOf(got), tensorOf(want), Default)
				require.NoError(b, err)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/elem")
		})
	}
}
