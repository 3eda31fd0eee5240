package resnet

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/nn"
)

func TestMain(m *testing.M) { torchtest.Main(m) }

// recorded are the entries of a dict that Python saved.
func recorded(t *testing.T, path string) *checkpoint.Dict {
	f, err := checkpoint.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	return f.Value().(*checkpoint.Dict)
}

// computes lets a network compute y of x, which are recorded.
func computes(t *testing.T, network *ResNet, in *checkpoint.Dict) {
	s := torch.NewScope(torch.NoGrad)
	defer s.Close()
	tensor := func(name string) *torch.Tensor {
		v, ok := in.Get(name)
		require.True(t, ok)
		x, err := torch.FromCheckpoint(v.(*checkpoint.Tensor))
		require.NoError(t, err)
		return s.Add(x)
	}
	y, err := network.Forward(tensor("x"))
	require.NoError(t, err)
	want, err := torch.Slice[float32](tensor("y"))
	require.NoError(t, err)
	got, err := torch.Slice[float32](y)
	require.NoError(t, err)
	most := float32(0)
	for _, v := range want {
		most = max(most, v, -v)
	}
	assert.InDeltaSlice(t, want, got, 2e-5*float64(most))
}

// TestSeeded makes networks of full size after Python's seed: they are Python's.
func TestSeeded(t *testing.T) {
	torchtest.Require(t)
	all := recorded(t, filepath.Join("testdata", "seeded.pt"))
	for name, build := range map[string]func(Hyper) (*ResNet, error){"resnet18": New18, "resnet50": New50} {
		t.Run(name, func(t *testing.T) {
			network, err := build(Hyper{Classes: 10, Width: 64})
			require.NoError(t, err)
			defer nn.Close(network)
			require.NoError(t, torch.ManualSeed(1))
			_, err = nn.Init(network)
			require.NoError(t, err)
			v, ok := all.Get(name)
			require.True(t, ok)
			computes(t, network, v.(*checkpoint.Dict))
		})
	}
}

// filled gives a network with the state_dict of a recording.
func filled(t *testing.T, path string, build func(Hyper) (*ResNet, error), h Hyper) *ResNet {
	f, err := checkpoint.Open(path)
	require.NoError(t, err)
	defer f.Close()
	state, err := f.State("state_dict")
	require.NoError(t, err)
	network, err := build(h)
	require.NoError(t, err)
	t.Cleanup(func() { nn.Close(network) })
	require.NoError(t, nn.LoadStateDict(network, state))
	nn.Eval(network)
	return network
}

func TestStateOfTorchvision(t *testing.T) {
	torchtest.Require(t)
	path := filepath.Join("testdata", "small18.pt")
	computes(t, filled(t, path, New18, Hyper{Classes: 10, Width: 2}), recorded(t, path))
}

// TestPythonStates loads state_dicts of full size, which Python makes for it.
func TestPythonStates(t *testing.T) {
	torchtest.Require(t)
	python := os.Getenv("PYTHON")
	if python == "" {
		t.Skip("$PYTHON names no interpreter with torchvision; make test-python sets one up")
	}
	script, err := filepath.Abs(filepath.Join("..", "..", "..", "scripts", "fixtures", "resnet.py"))
	require.NoError(t, err)
	command := exec.Command(python, script, "full")
	command.Dir = t.TempDir()
	out, err := command.CombinedOutput()
	require.NoError(t, err, "%s", out)
	for name, build := range map[string]func(Hyper) (*ResNet, error){"resnet18": New18, "resnet50": New50} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(command.Dir, name+".pt")
			network := filled(t, path, build, Hyper{Classes: 1000, Width: 64})
			assert.EqualValues(t, map[string]int64{"resnet18": 11689512, "resnet50": 25557032}[name], nn.Count(network))
			computes(t, network, recorded(t, path))
		})
	}
}
