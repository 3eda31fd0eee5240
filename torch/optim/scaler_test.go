package optim_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/nn"
	"github.com/seed06459138/torchgo/torch/nn/functional"
	"github.com/seed06459138/torchgo/torch/optim"
)

func TestGradScaler(t *testing.T) {
	torchtest.Require(t)
	require.NoError(t, torch.ManualSeed(0))
	var models [2]*nn.Linear
	for i := range models {
		require.NoError(t, torch.ManualSeed(0))
		var err error
		models[i], err = nn.Init(nn.NewLinear(2, 1))
		require.NoError(t, err)
		defer nn.Close(models[i])
	}
	scaler := optim.NewGradScaler(optim.ScalerOptions{Scale: 1024, Interval: 2})
	scaled, bare := optim.NewSGD(nn.Parameters(models[0]), optim.SGDOptions{LR: 0.1}), optim.NewSGD(nn.Parameters(models[1]), optim.SGDOptions{LR: 0.1})
	loss := func(s *torch.Scope, m *nn.Linear, value float32) *torch.Tensor {
		x, err := torch.FromSlice([]float32{value, 2}, 1, 2)
		require.NoError(t, err)
		y, err := m.Forward(s.Add(x))
		require.NoError(t, err)
		l, err := functional.MSE(y, s.Add(zero(t)))
		require.NoError(t, err)
		return l
	}
	step := func(value float32) (made bool) {
		require.NoError(t, torch.InScope(func(s *torch.Scope) (err error) {
			made, err = scaler.Minimize(scaled, loss(s, models[0], value))
			return err
		}))
		return made
	}
	weight := func(m *nn.Linear) []float32 {
		v, err := torch.Slice[float32](m.Weight.Tensor)
		require.NoError(t, err)
		return v
	}
	for i := range 2 {
		assert.True(t, step(1))
		require.NoError(t, torch.InScope(func(s *torch.Scope) error { return optim.Minimize(bare, loss(s, models[1], 1)) }))
		assert.InDeltaSlice(t, weight(models[1]), weight(models[0]), 1e-6)
		assert.Equal(t, []float64{1024, 2048}[i], scaler.Scale(), "it grows after two steps")
	}
	before := weight(models[0])
	assert.False(t, step(float32(math.Inf(1))))
	assert.Equal(t, before, weight(models[0]), "a step that overflowed is left out")
	assert.Equal(t, 1024.0, scaler.Scale())

	again := optim.NewGradScaler()
	require.NoError(t, again.LoadStateDict(scaler.StateDict()))
	assert.Equal(t, scaler, again)
	var names []string
	for k := range scaler.StateDict().All() {
		names = append(names, string(k.(checkpoint.String)))
	}
	assert.Equal(t, []string{"scale", "growth_factor", "backoff_factor", "growth_interval", "_growth_tracker"}, names, "as torch.amp.GradScaler")
	require.ErrorIs(t, again.LoadStateDict(checkpoint.NewDict()), optim.ErrState)
	assert.Equal(t, scaler, again)
}

func zero(t *testing.T) *torch.Tensor {
	t.Helper()
	x, err := torch.Zeros(torch.Float32, torch.CPU, 1, 1)
	require.NoError(t, err)
	return x
}

func TestAutocast(t *testing.T) {
	torchtest.Require(t)
	m, err := nn.Init(nn.NewLinear(2, 3))
	require.NoError(t, err)
	defer nn.Close(m)
	forward := func(options ...torch.ScopeOption) (d, after torch.DType) {
		require.NoError(t, torch.InScope(func(s *torch.Scope) error {
			x, err := torch.FromSlice([]float32{1, 2}, 1, 2)
			require.NoError(t, err)
			y, err := m.Forward(s.Add(x))
			require.NoError(t, err)
			loss, err := functional.MSE(y, y)
			require.NoError(t, err)
			d, after = y.DType(), loss.DType()
			if loss.RequiresGrad() {
				require.NoError(t, loss.Backward())
				g, err := m.Weight.Grad()
				require.NoError(t, err)
				defer g.Close()
				assert.Equal(t, torch.Float32, g.DType())
			}
			return nil
		}, options...))
		return d, after
	}
	d, _ := forward()
	assert.Equal(t, torch.Float32, d)
	cast := torch.Autocast(torch.DeviceCPU, torch.BFloat16)
	d, after := forward(cast)
	assert.Equal(t, torch.BFloat16, d)
	assert.Equal(t, torch.Float32, after, "losses need all bits")
	d, _ = forward(cast, torch.NoGrad)
	assert.Equal(t, torch.BFloat16, d)
	d, _ = forward(torch.Autocast(torch.DeviceCUDA, torch.Float16))
	assert.Equal(t, torch.Float32, d, "the device is another one")
	d, _ = forward()
	assert.Equal(t, torch.Float32, d, "nothing is left on")

	wide := torch.NewScope(torch.Autocast(torch.DeviceCPU, torch.Float64))
	defer wide.Close()
	_, err = m.Forward(wide.Add(zero(t)))
	require.ErrorIs(t, err, torch.CodeArgument)
}
