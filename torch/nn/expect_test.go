package nn_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/aten"
	"github.com/seed06459138/torchgo/torch/dtype"
	"github.com/seed06459138/torchgo/torch/nn"
	"github.com/seed06459138/torchgo/torch/nn/functional"
	"github.com/seed06459138/torchgo/torch/nn/initializer"
)

// spoilt makes another tensor of one that a module takes.
type spoilt struct {
	name   string
	make   func(x *torch.Tensor) (*torch.Tensor, error)
	refuse bool // whatever the module is
}

func spoilts() []spoilt {
	as := func(d torch.DType) func(*torch.Tensor) (*torch.Tensor, error) {
		return func(x *torch.Tensor) (*torch.Tensor, error) { return x.ToDType(d) }
	}
	return []spoilt{
		{"nil", func(*torch.Tensor) (*torch.Tensor, error) { return nil, nil }, true},
		{"closed", func(x *torch.Tensor) (*torch.Tensor, error) {
			y, err := x.Clone()
			y.Close()
			return y, err
		}, true},
		{"a feature more", func(x *torch.Tensor) (*torch.Tensor, error) { return aten.Pad(x, []int64{0, 1}, nil) }, false},
		{"a feature less", func(x *torch.Tensor) (*torch.Tensor, error) { return aten.Pad(x, []int64{0, -1}, nil) }, false},
		{"a row less", func(x *torch.Tensor) (*torch.Tensor, error) { return aten.Narrow(x, 0, 0, x.Shape()[0]-1) }, false},
		{"no rows", func(x *torch.Tensor) (*torch.Tensor, error) { return aten.Narrow(x, 0, 0, 0) }, false},
		{"a dimension more", func(x *torch.Tensor) (*torch.Tensor, error) { return aten.Unsqueeze(x, 0) }, false},
		{"a dimension less", func(x *torch.Tensor) (*torch.Tensor, error) { return aten.SelectInt(x, 0, 0) }, false},
		{"float64", as(torch.Float64), false}, {"bfloat16", as(torch.BFloat16), false}, {"float16", as(torch.Float16), false},
		{"int64", as(torch.Int64), false}, {"bool", as(dtype.Bool), false},
	}
}

// Whatever a module is given, it gives a result or an error, and the process lives.
func TestWrongInputsDoNoHarm(t *testing.T) {
	torchtest.Require(t)
	for file, cases := range map[string][]moduleCase{"modules.pt": moduleCases(), "losses.pt": lossCases()} {
		all := openRecorded(t, file)
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				forward := c.forward
				if forward == nil {
					forward = func(x []*torch.Tensor) ([]*torch.Tensor, error) { return one(c.module.(nn.Layer).Forward(x[0])) }
				}
				_, err := nn.Init(c.module)
				require.NoError(t, err)
				defer nn.Close(c.module)
				inputs := recordedCase(t, all, c.name).inputs
				for i := range inputs {
					for _, s := range spoilts() {
						wrong(t, forward, inputs, i, s)
					}
				}
			})
		}
	}
}

// wrong calls a module with one of its inputs spoilt.
func wrong(t *testing.T, forward func(x []*torch.Tensor) ([]*torch.Tensor, error), inputs []*torch.Tensor, which int, s spoilt) {
	scope := torch.NewScope()
	defer scope.Close()
	args := slices.Clone(inputs)
	for i, x := range inputs {
		copied, err := x.Clone()
		require.NoError(t, err)
		args[i] = scope.Add(copied)
	}
	bad, err := s.make(args[which])
	if err != nil {
		return // not of this one
	}
	args[which] = bad
	assert.NotPanics(t, func() {
		_, err = forward(args)
	}, "%s, input %d", s.name, which)
	if s.refuse && !(s.name == "nil" && which > 0) { // some may be left out
		require.Error(t, err, "%s, input %d", s.name, which)
	}
}

func TestWhatPythonRefusesIsRefused(t *testing.T) {
	torchtest.Require(t)
	s := torch.NewScope()
	defer s.Close()
	ones := func(shape ...int64) *torch.Tensor {
		x, err := torch.Full(1, torch.Float32, torch.CPU, shape...)
		require.NoError(t, err)
		return s.Add(x)
	}
	lstm, gru := nn.NewLSTM(3, 4), nn.NewGRU(3, 4, nn.RecurrentOptions{BatchFirst: true})
	norm, instance, group := nn.NewBatchNorm1d(3), nn.NewInstanceNorm1d(3), nn.NewGroupNorm(3, 3)
	for _, m := range []any{lstm, gru, norm, instance, group} {
		_, err := nn.Init(m)
		require.NoError(t, err)
		defer nn.Close(m)
	}
	variance, err := torch.FromSlice([]float32{1, -1})
	require.NoError(t, err)
	s.Add(variance)
	for text, call := range map[string]func() error{
		"the input has 7 features, not 3":            func() error { _, _, err := lstm.Forward(ones(5, 2, 7), nil); return err },
		"a state has the shape [1 1 4], not [1 2 4]": func() error { _, _, err := gru.Forward(ones(2, 5, 3), ones(1, 1, 4)); return err },
		"a state has the shape [1 2 3], not [1 2 4]": func() error {
			_, _, err := lstm.Forward(ones(5, 2, 3), &nn.LSTMState{H: ones(1, 2, 4), C: ones(1, 2, 3)})
			return err
		},
		"BatchNorm1d: an input of the shape [1 3]":      func() error { _, err := norm.Forward(ones(1, 3)); return err },
		"InstanceNorm1d: an input of the shape [2 3 1]": func() error { _, err := instance.Forward(ones(2, 3, 1)); return err },
		"GroupNorm: an input of the shape [1 3]":        func() error { _, err := group.Forward(ones(1, 3)); return err },
		"the target has the shape [4], the input [4 1]": func() error { _, err := functional.BCEWithLogits(ones(4, 1), ones(4)); return err },
		"the target has the shape [2 2], the input [4]": func() error { _, err := functional.BCE(ones(4), ones(2, 2)); return err },
		"a variance is less than 0":                     func() error { _, err := functional.GaussianNLL(ones(2), ones(2), variance); return err },
		"row 10 is to be the padding of a table of 7":   func() error { return initOf(nn.NewEmbedding(7, 3, nn.EmbeddingOptions{PaddingIdx: new(int64(10))})) },
		"row -8 is to be the padding of a table of 7":   func() error { return initOf(nn.NewEmbedding(7, 3, nn.EmbeddingOptions{PaddingIdx: new(int64(-8))})) },
		"row 0 is to be the padding of a table of 0":    func() error { return initOf(nn.NewEmbedding(0, 3, nn.EmbeddingOptions{PaddingIdx: new(int64(0))})) },
		"3 numbers for a tensor of the shape [2]":       func() error { return initializer.Values(1, 2, 3)(variance) },
		"6 features are no multiple of 0 heads": func() error {
			_, err := nn.NewMultiheadAttention(6, 0).ForwardFast(ones(1, 1, 6), ones(1, 1, 6), ones(1, 1, 6))
			return err
		},
	} {
		assert.ErrorContains(t, call(), text)
	}
	statistics, err := torch.Slice[float32](norm.RunningVar.Tensor)
	require.NoError(t, err)
	assert.Equal(t, []float32{1, 1, 1}, statistics, "as they were")
	nn.Eval(norm)
	_, err = norm.Forward(ones(1, 3))
	require.NoError(t, err)
}

func initOf(module any) error {
	defer nn.Close(module)
	_, err := nn.Init(module)
	return err
}
