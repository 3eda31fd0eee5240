package train_test

import (
	"context"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/data"
	"github.com/seed06459138/torchgo/torch/nn"
	"github.com/seed06459138/torchgo/torch/nn/functional"
	"github.com/seed06459138/torchgo/torch/optim"
	"github.com/seed06459138/torchgo/torch/train"
)

func TestMain(m *testing.M) { torchtest.Main(m) }

// myModel is the model of scenario 1.
type myModel struct{ Net *nn.Sequential }

func (m *myModel) Forward(x *torch.Tensor) (*torch.Tensor, error) { return m.Net.Forward(x) }

type hyper struct {
	InputDim, HiddenDim, OutputDim int64
	LR                             float64
}

var scenarioHyper = hyper{InputDim: 4, HiddenDim: 8, OutputDim: 2, LR: 1e-3}

func init() {
	err := errors.Join(
		nn.Register("mymodel", "v1", func(h hyper) (*myModel, error) {
			return &myModel{nn.NewSequential(nn.NewLinear(h.InputDim, h.HiddenDim), nn.ReLU{}, nn.NewLinear(h.HiddenDim, h.OutputDim))}, nil
		}),
		nn.Register("dropping", "v1", func(h hyper) (*myModel, error) {
			return &myModel{nn.NewSequential(nn.NewLinear(h.InputDim, h.HiddenDim), nn.NewDropout(0.5), nn.NewLinear(h.HiddenDim, h.OutputDim))}, nil
		}))
	if err != nil {
		panic(err)
	}
}

func adam(h hyper, p []*nn.Parameter) optim.Optimizer {
	return optim.NewAdam(p, optim.AdamOptions{LR: h.LR})
}

var scenario = filepath.Join("..", "..", "testdata", "scenarios", "train_and_save")

func readNPY(t *testing.T, file string) *torch.Tensor {
	t.Helper()
	a, err := checkpoint.ReadNPY(filepath.Join(scenario, file))
	require.NoError(t, err)
	x, err := torch.FromArray(a)
	require.NoError(t, err)
	t.Cleanup(x.Close)
	return x
}

// losses reads those that Python printed.
func losses(t *testing.T, text []byte) (all []float64) {
	t.Helper()
	for _, m := range regexp.MustCompile(`epoch \d+: loss ([\d.]+)`).FindAllStringSubmatch(string(text), -1) {
		v, err := strconv.ParseFloat(m[1], 64)
		require.NoError(t, err)
		all = append(all, v)
	}
	return all
}

// epochs trains on the scenario's data and gives the losses.
func epochs(t *testing.T, run *train.Run[*myModel, hyper], upTo int64) (all []float64) {
	t.Helper()
	x, y := readNPY(t, "x.npy"), readNPY(t, "y.npy")
	for run.Epoch < upTo {
		loss, err := run.Step(func(s *torch.Scope) (*torch.Tensor, error) {
			view, err := x.Detach()
			if err != nil {
				return nil, err
			}
			out, err := run.Model.Forward(s.Add(view))
			if err != nil {
				return nil, err
			}
			return functional.CrossEntropy(out, y)
		})
		require.NoError(t, err)
		run.EndEpoch(loss)
		all = append(all, loss)
	}
	return all
}

func TestACheckpointOfPythonIsResumed(t *testing.T) {
	torchtest.Require(t)
	printed, err := os.ReadFile(filepath.Join(scenario, "printed.txt"))
	require.NoError(t, err)
	want := losses(t, printed)
	run, err := train.Resume[*myModel](filepath.Join(scenario, "checkpoint.pt"), adam)
	require.NoError(t, err)
	defer run.Close()
	assert.EqualValues(t, 3, run.Epoch)
	assert.InDelta(t, want[2], run.Loss, 1e-7)
	assert.Equal(t, scenarioHyper, run.Hyper)
	assert.InDeltaSlice(t, want[3:], epochs(t, run, 5), 1e-6)

	// What Go saves then is what Python saved.
	path := filepath.Join(t.TempDir(), "resumed.pt")
	require.NoError(t, run.Save(path))
	ours, theirs := open(t, path), open(t, filepath.Join(scenario, "resumed.pt"))
	assert.Equal(t, keys(theirs.Value()), keys(ours.Value()))
	a, err := ours.Checkpoint()
	require.NoError(t, err)
	b, err := theirs.Checkpoint()
	require.NoError(t, err)
	assert.Equal(t, b.Epoch, a.Epoch)
	assert.Equal(t, b.Hyperparams, a.Hyperparams)
	assert.Equal(t, b.Model.Names(), a.Model.Names())
	for _, name := range a.Model.Names() {
		x, _ := a.Model.Tensor(name)
		y, _ := b.Model.Tensor(name)
		assert.InDeltaSlice(t, floats(t, y), floats(t, x), 1e-6, name)
		assert.Equal(t, y.RequiresGrad, x.RequiresGrad)
		assert.Equal(t, y.Parameter, x.Parameter)
	}
	groups := func(c *checkpoint.Checkpoint) []string {
		v, err := checkpoint.Lookup(c.Optimizer, "param_groups.0")
		require.NoError(t, err)
		return keys(v)
	}
	assert.Equal(t, groups(b), groups(a))
}

