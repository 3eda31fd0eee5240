package torch_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
)

// leaf makes a tensor that requires grad.
func leaf(t *testing.T, data []float64, shape ...int64) *torch.Tensor {
	t.Helper()
	x := plain(t, data, shape...)
	require.NoError(t, x.SetRequiresGrad(true))
	return x
}

func plain(t *testing.T, data []float64, shape ...int64) *torch.Tensor {
	t.Helper()
	x, err := torch.FromSlice(data, shape...)
	require.NoError(t, err)
	t.Cleanup(x.Close)
	return x
}

// compute calls an operator that gives one tensor, closed when the test ends.
func compute(t *testing.T, operator string, args ...torch.Value) *torch.Tensor {
	t.Helper()
	v, err := torch.Call(operator, args...)
	require.NoError(t, err)
	y, ok := v.(*torch.Tensor)
	require.True(t, ok)
	t.Cleanup(y.Close)
	return y
}

func grad(t *testing.T, x *torch.Tensor) []float64 {
	t.Helper()
	g, err := x.Grad()
	require.NoError(t, err)
	if g == nil {
		return nil
	}
	defer g.Close()
	values, err := torch.Slice[float64](g)
	require.NoError(t, err)
	return values
}

func TestBackwardFollowsArguments(t *testing.T) {
	torchtest.Require(t)
	w, x := leaf(t, []float64{1, 2, 3}), plain(t, []float64{4, 5, 6})
	// Computed before it meets what is trained, and saved for the backward pass.
	features := compute(t, "aten::mul.Tensor", x, x)
	assert.False(t, features.RequiresGrad())
	y := compute(t, "aten::mul.Tensor", w, features)
	assert.True(t, y.RequiresGrad())
	assert.False(t, y.IsLeaf())
	assert.True(t, w.IsLeaf())
	loss := compute(t, "aten::sum", y)
	assert.Nil(t, grad(t, w))
	require.NoError(t, loss.Backward())
	assert.Equal(t, []float64{16, 25, 36}, grad(t, w))

	err := loss.Backward()
	require.ErrorIs(t, err, torch.CodeRuntime)
	assert.ErrorContains(t, err, "second time")

	again := compute(t, "aten::sum", compute(t, "aten::mul.Tensor", w, features))
	require.NoError(t, torch.Backward([]*torch.Tensor{again}, &torch.BackwardOptions{RetainGraph: true}))
	require.NoError(t, again.Backward())
	assert.Equal(t, []float64{48, 75, 108}, grad(t, w), "gradients add up")
	require.NoError(t, torch.ZeroGrad(w, x))
	assert.Nil(t, grad(t, w))
}

func TestBackwardOfAVector(t *testing.T) {
	torchtest.Require(t)
	w := leaf(t, []float64{1, 2, 3})
	y := compute(t, "aten::mul.Scalar", w, torch.Float(2))
	require.ErrorIs(t, y.Backward(), torch.CodeRuntime, "a root of several elements needs its gradient")
	require.NoError(t, torch.Backward([]*torch.Tensor{y}, &torch.BackwardOptions{Gradients: []*torch.Tensor{plain(t, []float64{1, 10, 100})}}))
	assert.Equal(t, []float64{2, 20, 200}, grad(t, w))
}

func TestGradOfASecondOrder(t *testing.T) {
	torchtest.Require(t)
	x, unused := leaf(t, []float64{2, 3}), leaf(t, []float64{1})
	y := compute(t, "aten::sum", compute(t, "aten::pow.Tensor_Scalar", x, torch.Int(3)))
	first, err := torch.Grad([]*torch.Tensor{y}, []*torch.Tensor{x}, &torch.BackwardOptions{CreateGraph: true})
	require.NoError(t, err)
	defer first[0].Close()
	second, err := torch.Grad([]*torch.Tensor{compute(t, "aten::sum", first[0])}, []*torch.Tensor{x, unused}, &torch.BackwardOptions{AllowUnused: true})
	require.NoError(t, err)
	defer second[0].Close()
	got, err := torch.Slice[float64](second[0])
	require.NoError(t, err)
	assert.Equal(t, []float64{12, 18}, got)
	assert.Nil(t, second[1])
	assert.Nil(t, grad(t, x), "Grad leaves the tensors' own gradients alone")

	y = compute(t, "aten::sum", x)
	_, err = torch.Grad([]*torch.Tensor{y}, []*torch.Tensor{unused}, nil)
	require.ErrorIs(t, err, torch.CodeRuntime)
}

