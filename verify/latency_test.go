package verify

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
)

func TestLatencyOf(t *testing.T) {
	times := make([]float64, 200)
	for i := range times {
		times[i] = float64((i*77)%200+1) / 1000 // 1 to 200 ms, in some order
	}
	l := latencyOf(times, "monotonic clock")
	assert.InDelta(t, 0.1005, l.Mean, 1e-12)
	assert.Equal(t, "p50 100 ms, p90 180 ms, p99 198 ms of 200 calls (monotonic clock)", l.String())
	assert.Equal(t, &Latency{Calls: 1, Mean: 2, P50: 2, P90: 2, P99: 2}, latencyOf([]float64{2}, ""))
	assert.Equal(t, []string{"1.5 s", "2 ms", "12.3 µs", "80 ns"}, []string{SecondsText(1.5), SecondsText(2e-3), SecondsText(1.234e-5), SecondsText(8e-8)})
}

func TestLatency(t *testing.T) {
	torchtest.Require(t)
	spec := scenario("safe_model_save", "model_state.pt")
	spec.Latency = 20
	report, err := Run(t.Context(), spec)
	require.NoError(t, err)
	assert.Equal(t, Consistent, report.Verdict)
	timed := 0
	for _, l := range report.Legs {
		if l.Kind == kindExpected {
			assert.Nil(t, l.Latency)
			assert.Empty(t, l.Device)
			continue
		}
		timed++
		require.NotNil(t, l.Latency, l.Name)
		assert.Equal(t, 20, l.Latency.Calls)
		assert.Positive(t, l.Latency.P50)
		assert.LessOrEqual(t, l.Latency.P50, l.Latency.P90)
		assert.LessOrEqual(t, l.Latency.P90, l.Latency.P99)
		assert.Equal(t, "monotonic clock", l.Latency.Clock)
		assert.Equal(t, "cpu", l.Device)
		assert.Zero(t, l.Peak)
	}
	assert.Equal(t, 2, timed)
	var text, markdown strings.Builder
	require.NoError(t, report.WriteText(&text, TextOptions{}))
	require.NoError(t, report.WriteMarkdown(&markdown))
	assert.Contains(t, text.String(), "latency    TorchScript on cpu: p50 ")
	assert.Contains(t, markdown.String(), "<details><summary>Latency</summary>")
	t.Log(text.String())
}

func TestCUDALatency(t *testing.T) {
	torchtest.RequireCUDA(t)
	spec := scenario("safe_model_save", "model_state.pt")
	spec.Latency, spec.AllDevices, spec.RequireGPU = 20, true, true
	report, err := Run(t.Context(), spec)
	require.NoError(t, err)
	assert.Equal(t, Consistent, report.Verdict, report.Summary)
	assert.False(t, report.Settings.TF32)
	n, _, err := torch.DeviceCount(torch.DeviceCUDA)
	require.NoError(t, err)
	on := 0
	for _, l := range report.Legs {
		if !onGPU(l.Device) {
			continue
		}
		on++
		assert.Equal(t, "CUDA events", l.Latency.Clock)
		assert.Positive(t, l.Peak)
	}
	assert.Equal(t, n, on)
}
