package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch/checkpoint"
)

func TestMain(m *testing.M) { torchtest.Main(m) }

func played(t *testing.T, python string) (s *scenarios, printed string) {
	torchtest.Require(t)
	var out bytes.Buffer
	root := filepath.Join("..", "..")
	s = &scenarios{recorded: filepath.Join(root, "testdata", "scenarios"), scripts: filepath.Join(root, "scripts", "fixtures"), python: python, dir: t.TempDir(), out: &out}
	require.NoError(t, s.run(context.Background()), "%s", &out)
	return s, out.String()
}

func TestScenarios(t *testing.T) {
	s, printed := played(t, "")
	for _, want := range []string{
		"4      0.687014639  0.687014639  0.687014639",
		"SAME? state_dict: True\nSAME? TorchScript: True\n",
		"a state_dict holds no structure to run it with",
		"SAME? (bad) my_embed a plain attribute: False",
		"inconsistent: Go structure dynamic_model v1 computes something else each",
	} {
		assert.Contains(t, printed, want)
	}

	for line := range strings.Lines(printed) {
		assert.LessOrEqual(t, len(line), 81, line)
	}

	// What was saved has all that training needs.
	f, err := checkpoint.Open(filepath.Join(s.dir, "train_and_save", "checkpoint.pt"))
	require.NoError(t, err)
	defer f.Close()
	c, err := f.Checkpoint()
	require.NoError(t, err)
	assert.Empty(t, c.Missing)
	assert.Equal(t, "mymodel v1", c.ModelName+" "+c.ModelVersion)

	// After Python's seed Go drew Python's numbers.
	for _, folder := range []string{"safe_model_save", "dynamic_model_safe_save/buffer"} {
		ours, err := checkpoint.ReadNPY(filepath.Join(s.dir, folder, "expected.npy"))
		require.NoError(t, err)
		theirs, err := checkpoint.ReadNPY(s.path(folder, "expected.npy"))
		require.NoError(t, err)
		a, err := checkpoint.ArraySlice[float32](ours)
		require.NoError(t, err)
		b, err := checkpoint.ArraySlice[float32](theirs)
		require.NoError(t, err)
		assert.InDeltaSlice(t, b, a, 1e-6)
	}
}

// TestPythonPlaysAlong exchanges the files with Python.
func TestPythonPlaysAlong(t *testing.T) {
	python := os.Getenv("PYTHON")
	if python == "" {
		t.Skip("$PYTHON names no interpreter with torch; make test-python sets one up")
	}
	_, printed := played(t, python)
	assert.Contains(t, printed, "Python, from Go's")
	assert.Contains(t, printed, "Go's files, loaded by Python:\nSAME? True\nSAME? (bad) False\n")
}

func TestDisagreementIsFound(t *testing.T) {
	s := &scenarios{out: new(bytes.Buffer)}
	s.same("state_dict", false, true)
	require.Len(t, s.wrong, 1)
	assert.ErrorContains(t, s.wrong[0], "state_dict: False, not True")

	python := losses{0: 5, 1: 4, 2: 3, 3: 2, 4: 1}
	near := losses{0: 5, 1: 4, 2: 3, 3: 2, 4: 1 + 1e-5}
	require.NoError(t, s.table([]column{{"Python", python}, {"Go", near}}))
	require.Len(t, s.wrong, 2)
	require.NoError(t, s.table([]column{{"Python", python}, {"Go", losses{}}}))
	require.Len(t, s.wrong, 3, "an empty column agrees with nothing")
	require.Error(t, s.table([]column{{"Python", losses{}}, {"Go", near}}))
}
