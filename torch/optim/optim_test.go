package optim_test

import (
	"math"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/aten"
	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/nn"
	"github.com/seed06459138/torchgo/torch/optim"
)

func TestMain(m *testing.M) { torchtest.Main(m) }

func openCases(t *testing.T, file string) *checkpoint.Dict {
	t.Helper()
	f, err := checkpoint.Open(filepath.Join("testdata", file))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	return f.Value().(*checkpoint.Dict)
}

// at looks up what must be there, by keys and indices.
func at[T checkpoint.Value](t *testing.T, v checkpoint.Value, path ...any) T {
	t.Helper()
	for _, p := range path {
		switch p := p.(type) {
		case string:
			next, ok := v.(*checkpoint.Dict).Get(p)
			require.True(t, ok, "no %s", p)
			v = next
		case int:
			v = v.(*checkpoint.List).Items[p]
		}
	}
	out, ok := v.(T)
	require.True(t, ok, "%v is a %T", path, v)
	return out
}

func floats(t *testing.T, v checkpoint.Value) []float32 {
	t.Helper()
	mapped, err := torch.FromCheckpoint(v.(*checkpoint.Tensor))
	require.NoError(t, err)
	defer mapped.Close()
	values, err := torch.Slice[float32](mapped)
	require.NoError(t, err)
	return values
}

// parameters makes parameters of recorded tensors.
func parameters(t *testing.T, list *checkpoint.List) []*nn.Parameter {
	t.Helper()
	module := &struct{ P []*nn.Parameter }{}
	state := checkpoint.NewState()
	for i, v := range list.Items {
		saved := v.(*checkpoint.Tensor)
		module.P = append(module.P, nn.NewParameter(nil, saved.Shape()...))
		require.NoError(t, state.Add("p."+string(rune('0'+i)), saved))
	}
	require.NoError(t, nn.LoadStateDict(module, state))
	t.Cleanup(func() { nn.Close(module) })
	return module.P
}

func setGrads(t *testing.T, params []*nn.Parameter, grads *checkpoint.List) {
	t.Helper()
	for i, v := range grads.Items {
		saved, ok := v.(*checkpoint.Tensor)
		if !ok {
			require.NoError(t, params[i].SetGrad(nil))
			continue
		}
		mapped, err := torch.FromCheckpoint(saved)
		require.NoError(t, err)
		g, err := mapped.Clone()
		require.NoError(t, err)
		require.NoError(t, params[i].SetGrad(g))
		mapped.Close()
		g.Close()
	}
}

func beta(a, b float64) *[2]float64 { return &[2]float64{a, b} }

// optimizers make those that Python recorded, with two groups, of which the second
// has a learning rate of its own.
var optimizers = map[string]func(a, b []*nn.Parameter) optim.Optimizer{
	"SGD":              sgd(optim.SGDOptions{}),
	"SGD momentum":     sgd(optim.SGDOptions{LR: 0.1, Momentum: 0.9, Dampening: 0.2, WeightDecay: 0.01}),
	"SGD nesterov":     sgd(optim.SGDOptions{LR: 0.1, Momentum: 0.9, Nesterov: true, Maximize: true}),
	"Adam":             adam(optim.AdamOptions{}),
	"Adam amsgrad":     adam(optim.AdamOptions{LR: 0.01, Betas: beta(0.8, 0.99), Eps: 1e-6, WeightDecay: 0.1, AMSGrad: true}),
	"Adam maximize":    adam(optim.AdamOptions{Maximize: true}),
	"AdamW":            adamW(optim.AdamWOptions{}),
	"AdamW amsgrad":    adamW(optim.AdamWOptions{WeightDecay: new(0.2), AMSGrad: true}),
	"RMSprop":          rmsprop(optim.RMSpropOptions{}),
	"RMSprop centered": rmsprop(optim.RMSpropOptions{LR: 0.05, Alpha: new(0.9), Momentum: 0.5, Centered: true, WeightDecay: 0.1}),
	"Adagrad":          adagrad(optim.AdagradOptions{}),
	"Adagrad decaying": adagrad(optim.AdagradOptions{LR: 0.1, LRDecay: 0.1, InitialAccumulator: 0.5, WeightDecay: 0.1, Maximize: true}),
}

type maker = func(a, b []*nn.Parameter) optim.Optimizer

func sgd(o optim.SGDOptions) maker {
	return func(a, b []*nn.Parameter) optim.Optimizer {
		o := o
		made := optim.NewSGD(a, o)
		o.LR = 0.02
		made.AddGroup(b, o)
		return made
	}
}

func adam(o optim.AdamOptions) maker {
	return func(a, b []*nn.Parameter) optim.Optimizer {
		o := o
		made := optim.NewAdam(a, o)
		o.LR = 0.02
		made.AddGroup(b, o)
		return made
	}
}

