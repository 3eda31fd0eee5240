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

func TestRecordAndAgainst(t *testing.T) {
	torchtest.Require(t)
	records := filepath.Join(t.TempDir(), "records")
	model := []string{"--scripted", safe()[1], "--input", "../../testdata/scenarios/safe_model_save/x.npy", "--random", "3"}
	r := invoke(t, append([]string{"record", "--to", records}, model...)...)
	require.Equal(t, 0, r.code, r.stderr)
	assert.Equal(t, "model_scripted  recorded 4 sets\n", r.stdout)

	r = invoke(t, append([]string{"--against", records, "--quiet"}, model...)...)
	assert.Equal(t, 0, r.code, r.stderr)
	assert.Equal(t, "consistent: TorchScript computes what was recorded, on 4 sets of inputs\n", r.stdout)

	r = invoke(t, append([]string{"--against", records, "--name", "other", "--quiet"}, model...)...)
	assert.Equal(t, 2, r.code)
	assert.Contains(t, r.stdout+r.stderr, "other.json: no such file")

	r = invoke(t, "record", "--prune", records)
	assert.Equal(t, 0, r.code)
	assert.Equal(t, "1 check, 8 files kept; 0 files of 0 B removed\n", r.stdout)
	assertRefused(t, invoke(t, append([]string{"record"}, model...)...), "--to is missing")
	assertRefused(t, invoke(t, "record", "--prune", records+"/no"), "no such file")
	for _, line := range lines(invoke(t, "record", "-h").stdout) {
		assert.LessOrEqual(t, len([]rune(line)), 80, line)
	}
}

// A check that is inconsistent, or broken, leaves the rest of the suite alone.
func TestRecordASuite(t *testing.T) {
	torchtest.Require(t)
	folder := t.TempDir()
	scenarios, err := filepath.Abs("../../testdata/scenarios")
	require.NoError(t, err)
	text := strings.ReplaceAll(`checks:
  good: {scripted: DIR/safe_model_save/model_scripted.pt, inputs: DIR/safe_model_save/x.npy}
  bad:
    scripted: DIR/safe_model_save/model_scripted.pt
    expected: DIR/dynamic_model_safe_save/buffer/expected.npy
    inputs: DIR/safe_model_save/x.npy
  crash: {scripted: CRASHES/crashing.pt, inputs: CRASHES/x.npy}
  gone: {scripted: gone.pt, inputs: x.npy}
  last: {scripted: DIR/safe_model_save/model_scripted.pt, inputs: DIR/safe_model_save/x.npy}
`, "DIR", scenarios)
	crashes, err := filepath.Abs("../../testdata/crashes")
	require.NoError(t, err)
	text = strings.ReplaceAll(text, "CRASHES", crashes)
	path := filepath.Join(folder, "zoo.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	records := filepath.Join(folder, "records")
	r := invoke(t, "record", "--to", records, "--suite", path)
	assert.Equal(t, 1, r.code, r.stderr)
	t.Log(r.stdout)
	assert.Contains(t, r.stdout, "good  recorded 1 set\n")
	assert.Contains(t, r.stdout, "bad  not recorded: inconsistent: ")
	assert.Contains(t, r.stdout, "crash  not recorded: ")
	assert.Contains(t, r.stdout, "gone  not recorded: ")
	found, err := filepath.Glob(filepath.Join(records, "checks", "*"))
	require.NoError(t, err)
	assert.Equal(t, []string{filepath.Join(records, "checks", "good.json"), filepath.Join(records, "checks", "last.json")}, found)
}
