package main

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/verify/inspect"
)

var update = flag.Bool("update", false, "write the golden files again")

// golden compares text with a file under testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}

// invokeAlone runs the built program where there is no libtorch.
func invokeAlone(t *testing.T, args ...string) ran {
	t.Helper()
	cmd := exec.Command(program(t), args...)
	cmd.Env = append(os.Environ(), "TORCHGO_SHIM=/nowhere/libtorchgo.so", "LIBTORCH=/nowhere")
	return finish(t, cmd)
}

const (
	zoo       = "../../testdata/zoo/"
	scenarios = "../../testdata/scenarios/"
	good      = "../../torch/checkpoint/testdata/good/"
)

// TestInspect prints what people see: of one file and of two, of every kind.
func TestInspect(t *testing.T) {
	for _, c := range []struct {
		name  string
		code  int
		args  []string
		error string // part of what stands on standard error, when the code is 2
	}{
		{"scripted", 0, []string{scenarios + "safe_model_save/model_scripted.pt"}, ""},
		{"checkpoint", 0, []string{scenarios + "train_and_save/checkpoint.pt"}, ""},
		{"everything-scripted", 0, []string{good + "ts_scripted.pt"}, ""},
		{"constants", 0, []string{good + "ts_traced.pt"}, ""},
		{"values", 0, []string{good + "values.pt"}, ""},
		{"numpy-values", 0, []string{good + "numpy_values.pt"}, ""},
		{"sparse", 0, []string{good + "sparse_coo.pt"}, ""},
		{"legacy", 0, []string{good + "legacy_checkpoint.pt"}, ""},
		{"npz", 0, []string{good + "npz_stored.npz"}, ""},
		{"npy", 0, []string{good + "npy_f4.npy"}, ""},
		{"safetensors", 0, []string{good + "basic.safetensors"}, ""},
		{"meta", 0, []string{good + "meta.pt"}, ""},
		{"tied", 0, []string{zoo + "tied_weights/state.pt"}, ""},
		{"prefix", 0, []string{zoo + "module_prefix/state.pt"}, ""},
		{"several-states", 0, []string{zoo + "two_states/state.pt"}, ""},
		{"chosen-state", 0, []string{"--state-key", "ema_state_dict", zoo + "two_states/state.pt"}, ""},
		{"whole-module", 2, []string{zoo + "whole_module/state.pt"}, "save its state_dict() instead"},
		{"pickled-call", 2, []string{zoo + "pickled_call/state.pt"}, "posix.system"},
		{"damaged", 2, []string{zoo + "flipped_state/state.pt"}, "copy it again"},

		{"equal-script", 0, []string{zoo + "tied_weights/state.pt", zoo + "tied_weights/scripted.pt"}, ""},
		{"equal-safetensors", 0, []string{zoo + "safetensors_state/state.safetensors", zoo + "safetensors_state/scripted.pt"}, ""},
		{"equal-prefix", 0, []string{zoo + "module_prefix/state.pt", zoo + "module_prefix/scripted.pt"}, ""},
		{"equal-file", 0, []string{zoo + "weight_nan/state.pt", zoo + "weight_nan/state.pt"}, ""},
		{"equal-key", 0, []string{"--state-key", "model_state_dict", zoo + "two_states/state.pt", zoo + "two_states/scripted.pt"}, ""},
		{"differs-key", 1, []string{"--state-key", "ema_state_dict", zoo + "two_states/state.pt", zoo + "two_states/scripted.pt"}, ""},
		{"differs-content", 1, []string{zoo + "weight_bit/state.pt", zoo + "weight_bit/scripted.pt"}, ""},
		{"differs-shape", 1, []string{zoo + "weight_shape/state.pt", zoo + "weight_shape/scripted.pt"}, ""},
		{"differs-dtype", 1, []string{zoo + "weight_dtype/state.pt", zoo + "weight_dtype/scripted.pt"}, ""},
		{"differs-missing", 1, []string{zoo + "weight_missing/state.pt", zoo + "weight_missing/scripted.pt"}, ""},
		{"differs-unexpected", 1, []string{zoo + "weight_unexpected/state.pt", zoo + "weight_unexpected/scripted.pt"}, ""},
		{"differs-names", 1, []string{zoo + "weight_names/state.pt", zoo + "weight_names/scripted.pt"}, ""},
		{"differs-arrays", 1, []string{good + "npy_f4.npy", good + "npy_f8.npy"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := invokeAlone(t, append([]string{"inspect"}, c.args...)...)
			assert.Equal(t, c.code, r.code, r.stderr)
			if c.error == "" {
				assert.Empty(t, r.stderr)
			} else {
				assert.Contains(t, r.stderr, c.error)
				assert.Len(t, lines(r.stderr), 1)
			}
			for _, line := range lines(r.stdout) {
				assert.LessOrEqual(t, utf8.RuneCountInString(line), 80, line)
			}
			golden(t, filepath.Join("inspect", c.name+".txt"), r.stdout)
		})
	}
}

