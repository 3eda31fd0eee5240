package main

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/data"
	"github.com/seed06459138/torchgo/torch/data/images"
)

func TestMain(m *testing.M) { torchtest.Main(m) }

// strongest tells which of the colours red, green and blue an image has most of.
const strongest = `
def forward(self, x: Tensor) -> Tensor:
    return 5 * x.mean([2, 3])
`

func model(t *testing.T) string {
	t.Helper()
	torchtest.Require(t)
	m, err := jit.Compile(strongest)
	require.NoError(t, err)
	defer m.Close()
	path := filepath.Join(t.TempDir(), "strongest.pt")
	require.NoError(t, m.Save(path))
	return path
}

// paint writes an image of one colour; its left and right thirds are of another.
func paint(t *testing.T, folder, name string, middle, sides color.Color) {
	t.Helper()
	picture := image.NewNRGBA(image.Rect(0, 0, 90, 30))
	for y := range 30 {
		for x := range 90 {
			c := sides
			if 30 <= x && x < 60 {
				c = middle
			}
			picture.Set(x, y, c)
		}
	}
	f, err := os.Create(filepath.Join(folder, name))
	require.NoError(t, err)
	require.NoError(t, png.Encode(f, picture))
	require.NoError(t, f.Close())
}

func TestNamesTheColourInTheMiddle(t *testing.T) {
	path, folder := model(t), t.TempDir()
	red, green, blue := color.NRGBA{R: 255, A: 255}, color.NRGBA{G: 255, A: 255}, color.NRGBA{B: 255, A: 255}
	paint(t, folder, "a.png", red, blue)
	paint(t, folder, "b.png", green, red)
	paint(t, folder, "c.png", blue, green)
	labels := filepath.Join(folder, "labels.txt")
	require.NoError(t, os.WriteFile(labels, []byte("red\ngreen\nblue\n"), 0o600))
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), path, labels, []string{folder}, 16, 1, &out))
	assert.Equal(t, "a.png\tred 100.0 %\nb.png\tgreen 100.0 %\nc.png\tblue 100.0 %\n", strings.ReplaceAll(out.String(), folder+"/", ""))

	out.Reset()
	require.NoError(t, run(t.Context(), path, "", []string{filepath.Join(folder, "a.png")}, 16, 99, &out))
	assert.True(t, strings.HasPrefix(out.String(), folder+"/a.png\t0 100.0 %\t"), "numbers without names, and all classes there are: %s", out.String())
}

func TestPreprocessing(t *testing.T) {
	torchtest.Require(t)
	folder := t.TempDir()
	paint(t, folder, "a.png", color.NRGBA{R: 255, G: 51, A: 255}, color.Black)
	set, err := images.Files(folder)
	require.NoError(t, err)
	batch, err := prepared(set, 8).Batch(t.Context(), data.Request{Indices: []int{0}})
	require.NoError(t, err)
	defer batch.X.Close()
	defer batch.Y.Close()
	assert.Equal(t, []int64{1, 3, 8, 8}, batch.X.Shape())
	values, err := torch.Slice[float32](batch.X)
	require.NoError(t, err)
	// As with torchvision, which scales first, colours run into each other at the borders.
	for i, want := range []float32{(1 - 0.485) / 0.229, (0.2 - 0.456) / 0.224, -0.406 / 0.225} {
		for at := range 64 {
			if column := at % 8; column > 0 && column < 7 {
				assert.InDelta(t, want, values[64*i+at], 1e-5)
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	path, folder := model(t), t.TempDir()
	var out bytes.Buffer
	assert.ErrorContains(t, run(t.Context(), path, "", []string{folder}, 8, 1, &out), "there are no images in it")
	assert.ErrorContains(t, run(t.Context(), "none.pt", "", []string{folder}, 8, 1, &out), "none.pt")
	assert.ErrorContains(t, run(t.Context(), path, "none.txt", []string{folder}, 8, 1, &out), "none.txt")

	require.NoError(t, os.WriteFile(filepath.Join(folder, "broken.png"), []byte("no image"), 0o600))
	paint(t, folder, "whole.png", color.White, color.Black)
	err := run(t.Context(), path, "", []string{folder}, 8, 1, &out)
	require.ErrorContains(t, err, "broken.png")
	assert.Contains(t, out.String(), "whole.png", "the others are classified")
}