func TestNoGradGoesWithTheScope(t *testing.T) {
	torchtest.Require(t)
	w, x := leaf(t, []float64{1, 2}), plain(t, []float64{3, 4})
	quiet := torch.NewScope(torch.NoGrad)
	defer quiet.Close()
	y := compute(t, "aten::mul.Tensor", w, quiet.Add(x))
	assert.False(t, y.RequiresGrad())
	assert.False(t, compute(t, "aten::mul.Tensor", w, y).RequiresGrad(), "y is in the scope")

	inside := torch.NewScope()
	defer inside.Close()
	assert.True(t, compute(t, "aten::mul.Tensor", w, inside.Add(plain(t, []float64{5, 6}))).RequiresGrad())
	assert.True(t, compute(t, "aten::mul.Tensor", w, w).RequiresGrad())

	require.NoError(t, torch.InScope(func(s *torch.Scope) error {
		assert.False(t, compute(t, "aten::mul.Tensor", w, s.Add(plain(t, []float64{5, 6}))).RequiresGrad())
		return nil
	}, torch.NoGrad))
}

func TestDetachSharesMemory(t *testing.T) {
	torchtest.Require(t)
	w := leaf(t, []float64{1, 2})
	d, err := w.Detach()
	require.NoError(t, err)
	defer d.Close()
	assert.False(t, d.RequiresGrad())
	assert.True(t, d.SameStorage(w))
	_, err = torch.Call("aten::add_.Scalar", w, torch.Int(1))
	require.ErrorIs(t, err, torch.CodeRuntime, "a leaf that requires grad is not written to by a recorded call")
	v, err := torch.Call("aten::add_.Scalar", d, torch.Int(1))
	require.NoError(t, err)
	torch.CloseAll(v)
	values, err := torch.Slice[float64](w)
	require.NoError(t, err)
	assert.Equal(t, []float64{2, 3}, values)
}

func TestWritingToWhatBackwardNeedsIsFound(t *testing.T) {
	torchtest.Require(t)
	w, x := leaf(t, []float64{1, 2}), plain(t, []float64{3, 4})
	loss := compute(t, "aten::sum", compute(t, "aten::mul.Tensor", w, x))
	v, err := torch.Call("aten::add_.Scalar", x, torch.Int(1)) // not recorded, but counted
	require.NoError(t, err)
	torch.CloseAll(v)
	err = loss.Backward()
	require.ErrorIs(t, err, torch.CodeRuntime)
	assert.ErrorContains(t, err, "modified by an inplace operation")
}

func TestSetGrad(t *testing.T) {
	torchtest.Require(t)
	w := leaf(t, []float64{1, 2})
	require.NoError(t, w.SetGrad(plain(t, []float64{7, 8})))
	assert.Equal(t, []float64{7, 8}, grad(t, w))
	for name, g := range map[string]*torch.Tensor{"shape": plain(t, []float64{7}), "dtype": single(t, 7, 8)} {
		require.ErrorIs(t, w.SetGrad(g), torch.CodeValue, name)
	}
	require.ErrorIs(t, w.SetGrad(w), torch.CodeArgument, "a cycle")
	require.NoError(t, w.SetGrad(nil))
	assert.Nil(t, grad(t, w))
	require.Error(t, (*torch.Tensor)(nil).SetGrad(nil))
	require.Error(t, torch.ZeroGrad(nil))
	require.NoError(t, torch.ZeroGrad())
	require.Error(t, torch.Backward(nil, &torch.BackwardOptions{Gradients: []*torch.Tensor{w}}))

	whole, err := torch.FromSlice([]int64{1})
	require.NoError(t, err)
	defer whole.Close()
	require.Error(t, whole.SetRequiresGrad(true), "integers have no gradient")
	assert.False(t, whole.RequiresGrad())
}

func single(t *testing.T, data ...float32) *torch.Tensor {
	t.Helper()
	x, err := torch.FromSlice(data)
	require.NoError(t, err)
	t.Cleanup(x.Close)
	return x
}

