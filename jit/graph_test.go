package jit_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
)

func TestGraphs(t *testing.T) {
	m := load(t, testFile("layers.pt"))
	forward, err := m.Method("forward")
	require.NoError(t, err)
	written, err := forward.Graph()
	require.NoError(t, err)
	assert.Contains(t, written, "prim::CallMethod")
	assert.NotContains(t, written, "aten::linear", "nothing is inlined")
	before, err := forward.OptimizedGraph()
	require.NoError(t, err)
	assert.Empty(t, before)
	_, err = m.Warmup(t.Context(), 3, zeros(t, 1, 64))
	require.NoError(t, err)
	after, err := forward.OptimizedGraph()
	require.NoError(t, err)
	assert.Contains(t, after, "aten::linear")
	code, err := m.Code()
	require.NoError(t, err)
	for _, class := range []string{"class Layers(Module)", "class Linear(Module)", "class ReLU(Module)", "def forward(self"} {
		assert.Contains(t, code, class)
	}
}

func zeros(t testing.TB, shape ...int64) *torch.Tensor {
	t.Helper()
	x, err := torch.Zeros(torch.Float32, torch.CPU, shape...)
	require.NoError(t, err)
	t.Cleanup(x.Close)
	return x
}

func TestDeviceConstants(t *testing.T) {
	m := load(t, testFile("placed.pt"))
	all, err := m.DeviceConstants()
	require.NoError(t, err)
	var lines []string
	for _, d := range all {
		assert.Equal(t, "forward", d.Method, "clean takes its device from its argument")
		assert.Equal(t, "jit_models.py", d.Source.File)
		assert.Positive(t, d.Source.Line)
		lines = append(lines, d.Device+" "+d.Source.Operator+" "+d.Source.Text)
	}
	text := strings.Join(lines, "\n")
	for _, want := range []string{`cuda:0 aten::device return x.to(torch.device("cuda", 0)).cpu()`, "cpu aten::cpu", "cuda:1 aten::zeros", `torch.zeros(2, device="cuda:1")`} {
		assert.Contains(t, text, want)
	}
	assert.Contains(t, all[0].String(), "forward names cuda:0 at jit_models.py:")

	traced, err := load(t, testFile("positions_traced.pt")).DeviceConstants()
	require.NoError(t, err)
	require.Len(t, traced, 1)
	assert.Equal(t, "cpu", traced[0].Device)
	assert.Equal(t, "aten::arange", traced[0].Source.Operator)
	none, err := load(t, testFile("layers.pt")).DeviceConstants()
	require.NoError(t, err)
	assert.Empty(t, none)
}

func TestMutates(t *testing.T) {
	writes := func(m *jit.Module) map[string][]string {
		all, err := m.Mutates()
		require.NoError(t, err)
		found := make(map[string][]string)
		for _, w := range all {
			found[w.Method] = append(found[w.Method], w.Attribute)
			assert.True(t, w.Source.File == "jit_models.py" || strings.HasPrefix(w.Source.File, "torch/nn/"), w.String())
			assert.Positive(t, w.Source.Line)
		}
		return found
	}
	m := load(t, testFile("counter.pt"))
	want := map[string][]string{"forward": {"count"}, "attributes": {"calls", "history"}, "through_a_view": {"table"}}
	assert.Equal(t, want, writes(m))
	require.NoError(t, m.SetTraining(true))
	want["normalise"] = []string{"norm.num_batches_tracked", "norm.running_mean", "norm.running_var"}
	got := writes(m)
	assert.ElementsMatch(t, want["normalise"], got["normalise"], "in training mode")
	for _, name := range []string{"layers.pt", "values.pt"} {
		assert.Empty(t, writes(load(t, testFile(name))), name)
	}
}

func TestSerialized(t *testing.T) {
	m := load(t, testFile("counter.pt"), jit.Serialized())
	x := zeros(t, 64)
	const workers, calls = 8, 100
	seen := make([]bool, workers*calls+1)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() {
			for range calls {
				var v torch.Value
				var err error
				if i%2 == 0 {
					v, err = m.Forward(x)
				} else {
					v, err = m.Run(t.Context(), x)
				}
				var n int
				if !assert.NoError(t, err) || !assert.NoError(t, jit.Unmarshal(v, &n)) {
					return
				}
				torch.CloseAll(v)
				mu.Lock()
				seen[n] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for n, ok := range seen[1:] {
		assert.True(t, ok, "no call counted to %d", n+1)
	}
	count, err := m.Attribute("count")
	require.NoError(t, err)
	defer torch.CloseAll(count)
	var n int
	require.NoError(t, jit.Unmarshal(count, &n))
	assert.Equal(t, workers*calls, n)
}