func adamW(o optim.AdamWOptions) maker {
	return func(a, b []*nn.Parameter) optim.Optimizer {
		o := o
		made := optim.NewAdamW(a, o)
		o.LR = 0.02
		made.AddGroup(b, o)
		return made
	}
}

func rmsprop(o optim.RMSpropOptions) maker {
	return func(a, b []*nn.Parameter) optim.Optimizer {
		o := o
		made := optim.NewRMSprop(a, o)
		o.LR = 0.02
		made.AddGroup(b, o)
		return made
	}
}

func adagrad(o optim.AdagradOptions) maker {
	return func(a, b []*nn.Parameter) optim.Optimizer {
		o := o
		made := optim.NewAdagrad(a, o)
		o.LR = 0.02
		made.AddGroup(b, o)
		return made
	}
}

func compareParameters(t *testing.T, want *checkpoint.List, params []*nn.Parameter) {
	t.Helper()
	for i, v := range want.Items {
		got, err := torch.Slice[float32](params[i].Tensor)
		require.NoError(t, err)
		assert.InDeltaSlice(t, floats(t, v), got, 1e-6, "parameter %d", i)
	}
}

// compareValues holds a state_dict against Python's: the same keys in the same
// order, the same types, near numbers.
func compareValues(t *testing.T, path string, want, got checkpoint.Value) {
	t.Helper()
	switch want := want.(type) {
	case *checkpoint.Dict:
		d, ok := got.(*checkpoint.Dict)
		require.True(t, ok, path)
		var wanted, have []checkpoint.Value
		for k := range want.All() {
			wanted = append(wanted, k)
		}
		for k := range d.All() {
			have = append(have, k)
		}
		if _, numbered := append(wanted, checkpoint.None{})[0].(checkpoint.Int); numbered {
			require.ElementsMatch(t, wanted, have, path) // parameters stand in the order of their first gradients in Python
		} else {
			require.Equal(t, wanted, have, path)
		}
		for k, v := range want.All() {
			other, _ := d.Lookup(k)
			compareValues(t, path+"."+name(k), v, other)
		}
	case *checkpoint.List:
		l, ok := got.(*checkpoint.List)
		require.True(t, ok, path)
		require.Len(t, l.Items, len(want.Items), path)
		for i, v := range want.Items {
			compareValues(t, path+"[]", v, l.Items[i])
		}
	case *checkpoint.Tuple:
		require.Equal(t, want, got, path)
	case *checkpoint.Tensor:
		x, ok := got.(*checkpoint.Tensor)
		require.True(t, ok, path)
		require.Equal(t, want.Shape(), x.Shape(), path)
		assert.InDeltaSlice(t, floats(t, want), floats(t, x), 1e-6, path)
	case checkpoint.Int:
		if f, ok := got.(checkpoint.Float); ok { // Python writes the 0 that is its default
			assert.EqualValues(t, want, f, path)
			return
		}
		assert.Equal(t, want, got, path)
	default:
		assert.Equal(t, want, got, path)
	}
}

func name(v checkpoint.Value) string {
	if s, ok := v.(checkpoint.String); ok {
		return string(s)
	}
	return "n"
}

func TestOptimizersDoWhatPythonsDid(t *testing.T) {
	torchtest.Require(t)
	all := openCases(t, "optimizers.pt")
	require.Equal(t, all.Len(), len(optimizers))
	for k, v := range all.All() {
		title := string(k.(checkpoint.String))
		t.Run(title, func(t *testing.T) {
			steps := at[*checkpoint.List](t, v, "steps")
			// From the beginning, and from Python's state after the third step.
			for _, from := range []int{0, 3} {
				begin := at[*checkpoint.List](t, v, "params")
				if from > 0 {
					begin = at[*checkpoint.List](t, steps, from-1, "params")
				}
				params := parameters(t, begin)
				opt := optimizers[title](params[:2], params[2:])
				defer opt.Close()
				if from > 0 {
					require.NoError(t, opt.LoadStateDict(at[*checkpoint.Dict](t, steps, from-1, "state")))
				}
				for i := from; i < len(steps.Items); i++ {
					setGrads(t, params, at[*checkpoint.List](t, steps, i, "grads"))
					require.NoError(t, opt.Step())
					compareParameters(t, at[*checkpoint.List](t, steps, i, "params"), params)
					if want, ok := steps.Items[i].(*checkpoint.Dict).Get("state"); ok {
						got, err := opt.StateDict()
						require.NoError(t, err)
						compareValues(t, title, want, got)
					}
				}
				require.NoError(t, opt.ZeroGrad())
				require.NoError(t, opt.Step(), "without gradients nothing happens")
			}
		})
	}
}