func TestRetainGrad(t *testing.T) {
	torchtest.Require(t)
	w := leaf(t, []float64{1, 2})
	y := compute(t, "aten::mul.Scalar", w, torch.Float(3))
	require.NoError(t, y.RetainGrad())
	require.NoError(t, compute(t, "aten::sum", y).Backward())
	assert.Equal(t, []float64{1, 1}, grad(t, y))
}

func TestConversionsAreRecorded(t *testing.T) {
	torchtest.Require(t)
	w := leaf(t, []float64{1, 2})
	half, err := w.ToDType(torch.Float32)
	require.NoError(t, err)
	defer half.Close()
	assert.True(t, half.RequiresGrad())
	require.NoError(t, compute(t, "aten::sum", half).Backward())
	assert.Equal(t, []float64{1, 1}, grad(t, w))

	require.NoError(t, w.CopyFrom(plain(t, []float64{5, 6})), "copying into a leaf is not recorded")
	assert.True(t, w.IsLeaf())
}

func TestGoroutinesRecordEachTheirOwn(t *testing.T) {
	torchtest.Require(t)
	w := leaf(t, []float64{1, 2})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 50 {
				var options []torch.ScopeOption
				if i%2 == 0 {
					options = append(options, torch.NoGrad)
				}
				err := torch.InScope(func(s *torch.Scope) error {
					x, err := torch.FromSlice([]float64{3, 4})
					if err != nil {
						return err
					}
					y, err := torch.Call("aten::mul.Tensor", w, s.Add(x))
					if err != nil {
						return err
					}
					assert.Equal(t, i%2 == 1, y.(*torch.Tensor).RequiresGrad())
					if i%2 == 0 {
						return nil
					}
					loss, err := torch.Call("aten::sum", y)
					if err != nil {
						return err
					}
					return loss.(*torch.Tensor).Backward()
				}, options...)
				assert.NoError(t, err)
			}
		})
	}
	wg.Wait()
	assert.Equal(t, []float64{600, 800}, grad(t, w), "none was lost: 4 × 50 passes")
}

func TestManualSeed(t *testing.T) {
	torchtest.Require(t)
	// torch.manual_seed(7); torch.rand(3, dtype=torch.float64)
	want := []float64{0.279380429906404, 0.27369371365176565, 0.8620929614176255}
	draw := func() []float64 {
		x := compute(t, "aten::rand", torch.List{torch.Int(3)}, torch.Int(torch.Float64))
		values, err := torch.Slice[float64](x)
		require.NoError(t, err)
		return values
	}
	require.NoError(t, torch.ManualSeed(7))
	assert.Equal(t, want, draw())
	state, err := torch.RandomState(torch.CPU)
	require.NoError(t, err)
	defer state.Close()
	then := draw()
	assert.NotEqual(t, then, draw())
	require.NoError(t, torch.SetRandomState(torch.CPU, state))
	assert.Equal(t, then, draw())
	require.Error(t, torch.SetRandomState(torch.CPU, plain(t, []float64{1})))
}

func TestDeepGraphsAreGoneThroughWithoutRecursion(t *testing.T) {
	torchtest.Require(t)
	w := leaf(t, []float64{1})
	y := w
	for range torchtest.Repetitions(100_000) {
		v, err := torch.Call("aten::add.Scalar", y, torch.Int(1))
		require.NoError(t, err)
		if y != w {
			y.Close()
		}
		y = v.(*torch.Tensor)
	}
	require.NoError(t, torch.Backward([]*torch.Tensor{y}, &torch.BackwardOptions{RetainGraph: true}))
	assert.Equal(t, []float64{1}, grad(t, w))
	y.Close() // which frees the whole graph

	plainly := plain(t, []float64{1})
	require.ErrorIs(t, plainly.Backward(), torch.CodeRuntime, "nothing was recorded")
}

func TestBackwardOnThreadsOfItsOwn(t *testing.T) {
	torchtest.Require(t)
	before := torch.CurrentLimits()
	require.NoError(t, torch.SetNumThreads(2))
	defer func() { require.NoError(t, torch.SetLimits(before)) }()
	w := leaf(t, []float64{1, 2})
	require.NoError(t, compute(t, "aten::sum", compute(t, "aten::mul.Tensor", w, w)).Backward())
	assert.Equal(t, []float64{2, 4}, grad(t, w))
}
