package aten_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/aten"
)

func TestMain(m *testing.M) { torchtest.Main(m) }

// bench is where the tensors of a test lie: everything in it is closed with it.
type bench struct {
	t *testing.T
	*torch.Scope
}

func newBench(t *testing.T) bench {
	t.Helper()
	torchtest.Require(t)
	b := bench{t, torch.NewScope()}
	t.Cleanup(b.Close)
	return b
}

func (b bench) floats(values []float32, shape ...int64) *torch.Tensor {
	b.t.Helper()
	x, err := torch.FromSlice(values, shape...)
	require.NoError(b.t, err)
	return b.Add(x)
}

func (b bench) ints(values []int64, shape ...int64) *torch.Tensor {
	b.t.Helper()
	x, err := torch.FromSlice(values, shape...)
	require.NoError(b.t, err)
	return b.Add(x)
}

// read gives the elements as doubles.
func (b bench) read(x *torch.Tensor) []float64 {
	b.t.Helper()
	double, err := x.ToDType(torch.Float64)
	require.NoError(b.t, err)
	defer double.Close()
	values, err := torch.Slice[float64](double)
	require.NoError(b.t, err)
	return values
}

type one func() (*torch.Tensor, error)

// The expected values are what Python gives for the same calls.
func TestOneTensor(t *testing.T) {
	b := newBench(t)
	x := b.floats([]float32{1, -2, 3, -4}, 2, 2)
	y := b.floats([]float32{2, 2, 0.5, 0.5}, 2, 2)
	n := b.ints([]int64{7, -7, 5, 2}, 2, 2)
	row := b.ints([]int64{1, 0})
	image := b.floats([]float32{1, 2, 3, 4, 5, 6, 7, 8, 9}, 1, 1, 3, 3)
	kernel := b.floats([]float32{1, 1, 1, 1}, 1, 1, 2, 2)
	double := new(torch.Float64)
	cases := []struct {
		name  string
		call  one
		dtype torch.DType
		shape []int64
		want  []float64
	}{
		{"one argument", func() (*torch.Tensor, error) { return aten.Relu(x) }, torch.Float32, []int64{2, 2}, []float64{1, 0, 3, 0}},
		{"no options", func() (*torch.Tensor, error) { return aten.AddTensor(x, y, nil) }, torch.Float32, []int64{2, 2}, []float64{3, 0, 3.5, -3.5}},
		{"a Scalar by name", func() (*torch.Tensor, error) {
			return aten.AddTensor(x, y, &aten.AddOptions{Alpha: torch.Int(2)})
		}, torch.Float32, []int64{2, 2}, []float64{5, 2, 4, -3}},
		{"an int keeps integers", func() (*torch.Tensor, error) { return aten.AddScalar(n, torch.Int(1), nil) }, torch.Int64, []int64{2, 2}, []float64{8, -6, 6, 3}},
		{"a float makes floats", func() (*torch.Tensor, error) { return aten.AddScalar(n, torch.Float(0.5), nil) }, torch.Float32, []int64{2, 2}, []float64{7.5, -6.5, 5.5, 2.5}},
		{"an int and a dtype", func() (*torch.Tensor, error) {
			return aten.SoftmaxInt(b.floats([]float32{0, 0}), 0, &aten.SoftmaxOptions{DType: double})
		}, torch.Float64, []int64{2}, []float64{0.5, 0.5}},
		{"a list that may be None", func() (*torch.Tensor, error) { return aten.SumDimIntList(x, nil, nil) }, torch.Float32, []int64{}, []float64{-2}},
		{"a list and a bool", func() (*torch.Tensor, error) {
			return aten.SumDimIntList(x, []int64{0}, &aten.SumDimIntListOptions{Keepdim: true, DType: double})
		}, torch.Float64, []int64{1, 2}, []float64{4, -6}},
		{"a str", func() (*torch.Tensor, error) { return aten.DivTensorMode(n, b.ints([]int64{2}), "floor") }, torch.Int64, []int64{2, 2}, []float64{3, -4, 2, 1}},
		{"a str that is None", func() (*torch.Tensor, error) { return aten.DivTensorMode(n, b.ints([]int64{2}), "") }, torch.Float32, []int64{2, 2}, []float64{3.5, -3.5, 2.5, 1}},
		{"a Scalar that stays None", func() (*torch.Tensor, error) {
			return aten.Clamp(x, &aten.ClampOptions{Max: torch.Float(1)})
		}, torch.Float32, []int64{2, 2}, []float64{1, -2, 1, -4}},
		{"tensors", func() (*torch.Tensor, error) { return aten.Cat([]*torch.Tensor{x, y}, &aten.CatOptions{Dim: 1}) }, torch.Float32, []int64{2, 4}, []float64{1, -2, 2, 2, 3, -4, 0.5, 0.5}},
		{"tensors of which one is None", func() (*torch.Tensor, error) { return aten.IndexTensor(x, []*torch.Tensor{nil, row}) }, torch.Float32, []int64{2, 2}, []float64{-2, 1, -4, 3}},
		{"sizes, dtype and device", func() (*torch.Tensor, error) {
			return aten.Full([]int64{2}, torch.Int(3), &aten.FullOptions{DType: new(torch.Int32), Device: new(torch.CPU)})
		}, torch.Int32, []int64{2}, []float64{3, 3}},
		{"no tensor at all", func() (*torch.Tensor, error) { return aten.ArangeStartStep(torch.Int(1), torch.Int(7), nil) }, torch.Int64, []int64{6}, []float64{1, 2, 3, 4, 5, 6}},
		{"a step", func() (*torch.Tensor, error) {
			return aten.ArangeStartStep(torch.Int(1), torch.Int(7), &aten.ArangeStartStepOptions{Step: torch.Int(3)})
		}, torch.Int64, []int64{2}, []float64{1, 4}},
		{"many options", func() (*torch.Tensor, error) {
			return aten.Conv2d(image, kernel, &aten.Conv2dOptions{Bias: b.floats([]float32{0.5}), Stride: []int64{2, 2}, Padding: []int64{1, 1}})
		}, torch.Float32, []int64{1, 1, 2, 2}, []float64{1.5, 5.5, 11.5, 28.5}},
		{"a bool that is true by default", func() (*torch.Tensor, error) {
			return aten.AvgPool2d(image, []int64{2, 2}, &aten.AvgPool2dOptions{Padding: []int64{1, 1}, CountIncludePad: new(false)})
		}, torch.Float32, []int64{1, 1, 2, 2}, []float64{1, 2.5, 5.5, 7}},
		{"an equation", func() (*torch.Tensor, error) { return aten.Einsum("ij,ij->", []*torch.Tensor{x, y}, nil) }, torch.Float32, []int64{}, []float64{-2.5}},
		{"a float by name", func() (*torch.Tensor, error) {
			return aten.LayerNorm(x, []int64{2}, &aten.LayerNormOptions{Eps: new(1.25), Weight: b.floats([]float32{2, 2})})
		}, torch.Float32, []int64{2, 2}, []float64{1.6035675, -1.6035675, 1.9051586, -1.9051586}},
		{"three tensors", func() (*torch.Tensor, error) {
			mask, err := aten.GtScalar(x, torch.Int(0))
			if err != nil {
				return nil, err
			}
			return aten.WhereSelf(mask, x, y)
		}, torch.Float32, []int64{2, 2}, []float64{1, 2, 3, 0.5}},
		{"an optional int", func() (*torch.Tensor, error) {
			return aten.Argmax(x, &aten.ArgmaxOptions{Dim: new(int64(1))})
		}, torch.Int64, []int64{2}, []float64{0, 0}},
		{"a memory format", func() (*torch.Tensor, error) {
			return aten.Contiguous(b.floats([]float32{1, 2, 3, 4}, 1, 2, 1, 2), &aten.ContiguousOptions{MemoryFormat: aten.ChannelsLast})
		}, torch.Float32, []int64{1, 2, 1, 2}, []float64{1, 2, 3, 4}},
		{"a complex number", func() (*torch.Tensor, error) {
			z, err := aten.MulScalar(x, torch.Complex(2i))
			if err != nil {
				return nil, err
			}
			return aten.Imag(z)
		}, torch.Float32, []int64{2, 2}, []float64{2, -4, 6, -8}},
		{"another dtype", func() (*torch.Tensor, error) { return aten.ToDType(x, torch.Int32, nil) }, torch.Int32, []int64{2, 2}, []float64{1, -2, 3, -4}},
		{"a mode among defaults", func() (*torch.Tensor, error) {
			return aten.Pad(b.floats([]float32{1, 2, 3}, 1, 1, 3), []int64{1, 1}, &aten.PadOptions{Mode: "reflect"})
		}, torch.Float32, []int64{1, 1, 5}, []float64{2, 1, 2, 3, 2}},
		{"attention", func() (*torch.Tensor, error) {
			q := b.floats([]float32{1, 0, 0, 1}, 1, 1, 2, 2)
			return aten.ScaledDotProductAttention(q, q, q, &aten.ScaledDotProductAttentionOptions{IsCausal: true, Scale: new(1.0)})
		}, torch.Float32, []int64{1, 1, 2, 2}, []float64{1, 0, 0.26894143, 0.7310586}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.call()
			require.NoError(t, err)
			b.Add(got)
			assert.Equal(t, c.dtype, got.DType())
			assert.Equal(t, c.shape, got.Shape())
			assert.InDeltaSlice(t, c.want, b.read(got), 1e-6)
		})
	}
}

