package jit_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/aten"
)

// slope gives a tensor of a shape whose elements are from, from + step, …; the test closes it.
func slope(t *testing.T, from, step float32, shape ...int64) *torch.Tensor {
	torchtest.Require(t)
	n := int64(1)
	for _, size := range shape {
		n *= size
	}
	values := make([]float32, n)
	for i := range values {
		values[i] = from + step*float32(i)
	}
	x, err := torch.FromSlice(values, shape...)
	require.NoError(t, err)
	t.Cleanup(x.Close)
	return x
}

type unary = func(*torch.Tensor) (*torch.Tensor, error)

// through passes x from step to step.
func through(x *torch.Tensor, steps ...unary) (*torch.Tensor, error) {
	for _, step := range steps {
		var err error
		if x, err = step(x); err != nil {
			return nil, err
		}
	}
	return x, nil
}

// one makes a function of one input what Trace takes.
func one(f unary) func(...*torch.Tensor) (torch.Value, error) {
	return func(in ...*torch.Tensor) (torch.Value, error) {
		y, err := f(in[0])
		if err != nil {
			return nil, err
		}
		return y, nil
	}
}

// perceptron gives the parts of two layers, and what they compute.
func perceptron(t *testing.T) (jit.Tracing, func(...*torch.Tensor) (torch.Value, error)) {
	w1, b1 := slope(t, -0.5, 0.1, 3, 4), slope(t, 0.1, 0.1, 3)
	w2, scale := slope(t, 0.3, -0.2, 2, 3), slope(t, 2, 1, 2)
	require.NoError(t, w1.SetRequiresGrad(true))
	parts := []jit.Part{{"net.0.weight", w1, false}, {"net.0.bias", b1, false}, {"net.2.weight", w2, false}, {"scale", scale, true}}
	return jit.Tracing{Class: "Perceptron", Parts: parts, Inputs: []string{"input"}}, one(func(x *torch.Tensor) (*torch.Tensor, error) {
		return through(x,
			func(x *torch.Tensor) (*torch.Tensor, error) { return aten.Linear(x, w1, &aten.LinearOptions{Bias: b1}) },
			aten.Relu,
			func(x *torch.Tensor) (*torch.Tensor, error) { return aten.Linear(x, w2, nil) },
			func(x *torch.Tensor) (*torch.Tensor, error) { return aten.MulTensor(x, scale) },
		)
	})
}

func TestTrace(t *testing.T) {
	tracing, forward := perceptron(t)
	tracing.Checks = [][]*torch.Tensor{{slope(t, 3, -1, 7, 4)}}
	m, err := jit.Trace(tracing, forward, slope(t, -1, 0.5, 2, 4))
	require.NoError(t, err)
	defer m.Close()

	signatures, err := m.Signatures()
	require.NoError(t, err)
	require.Len(t, signatures, 1)
	assert.Equal(t, "forward(input: Tensor) -> Tensor", signatures[0].String())

	// Saved and loaded, it has the same parts and computes the same.
	path := filepath.Join(t.TempDir(), "m.pt")
	require.NoError(t, m.Save(path))
	loaded := load(t, path)
	tensors, err := loaded.Tensors()
	require.NoError(t, err)
	var names []string
	for _, n := range tensors {
		names = append(names, n.Name+" "+n.Role.String())
		n.Tensor.Close()
	}
	assert.Equal(t, []string{"net.0.weight parameter", "net.0.bias parameter", "net.2.weight parameter", "scale buffer"}, names)
	x := slope(t, 0.5, 0.25, 3, 4)
	want, err := forward(x)
	require.NoError(t, err)
	defer torch.CloseAll(want)
	got, err := loaded.Forward(x)
	require.NoError(t, err)
	defer got.Close()
	same, err := got.Equal(want.(*torch.Tensor))
	require.NoError(t, err)
	assert.True(t, same)

	// The module has the parts themselves.
	require.NoError(t, tracing.Parts[3].Tensor.Mutate(func(data []byte) error { clear(data); return nil }))
	zero, err := m.Forward(x)
	require.NoError(t, err)
	defer zero.Close()
	values, err := torch.Slice[float32](zero)
	require.NoError(t, err)
	assert.Equal(t, make([]float32, 6), values)
}

