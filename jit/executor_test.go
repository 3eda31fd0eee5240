package jit_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
)

// planned tells whether forward is optimised after so many calls.
func planned(t testing.TB, m *jit.Module, calls int) bool {
	t.Helper()
	for range calls {
		y, err := m.Forward(zeros(t, 1, 64))
		require.NoError(t, err)
		y.Close()
	}
	forward, err := m.Method("forward")
	require.NoError(t, err)
	graph, err := forward.OptimizedGraph()
	require.NoError(t, err)
	return graph != ""
}

func TestExecutors(t *testing.T) {
	cases := []struct {
		name  string
		opts  []jit.Option
		first int // the call after which the graph is optimised; 0: never
	}{
		{"libtorch's own", nil, 2},
		{"simple", []jit.Option{jit.ExecutedBy(jit.SimpleExecutor)}, 1},
		{"interpreter", []jit.Option{jit.ExecutedBy(jit.Interpreter)}, 0},
		{"no fusion", []jit.Option{jit.Fusing()}, 1},
		{"fusing for any sizes", []jit.Option{jit.Fusing(jit.Fusion{Dynamic: true, Times: 3})}, 2},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m := load(t, testFile("layers.pt"), c.opts...)
			clone, err := m.Clone()
			require.NoError(t, err)
			defer clone.Close()
			frozen, err := m.Freeze()
			require.NoError(t, err)
			defer frozen.Close()
			for _, each := range []*jit.Module{m, frozen} {
				for call := 1; call <= 3; call++ {
					assert.Equal(t, c.first > 0 && call >= c.first, planned(t, each, 1), "call %d", call)
				}
			}
		})
	}
	_, err := jit.Load(testFile("layers.pt"), jit.Fusing(jit.Fusion{Times: -1}))
	require.ErrorIs(t, err, torch.CodeArgument)
}

// The setting of one module must not reach another that is loaded or first called
// meanwhile.
func TestExecutorsDoNotLeak(t *testing.T) {
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for range 15 {
				var opts []jit.Option
				if i%2 == 0 {
					opts = []jit.Option{jit.Fusing()}
				}
				m, err := jit.Load(testFile("layers.pt"), opts...)
				if !assert.NoError(t, err) {
					return
				}
				assert.Equal(t, i%2 == 0, planned(t, m, 1))
				assert.True(t, planned(t, m, 1))
				m.Close()
			}
		})
	}
	wg.Wait()
}

func TestWarmup(t *testing.T) {
	m := load(t, testFile("layers.pt"))
	x := random(t, 1, 4, 64)
	times, err := m.Warmup(t.Context(), 4, x)
	require.NoError(t, err)
	require.Len(t, times, 4)
	for _, d := range times {
		assert.Positive(t, d)
	}
	forward, err := m.Method("forward")
	require.NoError(t, err)
	warm, err := forward.OptimizedGraph()
	require.NoError(t, err)
	require.NotEmpty(t, warm)
	for range 50 {
		made(t)(m.Forward(x))
	}
	later, err := forward.OptimizedGraph()
	require.NoError(t, err)
	assert.Equal(t, warm, later, "nothing is compiled after the warm-up")

	_, err = m.Warmup(t.Context(), 2, x)
	require.ErrorIs(t, err, torch.CodeArgument)
	_, err = m.Warmup(t.Context(), 3)
	require.ErrorIs(t, err, torch.CodeArgument)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	times, err = m.Warmup(ctx, 3, x)
	require.ErrorIs(t, err, context.Canceled)
	assert.Empty(t, times)
}

// A module whose first calls record gradients stays slow, or throws later. No path
// into libtorch may do that, not even for tensors that ask for gradients.
func TestFirstCallsRecordNoGradients(t *testing.T) {
	paths := map[string]func(m *jit.Module, x *torch.Tensor) (torch.Value, error){
		"Forward": func(m *jit.Module, x *torch.Tensor) (torch.Value, error) { return m.Forward(x) },
		"Call":    func(m *jit.Module, x *torch.Tensor) (torch.Value, error) { return m.Call("forward", x) },
		"Run":     func(m *jit.Module, x *torch.Tensor) (torch.Value, error) { return m.Run(t.Context(), x) },
		"ForwardInto": func(m *jit.Module, x *torch.Tensor) (torch.Value, error) {
			y := new(torch.Tensor)
			return y, m.ForwardInto(y, x)
		},
		"Warmup": func(m *jit.Module, x *torch.Tensor) (torch.Value, error) {
			if _, err := m.Warmup(t.Context(), 3, x); err != nil {
				return nil, err
			}
			return m.Forward(x)
		},
	}
	for name, call := range paths {
		t.Run(name, func(t *testing.T) {
			m := load(t, testFile("layers.pt"))
			x := random(t, 2, 1, 64)
			w := random(t, 3, 64, 64)
			for _, leaf := range []*torch.Tensor{x, w} {
				v, err := torch.Call("aten::requires_grad_", leaf)
				require.NoError(t, err)
				torch.CloseAll(v)
				require.True(t, leaf.RequiresGrad())
			}
			require.NoError(t, m.SetAttribute("0.weight", w))
			for range 4 {
				y, err := call(m, x)
				require.NoError(t, err)
				assert.False(t, y.(*torch.Tensor).RequiresGrad())
				torch.CloseAll(y)
			}
			forward, err := m.Method("forward")
			require.NoError(t, err)
			graph, err := forward.OptimizedGraph()
			require.NoError(t, err)
			assert.NotEmpty(t, graph)
			assert.NotContains(t, graph, "DifferentiableGraph")
			assert.NotContains(t, graph, "requires_grad=1")
		})
	}
}

// The first calls profile, one of them compiles, and after some the plan is kept:
// whoever calls meanwhile must get the same.
func TestFirstCallsFromManyGoroutines(t *testing.T) {
	x := random(t, 4, 2, 64)
	want := made(t)(load(t, testFile("layers.pt")).Forward(x))
	wanted, err := want.Bytes()
	require.NoError(t, err)
	for range 5 {
		m := load(t, testFile("layers.pt"))
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				for range 20 {
					y, err := m.Forward(x)
					if !assert.NoError(t, err) {
						return
					}
					got, err := y.Bytes()
					y.Close()
					assert.NoError(t, err)
					assert.Equal(t, wanted, got)
				}
			})
		}
		wg.Wait()
	}
}
