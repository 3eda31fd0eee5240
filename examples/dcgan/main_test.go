package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/examples/training"
	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/nn"
	"github.com/seed06459138/torchgo/torch/train"
)

func TestMain(m *testing.M) { torchtest.Main(m) }

// painted writes red images of several shades.
func painted(t *testing.T, count int) string {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "red"), 0o777))
	for i := range count {
		m := image.NewRGBA(image.Rect(0, 0, 16, 16))
		for at := range 16 * 16 {
			m.SetRGBA(at%16, at/16, color.RGBA{R: uint8(180 + i%60), G: 20, B: 20, A: 255})
		}
		f, err := os.Create(filepath.Join(dir, "red", fmt.Sprintf("%d.png", i)))
		require.NoError(t, err)
		require.NoError(t, png.Encode(f, m))
		require.NoError(t, f.Close())
	}
	return dir
}

func TestLearn(t *testing.T) {
	torchtest.Require(t)
	var out bytes.Buffer
	s := training.Settings{Dir: t.TempDir(), Epochs: 40, Every: 40, Last: 1, Seed: 1, Out: &out, Progress: io.Discard}
	h := Hyper{Size: 16, Noise: 8, Width: 8, LR: 2e-3}
	require.NoError(t, learn(context.Background(), s, painted(t, 64), 16, h))
	assert.Contains(t, out.String(), "epoch 40 of 40: loss ")
	assert.Contains(t, out.String(), "generator's loss")

	f, err := os.Open(filepath.Join(s.Dir, "samples.png"))
	require.NoError(t, err)
	defer f.Close()
	m, err := png.Decode(f)
	require.NoError(t, err)
	require.Equal(t, image.Pt(64, 64), m.Bounds().Size())
	var sum [3]uint32
	for at := range 64 * 64 {
		r, g, b, _ := m.At(at%64, at/64).RGBA()
		sum[0], sum[1], sum[2] = sum[0]+r>>8, sum[1]+g>>8, sum[2]+b>>8
	}
	assert.Greater(t, sum[0], 2*sum[1], "it makes red images: %v\n%s", sum, &out)
	assert.Greater(t, sum[0], 2*sum[2])
}

// Each step changes one network alone.
func TestStepsAreApart(t *testing.T) {
	torchtest.Require(t)
	run, err := train.Begin[*DCGAN]("dcgan", "v1", Hyper{Size: 8, Noise: 4, Width: 2, LR: 1e-2}, adam)
	require.NoError(t, err)
	defer run.Close()
	copied := func(part any) (all [][]float32) {
		for _, p := range nn.Parameters(part) {
			values, err := torch.Slice[float32](p.Tensor)
			require.NoError(t, err)
			all = append(all, values)
		}
		return all
	}
	real, err := torch.Full(0.5, torch.Float32, torch.CPU, 4, 3, 8, 8)
	require.NoError(t, err)
	defer real.Close()
	g, d := copied(run.Model.Generator), copied(run.Model.Discriminator)
	_, err = discriminate(run, real)
	require.NoError(t, err)
	assert.Equal(t, g, copied(run.Model.Generator))
	assert.NotEqual(t, d, copied(run.Model.Discriminator))
	d = copied(run.Model.Discriminator)
	_, err = deceive(run, 4)
	require.NoError(t, err)
	assert.NotEqual(t, g, copied(run.Model.Generator))
	assert.Equal(t, d, copied(run.Model.Discriminator))
	for _, p := range nn.Parameters(run.Model) {
		assert.True(t, p.RequiresGrad())
	}
}

func TestImpossibleSizes(t *testing.T) {
	for _, h := range []Hyper{{Size: 24, Noise: 1, Width: 1}, {Size: 4, Noise: 1, Width: 1}, {Size: 16, Width: 1}} {
		_, err := build(h)
		assert.Error(t, err)
	}
}
