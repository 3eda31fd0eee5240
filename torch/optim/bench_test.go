package optim_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/nn"
	"github.com/seed06459138/torchgo/torch/nn/functional"
	"github.com/seed06459138/torchgo/torch/optim"
)

// BenchmarkStep is a training step of the model of scenario 1, without reading its loss.
func BenchmarkStep(b *testing.B) {
	torchtest.Require(b)
	require.NoError(b, torch.ManualSeed(0))
	model, err := nn.Init(nn.NewSequential(nn.NewLinear(4, 8), nn.ReLU{}, nn.NewLinear(8, 2)))
	require.NoError(b, err)
	defer nn.Close(model)
	opt := optim.NewAdam(nn.Parameters(model), optim.AdamOptions{LR: 1e-3})
	defer opt.Close()
	x, err := torch.FromSlice(make([]float32, 40), 10, 4)
	require.NoError(b, err)
	defer x.Close()
	y, err := torch.FromSlice(make([]int64, 10))
	require.NoError(b, err)
	defer y.Close()
	b.ReportAllocs()
	for b.Loop() {
		s := torch.NewScope()
		out, err := model.Forward(s.Add(x))
		if err != nil {
			b.Fatal(err)
		}
		loss, err := functional.CrossEntropy(out, y)
		if err != nil {
			b.Fatal(err)
		}
		if err := optim.Minimize(opt, loss); err != nil {
			b.Fatal(err)
		}
		s.Keep(x)
		s.Close()
	}
}
