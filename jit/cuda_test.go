package jit_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
)

func TestCUDAForwardGivesWhatPythonGave(t *testing.T) {
	torchtest.RequireCUDA(t)
	for _, dir := range []string{"safe_model_save", "dynamic_model_safe_save/attribute", "dynamic_model_safe_save/buffer"} {
		t.Run(dir, func(t *testing.T) {
			m := load(t, scenario(dir, "model_scripted.pt"), jit.OnDevice(torch.CUDA(0)))
			x, err := array(t, scenario(dir, "x.npy")).To(torch.CUDA(0))
			require.NoError(t, err)
			defer x.Close()
			want := array(t, scenario(dir, "expected.npy"))
			var wg sync.WaitGroup
			for range 16 {
				wg.Go(func() {
					for range 20 {
						y, err := m.Forward(x)
						if !assert.NoError(t, err) {
							return
						}
						assert.Equal(t, torch.CUDA(0), y.Device())
						host, err := y.To(torch.CPU)
						y.Close()
						if !assert.NoError(t, err) {
							return
						}
						near, err := host.AllClose(want, 1e-5, 1e-6, false)
						host.Close()
						assert.NoError(t, err)
						assert.True(t, near)
					}
				})
			}
			wg.Wait()
		})
	}
}

func TestCUDAModuleOnADeviceThatIsNotThere(t *testing.T) {
	torchtest.RequireCUDA(t)
	n, _, err := torch.DeviceCount(torch.DeviceCUDA)
	require.NoError(t, err)
	_, err = jit.Load(scenario("safe_model_save", "model_scripted.pt"), jit.OnDevice(torch.CUDA(n)))
	require.ErrorIs(t, err, torch.CodeDevice)
}

func TestCUDAModuleRefusesInputOfTheCPU(t *testing.T) {
	torchtest.RequireCUDA(t)
	m := load(t, scenario("safe_model_save", "model_scripted.pt"), jit.OnDevice(torch.CUDA(0)))
	x := array(t, scenario("safe_model_save", "x.npy"))
	_, err := m.Forward(x)
	require.ErrorContains(t, err, "same device")
	require.NoError(t, torch.CUDA(0).Healthy())
}
