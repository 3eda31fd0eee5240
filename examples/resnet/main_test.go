package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/examples/resnet/resnet"
	"github.com/seed06459138/torchgo/examples/training"
	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/nn"
)

func TestMain(m *testing.M) { torchtest.Main(m) }

// painted writes images of two colours, noisy, into a folder for each.
func painted(t *testing.T) string {
	dir := t.TempDir()
	r := rand.New(rand.NewPCG(1, 2))
	for class, shade := range map[string]color.RGBA{"blue": {R: 20, G: 40, B: 160, A: 255}, "red": {R: 160, G: 40, B: 20, A: 255}} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, class), 0o777))
		for i := range 12 {
			m := image.NewRGBA(image.Rect(0, 0, 40, 40))
			for at := range 40 * 40 {
				m.SetRGBA(at%40, at/40, color.RGBA{R: shade.R + uint8(r.IntN(90)), G: shade.G + uint8(r.IntN(90)), B: shade.B + uint8(r.IntN(90)), A: 255})
			}
			f, err := os.Create(filepath.Join(dir, class, fmt.Sprintf("%d.png", i)))
			require.NoError(t, err)
			require.NoError(t, png.Encode(f, m))
			require.NoError(t, f.Close())
		}
	}
	return dir
}

func TestLearn(t *testing.T) {
	torchtest.Require(t)
	var out bytes.Buffer
	s := training.Settings{Dir: t.TempDir(), Epochs: 8, Last: 1, Seed: 1, Out: &out, Progress: io.Discard}
	o := options{data: painted(t), network: "resnet18", size: 32, batch: 8, width: 2, lr: 0.02,
		weights: filepath.Join("resnet", "testdata", "small18.pt")}
	require.NoError(t, learn(context.Background(), s, o))
	t.Log(out.String())
	assert.Contains(t, out.String(), "beginning with the weights of "+o.weights)

	run, err := training.Last[*resnet.ResNet](s, sgd)
	require.NoError(t, err)
	defer run.Close()
	assert.Less(t, run.Loss, 0.5)
	assert.EqualValues(t, 2, run.Hyper.Classes)

	scripted, err := jit.Load(filepath.Join(s.Dir, "scripted.pt"))
	require.NoError(t, err)
	defer scripted.Close()
	nn.Eval(run.Model)
	x, err := torch.Zeros(torch.Float32, torch.CPU, 3, 3, 32, 32)
	require.NoError(t, err)
	defer x.Close()
	want, err := run.Model.Forward(x)
	require.NoError(t, err)
	defer want.Close()
	got, err := scripted.Forward(x)
	require.NoError(t, err)
	defer got.Close()
	same, err := got.AllClose(want, 1e-4, 1e-5, false)
	require.NoError(t, err)
	assert.True(t, same, "what is saved for others is the trained network")
	labels, err := os.ReadFile(filepath.Join(s.Dir, "labels.txt"))
	require.NoError(t, err)
	assert.Equal(t, "blue\nred\n", string(labels))

	s.Dir, o.width = t.TempDir(), 4
	err = learn(context.Background(), s, o)
	require.ErrorIs(t, err, nn.ErrState)
	assert.ErrorContains(t, err, "layer4.1.bn2.weight has the shape [16], not [32]")
}
