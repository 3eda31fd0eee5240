package jit_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
)

// pair is a result of straight-line code and that of the interpreter.
type pair struct{ got, want torch.Value }

// both runs a module and its straight-line code on the same arguments.
func both(t *testing.T, m *jit.Module, s *jit.Straight, args ...torch.Value) pair {
	t.Helper()
	want, err := m.CallUnoptimized("forward", args...)
	require.NoError(t, err)
	t.Cleanup(func() { torch.CloseAll(want) })
	got, err := s.Run(t.Context(), args...)
	require.NoError(t, err)
	t.Cleanup(func() { torch.CloseAll(got) })
	return pair{got, want}
}

func (p pair) assertClose(t *testing.T, what string) {
	t.Helper()
	got, want := torch.Tensors(p.got), torch.Tensors(p.want)
	require.Len(t, got, len(want), what)
	for i := range got {
		require.Equal(t, want[i].Shape(), got[i].Shape(), what)
		require.Equal(t, want[i].DType(), got[i].DType(), what)
		near, err := got[i].AllClose(want[i], 1e-5, 1e-6, true)
		require.NoError(t, err, what)
		require.True(t, near, "%s: tensor %d", what, i)
	}
}

// inputs of four columns: rows, dtypes and strides change from one to the next.
func inputs(t *testing.T) []*torch.Tensor {
	call := func(op string, args ...torch.Value) *torch.Tensor {
		v, err := torch.Call(op, args...)
		require.NoError(t, err)
		t.Cleanup(func() { torch.CloseAll(v) })
		return v.(*torch.Tensor)
	}
	wide := call("aten::to.dtype", random(t, 5, 2, 4), torch.Int(int64(torch.Float64)))
	return []*torch.Tensor{
		random(t, 1, 1, 4),
		random(t, 2, 5, 4),
		call("aten::t", random(t, 3, 4, 5)),
		random(t, 4, 5, 4),
		call("aten::expand", random(t, 6, 1, 4), torch.List{torch.Int(3), torch.Int(4)}),
		wide,
		call("aten::slice.Tensor", random(t, 7, 5, 8), torch.Int(1), torch.Int(0), torch.Int(8), torch.Int(2)),
		zeros(t, 0, 4),
	}
}

// program writes a forward of random steps, each on what random earlier ones gave.
func program(r *rand.Rand) string {
	var b strings.Builder
	b.WriteString("def forward(self, x: Tensor):\n")
	names := []string{"x"}
	some := func() string { return names[len(names)-1-min(r.IntN(3), r.IntN(len(names)))] }
	for i := range 3 + r.IntN(8) {
		a, c := some(), some()
		step := []string{
			"torch.relu(%s)", "torch.sigmoid(%s)", "torch.tanh(%s)", "torch.relu(%s)",
			"%s + " + c, "%s - " + c, "%s * " + c, "torch.add(%s, " + c + ", alpha=2)", "%s + 1",
			"%s.view(%[1]s.size(0), 4)", "%s.t().t()", "torch.dropout(%s, 0.5, False)", "torch.cat([%s, " + c + "], 1)[:, 2:6]",
			"torch.unbind(torch.stack([%s, " + c + "]))[1]", "%s.clone().relu_()",
		}[r.IntN(15)]
		if strings.Contains(step, ".view") { // of what may have gaps
			step = strings.Replace(step, "%s.view", "%s.contiguous().view", 1)
		}
		name := fmt.Sprintf("v%d", i)
		if r.IntN(8) == 0 {
			fmt.Fprintf(&b, "    p, q = torch.chunk(%s, 2, 1)\n", a)
			step = "torch.cat([q, p], 1) + %s"
		}
		fmt.Fprintf(&b, "    %s = %s\n", name, fmt.Sprintf(step, a))
		names = append(names, name)
	}
	switch last := names[len(names)-1]; r.IntN(5) {
	case 0:
		fmt.Fprintf(&b, "    return %s, %s\n", last, some())
	case 1:
		fmt.Fprintf(&b, "    return [%s, %s.view(-1)]\n", some(), last+".contiguous()")
	case 2:
		fmt.Fprintf(&b, "    return {\"a\": %s, \"b\": %s}\n", last, some())
	default:
		fmt.Fprintf(&b, "    return %s\n", last)
	}
	return b.String()
}

// Whatever a straight forward does, its code gives the same, and nothing that it gave
// is changed by later calls.
func TestStraightProperty(t *testing.T) {
	ran := 0
	for seed := range uint64(torchtest.Repetitions(150)) {
		source := program(rand.New(rand.NewPCG(seed, 1)))
		m := compiled(t, source)
		s, err := m.Straight()
		if strings.Contains(source, "relu_") && errors.Is(err, torch.CodeNotImplemented) {
			continue // libtorch does not see that nothing else refers to what is written
		}
		require.NoError(t, err, source)
		ran++
		var pairs []pair
		for range 2 {
			for _, x := range inputs(t) {
				pairs = append(pairs, both(t, m, s, x))
			}
		}
		for i, p := range pairs {
			p.assertClose(t, fmt.Sprintf("seed %d, call %d of\n%s", seed, i, source))
		}
		s.Close()
		m.Close()
	}
	assert.Greater(t, ran, torchtest.Repetitions(150)*2/3)
}