// Each of these has arguments or results of another kind; Trace compares what it made.
func TestTraceKinds(t *testing.T) {
	index, err := torch.FromSlice([]int64{1, 0})
	require.NoError(t, err)
	defer index.Close()
	for name, f := range map[string]func(x *torch.Tensor) (torch.Value, error){
		"a list of tensors": func(x *torch.Tensor) (torch.Value, error) {
			return value(aten.Cat([]*torch.Tensor{x, x}, &aten.CatOptions{Dim: 1}))
		},
		"a result of several": func(x *torch.Tensor) (torch.Value, error) {
			halves, err := aten.Chunk(x, 2, &aten.ChunkOptions{Dim: 1})
			if err != nil {
				return nil, err
			}
			return torch.Tuple{halves[1], halves[0]}, nil
		},
		"two results": func(x *torch.Tensor) (torch.Value, error) {
			values, indices, err := aten.MaxDim(x, 1, nil)
			return torch.Tuple{values, torch.List{indices}}, err
		},
		"a dict": func(x *torch.Tensor) (torch.Value, error) {
			y, err := aten.Relu(x)
			return &torch.Dict{Entries: []torch.Entry{{Key: torch.String("y"), Value: y}}}, err
		},
		"in place": func(x *torch.Tensor) (torch.Value, error) {
			y, err := aten.Relu(x)
			if err == nil {
				err = aten.AddTensorInPlace(y, x, nil)
			}
			return y, err
		},
		"in place on the input's view": func(x *torch.Tensor) (torch.Value, error) {
			row, err := aten.Narrow(x, 0, 1, 1)
			if err == nil {
				err = aten.AddTensorInPlace(row, row, nil)
			}
			if err != nil {
				return nil, err
			}
			return value(aten.Neg(x))
		},
		"another dtype":       func(x *torch.Tensor) (torch.Value, error) { return value(x.ToDType(torch.Float64)) },
		"a list of optionals": func(x *torch.Tensor) (torch.Value, error) { return value(aten.IndexTensor(x, []*torch.Tensor{index})) },
		"numbers":             func(x *torch.Tensor) (torch.Value, error) { return value(aten.AddScalar(x, torch.Float(0.5), nil)) },
		"the input itself":    func(x *torch.Tensor) (torch.Value, error) { return value(x.Reshape(4, 2)) },
		"a shared result": func(x *torch.Tensor) (torch.Value, error) {
			y, err := aten.Relu(x)
			return torch.Tuple{y, y}, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := jit.Trace(jit.Tracing{}, func(in ...*torch.Tensor) (torch.Value, error) { return f(in[0]) }, slope(t, -3, 1, 2, 4))
			require.NoError(t, err)
			defer m.Close()
			path := filepath.Join(t.TempDir(), "m.pt")
			require.NoError(t, m.Save(path))
			loaded := load(t, path)
			x := slope(t, 2, -0.7, 2, 4)
			got, err := loaded.Call("forward", x)
			require.NoError(t, err)
			defer torch.CloseAll(got)
			want, err := f(slope(t, 2, -0.7, 2, 4)) // which may write to it
			require.NoError(t, err)
			defer torch.CloseAll(want)
			assert.Equal(t, elements(t, want), elements(t, got))
		})
	}
}

// value makes a nil tensor a nil value.
func value(t *torch.Tensor, err error) (torch.Value, error) {
	if err != nil {
		return nil, err
	}
	return t, nil
}

// What a trace is given names of, it can be saved and loaded with, or refuses.
func TestTraceNames(t *testing.T) {
	x, w := slope(t, -3, 1, 2, 4), slope(t, 1, 1, 4)
	refused := []string{"in", "is", "as", "with", "pass", "class", "None", "del", "torch", "größe"}
	taken := []string{"lambda", "type", "func", "range", "map", "print", "async", "ops", "CONSTANTS", "inf", "x_1", "_0", "from", "Tensor", "self_attn"}
	for _, word := range append(slices.Clone(taken), refused...) {
		for what, tracing := range map[string]jit.Tracing{
			"class":  {Class: word, Parts: []jit.Part{{"w", w, false}}},
			"input":  {Inputs: []string{word}, Parts: []jit.Part{{"w", w, false}}},
			"part":   {Parts: []jit.Part{{word, w, false}}},
			"module": {Parts: []jit.Part{{word + ".0.w-1", w, false}}},
		} {
			m, err := jit.Trace(tracing, one(func(x *torch.Tensor) (*torch.Tensor, error) { return aten.AddTensor(x, w, nil) }), x)
			if slices.Contains(refused, word) {
				require.ErrorIs(t, err, torch.CodeArgument, "%s %s", what, word)
				assert.ErrorContains(t, err, fmt.Sprintf("%q", word))
				continue
			}
			require.NoError(t, err, "%s %s", what, word)
			path := filepath.Join(t.TempDir(), "m.pt")
			require.NoError(t, m.Save(path))
			m.Close()
			y, err := load(t, path).Forward(x)
			require.NoError(t, err, "%s %s", what, word)
			y.Close()
		}
	}
	_, err := jit.Trace(jit.Tracing{Parts: []jit.Part{{"encoder.forward", w, false}}}, one(aten.Relu), x)
	assert.ErrorContains(t, err, `a part is called encoder.forward, and in TorchScript none can be called "forward": give it another name`)
}