func TestChannelsLastChangesTheStrides(t *testing.T) {
	b := newBench(t)
	got, err := aten.Contiguous(b.floats([]float32{1, 2, 3, 4}, 1, 2, 1, 2), &aten.ContiguousOptions{MemoryFormat: aten.ChannelsLast})
	require.NoError(t, err)
	assert.Equal(t, []int64{4, 1, 4, 2}, got.Strides())
}

func TestWhatIsWritten(t *testing.T) {
	b := newBench(t)
	x := b.floats([]float32{1, -2})
	before := torch.LiveHandles()
	require.NoError(t, aten.AddTensorInPlace(x, x, nil))
	require.NoError(t, aten.MulScalarInPlace(x, torch.Float(0.5)))
	require.NoError(t, aten.ReluInPlace(x))
	assert.Equal(t, before, torch.LiveHandles(), "nothing new was made")
	assert.Equal(t, []float64{1, 0}, b.read(x))

	out := b.floats(nil)
	require.NoError(t, aten.AddOut(x, x, out, &aten.AddOptions{Alpha: torch.Int(3)}))
	assert.Equal(t, []float64{4, 0}, b.read(out))
	values, indices := b.floats(nil), b.ints(nil)
	require.NoError(t, aten.TopkValues(b.floats([]float32{1, 3, 2}), 2, values, indices, nil))
	assert.Equal(t, []float64{3, 2}, b.read(values))
	assert.Equal(t, []float64{1, 2}, b.read(indices))

	view, err := aten.ViewDType(x, torch.Int32)
	require.NoError(t, err)
	require.NoError(t, aten.ZeroInPlace(view))
	assert.Equal(t, []float64{0, 0}, b.read(x), "a view shares memory")
}

