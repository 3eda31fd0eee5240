package convert

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/torch/checkpoint"
)

const (
	good      = "../../torch/checkpoint/testdata/good/"
	zoo       = "../../testdata/zoo/"
	scenarios = "../../testdata/scenarios/"
)

// assertEqual fails unless the state_dict under a key of one file and that of
// another are the same, bit for bit and in order.
func assertEqual(t *testing.T, key, from, to string) {
	t.Helper()
	old, err := checkpoint.Open(from)
	require.NoError(t, err)
	defer old.Close()
	written, err := checkpoint.Open(to)
	require.NoError(t, err)
	defer written.Close()
	a, err := old.State(key)
	require.NoError(t, err)
	b, err := written.State("")
	require.NoError(t, err)
	changes, err := checkpoint.Diff(a, b)
	require.NoError(t, err)
	assert.Empty(t, changes)
	assert.Equal(t, a.Names(), b.Names())
	assert.Positive(t, a.Len())
}

// TestThereAndBack loses nothing, and gives equal files for equal weights.
func TestThereAndBack(t *testing.T) {
	for _, c := range []struct {
		name, from string
		ends       []string
	}{
		{"state_dict", scenarios + "safe_model_save/model_state.pt", []string{".safetensors", ".npz", ".pth"}},
		{"many tensors", good + "many_tensors.pt", []string{".safetensors", ".npz"}},
		{"safetensors of every dtype", good + "dtypes.safetensors", []string{".pt"}},
		{"names", good + "names.safetensors", []string{".pt"}},
		{"safetensors with metadata", good + "unordered.safetensors", []string{".safetensors"}},
		{"npz", good + "npz_deflated.npz", []string{".safetensors", ".pt"}},
		{"legacy", good + "legacy_state_dict.pt", []string{".pt"}},
		{"bfloat16 and the like", good + "dtypes_v3.pt", []string{".pt"}},
		{"strides", good + "strided.pt", []string{".ckpt"}},
		{"quantized", good + "quantized.pt", []string{".bin"}},
		{"shared storages", zoo + "tied_weights/state.pt", []string{".pt"}},
	} {
		for _, end := range c.ends {
			t.Run(c.name+" "+end, func(t *testing.T) {
				folder := t.TempDir()
				there, back, again := filepath.Join(folder, "there"+end), filepath.Join(folder, "back"+filepath.Ext(c.from)), filepath.Join(folder, "again"+end)
				for _, step := range [][2]string{{c.from, there}, {there, back}, {back, again}} {
					result, err := Convert(step[0], step[1], Options{})
					require.NoError(t, err)
					assert.Empty(t, result.Losses)
					assertEqual(t, "", c.from, step[1])
				}
				first, err := os.ReadFile(there)
				require.NoError(t, err)
				second, err := os.ReadFile(again)
				require.NoError(t, err)
				assert.Equal(t, first, second, "equal content gives equal files")
			})
		}
	}
}

// TestWhole keeps what is beside the state_dict when the format can hold it.
func TestWhole(t *testing.T) {
	from, to := scenarios+"train_and_save/checkpoint.pt", filepath.Join(t.TempDir(), "b.pt")
	result, err := Convert(from, to, Options{})
	require.NoError(t, err)
	assert.True(t, result.Whole)
	f, err := checkpoint.Open(to)
	require.NoError(t, err)
	defer f.Close()
	lr, err := checkpoint.Lookup(f.Value(), "hyperparams.lr")
	require.NoError(t, err)
	assert.Equal(t, checkpoint.Float(0.001), lr)
}

// TestLosses refuses each, writes nothing, and with AcceptLoss writes the rest.
func TestLosses(t *testing.T) {
	for _, c := range []struct {
		name, from, to, key string
		losses              []string // the start of each
		unwritable          string   // what stops it all the same
	}{
		{"beside the state", scenarios + "train_and_save/checkpoint.pt", "b.safetensors", "", []string{"what is beside the state_dict: model_name, model_version, optimizer_state_dict"}, ""},
		{"another state", zoo + "two_states/state.pt", "b.safetensors", "ema_state_dict", []string{"what is beside the state_dict: model_state_dict"}, ""},
		{"another state in torch's format", zoo + "two_states/state.pt", "b.pt", "ema_state_dict", []string{"what is beside the state_dict: model_state_dict"}, ""},
		{"shared storage", zoo + "tied_weights/state.pt", "b.safetensors", "", []string{"out.weight: it shares its storage"}, ""},
		{"shared storage, npz", zoo + "tied_weights/state.pt", "b.npz", "", []string{"out.weight: it shares its storage"}, ""},
		{"code", scenarios + "safe_model_save/model_scripted.pt", "b.pt", "", []string{"its code"}, ""},
		{"all of TorchScript", good + "ts_scripted.pt", "b.safetensors", "", []string{"its code", "attributes: tensors.0", "extra files: sub/bin", "window: it shares"}, ""},
		{"constants", good + "ts_traced.pt", "b.npz", "", []string{"its code", "constants: CONSTANTS.c0"}, ""},
		{"parameters", good + "parameter.pt", "b.safetensors", "", []string{"p"}, ""},
		{"sparse", good + "sparse_coo.pt", "b.safetensors", "", []string{"uncoalesced: torch.sparse_coo tensors have no form", "coalesced", "hybrid", "nnz0"}, "has no form"},
		{"lazy bits", good + "conj_neg.pt", "b.npz", "", []string{"conj: its lazy conj or neg bit", "conj: it shares", "neg: its lazy"}, "resolve_conj"},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := t.TempDir()
			to := filepath.Join(folder, c.to)
			_, err := Convert(c.from, to, Options{StateKey: c.key})
			var loss *LossError
			require.ErrorAs(t, err, &loss)
			assert.Contains(t, err.Error(), c.from)
			assert.NoFileExists(t, to)
			for i, want := range c.losses {
				require.Greater(t, len(loss.Losses), i)
				assert.Contains(t, loss.Losses[i], want)
			}
			result, err := Convert(c.from, to, Options{StateKey: c.key, AcceptLoss: true})
			if c.unwritable != "" {
				assert.ErrorContains(t, err, c.unwritable)
				entries, err := os.ReadDir(folder)
				require.NoError(t, err)
				assert.Empty(t, entries, "nothing is left behind")
				return
			}
			require.NoError(t, err)
			assert.Equal(t, loss.Losses, result.Losses)
			assertEqual(t, c.key, c.from, to)
		})
	}
}

