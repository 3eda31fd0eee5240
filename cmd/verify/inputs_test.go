package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seed06459138/torchgo/internal/torchtest"
)

func TestInputFlags(t *testing.T) {
	torchtest.Require(t)
	branch := "../../testdata/branch/"
	args := []string{"--scripted", branch + "model_scripted.pt", "--leg", "traced:" + branch + "model_traced.pt"}
	x := branch + "x.npy"
	folder := filepath.Join(t.TempDir(), "failing")
	for name, c := range map[string]struct {
		flags []string
		code  int
		has   string
	}{
		"given":        {[]string{"--input", x}, 0, "consistent: trace computes what TorchScript computes\n"},
		"random":       {[]string{"--input", x, "--random", "5", "--seed", "1", "--save-failing", folder}, 1, "on random 1"},
		"shape":        {[]string{"--shape", "x=3x4", "--random", "1", "--range", "-1:0"}, 0, "trace computes what TorchScript computes\n"},
		"edges":        {[]string{"--input", x, "--edge", "zeros", "--edge", "batch=1/2", "--range", "0:0.5"}, 0, "4 sets of inputs: given, zeros, batch=1, batch=2\n"},
		"set":          {[]string{"--input", x, "--set", "twice=" + x}, 0, "2 sets of inputs: given, twice\n"},
		"no shape":     {[]string{"--random", "1"}, 2, "give --shape x="},
		"wrong shape":  {[]string{"--random", "1", "--shape", "x=2x5"}, 2, "forward failed on random 1 (float32 [2, 5])"},
		"bad shape":    {[]string{"--random", "1", "--shape", "2x5"}, 2, "--shape: the shape \"2x5\" names no input"},
		"bad range":    {[]string{"--random", "1", "--range", "x"}, 2, "--range: "},
		"bad edge":     {[]string{"--edge", "odd"}, 2, "--edge: there is no edge case \"odd\""},
		"bad set":      {[]string{"--set", "x.npy"}, 2, "write NAME=FILE"},
		"not so many":  {[]string{"--input", x, "--random", "-1"}, 2, "-1 random sets are not possible"},
		"no numbers":   {[]string{"--input", x, "--seed", "1"}, 2, "give --random N, --edge or both"},
		"other folder": {[]string{"--input", x, "--random", "5", "--seed", "1", "--save-failing", "/proc/none"}, 2, "/proc/none"},
	} {
		t.Run(name, func(t *testing.T) {
			r := invoke(t, append(args, c.flags...)...)
			assert.Equal(t, c.code, r.code, r.stdout+r.stderr)
			assert.Contains(t, r.stdout+r.stderr, c.has)
		})
	}
	files, err := os.ReadDir(folder)
	assert.NoError(t, err)
	assert.NotEmpty(t, files)
}
