package script_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/nn"
	"github.com/seed06459138/torchgo/torch/nn/functional"
	"github.com/seed06459138/torchgo/torch/nn/script"
	"github.com/seed06459138/torchgo/torch/optim"
	"github.com/seed06459138/torchgo/torch/train"
)

func TestMain(m *testing.M) { torchtest.Main(m) }

var scenario = filepath.Join("..", "..", "..", "testdata", "scenarios", "train_and_save")

type hyper struct {
	InputDim, HiddenDim, OutputDim int64
	LR                             float64
}

func init() {
	if err := nn.Register("mymodel", "v1", func(hyper) (*script.Module, error) { return script.Load(filepath.Join(scenario, "model_scripted.pt")) }); err != nil {
		panic(err)
	}
}

func adam(h hyper, p []*nn.Parameter) optim.Optimizer {
	return optim.NewAdam(p, optim.AdamOptions{LR: h.LR})
}

func read(t *testing.T, file string) *torch.Tensor {
	a, err := checkpoint.ReadNPY(filepath.Join(scenario, file))
	require.NoError(t, err)
	x, err := torch.FromArray(a)
	require.NoError(t, err)
	t.Cleanup(x.Close)
	return x
}

// TestPythonsTrainingGoesOn resumes Python's checkpoint with the structure of Python's
// TorchScript file, and saves it as both.
func TestPythonsTrainingGoesOn(t *testing.T) {
	torchtest.Require(t)
	printed, err := os.ReadFile(filepath.Join(scenario, "printed.txt"))
	require.NoError(t, err)
	run, err := train.Resume[*script.Module](filepath.Join(scenario, "checkpoint.pt"), adam)
	require.NoError(t, err)
	defer run.Model.Close()
	defer run.Close()
	x, y := read(t, "x.npy"), read(t, "y.npy")
	step := func() float64 {
		loss, err := run.Step(func(s *torch.Scope) (*torch.Tensor, error) {
			own, err := x.Detach()
			if err != nil {
				return nil, err
			}
			out, err := run.Model.Forward(s.Add(own))
			if err != nil {
				return nil, err
			}
			return functional.CrossEntropy(out, y)
		})
		require.NoError(t, err)
		run.EndEpoch(loss)
		return loss
	}
	for _, m := range regexp.MustCompile(`epoch [34]: loss ([\d.]+)`).FindAllSubmatch(printed, -1) {
		want, err := strconv.ParseFloat(string(m[1]), 64)
		require.NoError(t, err)
		assert.InDelta(t, want, step(), 1e-6)
	}
	for range 20 { // through what the profiling executor compiles
		step()
	}
	assert.Less(t, run.Loss, 0.68)
	dir := t.TempDir()
	require.NoError(t, run.Save(filepath.Join(dir, "checkpoint.pt")))
	require.NoError(t, run.Model.Save(filepath.Join(dir, "model_scripted.pt")))

	again, err := train.Resume[*script.Module](filepath.Join(dir, "checkpoint.pt"), adam)
	require.NoError(t, err)
	defer again.Model.Close()
	defer again.Close()
	assert.EqualValues(t, 25, again.Epoch)
	loaded, err := jit.Load(filepath.Join(dir, "model_scripted.pt"))
	require.NoError(t, err)
	defer loaded.Close()
	want, err := loaded.Forward(x)
	require.NoError(t, err)
	defer want.Close()
	got, err := again.Model.Forward(x)
	require.NoError(t, err)
	defer got.Close()
	assert.True(t, got.RequiresGrad())
	assert.False(t, want.RequiresGrad(), "others run in inference mode")
	same, err := got.AllClose(want, 1e-6, 1e-7, false)
	require.NoError(t, err)
	assert.True(t, same)
}

func TestWhatAFileHoldsStays(t *testing.T) {
	torchtest.Require(t)
	m, err := script.Load(filepath.Join(scenario, "model_scripted.pt"))
	require.NoError(t, err)
	defer m.Close()
	state, err := nn.StateDict(m)
	require.NoError(t, err)
	assert.Equal(t, []string{"net.0.weight", "net.0.bias", "net.2.weight", "net.2.bias"}, state.Names())
	_, err = nn.Init(m)
	require.NoError(t, err)
	after, err := nn.StateDict(m)
	require.NoError(t, err)
	assert.Equal(t, state.Names(), after.Names())
	for _, name := range state.Names() {
		a, _ := state.Tensor(name)
		b, _ := after.Tensor(name)
		x, err := a.Bytes()
		require.NoError(t, err)
		y, err := b.Bytes()
		require.NoError(t, err)
		assert.Equal(t, x, y)
	}
	err = nn.ToDType(m, torch.Float64)
	require.ErrorIs(t, err, nn.ErrHeld)
	assert.ErrorContains(t, err, "net.0.weight")
	assert.EqualValues(t, 58, nn.Count(m))
	assert.Contains(t, nn.Print(m), "net.0.weight, net.0.bias")

	_, err = script.Load(filepath.Join(scenario, "checkpoint.pt"))
	require.Error(t, err)
}

// Tied weights stay one tensor, and their training moves both places.
func TestTiedWeights(t *testing.T) {
	torchtest.Require(t)
	m, err := script.Load(filepath.Join("..", "..", "..", "testdata", "zoo", "tied_weights", "scripted.pt"))
	require.NoError(t, err)
	defer m.Close()
	byTensor := make(map[any][]string)
	for _, e := range m.Members() {
		byTensor[e.Value] = append(byTensor[e.Value], e.Name)
	}
	assert.Less(t, len(byTensor), len(m.Members()))
	tensors, err := m.Scripted().Tensors()
	require.NoError(t, err)
	places := make(map[string]*torch.Tensor)
	for _, n := range tensors {
		defer n.Tensor.Close()
		places[n.Name] = n.Tensor
	}
	for _, names := range byTensor {
		for _, name := range names {
			assert.True(t, places[name].SameStorage(places[names[0]]), name)
		}
	}
}

// nn.Eval and nn.Train reach a scripted module, wherever it stands.
func TestModesReachTheScript(t *testing.T) {
	torchtest.Require(t)
	m, err := script.Load(filepath.Join("..", "..", "..", "testdata", "zoo", "batch_norm", "scripted.pt"))
	require.NoError(t, err)
	defer m.Close()
	a, err := checkpoint.ReadNPY(filepath.Join("..", "..", "..", "testdata", "zoo", "batch_norm", "x.npy"))
	require.NoError(t, err)
	x, err := torch.FromArray(a)
	require.NoError(t, err)
	defer x.Close()
	statistics := func() (all [][]byte) {
		y, err := m.Forward(x)
		require.NoError(t, err)
		y.Close()
		for _, b := range nn.NamedBuffers(m) {
			data, err := b.Bytes()
			require.NoError(t, err)
			all = append(all, data)
		}
		require.NotEmpty(t, all)
		return all
	}
	model := nn.NewSequential(m)
	assert.True(t, m.Training())
	assert.NotEqual(t, statistics(), statistics(), "training")
	nn.Eval(model)
	assert.False(t, m.Training())
	assert.Equal(t, statistics(), statistics(), "evaluation")
	nn.Train(model)
	assert.NotEqual(t, statistics(), statistics(), "training again")
	require.NoError(t, m.SetTraining(false))
	assert.False(t, m.Training())
	assert.Equal(t, statistics(), statistics())
}