func TestWhatDoesNotFitChangesNothing(t *testing.T) {
	torchtest.Require(t)
	all := openCases(t, "optimizers.pt")
	v, _ := all.Get("Adam")
	params := parameters(t, at[*checkpoint.List](t, v, "params"))
	state := at[*checkpoint.Dict](t, v, "steps", 2, "state")
	opt := optimizers["Adam"](params[:2], params[2:])
	defer opt.Close()
	require.NoError(t, opt.LoadStateDict(state))
	before, err := opt.StateDict()
	require.NoError(t, err)

	one := optim.NewAdam(params)
	require.ErrorIs(t, one.LoadStateDict(state), optim.ErrState)
	assert.ErrorContains(t, one.LoadStateDict(state), "it has 2 groups of parameters, the optimizer 1")
	plain := optim.NewSGD(params[:2])
	plain.AddGroup(params[2:], optim.SGDOptions{})
	require.ErrorIs(t, plain.LoadStateDict(state), optim.ErrState)
	assert.ErrorContains(t, plain.LoadStateDict(state), "exp_avg is nothing that it remembers: the state is that of another optimizer")
	swapped := optimizers["Adam"](params[:1], params[1:])
	assert.ErrorContains(t, swapped.LoadStateDict(state), "group 0 has 2 parameters, the optimizer's 1")
	other := parameters(t, &checkpoint.List{Items: []checkpoint.Value{at[*checkpoint.List](t, v, "params").Items[1], at[*checkpoint.List](t, v, "params").Items[0]}})
	turned := optimizers["Adam"](other, params[2:])
	assert.ErrorContains(t, turned.LoadStateDict(state), "exp_avg has the shape [3 2], the parameter [3]")
	ams := optimizers["Adam amsgrad"](params[:2], params[2:])
	require.NoError(t, ams.LoadStateDict(state), "the groups' options come from the state")
	ams.Close()
	sgd, _ := all.Get("SGD momentum")
	assert.ErrorContains(t, opt.LoadStateDict(at[*checkpoint.Dict](t, sgd, "steps", 2, "state")), "momentum_buffer is nothing that it remembers")
	for _, bad := range []*checkpoint.Dict{nil, checkpoint.NewDict()} {
		require.ErrorIs(t, opt.LoadStateDict(bad), optim.ErrState)
	}
	after, err := opt.StateDict()
	require.NoError(t, err)
	compareValues(t, "after", before, after)
}

func TestImpossibleOptions(t *testing.T) {
	torchtest.Require(t)
	params := parameters(t, at[*checkpoint.List](t, openCases(t, "optimizers.pt"), "Adam", "params"))
	for text, opt := range map[string]optim.Optimizer{
		"lr is -1":                    optim.NewSGD(params, optim.SGDOptions{LR: -1}),
		"lr is NaN":                   optim.NewAdam(params, optim.AdamOptions{LR: math.NaN()}),
		"the first of betas is 1":     optim.NewAdamW(params, optim.AdamWOptions{Betas: beta(1, 0)}),
		"nesterov needs":              optim.NewSGD(params, optim.SGDOptions{Nesterov: true}),
		"group 0 has no parameters":   optim.NewRMSprop(nil),
		"is there already":            optim.NewAdagrad(append(params, params[0])),
		"holds no tensor: call nn.In": optim.NewSGD([]*nn.Parameter{nn.NewParameter(nil, 1)}),
	} {
		require.ErrorIs(t, opt.Step(), torch.CodeArgument, text)
		assert.ErrorContains(t, opt.Step(), text)
	}
}

func TestARateThatIsNoNumberSpoilsNothing(t *testing.T) {
	torchtest.Require(t)
	v, _ := openCases(t, "optimizers.pt").Get("Adam")
	params := parameters(t, at[*checkpoint.List](t, v, "params"))
	setGrads(t, params, at[*checkpoint.List](t, v, "steps", 0, "grads"))
	opt := optim.NewAdam(params)
	defer opt.Close()
	s := optim.NewLambdaLR(opt, func(epoch int) float64 { return math.Log(float64(1 - 2*epoch)) })
	require.NoError(t, s.Step())
	require.ErrorIs(t, opt.Step(), torch.CodeArgument)
	assert.ErrorContains(t, opt.Step(), "lr is NaN")
	compareParameters(t, at[*checkpoint.List](t, v, "params"), params)
	opt.Groups()[0].SetLR(0)
	require.NoError(t, opt.Step())
	compareParameters(t, at[*checkpoint.List](t, v, "params"), params)
}

