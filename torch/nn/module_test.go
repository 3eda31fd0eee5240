package nn_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/nn"
	"github.com/seed06459138/torchgo/torch/nn/functional"
	"github.com/seed06459138/torchgo/torch/nn/initializer"
)

// base is embedded, so that what it has is its embedder's.
type base struct {
	FC1 *nn.Linear
	BN  *nn.BatchNorm1d `nn:"norm"`
}

type everything struct {
	base
	Blocks  []*nn.Linear
	Act     nn.Layer
	MyEmbed *nn.Buffer
	Scratch *nn.Buffer
	Scale   *nn.Parameter
	Absent  *nn.Linear
	Skipped *nn.Linear `nn:"-"`
	Heads   nn.ModuleDict[*nn.Linear]
	Tied    *nn.Linear
	Config  struct{ Width int }
	hidden  *nn.Linear
}

func (e *everything) Forward(x *torch.Tensor) (*torch.Tensor, error) { return x, nil }

func newEverything() *everything {
	e := &everything{base: base{nn.NewLinear(2, 3), nn.NewBatchNorm1d(3)}, Blocks: []*nn.Linear{nn.NewLinear(3, 3), nn.NewLinear(3, 3), nn.NewLinear(3, 1)},
		Act: nn.ReLU{}, MyEmbed: nn.NewBuffer(initializer.Ones, 3), Scratch: nn.NewBuffer(nil, 1).NotSaved(), Scale: nn.NewParameter(initializer.Ones),
		Skipped: nn.NewLinear(1, 1), hidden: nn.NewLinear(1, 1)}
	e.Heads.Set("zeta", nn.NewLinear(3, 2))
	e.Heads.Set("alpha", nn.NewLinear(3, 1))
	e.Tied = e.FC1
	return e
}

func TestNamesAreThoseOfPython(t *testing.T) {
	torchtest.Require(t)
	m, err := nn.Init(newEverything())
	require.NoError(t, err)
	defer nn.Close(m)
	state, err := nn.StateDict(m)
	require.NoError(t, err)
	assert.Equal(t, []string{"scale", "my_embed", "fc1.weight", "fc1.bias", "norm.weight", "norm.bias", "norm.running_mean", "norm.running_var", "norm.num_batches_tracked",
		"blocks.0.weight", "blocks.0.bias", "blocks.1.weight", "blocks.1.bias", "blocks.2.weight", "blocks.2.bias",
		"heads.zeta.weight", "heads.zeta.bias", "heads.alpha.weight", "heads.alpha.bias", "tied.weight", "tied.bias"}, state.Names())
	tied, _ := state.Tensor("tied.weight")
	first, _ := state.Tensor("fc1.weight")
	assert.Same(t, first, tied, "what is shared is saved once")
	assert.Len(t, nn.Parameters(m), 15, "and counted once")
	assert.Len(t, nn.Parameters(m, m.FC1), 15)
	assert.EqualValues(t, 1+9+6+12+12+4+8+4, nn.Count(m))
	var names []string
	for name := range nn.NamedBuffers(m) {
		names = append(names, name)
	}
	assert.Equal(t, []string{"my_embed", "scratch", "norm.running_mean", "norm.running_var", "norm.num_batches_tracked"}, names)
	assert.Equal(t, `everything(
  (fc1): Linear(in_features=2, out_features=3, bias=True)
  (norm): BatchNorm1d(3, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)
  (blocks): ModuleList(
    (0-1): 2 x Linear(in_features=3, out_features=3, bias=True)
    (2): Linear(in_features=3, out_features=1, bias=True)
  )
  (act): ReLU()
  (heads): ModuleDict(
    (zeta): Linear(in_features=3, out_features=2, bias=True)
    (alpha): Linear(in_features=3, out_features=1, bias=True)
  )
  (tied): Linear(in_features=2, out_features=3, bias=True)
)`, nn.Print(m))

	var order []string
	require.NoError(t, nn.Apply(m, func(m any) error { order = append(order, fmt.Sprintf("%T", m)); return nil }))
	assert.Equal(t, "*nn_test.everything", order[len(order)-1])
	nn.Eval(m)
	assert.False(t, m.BN.Training())
	nn.Train(m)
	assert.True(t, m.BN.Training())
	require.NoError(t, nn.ToDType(m, torch.Float64))
	assert.Equal(t, torch.Float64, m.FC1.Weight.DType())
	assert.True(t, m.FC1.Weight.RequiresGrad())
	assert.Equal(t, torch.Int64, m.BN.NumBatchesTracked.DType())
	require.NoError(t, nn.SetRequiresGrad(m, false))
	assert.False(t, m.Scale.RequiresGrad())
	require.NoError(t, nn.To(m, torch.CPU))
}

