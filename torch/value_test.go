package torch_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/dtype"
)

func TestCall(t *testing.T) {
	torchtest.Require(t)
	s := torch.NewScope()
	defer s.Close()
	x, err := torch.FromSlice([]float32{1, 2, 3, 4}, 2, 2)
	require.NoError(t, err)
	s.Add(x)

	t.Run("several results", func(t *testing.T) {
		v, err := torch.Call("aten::topk", x, torch.Int(1))
		require.NoError(t, err)
		pair, ok := v.(torch.Tuple)
		require.True(t, ok)
		require.Len(t, pair, 2)
		values, err := torch.Slice[float32](pair[0].(*torch.Tensor))
		require.NoError(t, err)
		assert.Equal(t, []float32{2, 4}, values)
	})
	t.Run("lists", func(t *testing.T) {
		v, err := torch.Call("aten::split.Tensor", x, torch.Int(1))
		require.NoError(t, err)
		assert.Len(t, v, 2)
		v, err = torch.Call("aten::cat", v, torch.Int(1))
		require.NoError(t, err)
		assert.Equal(t, []int64{1, 4}, v.(*torch.Tensor).Shape())
	})
	t.Run("scalars", func(t *testing.T) {
		v, err := torch.Call("aten::add.Scalar", x, torch.Float(0.5), torch.Int(2))
		require.NoError(t, err)
		values, err := torch.Slice[float32](v.(*torch.Tensor))
		require.NoError(t, err)
		assert.Equal(t, []float32{2, 3, 4, 5}, values)
	})
	t.Run("no result joins nothing", func(t *testing.T) {
		schema, err := torch.Schema("aten::softmax.int")
		require.NoError(t, err)
		assert.Equal(t, "aten::softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor", schema)
	})
	t.Run("results need no gradients", func(t *testing.T) {
		v, err := torch.Call("aten::mul.Tensor", x, x)
		require.NoError(t, err)
		assert.False(t, v.(*torch.Tensor).RequiresGrad())
	})
}

// Objects of classes that a C++ library registered have no attributes to see, but
// can be passed on.
func TestObjectsOfLibraries(t *testing.T) {
	torchtest.Require(t)
	w, err := torch.FromSlice([]float32{1, 2, 3, 4}, 2, 2)
	require.NoError(t, err)
	defer w.Close()
	call := func(operator string, args ...torch.Value) torch.Value {
		v, err := torch.Call(operator, args...)
		require.NoError(t, err)
		t.Cleanup(func() { torch.CloseAll(v) })
		return v
	}
	q := call("aten::quantize_per_tensor", w, torch.Float(0.5), torch.Int(0), torch.Int(dtype.QInt8))
	packed := call("quantized::linear_prepack", q, torch.None{}).(*torch.Object)
	assert.Empty(t, packed.Attributes)
	assert.Contains(t, packed.Type, "LinearPackedParamsBase")
	unpacked := call("quantized::linear_unpack", packed).(torch.Tuple)
	values, err := torch.Slice[float32](call("aten::dequantize.self", unpacked[0]).(*torch.Tensor))
	require.NoError(t, err)
	assert.Equal(t, []float32{1, 2, 3, 4}, values)

	packed.Close()
	packed.Close()
	_, err = torch.Call("quantized::linear_unpack", packed)
	require.ErrorIs(t, err, torch.ErrClosed)
}

func TestSelfContainingValueIsRefused(t *testing.T) {
	torchtest.Require(t)
	list := make(torch.List, 1)
	list[0] = list
	_, err := torch.Call("aten::cat", list)
	require.ErrorIs(t, err, torch.CodeValue)
}

func TestString(t *testing.T) {
	torchtest.Require(t)
	s := torch.NewScope()
	defer s.Close()
	made := func(x *torch.Tensor, err error) *torch.Tensor {
		t.Helper()
		require.NoError(t, err)
		return s.Add(x)
	}
	long := make([]float32, 1200)
	for i := range long {
		long[i] = float32(i)
	}
	// What Python prints for the same tensors.
	cases := []struct {
		x    *torch.Tensor
		want string
	}{
		{made(torch.FromSlice([]float32{1, 2.5, -3}, 3)), "tensor([ 1.0000,  2.5000, -3.0000])"},
		{made(torch.FromSlice([]float32{1, 2, 3, 4}, 2, 2)), "tensor([[1., 2.],\n        [3., 4.]])"},
		{made(torch.FromSlice([]int64{1, 20, 300, -4}, 2, 2)), "tensor([[  1,  20],\n        [300,  -4]])"},
		{made(torch.FromSlice([]bool{true, false})), "tensor([ True, False])"},
		{made(torch.FromSlice([]float64{0.1})), "tensor([0.1000], dtype=torch.float64)"},
		{made(torch.FromSlice([]float32{1e-6, 1})), "tensor([1.0000e-06, 1.0000e+00])"},
		{made(torch.FromSlice([]float32{float32(math.NaN()), float32(math.Inf(-1)), 1})), "tensor([nan, -inf, 1.])"},
		{made(torch.FromSlice([]float32{1, 1e6})), "tensor([1.0000e+00, 1.0000e+06])"},
		{made(torch.FromSlice([]complex64{1 + 2i, -1.5 - 1i})), "tensor([ 1.0000+2.j, -1.5000-1.j])"},
		{made(torch.FromSlice([]dtype.F16{dtype.F16From(0.5)})), "tensor([0.5000], dtype=torch.float16)"},
		{made(torch.FromSlice([]uint8{1, 2})), "tensor([1, 2], dtype=torch.uint8)"},
		{made(torch.Scalar(float32(3.25))), "tensor(3.2500)"},
		{made(torch.Zeros(torch.Float32, torch.CPU, 0)), "tensor([])"},
		{made(torch.Zeros(torch.Float32, torch.CPU, 0, 3)), "tensor([], size=(0, 3))"},
		{made(torch.FromSlice(long)), "tensor([0.0000e+00, 1.0000e+00, 2.0000e+00,  ..., 1.1970e+03, 1.1980e+03,\n        1.1990e+03])"},
		{made(torch.FromSlice(long[:8], 2, 2, 2)), "tensor([[[0., 1.],\n         [2., 3.]],\n\n        [[4., 5.],\n         [6., 7.]]])"},
	}
	for _, c := range cases {
		assert.Equal(t, c.want, c.x.String())
	}
}