func open(t *testing.T, path string) *checkpoint.File {
	t.Helper()
	f, err := checkpoint.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	return f
}

func keys(v checkpoint.Value) (all []string) {
	for k := range v.(*checkpoint.Dict).All() {
		all = append(all, string(k.(checkpoint.String)))
	}
	return all
}

func floats(t *testing.T, saved *checkpoint.Tensor) []float32 {
	t.Helper()
	x, err := torch.FromCheckpoint(saved)
	require.NoError(t, err)
	defer x.Close()
	v, err := torch.Slice[float32](x)
	require.NoError(t, err)
	return v
}

// TestPythonResumesWhatGoSaved runs Python's half of scenario 1 on a checkpoint of Go.
func TestPythonResumesWhatGoSaved(t *testing.T) {
	torchtest.Require(t)
	python := os.Getenv("PYTHON")
	if python == "" {
		t.Skip("$PYTHON names no interpreter with torch; make test-python sets one up")
	}
	printed, err := os.ReadFile(filepath.Join(scenario, "printed.txt"))
	require.NoError(t, err)
	want := losses(t, printed)
	require.NoError(t, torch.ManualSeed(0))
	run, err := train.Begin[*myModel]("mymodel", "v1", scenarioHyper, adam)
	require.NoError(t, err)
	defer run.Close()
	assert.InDeltaSlice(t, want[:3], epochs(t, run, 3), 1e-6)
	dir := t.TempDir()
	require.NoError(t, run.Save(filepath.Join(dir, "checkpoint.pt")))
	for _, name := range []string{"x.npy", "y.npy"} {
		data, err := os.ReadFile(filepath.Join(scenario, name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
	scripts, err := filepath.Abs(filepath.Join("..", "..", "scripts", "fixtures"))
	require.NoError(t, err)
	command := exec.Command(python, filepath.Join(scripts, "resume_training.py"))
	command.Dir = dir
	out, err := command.CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.InDeltaSlice(t, epochs(t, run, 5), losses(t, out), 1e-6, "%s", out)
	assert.InDeltaSlice(t, want[3:], losses(t, out), 1e-6)
}

func TestResumedIsAsIfNeverStopped(t *testing.T) {
	torchtest.Require(t)
	path := filepath.Join(t.TempDir(), "checkpoint.pt")
	opts := train.Options{Random: true, Scheduler: func(o optim.Optimizer) train.Stateful { return optim.NewStepLR(o, 2, 0.5) }}
	require.NoError(t, torch.ManualSeed(5))
	run, err := train.Begin[*myModel]("dropping", "v1", scenarioHyper, adam, opts)
	require.NoError(t, err)
	defer run.Close()
	step := func(run *train.Run[*myModel, hyper], upTo int64) (all []float64) {
		for run.Epoch < upTo {
			all = append(all, epochs(t, run, run.Epoch+1)...)
			require.NoError(t, run.Scheduler.(optim.Scheduler).Step())
		}
		return all
	}
	step(run, 3)
	run.Extra = checkpoint.NewDict(checkpoint.Entry{Key: checkpoint.String("note"), Value: checkpoint.String("mine")})
	require.NoError(t, run.Save(path))
	want := step(run, 6)

	again, err := train.Resume[*myModel](path, adam, opts)
	require.NoError(t, err)
	defer again.Close()
	assert.Equal(t, []string{"note"}, keys(again.Extra))
	assert.InDelta(t, 5e-4, again.Optimizer.Groups()[0].LR(), 1e-12)
	assert.Equal(t, want, step(again, 6), "bit for bit, with dropout")
	require.NoError(t, again.Save(path))
	for _, key := range []string{"epoch", "rng_state"} {
		again.Extra = checkpoint.NewDict(checkpoint.Entry{Key: checkpoint.String(key), Value: checkpoint.Int(7)})
		err = again.Save(path)
		require.ErrorIs(t, err, train.ErrKey)
		assert.ErrorContains(t, err, key)
	}
}

func TestWhatDoesNotFitIsSaid(t *testing.T) {
	torchtest.Require(t)
	dir := t.TempDir()
	original := open(t, filepath.Join(scenario, "checkpoint.pt")).Value().(*checkpoint.Dict)
	// changed saves the scenario's checkpoint with one entry replaced, added or left out.
	changed := func(key string, v checkpoint.Value) string {
		d := checkpoint.NewDict()
		if _, ok := original.Get(key); !ok {
			require.NoError(t, d.Set(checkpoint.String(key), v))
		}
		for k, old := range original.All() {
			if string(k.(checkpoint.String)) == key {
				old = v
			}
			if old != nil {
				require.NoError(t, d.Set(k, old))
			}
		}
		path := filepath.Join(dir, "changed.pt")
		require.NoError(t, checkpoint.Save(path, d))
		return path
	}
	dict := func(entries ...any) *checkpoint.Dict {
		d := checkpoint.NewDict()
		for i := 0; i < len(entries); i += 2 {
			require.NoError(t, d.Set(checkpoint.String(entries[i].(string)), checkpoint.Int(entries[i+1].(int))))
		}
		return d
	}
	for _, c := range []struct {
		name, key string
		value     checkpoint.Value
		want      error
		text      string
	}{
		{"no name", "model_name", nil, train.ErrIncomplete, "model_name"},
		{"unknown version", "model_version", checkpoint.String("v2"), nn.ErrUnknown, "is mymodel v1 meant?"},
		{"no state", "model_state_dict", nil, train.ErrIncomplete, "model_state_dict"},
		{"no optimizer", "optimizer_state_dict", nil, train.ErrIncomplete, "optimizer_state_dict"},
		{"no epoch", "epoch", nil, train.ErrIncomplete, "it tells no epoch"},
		{"another optimizer", "optimizer_state_dict", dict(), optim.ErrState, `it has no dict under "state"`},
		{"a hyper-parameter was renamed", "hyperparams", dict("input_dim", 4, "hidden", 8, "output_dim", 2, "lr", 1), nn.ErrHyper, "hidden_dim (int64) is missing; there is hidden"},
		{"another size", "hyperparams", dict("input_dim", 4, "hidden_dim", 9, "output_dim", 2, "lr", 1), nn.ErrState, "net.0.weight has the shape [8 4], not [9 4]"},
		{"a half epoch that is none", "epoch_so_far", checkpoint.Int(3), train.ErrIncomplete, "epoch_so_far is a checkpoint.Int, not a dict"},
		{"a half epoch without a place", "epoch_so_far", dict("batch", -1), train.ErrIncomplete, "epoch_so_far does not tell the batch"},
		{"a half epoch without sums", "epoch_so_far", dict("batch", 1, "sums", 2), train.ErrIncomplete, "epoch_so_far has no dict of sums"},
		{"a wrong type", "epoch", checkpoint.String("three"), checkpoint.ErrMissing, "epoch"},
	} {
		_, err := train.Resume[*myModel](changed(c.key, c.value), adam)
		require.ErrorIs(t, err, c.want, c.name)
		assert.ErrorContains(t, err, c.text, c.name)
		assert.ErrorContains(t, err, "changed.pt")
	}
	_, err := train.Resume[*struct{ X int }](filepath.Join(scenario, "checkpoint.pt"), adam)
	require.ErrorIs(t, err, train.ErrModel)
	_, err = train.Resume[*myModel](filepath.Join(scenario, "checkpoint.pt"), adam, train.Options{Random: true})
	require.ErrorIs(t, err, train.ErrIncomplete)
	_, err = train.Begin[*myModel]("mymodel", "v0", scenarioHyper, adam)
	require.ErrorIs(t, err, nn.ErrUnknown)

	data, err := os.ReadFile(filepath.Join(scenario, "checkpoint.pt"))
	require.NoError(t, err)
	half := filepath.Join(dir, "half.pt")
	require.NoError(t, os.WriteFile(half, data[:len(data)/2], 0o600))
	_, err = train.Resume[*myModel](half, adam)
	require.Error(t, err)
}

func TestALossThatIsNoNumberStopsTheStep(t *testing.T) {
	torchtest.Require(t)
	run, err := train.Begin[*myModel]("mymodel", "v1", scenarioHyper, adam)
	require.NoError(t, err)
	defer run.Close()
	before, err := nn.StateDict(run.Model)
	require.NoError(t, err)
	step := func(value float32) error {
		_, err := run.Step(func(s *torch.Scope) (*torch.Tensor, error) {
			x, err := torch.FromSlice([]float32{value, 0, 0, 0}, 1, 4)
			if err != nil {
				return nil, err
			}
			out, err := run.Model.Forward(s.Add(x))
			if err != nil {
				return nil, err
			}
			target, err := torch.FromSlice([]int64{0})
			if err != nil {
				return nil, err
			}
			return functional.CrossEntropy(out, s.Add(target))
		})
		return err
	}
	var broken *train.NonFiniteError
	require.ErrorAs(t, step(float32(math.NaN())), &broken)
	require.ErrorIs(t, broken, train.ErrNonFinite)
	assert.Empty(t, broken.Parameters)
	after, err := nn.StateDict(run.Model)
	require.NoError(t, err)
	for _, name := range before.Names() {
		a, _ := before.Tensor(name)
		b, _ := after.Tensor(name)
		assert.Equal(t, floats(t, a), floats(t, b))
	}
	bias := nn.Parameters(run.Model)[3]
	nan, err := torch.FromSlice([]float32{float32(math.NaN()), 0})
	require.NoError(t, err)
	defer nan.Close()
	require.NoError(t, bias.CopyFrom(nan))
	require.ErrorAs(t, step(1), &broken)
	assert.Equal(t, []string{"net.2.bias"}, broken.Parameters)
	assert.ErrorContains(t, broken, "net.2.bias")
}

// An epoch that stopped between two batches goes on there, also with its means.
func TestAnEpochGoesOnWhereItStopped(t *testing.T) {
	torchtest.Require(t)
	require.NoError(t, torch.ManualSeed(5))
	begin := func() *train.Run[*myModel, hyper] {
		run, err := train.Begin[*myModel]("dropping", "v1", scenarioHyper, adam, train.Options{Random: true})
		require.NoError(t, err)
		t.Cleanup(run.Close)
		return run
	}
	x, y := readNPY(t, "x.npy"), readNPY(t, "y.npy")
	loader, err := data.NewLoader(&data.Tensors{X: x, Y: y}, data.Options{Batch: 2, Shuffle: true, Seed: 3})
	require.NoError(t, err)
	// through trains up to a batch of the epoch and gives the losses.
	through := func(run *train.Run[*myModel, hyper], end int64) (all []float64) {
		for b, err := range loader.EpochFrom(context.Background(), int(run.Epoch), int(run.Batch)) {
			require.NoError(t, err)
			loss, err := run.Step(func(*torch.Scope) (*torch.Tensor, error) {
				out, err := run.Model.Forward(b.X)
				if err != nil {
					return nil, err
				}
				return functional.CrossEntropy(out, b.Y)
			})
			require.NoError(t, err)
			run.EndBatch(loss)
			run.Note("twice", 2*loss)
			all = append(all, loss)
			if run.Batch == end {
				break
			}
		}
		return all
	}
	run := begin()
	through(run, 5)
	run.EndEpoch(run.Mean(train.LossName))
	assert.True(t, math.IsNaN(run.Mean("twice")), "a new epoch")
	through(run, 2)
	path := filepath.Join(t.TempDir(), "within.pt")
	require.NoError(t, run.Save(path))
	want := through(run, 5)
	require.Len(t, want, 3)

	again, err := train.Resume[*myModel](path, adam, train.Options{Random: true})
	require.NoError(t, err)
	defer again.Close()
	epoch, batch := again.Progress()
	assert.Equal(t, []int64{1, 2}, []int64{epoch, batch})
	assert.Equal(t, want, through(again, 5), "bit for bit")
	assert.Equal(t, run.Mean(train.LossName), again.Mean(train.LossName))
	assert.Equal(t, run.Mean("twice"), again.Mean("twice"))
	assert.Empty(t, keys(again.Extra))
	c, err := open(t, path).Checkpoint()
	require.NoError(t, err)
	assert.EqualValues(t, 0, c.Epoch, "the last whole one, for programs that know no other")
}