func TestEmbeddingsPrintTheirOptions(t *testing.T) {
	o := nn.EmbeddingOptions{PaddingIdx: new(int64(-1)), MaxNorm: new(2.0), NormType: 1, ScaleGradByFreq: true, Sparse: true}
	assert.Equal(t, "Embedding(10, 3, padding_idx=9, max_norm=2.0, norm_type=1.0, scale_grad_by_freq=True, sparse=True)", nn.Print(nn.NewEmbedding(10, 3, o)))
	assert.Equal(t, "EmbeddingBag(10, 3, max_norm=2.0, norm_type=1.0, scale_grad_by_freq=True, mode='mean', padding_idx=9)", nn.Print(nn.NewEmbeddingBag(10, 3, o)))
}

func TestStateDictMustFit(t *testing.T) {
	torchtest.Require(t)
	m, err := nn.Init(nn.NewLinear(2, 3))
	require.NoError(t, err)
	defer nn.Close(m)
	before, err := torch.Slice[float32](m.Weight.Tensor)
	require.NoError(t, err)

	state := checkpoint.NewState()
	add := func(name string, x *checkpoint.Tensor, err error) {
		require.NoError(t, err)
		require.NoError(t, state.Add(name, x))
	}
	tensor := func(data []float32, shape ...int64) (*checkpoint.Tensor, error) {
		return checkpoint.NewTensor(data, shape...)
	}
	x, err := tensor(make([]float32, 6), 2, 3)
	add("weight", x, err)
	y, err := checkpoint.NewTensor([]float64{1, 2, 3}, 3)
	add("bias", y, err)
	add("other", y, nil)
	err = nn.LoadStateDict(m, state)
	require.ErrorIs(t, err, nn.ErrState)
	assert.EqualError(t, err, `the state_dict does not fit the module
unexpected: other
weight has the shape [2 3], not [3 2]
bias has the dtype float64, not float32`)
	after, err := torch.Slice[float32](m.Weight.Tensor)
	require.NoError(t, err)
	assert.Equal(t, before, after)

	wrapped := checkpoint.NewState()
	require.NoError(t, wrapped.Add("module.weight", y))
	assert.ErrorContains(t, nn.LoadStateDict(m, wrapped), "DataParallel")

	var stated *nn.StateError
	require.ErrorAs(t, nn.LoadStateDict(m, checkpoint.NewState()), &stated)
	assert.Equal(t, []string{"weight", "bias"}, stated.Missing)

	left, err := nn.LoadMatching(m, state)
	require.NoError(t, err)
	assert.Equal(t, []string{"other"}, left.Unexpected)
	bias, err := torch.Slice[float32](m.Bias.Tensor)
	require.NoError(t, err)
	assert.Equal(t, []float32{1, 2, 3}, bias)
	assert.True(t, m.Bias.RequiresGrad())
	assert.True(t, m.Bias.IsLeaf())
}