// Models of the zoo are straight, or refused as not implemented.
func TestStraightZoo(t *testing.T) {
	var zoo []struct {
		Name, Scripted string
		Inputs         []string
		Exit           int
	}
	file, err := os.ReadFile("../testdata/zoo/manifest.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(file, &zoo))
	ran := 0
	for _, c := range zoo {
		if c.Exit != 0 || len(c.Inputs) == 0 || !strings.HasSuffix(c.Inputs[0], ".npy") {
			continue
		}
		m := load(t, filepath.Join("../testdata/zoo", c.Scripted))
		s, err := m.Straight()
		if err != nil {
			require.ErrorIs(t, err, torch.CodeNotImplemented, c.Name)
			continue
		}
		var args []torch.Value
		for _, name := range c.Inputs {
			a, err := checkpoint.ReadNPY(filepath.Join("../testdata/zoo", name))
			require.NoError(t, err)
			args = append(args, made(t)(torch.FromArray(a)))
		}
		var pairs []pair
		for range 3 {
			pairs = append(pairs, both(t, m, s, args...))
		}
		for _, p := range pairs {
			p.assertClose(t, c.Name)
		}
		s.Close()
		ran++
	}
	assert.Greater(t, ran, 15, "models with straight code")
}

func TestStraight(t *testing.T) {
	m := load(t, testFile("layers.pt"))
	s, err := m.Straight()
	require.NoError(t, err)
	defer s.Close()

	t.Run("shapes and dtypes", func(t *testing.T) {
		var pairs []pair
		for i, shape := range [][]int64{{1, 64}, {5, 64}, {1, 64}, {64}, {2, 3, 64}, {0, 64}, {7, 64}, {7, 64}} {
			pairs = append(pairs, both(t, m, s, random(t, int64(i), shape...)))
		}
		columns, err := torch.Call("aten::t", random(t, 9, 64, 7))
		require.NoError(t, err)
		defer torch.CloseAll(columns)
		pairs = append(pairs, both(t, m, s, columns))
		for _, p := range pairs {
			p.assertClose(t, "layers")
		}
		for i := range pairs {
			for j := range i {
				assert.False(t, pairs[i].got.(*torch.Tensor).SameStorage(pairs[j].got.(*torch.Tensor)))
			}
		}
	})
	t.Run("into one result", func(t *testing.T) {
		dst := new(torch.Tensor)
		defer dst.Close()
		for i := range int64(20) {
			x := random(t, i, 1+i%3, 64)
			require.NoError(t, s.ForwardInto(dst, x))
			want := made(t)(m.Forward(x))
			near, err := dst.AllClose(want, 1e-5, 1e-6, false)
			require.NoError(t, err)
			assert.True(t, near)
		}
	})
	t.Run("from many goroutines", func(t *testing.T) {
		var wg sync.WaitGroup
		for i := range 8 {
			x := random(t, int64(i), 1+int64(i)%3, 64)
			wanted, err := made(t)(s.Forward(x)).Bytes()
			require.NoError(t, err)
			wg.Go(func() {
				for range 200 {
					y, err := s.Forward(x)
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
	})
	t.Run("refused", func(t *testing.T) {
		_, err := s.Forward(zeros(t, 1, 3))
		require.ErrorIs(t, err, torch.CodeScript)
		assert.Contains(t, err.Error(), "shapes cannot be multiplied")
		double := made(t)(torch.Zeros(torch.Float64, torch.CPU, 1, 64))
		_, err = s.Forward(double)
		require.Error(t, err, "of another dtype than the weights")
		both(t, m, s, random(t, 1, 1, 64)).assertClose(t, "good after calls that failed")
		for source, says := range map[string]string{
			"def forward(self, x: Tensor) -> Tensor:\n    if bool(x.sum() > 0):\n        x = x + 1\n    return x\n":      "prim::If",
			"def forward(self, x: Tensor) -> Tensor:\n    for i in range(x.size(0)):\n        x = x + i\n    return x\n": "prim::Loop",
			"def forward(self, x: Tensor) -> Tensor:\n    x.add_(1)\n    return x\n":                                     "aten::add_",
			"def forward(self, x: Tensor) -> Tensor:\n    print(x.size(0))\n    return x\n":                              "prim::Print",
		} {
			_, err := compiled(t, source).Straight()
			require.ErrorIs(t, err, torch.CodeNotImplemented)
			assert.Contains(t, err.Error(), says)
		}
		_, err = (*jit.Module)(nil).Straight()
		require.ErrorIs(t, err, torch.CodeArgument)
		(*jit.Straight)(nil).Close()
	})
}
