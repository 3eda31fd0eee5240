package optim_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/nn"
	"github.com/seed06459138/torchgo/torch/nn/functional"
	"github.com/seed06459138/torchgo/torch/optim"
)

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

// printedLosses are those that Python printed.
func printedLosses(t *testing.T) []float64 {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(scenario, "printed.txt"))
	require.NoError(t, err)
	var losses []float64
	for _, m := range regexp.MustCompile(`epoch \d+: loss ([\d.]+)`).FindAllStringSubmatch(string(text), -1) {
		v, err := strconv.ParseFloat(m[1], 64)
		require.NoError(t, err)
		losses = append(losses, v)
	}
	require.Len(t, losses, 5)
	return losses
}

// TestTrainingIsPythons trains the model of the scenario from the same seed.
func TestTrainingIsPythons(t *testing.T) {
	torchtest.Require(t)
	want := printedLosses(t)
	require.NoError(t, torch.ManualSeed(0))
	model, err := nn.Init(nn.NewSequential(nn.NewLinear(4, 8), nn.ReLU{}, nn.NewLinear(8, 2)))
	require.NoError(t, err)
	defer nn.Close(model)
	opt := optim.NewAdam(nn.Parameters(model), optim.AdamOptions{LR: 1e-3})
	defer opt.Close()
	x, y := readNPY(t, "x.npy"), readNPY(t, "y.npy")
	live := int64(0)
	for epoch := range want {
		require.NoError(t, torch.InScope(func(s *torch.Scope) error {
			view, err := x.Detach()
			if err != nil {
				return err
			}
			out, err := model.Forward(s.Add(view))
			if err != nil {
				return err
			}
			loss, err := functional.CrossEntropy(out, y)
			if err != nil {
				return err
			}
			value, err := loss.Float64()
			assert.InDelta(t, want[epoch], value, 1e-7, "epoch %d", epoch)
			if err != nil {
				return err
			}
			return optim.Minimize(opt, loss)
		}))
		if epoch == 1 {
			live = torch.LiveHandles()
		}
	}
	assert.Equal(t, live, torch.LiveHandles(), "a step leaves nothing behind")
}