func TestTraceRefuses(t *testing.T) {
	x := slope(t, -3, 1, 2, 4)
	constant := slope(t, 1, 1, 2)
	tracing, forward := perceptron(t)
	twice := tracing
	twice.Parts = append(twice.Parts, jit.Part{"net.0.bias", constant, false})
	inside := tracing
	inside.Parts = append(inside.Parts, jit.Part{"scale.inner", constant, false})
	byValue := tracing
	byValue.Checks = [][]*torch.Tensor{{slope(t, 5, 1, 2, 4)}}
	branch := one(func(x *torch.Tensor) (*torch.Tensor, error) {
		sum, err := aten.Sum(x, nil)
		if err != nil {
			return nil, err
		}
		if s, err := sum.Float64(); err != nil || s > 4 {
			return aten.Neg(x)
		}
		return aten.Relu(x)
	})
	for name, c := range map[string]struct {
		tracing jit.Tracing
		forward func(...*torch.Tensor) (torch.Value, error)
		want    string
	}{
		"a constant result": {jit.Tracing{}, one(func(*torch.Tensor) (*torch.Tensor, error) { return constant.Clone() }), "not computed from the inputs"},
		"a number":          {jit.Tracing{}, func(...*torch.Tensor) (torch.Value, error) { return torch.Int(1), nil }, "forward gives Int"},
		"an if on values":   {byValue, branch, "on check 1: compare runners: the result: differs by"},
		"a part twice":      {twice, forward, "two parts are called bias"},
		"a part in a part":  {inside, forward, "scale is a tensor, and cannot hold others"},
		"no class name":     {jit.Tracing{Class: "no name"}, forward, `"no name" cannot be the name`},
		"self":              {jit.Tracing{Inputs: []string{"self"}}, forward, `"self" cannot be the name`},
		"too many names":    {jit.Tracing{Inputs: []string{"a", "b"}}, forward, "2 names for 1 inputs"},
		"forward fails":     {jit.Tracing{}, one(func(x *torch.Tensor) (*torch.Tensor, error) { return x.Reshape(3, 5) }), "aten::reshape"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := jit.Trace(c.tracing, c.forward, x)
			assert.ErrorContains(t, err, c.want)
		})
	}
	assert.Panics(t, func() {
		_, _ = jit.Trace(jit.Tracing{}, func(...*torch.Tensor) (torch.Value, error) { panic("in forward") }, x)
	})
	m, err := jit.Trace(tracing, forward, x) // and the next one is traced as ever
	require.NoError(t, err)
	m.Close()
}

// What others compute meanwhile is not touched.
func TestTraceBesideOthers(t *testing.T) {
	tracing, forward := perceptron(t)
	x, other := slope(t, -3, 1, 2, 4), slope(t, 1, 1, 8)
	stop, ended := make(chan struct{}), make(chan error, 4)
	for range 4 {
		go func() {
			for {
				select {
				case <-stop:
					ended <- nil
					return
				default:
				}
				y, err := aten.Relu(other)
				if err != nil {
					ended <- err
					return
				}
				y.Close()
			}
		}()
	}
	for range 20 {
		m, err := jit.Trace(tracing, forward, x)
		require.NoError(t, err)
		method, err := m.Method("forward")
		require.NoError(t, err)
		graph, err := method.Graph()
		require.NoError(t, err)
		assert.NotContains(t, graph, "Float(8")
		m.Close()
	}
	close(stop)
	for range 4 {
		require.NoError(t, <-ended)
	}
}

// Python loads what was traced, and computes the same.
func TestPythonRunsWhatWasTraced(t *testing.T) {
	python := os.Getenv("PYTHON")
	if python == "" {
		t.Skip("$PYTHON is not set: make test-python")
	}
	tracing, forward := perceptron(t)
	m, err := jit.Trace(tracing, forward, slope(t, -1, 0.5, 2, 4))
	require.NoError(t, err)
	defer m.Close()
	path := filepath.Join(t.TempDir(), "m.pt")
	require.NoError(t, m.Save(path))
	const script = `
import sys, warnings, torch
warnings.simplefilter("ignore")
m = torch.jit.load(sys.argv[1]).eval()
print(list(m.state_dict()), m.original_name, [f"{v:.4f}" for v in m(torch.arange(4.)[None])[0].tolist()])
m.save(sys.argv[1] + ".again")
`
	out, err := exec.Command(python, "-c", script, path).CombinedOutput()
	require.NoError(t, err, string(out))
	y, err := forward(slope(t, 0, 1, 1, 4))
	require.NoError(t, err)
	defer torch.CloseAll(y)
	assert.Equal(t, "['scale', 'net.0.weight', 'net.0.bias', 'net.2.weight'] Perceptron ['"+text(t, y)+"']\n", string(out))
	load(t, path+".again")
}

// elements gives the tensors of a value, in their order, as their bytes.
func elements(t *testing.T, v torch.Value) (all [][]byte) {
	switch v := v.(type) {
	case *torch.Tensor:
		data, err := v.Bytes()
		require.NoError(t, err)
		return [][]byte{data}
	case torch.Tuple:
		for _, e := range v {
			all = append(all, elements(t, e)...)
		}
	case torch.List:
		for _, e := range v {
			all = append(all, elements(t, e)...)
		}
	case *torch.Dict:
		for _, e := range v.Entries {
			all = append(all, elements(t, e.Value)...)
		}
	}
	return all
}

// text writes the elements of a tensor as the script does.
func text(t *testing.T, v torch.Value) string {
	values, err := torch.Slice[float32](v.(*torch.Tensor))
	require.NoError(t, err)
	var all []string
	for _, x := range values {
		all = append(all, fmt.Sprintf("%.4f", x))
	}
	return strings.Join(all, "', '")
}
