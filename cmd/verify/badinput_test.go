package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
)

// nativeTrace is what a person who gave a wrong file must not be shown.
var nativeTrace = regexp.MustCompile(`frame #|Exception raised|\.cpp:\d|goroutine \d|panic:|SIGABRT|terminate called|Traceback`)

// assertRefused checks that a run ended with one line that says what is wrong.
func assertRefused(t *testing.T, r ran, mentions ...string) {
	t.Helper()
	assert.Equal(t, 2, r.code)
	assert.Empty(t, r.stdout)
	require.Len(t, lines(r.stderr), 1, r.stderr)
	assert.Regexp(t, "^verify: [^ ]", r.stderr)
	assert.NotRegexp(t, nativeTrace, r.stderr)
	assert.Less(t, len(r.stderr), 700, "it is to be read")
	for _, word := range mentions {
		assert.Contains(t, r.stderr, word)
	}
}

// TestBadFiles gives the built program every file and input of the zoo that must
// be refused: missing, folders, empty, cut short, damaged, swapped, pickled
// classes, object arrays, wrong numbers, shapes and dtypes of inputs, missing
// operators and methods.
func TestBadFiles(t *testing.T) {
	torchtest.Require(t)
	tried := 0
	for _, c := range readZoo(t) {
		if c.Verdict != "unreadable" {
			continue
		}
		tried++
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			r := invoke(t, c.flags()...)
			assertRefused(t, r, c.Mentions...)
			t.Log(r.stderr)
		})
	}
	assert.Greater(t, tried, 30)
}

func TestBadFlags(t *testing.T) {
	torchtest.Require(t)
	folder := t.TempDir()
	pipe := filepath.Join(folder, "pipe")
	require.NoError(t, exec.Command("mkfifo", pipe).Run())
	for _, c := range []struct {
		name     string
		args     []string
		mentions []string
	}{
		{"nothing", nil, []string{"nothing to check", "--scripted"}},
		{"one file", safe()[:2], []string{"nothing to compare", "--state"}},
		{"a word", []string{"m.pt"}, []string{`"m.pt"`, "--scripted"}},
		{"an unknown flag", []string{"--fast"}, []string{"--fast", "verify -h"}},
		{"a flag without a value", []string{"--rtol"}, []string{"--rtol"}},
		{"no number", []string{"--rtol", "small"}, []string{"small", "--rtol"}},
		{"a negative tolerance", append(safe(), "--atol", "-1"), []string{"atol -1"}},
		{"no pattern", append(safe(), "--accept-uncovered", "["), []string{`"["`}},
		{"no device", append(safe(), "--device", "tpu"), []string{`"tpu"`, "cuda:N"}},
		{"json in a folder that is not there", append(safe(), "--json", filepath.Join(folder, "no", "r.json")), []string{"--json", "no such file or directory"}},
		{"json into a folder", append(safe(), "--json", folder), []string{"--json", folder, "is a directory"}},
		{"a pipe", append(safe(), "--input", pipe), []string{pipe, "regular file"}},
		{"an input that is not there", append(safe(), "--input", filepath.Join(folder, "no", "x.npy")), []string{"x.npy", "no such file", "folder"}},
		{"an input without a name", append(safe(), "--input", ""), []string{"--input"}},
		{"an unknown method", append(safe(), "--method", "encode"), []string{"encode", "forward"}},
		{"an unknown key", append(safe(), "--state-key", "ema"), []string{"model_state.pt", "ema", "fc.weight"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			assertRefused(t, invoke(t, c.args...), c.mentions...)
		})
	}
}

func TestCUDAThatIsNotThere(t *testing.T) {
	torchtest.Require(t)
	if n, _, err := torch.DeviceCount(torch.DeviceCUDA); err != nil || n > 0 {
		t.Skip("this machine has CUDA devices")
	}
	for _, device := range []string{"cuda", "cuda:1"} {
		assertRefused(t, invoke(t, append(safe(), "--device", device)...), "--device cuda", "verify doctor")
	}
}

func TestUnreadableFile(t *testing.T) {
	torchtest.Require(t)
	if os.Getuid() == 0 {
		t.Skip("root may read everything")
	}
	data, err := os.ReadFile(safe()[1])
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "m.pt")
	require.NoError(t, os.WriteFile(path, data, 0))
	args := safe()
	args[1] = path
	assertRefused(t, invoke(t, args...), path, "permission")
}

// TestVerbose keeps libtorch's traceback for those who ask.
func TestVerbose(t *testing.T) {
	torchtest.Require(t)
	cases := readZoo(t)
	i := slices.IndexFunc(cases, func(c zooCase) bool { return c.Name == "wrong_shape" })
	require.GreaterOrEqual(t, i, 0)
	r := invoke(t, append(cases[i].flags(), "--verbose")...)
	assert.Equal(t, 2, r.code)
	assert.Greater(t, len(lines(r.stderr)), 3)
	assert.Regexp(t, `(?m)^verify: `, r.stderr)
	assert.Contains(t, r.stderr, "Traceback")
}

// TestNoLibtorch names the places that were tried and what to do.
func TestNoLibtorch(t *testing.T) {
	cmd := exec.Command(program(t), safe()...)
	cmd.Env = append(os.Environ(), "TORCHGO_SHIM=/nowhere/libtorchgo.so")
	r := finish(t, cmd)
	assert.Equal(t, 2, r.code)
	assert.Empty(t, r.stdout)
	assert.Contains(t, r.stderr, "/nowhere/libtorchgo.so ($TORCHGO_SHIM): not there")
	assert.Contains(t, r.stderr, "make shim")

	// What is wrong with the files is said all the same, and first.
	cmd = exec.Command(program(t), "--scripted", "missing.pt", "--state", safe()[3])
	cmd.Env = append(os.Environ(), "TORCHGO_SHIM=/nowhere/libtorchgo.so")
	assertRefused(t, finish(t, cmd), "missing.pt: no such file")
}