// TestInspectRefused names the file and the remedy in one line.
func TestInspectRefused(t *testing.T) {
	folder := t.TempDir()
	pipe := filepath.Join(folder, "pipe")
	require.NoError(t, exec.Command("mkfifo", pipe).Run())
	model := scenarios + "safe_model_save/model_state.pt"
	for _, c := range []struct {
		name     string
		args     []string
		mentions []string
	}{
		{"missing", []string{"nope.pt"}, []string{"nope.pt: no such file", "check the name"}},
		{"a folder", []string{folder}, []string{folder, "is a folder", "name a file"}},
		{"a pipe", []string{pipe}, []string{pipe, "regular file"}},
		{"empty", []string{zoo + "not_a_model/empty.pt"}, []string{"empty.pt", "copy it again"}},
		{"ONNX", []string{zoo + "not_a_model/model.onnx"}, []string{"model.onnx", "ONNX", "exported from"}},
		{"text", []string{zoo + "not_a_model/text.pt"}, []string{"text.pt: text", "git lfs pull"}},
		{"a zip", []string{zoo + "not_a_model/archive.pt"}, []string{"archive.pt", "zip archive"}},
		{"cut short", []string{zoo + "truncated_scripted/scripted.pt"}, []string{"scripted.pt", "copy it again"}},
		{"a tar", []string{good + "legacy_tar.pt"}, []string{"legacy_tar.pt", "torch 0.1", "save it again"}},
		{"no file", nil, []string{"one file to describe or two", "verify inspect -h"}},
		{"three files", []string{model, model, model}, []string{"not 3"}},
		{"several states", []string{zoo + "two_states/state.pt", model}, []string{"model_state_dict, ema_state_dict", "--state-key"}},
		{"an unknown key", []string{"--state-key", "ema", zoo + "two_states/state.pt"}, []string{"ema", "model_state_dict"}},
		{"a key of no file", []string{"--state-key", "ema", model, model}, []string{"ema", "fc.weight"}},
		{"values only", []string{good + "values.pt", model}, []string{"values.pt: no state_dict"}},
		{"an unknown flag", []string{"--fast", model}, []string{"--fast"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			assertRefused(t, invokeAlone(t, append([]string{"inspect"}, c.args...)...), c.mentions...)
		})
	}
	t.Run("one of two", func(t *testing.T) {
		r := invokeAlone(t, "inspect", model, "nope.pt")
		assert.Equal(t, 2, r.code)
		assert.Contains(t, r.stdout, "model_state.pt", "what can be said is said")
		assert.Equal(t, "verify: nope.pt: no such file; check the name\n", r.stderr)
	})
}

func TestInspectJSON(t *testing.T) {
	read := func(t *testing.T, code int, args ...string) inspect.Report {
		t.Helper()
		r := invokeAlone(t, append([]string{"inspect", "--json"}, args...)...)
		require.Equal(t, code, r.code, r.stderr)
		var report inspect.Report
		decoder := json.NewDecoder(strings.NewReader(r.stdout))
		decoder.DisallowUnknownFields()
		require.NoError(t, decoder.Decode(&report))
		assert.Equal(t, inspect.Schema, report.Schema)
		return report
	}
	t.Run("one", func(t *testing.T) {
		report := read(t, 0, good+"ts_scripted.pt")
		require.Len(t, report.Files, 1)
		f := report.Files[0]
		assert.Nil(t, report.Difference)
		assert.Equal(t, "TorchScript archive", f.Kind)
		assert.Contains(t, f.Script.Code[0].Text, "class Top(Module):")
		assert.Equal(t, []inspect.ExtraFile{{Name: "sub/bin", Bytes: 2}, {Name: "meta.json", Bytes: 8}}, f.Script.ExtraFiles)
		assert.Equal(t, "p", f.Tensors[0].Name)
		assert.Equal(t, "window", f.Tensors[0].SharedWith)
		assert.Len(t, f.Tensors[0].Hash, 64)
	})
	t.Run("two", func(t *testing.T) {
		report := read(t, 1, zoo+"weight_value/state.pt", zoo+"weight_value/scripted.pt")
		require.NotNil(t, report.Difference)
		require.Len(t, report.Difference.Changes, 1)
		change := report.Difference.Changes[0]
		assert.Equal(t, "content", change.What)
		assert.Equal(t, int64(1), *change.Differ)
		assert.Equal(t, 3, report.Difference.EqualTensors)
	})
	t.Run("a file that can't be read", func(t *testing.T) {
		report := read(t, 2, zoo+"not_a_model/model.onnx")
		assert.Equal(t, "ONNX", report.Files[0].Kind)
		assert.Contains(t, report.Files[0].Problem, "which is not a file of PyTorch")
		assert.Len(t, report.Files[0].SHA256, 64)
		assert.Nil(t, report.Files[0].Values)
	})
}

func TestHelpOfFileCommands(t *testing.T) {
	for _, command := range []string{"inspect", "convert"} {
		r := invokeAlone(t, command, "-h")
		assert.Equal(t, 0, r.code)
		assert.Equal(t, 3, strings.Count(r.stdout, "\n  # "), "three examples")
		for _, word := range []string{"Exit code: 0", "--state-key KEY"} {
			assert.Contains(t, r.stdout, word)
		}
		for _, line := range lines(r.stdout) {
			assert.LessOrEqual(t, len(line), 80, line)
		}
	}
}