func TestSeveralResults(t *testing.T) {
	b := newBench(t)
	x := b.floats([]float32{1, 3, 2, 0}, 2, 2)
	values, indices, err := aten.MaxDim(x, 1, nil)
	require.NoError(t, err)
	assert.Equal(t, []float64{3, 2}, b.read(values))
	assert.Equal(t, []float64{1, 0}, b.read(indices))

	values, indices, err = aten.Topk(x, 1, &aten.TopkOptions{Dim: new(int64(0)), Largest: new(false)})
	require.NoError(t, err)
	assert.Equal(t, []float64{1, 0}, b.read(values))
	assert.Equal(t, []float64{0, 1}, b.read(indices))

	parts, err := aten.SplitTensor(x, 1, nil)
	require.NoError(t, err)
	require.Len(t, parts, 2)
	assert.Equal(t, []float64{2, 0}, b.read(parts[1]))

	hist, edges, err := aten.Histogramdd(b.floats([]float32{0, 0, 1, 1}, 2, 2), []int64{2, 2}, nil)
	require.NoError(t, err)
	assert.Equal(t, []float64{1, 0, 0, 1}, b.read(hist))
	require.Len(t, edges, 2)
	assert.Equal(t, []float64{0, 0.5, 1}, b.read(edges[0]))

	sign, logabsdet, err := aten.LinalgSlogdet(b.floats([]float32{0, 1, 1, 0}, 2, 2))
	require.NoError(t, err)
	assert.Equal(t, []float64{-1, 0}, append(b.read(sign), b.read(logabsdet)...))
}

