package functional_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/nn/functional"
)

func TestMain(m *testing.M) { torchtest.Main(m) }

// The numbers are those of torch.nn.functional.normalize.
func TestNormalize(t *testing.T) {
	torchtest.Require(t)
	s := torch.NewScope()
	defer s.Close()
	made := func(values ...float32) *torch.Tensor {
		x, err := torch.FromSlice(values, 3, 2)
		require.NoError(t, err)
		return s.Add(x)
	}
	x := made(3, 4, 0, 0, 1, -2)
	require.NoError(t, x.SetRequiresGrad(true))
	y, err := functional.Normalize(x, 2, 1)
	require.NoError(t, err)
	values, err := torch.Slice[float32](y)
	require.NoError(t, err)
	assert.InDeltaSlice(t, []float32{0.6, 0.8, 0, 0, 0.4472136, -0.8944272}, values, 1e-6)
	require.NoError(t, torch.Backward([]*torch.Tensor{y}, &torch.BackwardOptions{Gradients: []*torch.Tensor{made(1, 2, 3, 4, 5, 6)}}))
	g, err := x.Grad()
	require.NoError(t, err)
	grad, err := torch.Slice[float32](s.Add(g))
	require.NoError(t, err)
	for i, want := range []float32{-0.064, 0.048, 3e12, 4e12, 2.8621669, 1.431083} {
		assert.InEpsilon(t, want, grad[i], 1e-5)
	}
	y, err = functional.Normalize(x, 1, 0)
	require.NoError(t, err)
	values, err = torch.Slice[float32](y)
	require.NoError(t, err)
	assert.InDeltaSlice(t, []float32{0.75, 0.6666667, 0, 0, 0.25, -0.3333333}, values, 1e-6)
	_, err = functional.Normalize(x, 2, 5)
	require.Error(t, err)
}
