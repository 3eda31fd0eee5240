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
	forward, x := linear(b)
	b.ReportAllocs()
	for b.Loop() {
		y, err := forward.Forward(x)
		if err != nil {
			b.Fatal(err)
		}
		y.Close()
	}
}

// BenchmarkForwardInto is the same with one result for all calls.
func BenchmarkForwardInto(b *testing.B) {
	forward, x := linear(b)
	y := new(torch.Tensor)
	defer y.Close()
	b.ReportAllocs()
	for b.Loop() {
		if err := forward.ForwardInto(y, x); err != nil {
			b.Fatal(err)
		}
	}
}

// linear gives Linear(4, 2), warm, and one row.
func linear(b *testing.B) (*jit.Method, *torch.Tensor) {
	b.Helper()
	torchtest.Require(b)
	m, err := jit.Load(scenario("safe_model_save", "model_scripted.pt"))
	require.NoError(b, err)
	b.Cleanup(m.Close)
	a, err := checkpoint.ReadNPY(scenario("safe_model_save", "x.npy"))
	require.NoError(b, err)
	x, err := torch.FromArray(a)
	require.NoError(b, err)
	b.Cleanup(x.Close)
	forward, err := m.Method("forward")
	require.NoError(b, err)
	for range 10 {
		y, err := forward.Forward(x)
		require.NoError(b, err)
		y.Close()
	}
	return forward, x
}
