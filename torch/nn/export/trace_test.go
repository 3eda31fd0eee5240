package export

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/aten"
	"github.com/seed06459138/torchgo/torch/nn"
)

func random(t *testing.T, shape ...int64) *torch.Tensor {
	x, err := aten.Randn(shape, nil)
	require.NoError(t, err)
	t.Cleanup(x.Close)
	return x
}

func made[M any](t *testing.T, module M) M {
	torchtest.Require(t)
	require.NoError(t, torch.ManualSeed(1))
	m, err := nn.Init(module)
	require.NoError(t, err)
	t.Cleanup(func() { nn.Close(m) })
	return m
}

// saved gives a module as it is after it was saved and loaded.
func saved(t *testing.T, m *jit.Module, err error) *jit.Module {
	require.NoError(t, err)
	defer m.Close()
	path := filepath.Join(t.TempDir(), "model_scripted.pt")
	require.NoError(t, m.Save(path))
	loaded, err := jit.Load(path)
	require.NoError(t, err)
	t.Cleanup(loaded.Close)
	return loaded
}

type layered struct{ nn.Sequential }

func TestLayer(t *testing.T) {
	m := made(t, nn.NewSequential(nn.NewConv2d(3, 4, 3), nn.NewBatchNorm2d(4), &nn.ReLU{}, nn.NewMaxPool2d(2), nn.NewDropout(0.5), &nn.Flatten{}, nn.NewLinear(36, 5)))
	x, other := random(t, 2, 3, 8, 8), random(t, 5, 3, 8, 8)
	loaded := func() *jit.Module {
		scripted, err := Layer(m, x, other)
		return saved(t, scripted, err)
	}()
	for _, sub := range nn.Modules(m) {
		if sub, ok := sub.(interface{ Training() bool }); ok {
			assert.True(t, sub.Training(), "it is trained on")
		}
	}
	nn.Eval(m)
	want, err := m.Forward(other)
	require.NoError(t, err)
	defer want.Close()
	got, err := loaded.Forward(other)
	require.NoError(t, err)
	defer got.Close()
	close, err := got.AllClose(want, 0, 0, false)
	require.NoError(t, err)
	assert.True(t, close)

	var names, ours []string
	tensors, err := loaded.Tensors()
	require.NoError(t, err)
	for _, n := range tensors {
		names = append(names, n.Name)
		n.Tensor.Close()
	}
	for name := range nn.NamedParameters(m) {
		ours = append(ours, name)
	}
	for name := range nn.NamedBuffers(m) {
		ours = append(ours, name)
	}
	assert.ElementsMatch(t, ours, names)
}

func TestModesAreRestored(t *testing.T) {
	inner := nn.NewSequential(nn.NewDropout(0.1), nn.NewDropout(0.2))
	m := made(t, &layered{*nn.NewSequential(inner, nn.NewDropout(0.3))})
	nn.Eval(inner)
	nn.Train(inner.Layers()[1])
	evaluating(m)()
	for layer, training := range map[nn.Layer]bool{inner.Layers()[0]: false, inner.Layers()[1]: true, m.Layers()[1]: true} {
		assert.Equal(t, training, layer.(*nn.Dropout).Training())
	}
}

type tied struct{ A, B *nn.Linear }

func (m *tied) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	return nn.Pipe(x, m.A.Forward, m.B.Forward)
}

// A parameter under two names has both in the result, as in the state_dict.
func TestTiedWeights(t *testing.T) {
	m := &tied{nn.NewLinear(2, 2), nn.NewLinear(2, 2)}
	m.B.Weight = m.A.Weight
	made(t, m)
	scripted, err := Layer(m, random(t, 3, 2))
	loaded := saved(t, scripted, err)
	tensors, err := loaded.Tensors()
	require.NoError(t, err)
	byName := make(map[string]*torch.Tensor)
	for _, n := range tensors {
		defer n.Tensor.Close()
		byName[n.Name] = n.Tensor
	}
	state, err := nn.StateDict(m)
	require.NoError(t, err)
	require.Len(t, byName, state.Len())
	for _, name := range state.Names() {
		assert.Contains(t, byName, name)
	}
	assert.True(t, byName["a.weight"].SameStorage(byName["b.weight"]))
}

func TestTrace(t *testing.T) {
	lstm := made(t, nn.NewLSTM(3, 4))
	loaded := func() *jit.Module {
		m, err := Trace(jit.Tracing{Inputs: []string{"sequence"}}, lstm, func(in ...*torch.Tensor) (torch.Value, error) {
			y, state, err := lstm.Forward(in[0], nil)
			if err != nil {
				return nil, err
			}
			return torch.Tuple{y, state.H, state.C}, nil
		}, random(t, 6, 2, 3))
		return saved(t, m, err)
	}()
	signatures, err := loaded.Signatures()
	require.NoError(t, err)
	assert.Equal(t, "forward(sequence: Tensor) -> Tuple[Tensor, Tensor, Tensor]", signatures[0].String())
	code, err := loaded.Code()
	require.NoError(t, err)
	assert.Contains(t, code, "class LSTM(Module)")
}

// Sizes that Go read from a tensor are fixed in a trace, which checks find.
func TestWhatATraceCannotHold(t *testing.T) {
	m := made(t, nn.NewLinear(4, 4))
	square := nn.Func(func(x *torch.Tensor) (*torch.Tensor, error) {
		y, err := m.Forward(x)
		if err != nil {
			return nil, err
		}
		return y.Reshape(2, 8)
	})
	_, err := Layer(square, random(t, 4, 4), random(t, 2, 4))
	assert.ErrorContains(t, err, "check 1")
}
