package nn_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/nn"
	"github.com/seed06459138/torchgo/torch/nn/initializer"
)

// generator has no method Forward.
type generator struct{ Net *nn.Sequential }

type features interface{ Features() int }

type backbone struct{ Conv *nn.Conv1d }

func (*backbone) Features() int { return 1 }

// node holds itself, and nothing else.
type node struct {
	Next  *node
	Value int
}

type nested struct {
	Grid     [][]*nn.Linear
	Pair     [2]nn.BatchNorm1d
	ByName   map[string]*nn.Linear
	Scales   []*nn.Parameter
	Single   []*nn.Parameter
	Empty    []*nn.Linear
	None     []*nn.Linear
	G        *generator
	D        generator
	Backbone features
	Loss     nn.CrossEntropyLoss

	Server  *http.Server
	Nodes   *node
	Counts  map[string]int
	Options struct{ Activation nn.Func }
	Note    any
}

func newNested() *nested {
	ones := func(shape ...int64) *nn.Parameter { return nn.NewParameter(initializer.Ones, shape...) }
	return &nested{Grid: [][]*nn.Linear{{nn.NewLinear(1, 2)}, {nn.NewLinear(1, 2)}}, Pair: [2]nn.BatchNorm1d{*nn.NewBatchNorm1d(1), *nn.NewBatchNorm1d(1)},
		ByName: map[string]*nn.Linear{"b": nn.NewLinear(2, 1), "a": nn.NewLinear(1, 1)}, Scales: []*nn.Parameter{ones(2), ones(3, 2)}, Single: []*nn.Parameter{ones(2)},
		Empty: []*nn.Linear{}, G: &generator{nn.NewSequential(nn.NewLinear(1, 1))}, D: generator{nn.NewSequential(nn.Func(nil))}, Backbone: &backbone{nn.NewConv1d(1, 1, 1)},
		Loss:   nn.CrossEntropyLoss{Weight: nn.NewBuffer(initializer.Values(0.2, 0.8), 2)},
		Server: &http.Server{}, Nodes: &node{}, Note: &node{}}
}

// Nothing that holds a parameter is passed over, however it is held.
func TestEverythingThatHoldsParametersBelongs(t *testing.T) {
	torchtest.Require(t)
	m, err := nn.Init(newNested())
	require.NoError(t, err)
	defer nn.Close(m)
	state, err := nn.StateDict(m)
	require.NoError(t, err)
	assert.Equal(t, []string{"grid.0.0.weight", "grid.0.0.bias", "grid.1.0.weight", "grid.1.0.bias",
		"pair.0.weight", "pair.0.bias", "pair.0.running_mean", "pair.0.running_var", "pair.0.num_batches_tracked",
		"pair.1.weight", "pair.1.bias", "pair.1.running_mean", "pair.1.running_var", "pair.1.num_batches_tracked",
		"by_name.a.weight", "by_name.a.bias", "by_name.b.weight", "by_name.b.bias", "scales.0", "scales.1", "single.0",
		"g.net.0.weight", "g.net.0.bias", "backbone.conv.weight", "backbone.conv.bias", "loss.weight"}, state.Names())
	require.NoError(t, nn.ToDType(m, torch.Float64))
	assert.Equal(t, torch.Float64, m.Loss.Weight.DType())
	require.NoError(t, nn.ToDType(m, torch.Float32))
	nn.Eval(m)
	assert.False(t, m.Pair[1].Training())
	// As Python prints it; but for Func, which it has not.
	assert.Equal(t, `nested(
  (grid): ModuleList(
    (0-1): 2 x ModuleList(
      (0): Linear(in_features=1, out_features=2, bias=True)
    )
  )
  (pair): ModuleList(
    (0-1): 2 x BatchNorm1d(1, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)
  )
  (by_name): ModuleDict(
    (a): Linear(in_features=1, out_features=1, bias=True)
    (b): Linear(in_features=2, out_features=1, bias=True)
  )
  (scales): ParameterList(
      (0): Parameter containing: [torch.float32 of size 2]
      (1): Parameter containing: [torch.float32 of size 3x2]
  )
  (single): ParameterList(  (0): Parameter containing: [torch.float32 of size 2])
  (empty): ModuleList()
  (g): generator(
    (net): Sequential(
      (0): Linear(in_features=1, out_features=1, bias=True)
    )
  )
  (d): generator(
    (net): Sequential(
      (0): Func()
    )
  )
  (backbone): backbone(
    (conv): Conv1d(1, 1, kernel_size=(1,), stride=(1,))
  )
  (loss): CrossEntropyLoss()
)`, nn.Print(m))
}

// recurrentNet has a mode of its own beside that of what it embeds.
type recurrentNet struct {
	nn.Mode
	*nn.LSTM
}

// classifier embeds a module whose parts begin alike.
type classifier struct {
	*nn.TransformerEncoder
	Head *nn.Linear
}

func TestEmbeddedModulesAreWhole(t *testing.T) {
	torchtest.Require(t)
	r := &recurrentNet{LSTM: nn.NewLSTM(1, 1)}
	nn.Eval(r)
	assert.False(t, r.Mode.Training())
	assert.False(t, r.LSTM.Training())
	nn.Train(r)
	assert.True(t, r.LSTM.Training())

	layer := func() *nn.TransformerEncoderLayer {
		return nn.NewTransformerEncoderLayer(2, 1, nn.EncoderLayerOptions{Hidden: 3})
	}
	require.NoError(t, torch.ManualSeed(3))
	c, err := nn.Init(&classifier{nn.NewTransformerEncoder(layer(), 2, nil), nn.NewLinear(2, 1)})
	require.NoError(t, err)
	defer nn.Close(c)
	require.NoError(t, torch.ManualSeed(3))
	one, err := nn.Init(layer())
	require.NoError(t, err)
	defer nn.Close(one)
	head, err := nn.Init(nn.NewLinear(2, 1))
	require.NoError(t, err)
	defer nn.Close(head)
	for i := range 2 {
		assert.Zero(t, maxError(t, one.Linear1.Weight.Tensor, c.Layers[i].Linear1.Weight.Tensor, "copies of one layer, which draws once"))
	}
	assert.Zero(t, maxError(t, head.Weight.Tensor, c.Head.Weight.Tensor, "what follows it"))
}

type pair struct{ A, B any }

// As torch.nn.Module.apply: what is inside first, from the first to the last; a module
// in two others is come to twice, one under two names of one module once.
func TestApplyGoesInPythonsOrder(t *testing.T) {
	shared := nn.NewLinear(5, 5)
	inner := nn.NewSequential(nn.NewLinear(1, 1), nn.NewSequential(nn.NewLinear(2, 2), shared))
	m := &pair{A: inner, B: nn.NewSequential(shared, nn.NewLinear(3, 3), shared)}
	var order []string
	require.NoError(t, nn.Apply(m, func(m any) error {
		if l, ok := m.(*nn.Linear); ok {
			order = append(order, fmt.Sprint(l.Weight.Size()[0]))
			return nil
		}
		order = append(order, fmt.Sprintf("%T", m))
		return nil
	}))
	assert.Equal(t, []string{"1", "2", "5", "*nn.Sequential", "*nn.Sequential", "5", "3", "*nn.Sequential", "*nn_test.pair"}, order)
	failed := errors.New("failed")
	assert.ErrorIs(t, nn.Apply(m, func(any) error { return failed }), failed)
	loop := &pair{}
	loop.A, loop.B = loop, shared
	visited := 0
	require.NoError(t, nn.Apply(loop, func(any) error { visited++; return nil }))
	assert.Equal(t, 2, visited)
}
