package main

import (
	"bytes"
	"context"
	"image"
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
	"github.com/seed06459138/torchgo/torch/data"
)

func TestMain(m *testing.M) { torchtest.Main(m) }

// TestDigits trains both models, and lets them read digits from files.
func TestDigits(t *testing.T) {
	torchtest.Require(t)
	for _, model := range []string{"mlp", "lenet"} {
		t.Run(model, func(t *testing.T) {
			var out bytes.Buffer
			s := training.Settings{Dir: t.TempDir(), Epochs: 15, Last: 1, Seed: 1, Out: &out, Progress: io.Discard}
			require.NoError(t, learn(context.Background(), s, "testdata", model, Hyper{LR: 0.05, Momentum: 0.9}))
			t.Log(out.String())
			assert.Contains(t, out.String(), "epoch 15 of 15: loss ")
			assert.FileExists(t, filepath.Join(s.Dir, "loss.svg"))

			files, labels := written(t, 20)
			out.Reset()
			require.NoError(t, predict(t.Context(), s, files))
			right := 0
			for i, line := range bytes.Split(bytes.TrimSpace(out.Bytes()), []byte("\n")) {
				if int64(line[len(line)-1]-'0') == labels[i] {
					right++
				}
			}
			assert.GreaterOrEqual(t, right, 16, "%s", &out)
		})
	}
}

// written writes the first test images as PNG.
func written(t *testing.T, count int) (files []string, labels []int64) {
	x, err := data.ReadIDX(filepath.Join("testdata", "t10k-images-idx3-ubyte.gz"))
	require.NoError(t, err)
	defer x.Close()
	pixels, err := torch.Slice[uint8](x)
	require.NoError(t, err)
	y, err := data.ReadIDX(filepath.Join("testdata", "t10k-labels-idx1-ubyte.gz"))
	require.NoError(t, err)
	defer y.Close()
	digits, err := torch.Slice[uint8](y)
	require.NoError(t, err)
	for i := range count {
		path := filepath.Join(t.TempDir(), "digit.png")
		f, err := os.Create(path)
		require.NoError(t, err)
		require.NoError(t, png.Encode(f, &image.Gray{Pix: pixels[i*784 : (i+1)*784], Stride: 28, Rect: image.Rect(0, 0, 28, 28)}))
		require.NoError(t, f.Close())
		files, labels = append(files, path), append(labels, int64(digits[i]))
	}
	return files, labels
}