func TestParametersAreArguments(t *testing.T) {
	torchtest.Require(t)
	m, err := nn.Init(nn.NewLinear(2, 3))
	require.NoError(t, err)
	defer nn.Close(m)
	v, err := torch.Call("aten::mul.Tensor", m.Weight, m.Weight)
	require.NoError(t, err)
	defer torch.CloseAll(v)
	assert.True(t, v.(*torch.Tensor).RequiresGrad())
	var none *nn.Parameter
	_, err = torch.Call("aten::neg", none)
	require.ErrorIs(t, err, torch.CodeType)
	_, err = torch.Call("aten::neg", nn.NewParameter(nil, 1))
	require.ErrorContains(t, err, "nn.Init")
}

func TestForwardBeforeInit(t *testing.T) {
	torchtest.Require(t)
	x, err := torch.FromSlice([]float32{1, 2}, 1, 2)
	require.NoError(t, err)
	defer x.Close()
	_, err = nn.NewSequential(nn.NewLinear(2, 3)).Forward(x)
	require.ErrorIs(t, err, torch.CodeArgument)
	assert.ErrorContains(t, err, "layer 0, Linear")
	assert.ErrorContains(t, err, "nn.Init")
	_, err = nn.Init(struct{}{})
	require.Error(t, err)
	_, err = nn.Init(nn.NewLinear(-1, 2))
	require.ErrorContains(t, err, "weight")
	_, err = nn.NewBatchNorm2d(3).Forward(x)
	require.ErrorIs(t, err, torch.CodeValue)
}

func TestPipeAndFunctionsAsLayers(t *testing.T) {
	torchtest.Require(t)
	s := torch.NewScope()
	defer s.Close()
	x, err := torch.FromSlice([]float32{-1, 2}, 1, 2)
	require.NoError(t, err)
	y, err := nn.Pipe(s.Add(x), functional.ReLU, nn.NewSequential(nn.Func(functional.Tanh), nn.Identity{}).Forward)
	require.NoError(t, err)
	got, err := torch.Slice[float32](y)
	require.NoError(t, err)
	assert.InDeltaSlice(t, []float32{0, 0.9640276}, got, 1e-6)
	_, err = nn.Pipe(x, functional.ReLU, nn.NewLinear(3, 3).Forward)
	require.ErrorContains(t, err, "step 1")
}

func TestInitialisersWriteWhatPythonsDo(t *testing.T) {
	torchtest.Require(t)
	all := openRecorded(t, "init.pt")
	require.NoError(t, torch.ManualSeed(11))
	flat := func(fill nn.Fill) nn.Fill {
		return func(t *torch.Tensor) error {
			matrix, err := t.Reshape(6, 36)
			if err != nil {
				return err
			}
			defer matrix.Close()
			return fill(matrix)
		}
	}
	fills := map[string]nn.Fill{
		"uniform":                func(t *torch.Tensor) error { return initializer.Uniform(t, -2, 3) },
		"normal":                 func(t *torch.Tensor) error { return initializer.Normal(t, 1, 2) },
		"trunc_normal":           func(t *torch.Tensor) error { return initializer.TruncatedNormal(t, 0.1, 0.5, -0.4, 1) },
		"trunc_normal of a tail": func(t *torch.Tensor) error { return initializer.TruncatedNormal(t, 0, 1, 1, 2) },
		"constant":               func(t *torch.Tensor) error { return initializer.Constant(t, 0.3) },
		"xavier_uniform":         func(t *torch.Tensor) error { return initializer.XavierUniform(t, 1.5) },
		"xavier_normal":          func(t *torch.Tensor) error { return initializer.XavierNormal(t, 1) },
		"kaiming_uniform": func(t *torch.Tensor) error {
			return initializer.KaimingUniform(t, &initializer.KaimingOptions{Slope: 0.3})
		},
		"kaiming_normal": func(t *torch.Tensor) error {
			return initializer.KaimingNormal(t, &initializer.KaimingOptions{FanOut: true, Nonlinearity: initializer.ReLUGain})
		},
		"orthogonal": func(t *torch.Tensor) error { return initializer.Orthogonal(t, 0.7) },
		"dirac":      func(t *torch.Tensor) error { return initializer.Dirac(t, 2) },
		"eye":        flat(initializer.Eye),
		"sparse":     flat(func(t *torch.Tensor) error { return initializer.Sparse(t, 0.4, 0.5) }),
	}
	require.Equal(t, len(fills), all.Len())
	for k, v := range all.All() {
		name := string(k.(checkpoint.String))
		x, err := torch.Zeros(torch.Float32, torch.CPU, 6, 4, 3, 3)
		require.NoError(t, err)
		defer x.Close()
		require.NoError(t, fills[name](x), name)
		worst := maxError(t, tensorFrom(t, v), x, name)
		if name == "orthogonal" { // by LAPACK
			assert.LessOrEqual(t, worst, 1e-6)
		} else {
			assert.Zero(t, worst, name)
		}
	}
	vector, err := torch.Zeros(torch.Float32, torch.CPU, 3)
	require.NoError(t, err)
	defer vector.Close()
	require.ErrorIs(t, initializer.XavierNormal(vector, 1), torch.CodeArgument)
	require.ErrorIs(t, initializer.Dirac(vector, 1), torch.CodeArgument)
	require.ErrorIs(t, initializer.Sparse(vector, 0.1, 1), torch.CodeArgument)
	_, err = initializer.Gain("wavy", 0)
	require.ErrorIs(t, err, torch.CodeArgument)
}

