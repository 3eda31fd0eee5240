package jit_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
)

// BenchmarkForward is Linear(4, 2) on one row, each result closed.
func BenchmarkForward(b *testing.B) {
	torchtest.Require(b)
	m, err := jit.Load(scenario("safe_model_save", "model_scripted.pt"))
	require.NoError(b, err)
	defer m.Close()
	a, err := checkpoint.ReadNPY(scenario("safe_model_save", "x.npy"))
	require.NoError(b, err)
	x, err := torch.FromArray(a)
	require.NoError(b, err)
	defer x.Close()
	forward, err := m.Method("forward")
	require.NoError(b, err)
	for range 10 {
		y, err := forward.Forward(x)
		require.NoError(b, err)
		y.Close()
	}
	b.ReportAllocs()
	for b.Loop() {
		y, err := forward.Forward(x)
		if err != nil {
			b.Fatal(err)
		}
		y.Close()
	}
}
