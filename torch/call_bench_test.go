package torch_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
)

// BenchmarkCall is aten::add of two tensors of four elements, each result closed.
func BenchmarkCall(b *testing.B) {
	torchtest.Require(b)
	x, err := torch.FromSlice([]float32{1, 1, 1, 1})
	require.NoError(b, err)
	defer x.Close()
	y, err := torch.FromSlice([]float32{1, 1, 1, 1})
	require.NoError(b, err)
	defer y.Close()
	b.ReportAllocs()
	for b.Loop() {
		sum, err := torch.Call("aten::add.Tensor", x, y)
		if err != nil {
			b.Fatal(err)
		}
		sum.(*torch.Tensor).Close()
	}
}

// BenchmarkCallInto is the same with one result for all calls.
func BenchmarkCallInto(b *testing.B) {
	torchtest.Require(b)
	x, err := torch.FromSlice([]float32{1, 1, 1, 1})
	require.NoError(b, err)
	defer x.Close()
	sum := new(torch.Tensor)
	defer sum.Close()
	b.ReportAllocs()
	for b.Loop() {
		if err := torch.CallInto(sum, "aten::add.Tensor", x, x); err != nil {
			b.Fatal(err)
		}
	}
}