func TestAttentionMasks(t *testing.T) {
	torchtest.Require(t)
	require.NoError(t, torch.ManualSeed(1))
	m, err := nn.Init(nn.NewMultiheadAttention(4, 2, nn.AttentionOptions{BatchFirst: true}))
	require.NoError(t, err)
	defer nn.Close(m)
	s := torch.NewScope(torch.NoGrad)
	defer s.Close()
	v, err := torch.Call("aten::randn", torch.List{torch.Int(1), torch.Int(3), torch.Int(4)})
	require.NoError(t, err)
	x := s.Add(v.(*torch.Tensor))
	causal, err := torch.FromSlice([]bool{false, true, true, false, false, true, false, false, false}, 3, 3)
	require.NoError(t, err)
	padding, err := torch.FromSlice([]bool{false, false, true}, 1, 3)
	require.NoError(t, err)
	mask := nn.AttentionMask{Attention: s.Add(causal), KeyPadding: s.Add(padding)}
	y, weights, err := m.Forward(x, x, x, mask)
	require.NoError(t, err)
	w, err := torch.Slice[float32](weights)
	require.NoError(t, err)
	for _, i := range []int{1, 2, 5, 8} {
		assert.Zero(t, w[i])
	}
	assert.InDelta(t, 1, w[0], 1e-6)
	fast, err := m.ForwardFast(x, x, x, mask)
	require.NoError(t, err)
	assert.LessOrEqual(t, maxError(t, y, fast, "the fused kernels"), 1e-6)
	only := nn.AttentionMask{Attention: causal}
	slow, err := m.ForwardFast(x, x, x, only)
	require.NoError(t, err)
	only.Causal = true
	hinted, err := m.ForwardFast(x, x, x, only)
	require.NoError(t, err)
	assert.LessOrEqual(t, maxError(t, slow, hinted, "is_causal"), 1e-6)
}

func TestALayerStateOfPythonRuns(t *testing.T) {
	torchtest.Require(t)
	f, err := checkpoint.Open(filepath.Join("..", "..", "testdata", "scenarios", "train_and_save", "checkpoint.pt"))
	require.NoError(t, err)
	defer f.Close()
	state, err := f.State("")
	require.NoError(t, err)
	m, err := newMyModel(myHyper{4, 8, 2, 0})
	require.NoError(t, err)
	require.NoError(t, nn.LoadStateDict(m, state), "parameters that Init has not made come into being")
	defer nn.Close(m)
	assert.True(t, nn.Parameters(m)[0].RequiresGrad())
}
