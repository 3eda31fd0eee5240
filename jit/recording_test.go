package jit_test

import (
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
)

func forwardOf(t testing.TB, m *jit.Module) *jit.Method {
	t.Helper()
	f, err := m.Method("forward")
	require.NoError(t, err)
	return f
}

// seen is what a recording showed at a step.
type seen struct {
	step   int
	values [][]byte
}

// record runs a method to its end.
func record(t testing.TB, f *jit.Method, args ...torch.Value) (all []seen, result torch.Value) {
	t.Helper()
	r, err := f.Record(args...)
	require.NoError(t, err)
	defer r.Close()
	assert.Nil(t, r.Result(), "before the end")
	for {
		step, values, err := r.Next()
		if errors.Is(err, io.EOF) {
			_, _, err = r.Next()
			assert.ErrorIs(t, err, io.EOF, "again")
			return all, r.Result()
		}
		require.NoError(t, err)
		s := seen{step: step}
		for _, v := range values {
			if x, ok := v.(*torch.Tensor); ok {
				data, err := x.Bytes()
				require.NoError(t, err)
				s.values = append(s.values, data)
			}
		}
		all = append(all, s)
		torch.CloseAll(values...)
	}
}

func operators(steps []jit.Step) (names []string) {
	for _, s := range steps {
		names = append(names, s.Module+" "+s.Source.Operator)
	}
	return names
}

func ramp(t testing.TB, shape ...int64) *torch.Tensor {
	t.Helper()
	n := int64(1)
	for _, d := range shape {
		n *= d
	}
	data := make([]float32, n)
	for i := range data {
		data[i] = float32(i*7919%1000)/500 - 1
	}
	x, err := torch.FromSlice(data, shape...)
	require.NoError(t, err)
	t.Cleanup(x.Close)
	return x
}

func TestStepsOfSubmodules(t *testing.T) {
	m := load(t, testFile("layers.pt"))
	f := forwardOf(t, m)
	steps, err := f.Steps()
	require.NoError(t, err)
	assert.Equal(t, []string{"0 aten::linear", "0 prim::CallMethod", "1 aten::relu", "1 prim::CallMethod"}, operators(steps)[:4])
	all, result := record(t, f, ramp(t, 3, 64))
	defer torch.CloseAll(result)
	assert.Len(t, all, len(steps), "each once")
	want, err := m.CallUnoptimized("forward", ramp(t, 3, 64))
	require.NoError(t, err)
	defer torch.CloseAll(want)
	assert.Equal(t, bytesOf(t, want), bytesOf(t, result))
	for _, s := range steps {
		assert.Positive(t, s.Source.Line, s.Source.Operator)
	}
}

func bytesOf(t testing.TB, v torch.Value) []byte {
	t.Helper()
	data, err := v.(*torch.Tensor).Bytes()
	require.NoError(t, err)
	return data
}

const branching = `
def forward(self, x: Tensor, times: int = 3):
    assert x.dim() == 2, "two dimensions"
    assert x.size(0) == 4, "four rows"
    if x.dim() == 2:
        x = x * 2.0
    for i in range(times):
        x = torch.add(x, 1, alpha=2)
    if bool(x.sum() > 0):
        x = torch.relu_(x)
    else:
        x = x.neg().t()
    return torch.layer_norm(x, [4], eps=0.01)
`

func TestStepsOfCode(t *testing.T) {
	f := forwardOf(t, compiled(t, branching))
	steps, err := f.Steps()
	require.NoError(t, err)
	assert.Equal(t, []string{" aten::mul", " aten::add", " aten::sum", " aten::gt", " prim::If", " aten::relu_", " aten::neg", " aten::layer_norm"}, operators(steps),
		"neither the views nor the branches that no argument decides")
	settings := func(i int) (all []string) {
		for _, s := range steps[i].Settings {
			all = append(all, s.String())
		}
		return all
	}
	assert.Equal(t, []string{"other=1", "alpha=2"}, settings(1))
	assert.Equal(t, torch.Float(0.01), steps[7].Setting("eps"))
	assert.Contains(t, settings(7), "normalized_shape=[4]")
	assert.Nil(t, steps[7].Setting("weights"))
	assert.Equal(t, "if bool(x.sum() > 0):", steps[4].Source.Text)

	for _, c := range []struct {
		name  string
		bias  float32
		steps []int
	}{
		{"one branch", 1, []int{0, 1, 1, 1, 2, 3, 4, 5, 7}},
		{"the other", -100, []int{0, 1, 1, 1, 2, 3, 4, 6, 7}},
	} {
		t.Run(c.name, func(t *testing.T) {
			x, err := torch.FromSlice(slices.Repeat([]float32{c.bias, 0.5, -1, 2}, 4), 4, 4)
			require.NoError(t, err)
			defer x.Close()
			all, result := record(t, f, x)
			defer torch.CloseAll(result)
			var order []int
			for _, s := range all {
				order = append(order, s.step)
			}
			assert.Equal(t, c.steps, order)
			want, err := f.CallUnoptimized(x)
			require.NoError(t, err)
			defer torch.CloseAll(want)
			assert.Equal(t, bytesOf(t, want), bytesOf(t, result))
		})
	}
}

func TestRecordingEnds(t *testing.T) {
	m := compiled(t, branching, jit.Serialized())
	f := forwardOf(t, m)
	t.Run("early", func(t *testing.T) {
		r, err := f.Record(ramp(t, 4, 4))
		require.NoError(t, err)
		_, values, err := r.Next()
		require.NoError(t, err)
		torch.CloseAll(values...)
		r.Close()
		r.Close()
		_, _, err = r.Next()
		assert.ErrorIs(t, err, torch.ErrClosed)
	})
	t.Run("before it began", func(t *testing.T) {
		r, err := f.Record(ramp(t, 4, 4))
		require.NoError(t, err)
		r.Close()
	})
	t.Run("by an error", func(t *testing.T) {
		r, err := f.Record(ramp(t, 4, 4, 1))
		require.NoError(t, err)
		defer r.Close()
		_, _, err = r.Next()
		_, plain := forwardOf(t, compiled(t, branching)).CallUnoptimized(ramp(t, 4, 4, 1))
		assert.EqualError(t, err, plain.Error())
		var failure *torch.Error
		require.ErrorAs(t, err, &failure)
		assert.Equal(t, torch.CodeScript, failure.Code)
		_, _, err = r.Next()
		assert.ErrorContains(t, err, "does not run")
	})
	t.Run("of wrong arguments", func(t *testing.T) {
		_, err := f.Record(torch.Int(3))
		assert.Error(t, err)
		_, err = f.Record()
		assert.Error(t, err)
	})
	// Every one of them has given its turn back.
	v, err := f.Call(ramp(t, 4, 4))
	require.NoError(t, err)
	torch.CloseAll(v)
	_, err = f.Graph()
	require.NoError(t, err)
	_, err = f.Graph()
	require.NoError(t, err)
}

// TestRecordingOfForks looks at a graph that goes on in another thread.
func TestRecordingOfForks(t *testing.T) {
	m := load(t, testFile("forked.pt"))
	f := forwardOf(t, m)
	x := ramp(t, 4, 4)
	all, result := record(t, f, x)
	defer torch.CloseAll(result)
	assert.Len(t, all, 3)
	want, err := f.CallUnoptimized(x)
	require.NoError(t, err)
	defer torch.CloseAll(want)
	assert.Equal(t, bytesOf(t, want), bytesOf(t, result))
}
