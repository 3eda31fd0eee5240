package jit_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
)

func TestMissingOperatorsAreAllNamed(t *testing.T) {
	torchtest.Require(t)
	folder := filepath.Join("..", "testdata", "operators")
	path := filepath.Join(folder, "several.pt")
	want := []string{"customlib::blur", "customlib::sharpen", "torchvision::nms"}
	if _, err := torch.Schema("customlib::sharpen"); err == nil { // with -count, the library stayed from before
		want = []string{"customlib::blur", "torchvision::nms"}
	}
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	loads := map[string]func() (*jit.Module, error){
		"file":  func() (*jit.Module, error) { return jit.Load(path) },
		"bytes": func() (*jit.Module, error) { return jit.LoadBytes(data) },
	}
	for name, load := range loads {
		t.Run(name, func(t *testing.T) {
			_, err := load()
			var gaps *jit.MissingOperatorsError
			require.ErrorAs(t, err, &gaps)
			assert.Equal(t, want, gaps.Names)
			require.ErrorIs(t, err, torch.CodeCompile)
			for _, part := range append(want, "torch.LoadOpLibrary") {
				assert.Contains(t, err.Error(), part)
			}
			assert.NotContains(t, err.Error(), "\n")
			assert.NotContains(t, err.Error(), "aten")
		})
	}

	require.NoError(t, torch.LoadOpLibrary(torchtest.Sharpen(t)))
	_, err = jit.Load(path)
	var gaps *jit.MissingOperatorsError
	require.ErrorAs(t, err, &gaps)
	assert.Equal(t, []string{"customlib::blur", "torchvision::nms"}, gaps.Names)

	m := load(t, filepath.Join(folder, "sharpened.pt"))
	x, err := torch.FromSlice([]float32{-1, 2})
	require.NoError(t, err)
	defer x.Close()
	y, err := m.Forward(x)
	require.NoError(t, err)
	defer y.Close()
	values, err := torch.Slice[float32](y)
	require.NoError(t, err)
	assert.Equal(t, []float32{0, 6}, values)
}