// TestBesideNested names what is passed by at every level.
func TestBesideNested(t *testing.T) {
	folder := t.TempDir()
	w, err := checkpoint.NewTensor([]float32{1, 2}, 2)
	require.NoError(t, err)
	dict := func(name string, v checkpoint.Value, beside string, other checkpoint.Value) *checkpoint.Dict {
		return checkpoint.NewDict(checkpoint.Entry{Key: checkpoint.String(name), Value: v}, checkpoint.Entry{Key: checkpoint.String(beside), Value: other})
	}
	from := filepath.Join(folder, "a.pt")
	require.NoError(t, checkpoint.Save(from, dict("run", dict("model", dict("w", w, "w2", w), "mod", checkpoint.Int(1)), "ru", checkpoint.Int(2))))
	_, err = Convert(from, filepath.Join(folder, "b.npz"), Options{StateKey: "run.model"})
	var loss *LossError
	require.ErrorAs(t, err, &loss)
	assert.Equal(t, []string{"what is beside the state_dict: run.mod, ru", "w2: it shares its storage with w"}, loss.Losses)
}

// TestRefused leaves what is there as it is.
func TestRefused(t *testing.T) {
	folder := t.TempDir()
	there := filepath.Join(folder, "there.safetensors")
	require.NoError(t, os.WriteFile(there, []byte("precious"), 0o644))
	model := scenarios + "safe_model_save/model_state.pt"
	for _, c := range []struct {
		name, from, to string
		mentions       []string
	}{
		{"a file that is there", model, there, []string{there, "exists", "another name"}},
		{"a folder", model, folder + "/x.pt/", []string{"x.pt"}},
		{"no folder", model, folder + "/no/b.pt", []string{"there is no folder", "make it"}},
		{"an unknown format", model, folder + "/b.onnx", []string{`".onnx"`, ".safetensors"}},
		{"no format", model, folder + "/b", []string{`""`}},
		{"no such file", folder + "/a.pt", folder + "/b.pt", []string{"no such file; check the name"}},
		{"a whole module", zoo + "whole_module/state.pt", folder + "/b.pt", []string{"state_dict()"}},
		{"damaged", zoo + "flipped_state/state.pt", folder + "/b.pt", []string{"checksum", "copy it again"}},
		{"several states", zoo + "two_states/state.pt", folder + "/b.npz", []string{"ema_state_dict"}},
		{"no state", good + "values.pt", folder + "/b.npz", []string{"no state_dict"}},
		{"an array without a name", good + "npy_f4.npy", folder + "/b.npz", []string{"not a dict"}},
		{"no form in numpy", good + "dtypes_v3.pt", folder + "/b.npz", []string{"numpy has no"}},
		{"no form in torch", good + "numpy_values.pt", folder + "/b.pt", []string{"numpy value"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Convert(c.from, c.to, Options{})
			require.Error(t, err)
			for _, word := range c.mentions {
				assert.Contains(t, err.Error(), word)
			}
		})
	}
	_, err := Convert(model, there, Options{})
	assert.ErrorIs(t, err, fs.ErrExist)
	data, err := os.ReadFile(there)
	require.NoError(t, err)
	assert.Equal(t, "precious", string(data))
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Len(t, entries, 1, "nothing is left behind")

	_, err = Convert(model, there, Options{Overwrite: true})
	require.NoError(t, err)
	assertEqual(t, "", model, there)
}

// TestInPlace reads the old file to its end before the new one takes its name.
func TestInPlace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "old.pth")
	data, err := os.ReadFile(good + "legacy_state_dict.pt")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, data, 0o644))
	result, err := Convert(path, path, Options{Overwrite: true})
	require.NoError(t, err)
	assert.Equal(t, checkpoint.KindLegacy, result.From)
	assert.Equal(t, checkpoint.KindTorch, checkpoint.Sniff(path))
	assertEqual(t, "", good+"legacy_state_dict.pt", path)
}
