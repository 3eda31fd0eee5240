package jit_test

import (
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
)

// TestMappedIsAsLoaded holds every TorchScript file under testdata, loaded in its
// place, against the same file loaded into memory; those made to crash aside.
func TestMappedIsAsLoaded(t *testing.T) {
	torchtest.Require(t)
	var paths []string
	require.NoError(t, filepath.WalkDir("../testdata", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == "crashes" {
			return fs.SkipDir
		}
		if err == nil && filepath.Ext(path) == ".pt" && checkpoint.Sniff(path) == checkpoint.KindScript {
			paths = append(paths, path)
		}
		return err
	}))
	require.NotEmpty(t, paths)
	seen, mapped := 0, 0
	for _, path := range paths {
		want, err := jit.Load(path)
		got, failure := jit.Load(path, jit.Mapped())
		if err != nil {
			require.Error(t, failure, path)
			assert.Equal(t, err.Error(), failure.Error(), path)
			continue
		}
		require.NoError(t, failure, path)
		seen++
		if got.Lies() {
			mapped++
		} else {
			t.Log("not in its place: ", path)
		}
		wantCode, err := want.Code()
		require.NoError(t, err, path)
		gotCode, err := got.Code()
		require.NoError(t, err, path)
		assert.Equal(t, wantCode, gotCode, path)
		ours, err := got.Tensors()
		require.NoError(t, err, path)
		theirs, err := want.Tensors()
		require.NoError(t, err, path)
		require.Len(t, ours, len(theirs), path)
		for i, w := range theirs {
			g := ours[i]
			assert.Equal(t, w.Name, g.Name, path)
			assert.Equal(t, w.Role, g.Role, path)
			assert.Equal(t, w.Tensor.DType(), g.Tensor.DType(), path)
			assert.Equal(t, w.Tensor.Shape(), g.Tensor.Shape(), path)
			assert.Equal(t, w.Tensor.Strides(), g.Tensor.Strides(), path)
			a, errA := w.Tensor.Bytes()
			b, errB := g.Tensor.Bytes()
			assert.Equal(t, errA, errB, path)
			assert.Equal(t, a, b, "%s: %s", path, w.Name)
			w.Tensor.Close()
			g.Tensor.Close()
		}
		wantMethod, err := want.Method("forward")
		if err == nil {
			gotMethod, err := got.Method("forward")
			require.NoError(t, err, path)
			wantSteps, err := wantMethod.Steps()
			require.NoError(t, err, path)
			gotSteps, err := gotMethod.Steps()
			require.NoError(t, err, path)
			assert.Equal(t, wantSteps, gotSteps, "%s: lines of the source too", path)
		}
		want.Close()
		got.Close()
	}
	assert.Greater(t, seen, 50)
	assert.Greater(t, mapped, seen*9/10, "of %d", seen)
}

// TestMappedModulesAreSeparate writes to one of two modules in one file.
func TestMappedModulesAreSeparate(t *testing.T) {
	torchtest.Require(t)
	const path = "../testdata/scenarios/safe_model_save/model_scripted.pt"
	first := func(m *jit.Module) (*torch.Tensor, float32) {
		all, err := m.Tensors()
		require.NoError(t, err)
		for _, one := range all[1:] {
			one.Tensor.Close()
		}
		values, err := torch.Slice[float32](all[0].Tensor)
		require.NoError(t, err)
		return all[0].Tensor, values[0]
	}
	a, err := jit.Load(path, jit.Mapped())
	require.NoError(t, err)
	b, err := jit.Load(path, jit.Mapped())
	require.NoError(t, err)
	defer b.Close()
	weight, before := first(a)
	other, err := torch.Full(7, weight.DType(), torch.CPU, weight.Shape()...)
	require.NoError(t, err)
	defer other.Close()
	require.NoError(t, weight.CopyFrom(other))
	same, now := first(a)
	same.Close()
	assert.InDelta(t, 7, now, 0)
	untouched, still := first(b)
	untouched.Close()
	assert.Equal(t, before, still)

	a.Close()
	a.Discard() // does nothing: the tensors below are in use
	values, err := torch.Slice[float32](weight)
	require.NoError(t, err)
	assert.InDelta(t, 7, values[0], 0, "the mapping lasts as long as a tensor in it")
	weight.Close()
}
