package onnx

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSearchNamesEveryPlace(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("TORCHGO_CACHE", cache)
	t.Setenv("TORCHGO_ONNXRUNTIME", "")
	_, err := search(func(string) error { return nil })
	var missing *LibraryError
	require.ErrorAs(t, err, &missing)
	assert.Len(t, missing.Tried, 2)
	assert.ErrorIs(t, err, os.ErrNotExist)
	assert.ErrorContains(t, err, filepath.Join(cache, "onnxruntime/libonnxruntime.so")+" (the cache folder): not there; run 'make onnxruntime'")

	t.Setenv("TORCHGO_ONNXRUNTIME", "/nowhere/libonnxruntime.so")
	_, err = search(func(string) error { return nil })
	require.ErrorAs(t, err, &missing)
	require.Len(t, missing.Tried, 1, "what the user named is the only place")
	assert.ErrorContains(t, err, "/nowhere/libonnxruntime.so ($TORCHGO_ONNXRUNTIME): not there")
}

func TestSearchFollowsTheLink(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("TORCHGO_CACHE", cache)
	t.Setenv("TORCHGO_ONNXRUNTIME", "")
	place := filepath.Join(cache, "onnxruntime", "1", "libonnxruntime.so.1")
	require.NoError(t, os.MkdirAll(filepath.Dir(place), 0o755))
	require.NoError(t, os.WriteFile(place, nil, 0o644))
	require.NoError(t, os.Symlink("1/libonnxruntime.so.1", filepath.Join(cache, "onnxruntime", libraryName)))
	place, err := filepath.EvalSymlinks(place)
	require.NoError(t, err)

	found, err := search(func(string) error { return nil })
	require.NoError(t, err)
	assert.Equal(t, place, found)

	refused := errors.New("version 1.20")
	_, err = search(func(string) error { return refused })
	assert.ErrorIs(t, err, refused)
}
