package jit_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
)

func TestTime(t *testing.T) {
	m := load(t, scenario("safe_model_save", "model_scripted.pt"))
	forward, err := m.Method("forward")
	require.NoError(t, err)
	x := array(t, scenario("safe_model_save", "x.npy"))
	for range 40 { // beyond the calls after which the plan is settled
		begun := time.Now()
		took, clock, err := forward.Time(x)
		whole := time.Since(begun)
		require.NoError(t, err)
		assert.Positive(t, took)
		assert.LessOrEqual(t, took, whole)
		assert.Equal(t, jit.HostClock, clock)
	}
	wide, err := torch.FromSlice(make([]float32, 5), 1, 5)
	require.NoError(t, err)
	defer wide.Close()
	_, _, err = forward.Time(wide)
	require.ErrorIs(t, err, torch.CodeScript)
	_, _, err = forward.Time()
	require.ErrorIs(t, err, torch.CodeArgument)
	_, _, err = (*jit.Method)(nil).Time()
	require.ErrorIs(t, err, torch.CodeArgument)
	require.ErrorIs(t, torch.ResetPeak(torch.CPU), torch.CodeNotImplemented)
	assert.Equal(t, "monotonic clock", jit.HostClock.String())
}

// The host's clock stops when the device is done too, so events can't tell more.
func TestCUDATime(t *testing.T) {
	torchtest.RequireCUDA(t)
	m := load(t, scenario("safe_model_save", "model_scripted.pt"), jit.OnDevice(torch.CUDA(0)))
	forward, err := m.Method("forward")
	require.NoError(t, err)
	x, err := array(t, scenario("safe_model_save", "x.npy")).To(torch.CUDA(0))
	require.NoError(t, err)
	defer x.Close()
	for range 40 {
		begun := time.Now()
		took, clock, err := forward.Time(x)
		whole := time.Since(begun)
		require.NoError(t, err)
		assert.Equal(t, jit.DeviceClock, clock)
		assert.Positive(t, took)
		assert.LessOrEqual(t, took, whole)
	}
}

func TestCUDAPeakBeginsAnew(t *testing.T) {
	torchtest.RequireCUDA(t)
	if err := torch.ResetPeak(torch.CUDA(0)); err != nil {
		require.ErrorIs(t, err, torch.CodeNotImplemented)
		t.Skip(err)
	}
	x, err := torch.Zeros(torch.Uint8, torch.CUDA(0), 64<<20)
	require.NoError(t, err)
	x.Close()
	with, err := torch.MemoryStats(torch.CUDA(0))
	require.NoError(t, err)
	require.NoError(t, torch.ResetPeak(torch.CUDA(0)))
	after, err := torch.MemoryStats(torch.CUDA(0))
	require.NoError(t, err)
	assert.GreaterOrEqual(t, with.Peak, int64(64<<20))
	assert.Less(t, after.Peak, with.Peak)
}