func TestResultsThatAreNoTensors(t *testing.T) {
	b := newBench(t)
	x := b.floats([]float32{1, 2})
	n := b.ints([]int64{3})

	number, err := aten.Item(n)
	require.NoError(t, err)
	assert.Equal(t, torch.Int(3), number)
	same, err := aten.Equal(x, x)
	require.NoError(t, err)
	assert.True(t, same)
	size, err := aten.SizeInt(x, -1)
	require.NoError(t, err)
	assert.EqualValues(t, 2, size)
	dtype, err := aten.ResultTypeTensor(x, n)
	require.NoError(t, err)
	assert.Equal(t, torch.Float32, dtype)
	ok, err := aten.CanCast(torch.Float32, torch.Int32)
	require.NoError(t, err)
	assert.False(t, ok)
}

func TestRandomNumbersComeFromLibtorchsGenerator(t *testing.T) {
	b := newBench(t)
	x, err := aten.Rand([]int64{1000}, nil)
	require.NoError(t, err)
	b.Add(x)
	for _, v := range b.read(x) {
		require.True(t, v >= 0 && v < 1)
	}
	require.NoError(t, aten.UniformInPlace(x, &aten.UniformOptions{From: 5, To: new(6.0)}))
	for _, v := range b.read(x) {
		require.True(t, v >= 5 && v <= 6)
	}
}

func TestWrongArguments(t *testing.T) {
	b := newBench(t)
	x := b.floats([]float32{1, 2})
	closed := b.floats([]float32{1})
	closed.Close()
	cases := []struct {
		name string
		call func() error
		want error
		says string
	}{
		{"nil tensor", func() error { _, err := aten.AddTensor(x, nil, nil); return err }, torch.CodeArgument, "aten::add.Tensor: argument 1"},
		{"nil in a list", func() error { _, err := aten.Cat([]*torch.Tensor{x, nil}, nil); return err }, torch.CodeArgument, "tensor is nil"},
		{"nil number", func() error { _, err := aten.AddScalar(x, nil, nil); return err }, torch.CodeArgument, "needs the argument other"},
		{"closed tensor", func() error { _, err := aten.Relu(closed); return err }, torch.ErrClosed, "aten::relu"},
		{"closed among those that may be nil", func() error { _, err := aten.IndexTensor(x, []*torch.Tensor{closed}); return err }, torch.ErrClosed, "aten::index"},
		{"shapes that do not fit", func() error { _, err := aten.AddTensor(x, b.floats([]float32{1, 2, 3}), nil); return err }, torch.CodeRuntime, "size"},
		{"a dimension too many", func() error { _, err := aten.SumDimIntList(x, []int64{5}, nil); return err }, torch.CodeIndex, "Dimension out of range"},
		{"a mode that is none", func() error { _, err := aten.DivTensorMode(x, x, "up"); return err }, torch.CodeRuntime, "up"},
		{"negative size", func() error { _, err := aten.Zeros([]int64{-1}, nil); return err }, torch.CodeRuntime, "negative"},
		{"a size that overflows", func() error { _, err := aten.Zeros([]int64{1 << 40, 1 << 40}, nil); return err }, torch.CodeRuntime, "overflow"},
		{"a dtype that is none", func() error { _, err := aten.ToDType(x, torch.DType(100), nil); return err }, torch.CodeRuntime, ""},
		{"a device that is none", func() error {
			_, err := aten.Zeros([]int64{1}, &aten.ZerosOptions{Device: new(torch.CUDA(99))})
			return err
		}, nil, ""},
		{"in place into another dtype", func() error { return aten.AddScalarInPlace(b.ints([]int64{1}), torch.Float(0.5), nil) }, torch.CodeRuntime, "can't be cast"},
		{"out of another dtype", func() error { return aten.AddOut(x, x, b.ints([]int64{1, 2}), nil) }, torch.CodeRuntime, "can't be cast"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := c.call()
			require.Error(t, err)
			if c.want != nil {
				require.ErrorIs(t, err, c.want)
			}
			assert.Contains(t, err.Error(), c.says)
		})
	}
}

func TestAnOperatorThatIsAbsent(t *testing.T) {
	torchtest.Require(t)
	absent := torch.Operator{Name: "aten::of_a_later_libtorch"}
	for range 2 {
		args := absent.Begin()
		require.ErrorIs(t, args.Run(), torch.CodeNoOperator)
	}
}
