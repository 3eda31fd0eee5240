package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
)

func TestConfig(t *testing.T) {
	torchtest.Require(t)
	branch, err := filepath.Abs("../../testdata/branch")
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "verify.yaml")
	args := []string{"init", "--output", path}
	for _, name := range []string{"model_scripted.pt", "model_state.pt", "model_traced.pt", "x.npy", "expected.npy"} {
		args = append(args, filepath.Join(branch, name))
	}
	r := invoke(t, args...)
	require.Equal(t, 0, r.code, r.stderr)
	r = invoke(t, args...)
	assert.Equal(t, 2, r.code)
	assert.Contains(t, r.stderr, "is there already")

	r = invoke(t, "--config", path, "--quiet")
	assert.Equal(t, 0, r.code, r.stderr)
	assert.Equal(t, "consistent: model_traced, state_dict and TorchScript compute what was expected\n", r.stdout)

	text, err := os.ReadFile(path)
	require.NoError(t, err)
	made := strings.NewReplacer("# generate:", "generate:", "#   ", "  ").Replace(string(text))
	require.NoError(t, os.WriteFile(path, []byte(made), 0o644))
	r = invoke(t, "--config", path, "--quiet", "--json", filepath.Join(t.TempDir(), "r.json"))
	assert.Equal(t, 1, r.code, r.stderr)
	assert.Contains(t, r.stdout, "output of model_traced differs")

	r = invoke(t, "--config", path, "--rtol", "1")
	assert.Equal(t, 2, r.code)
	assert.Contains(t, r.stderr, "--rtol stands beside --config")
	require.NoError(t, os.WriteFile(path, []byte("scripted: m.pt\nrtol: 1\n"), 0o644))
	r = invoke(t, "--config", path)
	assert.Equal(t, 2, r.code)
	assert.Contains(t, r.stderr, path+": line 2, column 1: unknown key rtol")
	r = invoke(t, "init", "--output", "-", filepath.Join(branch, "model_scripted.pt"))
	assert.Equal(t, 0, r.code)
	assert.Contains(t, r.stdout, "testdata/branch/model_scripted.pt\n")
	r = invoke(t, "init", filepath.Join(branch, "x.npy"))
	assert.Equal(t, 2, r.code)
}
