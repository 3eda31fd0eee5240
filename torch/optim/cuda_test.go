package optim_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/nn"
	"github.com/seed06459138/torchgo/torch/nn/functional"
	"github.com/seed06459138/torchgo/torch/optim"
)

// TestCUDATrainingIsTheCPUs trains from one seed on both, and on the GPU in half
// precision too.
func TestCUDATrainingIsTheCPUs(t *testing.T) {
	torchtest.RequireCUDA(t)
	losses := func(device torch.Device, scaler *optim.GradScaler, options ...torch.ScopeOption) (all []float64) {
		require.NoError(t, torch.ManualSeed(0))
		model, err := nn.Init(nn.NewSequential(nn.NewConv2d(1, 4, 3), nn.NewBatchNorm2d(4), nn.ReLU{}, nn.Flatten{}, nn.NewLinear(4*6*6, 3)))
		require.NoError(t, err)
		defer nn.Close(model)
		data := make([]float32, 8*64)
		for i := range data {
			data[i] = float32(i%13)/6 - 1
		}
		require.NoError(t, nn.To(model, device))
		opt := optim.NewAdam(nn.Parameters(model))
		defer opt.Close()
		for range 10 {
			require.NoError(t, torch.InScope(func(s *torch.Scope) error {
				host, err := torch.FromSlice(data, 8, 1, 8, 8)
				require.NoError(t, err)
				x, err := s.Add(host).To(device)
				require.NoError(t, err)
				labels, err := torch.FromSlice([]int64{0, 1, 2, 0, 1, 2, 0, 1})
				require.NoError(t, err)
				y, err := s.Add(labels).To(device)
				require.NoError(t, err)
				out, err := model.Forward(x)
				require.NoError(t, err)
				loss, err := functional.CrossEntropy(out, y)
				require.NoError(t, err)
				value, err := loss.Float64()
				require.NoError(t, err)
				all = append(all, value)
				if scaler == nil {
					return optim.Minimize(opt, loss)
				}
				_, err = scaler.Minimize(opt, loss)
				return err
			}, options...))
		}
		return all
	}
	want := losses(torch.CPU, nil)
	assert.InDeltaSlice(t, want, losses(torch.CUDA(0), nil), 1e-3)
	half := losses(torch.CUDA(0), optim.NewGradScaler(optim.ScalerOptions{Scale: 256}), torch.Autocast(torch.DeviceCUDA, torch.Float16))
	assert.InDeltaSlice(t, want, half, 0.05)
}
