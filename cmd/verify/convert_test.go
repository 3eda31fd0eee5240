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

// TestConvert writes, refuses, and says how to insist.
func TestConvert(t *testing.T) {
	folder := t.TempDir()
	model := scenarios + "safe_model_save/model_state.pt"
	at := func(name string) string { return filepath.Join(folder, name) }
	for _, c := range []struct { // in this order: each may build on those before
		name     string
		args     []string
		code     int
		mentions []string
	}{
		{"to safetensors", []string{model, at("a.safetensors")}, 0, []string{": safetensors, 2 tensors of " + model}},
		{"and back", []string{at("a.safetensors"), at("a.pt")}, 0, []string{": torch.save archive, 2 tensors of "}},
		{"to npz", []string{at("a.pt"), at("a.npz")}, 0, []string{": npz archive, 2 tensors of "}},
		{"not over a file", []string{model, at("a.pt")}, 2, []string{at("a.pt"), "already exists", "--force"}},
		{"over a file", []string{model, at("a.pt"), "--force"}, 0, []string{": torch.save archive, all of " + model}},
		{"not with a loss", []string{scenarios + "train_and_save/checkpoint.pt", at("b.safetensors")}, 2, []string{"checkpoint.pt", "optimizer_state_dict", "--accept-loss"}},
		{"with a loss", []string{scenarios + "train_and_save/checkpoint.pt", at("b.safetensors"), "--accept-loss"}, 0, []string{"4 tensors", "without  what is beside the state_dict"}},
		{"several states", []string{zoo + "two_states/state.pt", at("c.npz")}, 2, []string{"ema_state_dict", "--state-key"}},
		{"one of several", []string{zoo + "two_states/state.pt", at("c.npz"), "--state-key", "ema_state_dict", "--accept-loss"}, 0, []string{"2 tensors", "model_state_dict"}},
		{"no such file", []string{at("no.pt"), at("d.npz")}, 2, []string{at("no.pt"), "check the name"}},
		{"one name", []string{model}, 2, []string{"the old and the new", "verify convert -h"}},
		{"an unknown flag", []string{model, at("d.npz"), "--lossy"}, 2, []string{"--lossy"}},
	} {
		r := invokeAlone(t, append([]string{"convert"}, c.args...)...)
		if c.code == 2 {
			assertRefused(t, r, c.mentions...)
			continue
		}
		assert.Equal(t, 0, r.code, c.name+": "+r.stderr)
		assert.Empty(t, r.stderr)
		for _, word := range c.mentions {
			assert.Contains(t, strings.Join(strings.Fields(r.stdout), " "), strings.Join(strings.Fields(word), " "), c.name)
		}
	}
	for _, name := range []string{"a.safetensors", "a.pt", "a.npz"} {
		r := invokeAlone(t, "inspect", model, at(name))
		assert.Equal(t, 0, r.code, r.stdout)
	}
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Len(t, entries, 5, "and nothing else was left behind")
}

// TestConvertedStateIsConsistent gives a converted state to the check.
func TestConvertedStateIsConsistent(t *testing.T) {
	torchtest.Require(t)
	args := safe()
	converted := filepath.Join(t.TempDir(), "state.safetensors")
	require.Equal(t, 0, invokeAlone(t, "convert", args[3], converted).code)
	args[3] = converted
	r := invoke(t, args...)
	assert.Equal(t, 0, r.code, r.stdout+r.stderr)
}