func TestSparseGradients(t *testing.T) {
	torchtest.Require(t)
	model, err := nn.Init(&struct {
		Table *nn.Embedding
		Bias  *nn.Parameter
	}{nn.NewEmbedding(4, 2, nn.EmbeddingOptions{Sparse: true}), nn.NewParameter(nil, 2)})
	require.NoError(t, err)
	defer nn.Close(model)
	params := nn.Parameters(model)
	backward := func() {
		require.NoError(t, torch.InScope(func(s *torch.Scope) error {
			rows, err := torch.FromSlice([]int64{1, 3, 1})
			require.NoError(t, err)
			s.Add(rows)
			y, err := model.Table.Forward(rows)
			require.NoError(t, err)
			sum, err := aten.AddTensor(y, model.Bias.Tensor, nil)
			require.NoError(t, err)
			loss, err := aten.Sum(sum, nil)
			require.NoError(t, err)
			return loss.Backward()
		}))
	}
	before, err := torch.Slice[float32](model.Table.Weight.Tensor)
	require.NoError(t, err)
	backward()
	require.NoError(t, optim.NewSGD(params, optim.SGDOptions{LR: 0.5}).Step())
	after, err := torch.Slice[float32](model.Table.Weight.Tensor)
	require.NoError(t, err)
	for i, change := range []float32{0, 0, -1, -1, 0, 0, -0.5, -0.5} {
		assert.InDelta(t, before[i]+change, after[i], 1e-6)
	}
	bias, err := torch.Slice[float32](model.Bias.Tensor)
	require.NoError(t, err)
	assert.Equal(t, []float32{-1.5, -1.5}, bias)
	for _, opt := range []optim.Optimizer{optim.NewSGD(params, optim.SGDOptions{Momentum: 0.9}), optim.NewAdam(params), optim.NewRMSprop(params), optim.NewAdagrad(params)} {
		assert.ErrorContains(t, opt.Step(), "gradients are sparse, which SGD alone takes")
		opt.Close()
	}
}

func TestParametersThatWereConvertedMeanwhile(t *testing.T) {
	torchtest.Require(t)
	m, err := nn.Init(nn.NewLinear(2, 1))
	require.NoError(t, err)
	defer nn.Close(m)
	opt := optim.NewAdam(nn.Parameters(m))
	defer opt.Close()
	step := func() error {
		for _, p := range nn.Parameters(m) {
			g, err := p.Detach()
			require.NoError(t, err)
			require.NoError(t, p.SetGrad(g))
			g.Close()
		}
		return opt.Step()
	}
	require.NoError(t, step())
	require.NoError(t, nn.ToDType(m, torch.Float64))
	for range 2 {
		require.ErrorIs(t, step(), torch.CodeArgument)
		assert.ErrorContains(t, step(), "a parameter is of float64 on cpu, and what is remembered of it of float32 on cpu: make the optimizer after nn.To")
	}
	state, err := opt.StateDict()
	require.NoError(t, err)
	require.NoError(t, opt.LoadStateDict(state))
	require.NoError(t, step(), "loading converts")
}

func TestClipping(t *testing.T) {
	torchtest.Require(t)
	params := parameters(t, at[*checkpoint.List](t, openCases(t, "optimizers.pt"), "Adam", "params"))
	set := func(v ...float32) {
		x, err := torch.FromSlice(v)
		require.NoError(t, err)
		defer x.Close()
		require.NoError(t, params[1].SetGrad(x))
	}
	got := func() []float32 {
		g, err := params[1].Grad()
		require.NoError(t, err)
		defer g.Close()
		v, err := torch.Slice[float32](g)
		require.NoError(t, err)
		return v
	}
	norm, err := optim.ClipGradNorm(params, 1)
	require.NoError(t, err)
	assert.Zero(t, norm, "without gradients")
	set(3, 0, -4)
	norm, err = optim.ClipGradNorm(params, 10)
	require.NoError(t, err)
	assert.InDelta(t, 5, norm, 1e-6)
	assert.Equal(t, []float32{3, 0, -4}, got())
	_, err = optim.ClipGradNorm(params, 1)
	require.NoError(t, err)
	assert.InDeltaSlice(t, []float32{0.6, 0, -0.8}, got(), 1e-6)
	set(3, 0, -4)
	norm, err = optim.ClipGradNormOf(params, 2, math.Inf(1))
	require.NoError(t, err)
	assert.InDelta(t, 4, norm, 1e-6)
	assert.InDeltaSlice(t, []float32{1.5, 0, -2}, got(), 1e-6)
	require.NoError(t, optim.ClipGradValue(params, 1.7))
	assert.InDeltaSlice(t, []float32{1.5, 0, -1.7}, got(), 1e-6)
	set(float32(math.NaN()), 0, 1)
	_, err = optim.ClipGradNorm(params, 1)
	require.ErrorIs(t, err, optim.ErrNonFinite)
}
