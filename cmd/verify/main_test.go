package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
)

func TestMain(m *testing.M) { torchtest.Main(m) }

// build builds the program under test, once, where git does not look.
var build = sync.OnceValues(func() (string, error) {
	path, err := filepath.Abs("../../build/verify-under-test")
	if err != nil {
		return "", err
	}
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		os.Stderr.Write(out)
	}
	return path, err
})

// program gives the path of the built program.
func program(t *testing.T) string {
	t.Helper()
	path, err := build()
	require.NoError(t, err)
	return path
}

// ran is what a run of the program gave.
type ran struct {
	code           int
	stdout, stderr string
}

// invoke runs the built program in this folder.
func invoke(t *testing.T, args ...string) ran {
	t.Helper()
	return finish(t, exec.Command(program(t), args...))
}

func finish(t *testing.T, cmd *exec.Cmd) ran {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		require.NoError(t, err)
	}
	return ran{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// scenario gives the flags for a folder of files.
func scenario(folder, state string) []string {
	at := func(name string) string { return filepath.Join("../../testdata/scenarios", folder, name) }
	return []string{"--scripted", at("model_scripted.pt"), "--state", at(state), "--expected", at("expected.npy"), "--input", at("x.npy")}
}

var safe = func() []string { return scenario("safe_model_save", "model_state.pt") }

// zooCase is an entry of testdata/zoo/manifest.json.
type zooCase struct {
	Name, Why, Scripted, State, Expected, Method, Verdict string

	Inputs          []string
	StateKey        string   `json:"state_key"`
	NonPersistent   []string `json:"non_persistent"`
	AcceptUncovered []string `json:"accept_uncovered"`
	EqualNaN        bool     `json:"equal_nan"`
	Exit            int
	Mentions        []string
}

func readZoo(t *testing.T) []zooCase {
	t.Helper()
	data, err := os.ReadFile("../../testdata/zoo/manifest.json")
	require.NoError(t, err)
	var cases []zooCase
	require.NoError(t, json.Unmarshal(data, &cases))
	return cases
}

// flags puts the case's question on the command line.
func (c zooCase) flags() []string {
	var args []string
	add := func(flag, value string) {
		if value != "" {
			args = append(args, flag, value)
		}
	}
	file := func(flag, name string) {
		if name != "" {
			add(flag, filepath.Join("../../testdata/zoo", name))
		}
	}
	file("--scripted", c.Scripted)
	file("--state", c.State)
	file("--expected", c.Expected)
	for _, name := range c.Inputs {
		file("--input", name)
	}
	add("--method", c.Method)
	add("--state-key", c.StateKey)
	for _, name := range c.NonPersistent {
		add("--non-persistent", name)
	}
	for _, name := range c.AcceptUncovered {
		add("--accept-uncovered", name)
	}
	if c.EqualNaN {
		args = append(args, "--equal-nan")
	}
	return args
}

// lines splits output into its lines.
func lines(text string) []string { return strings.Split(strings.TrimSuffix(text, "\n"), "\n") }
