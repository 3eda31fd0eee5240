package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/joshdk/go-junit"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
	library "github.com/seed06459138/torchgo/verify"
)

func TestVerdicts(t *testing.T) {
	torchtest.Require(t)
	attribute := scenario("dynamic_model_safe_save/attribute", "checkpoint.pt")
	for _, c := range []struct {
		name string
		args []string
		code int
		last string
		has  []string
	}{
		{"consistent", safe(), 0, "consistent: state_dict and TorchScript compute what was expected",
			[]string{"SAME? state_dict: True   max |Δ| 0, 0 of 2 elements differ\n", "SAME? TorchScript: True   max |Δ| 0, 0 of 2 elements differ\n"}},
		{"inconsistent", attribute, 1, "inconsistent: my_embed is used by forward but is not in the state",
			[]string{"SAME? state_dict: False   max |Δ| NaN, 2 of 2 elements differ, without my_embed\n", "register it as a buffer"}},
		{"accepted", append(attribute, "--accept-uncovered", "my_*"), 0, "consistent: state_dict and TorchScript compute what was expected",
			[]string{"accepted     my_embed", "by my_*"}},
		{"quiet", append(safe(), "--quiet"), 0, "consistent: state_dict and TorchScript compute what was expected", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := invoke(t, c.args...)
			assert.Equal(t, c.code, r.code)
			assert.Empty(t, r.stderr)
			all := lines(r.stdout)
			assert.Equal(t, c.last, all[len(all)-1])
			for _, text := range c.has {
				assert.Contains(t, r.stdout, text)
			}
			assert.NotContains(t, r.stdout, "\x1b", "colours are for terminals")
			assert.NotContains(t, r.stdout, "✓", "so are check marks")
			if c.name == "quiet" {
				assert.Len(t, all, 1)
			}
		})
	}
}

func TestJSON(t *testing.T) {
	torchtest.Require(t)
	read := func(t *testing.T, data []byte) library.Report {
		var report library.Report
		decoder := json.NewDecoder(strings.NewReader(string(data)))
		decoder.DisallowUnknownFields()
		require.NoError(t, decoder.Decode(&report))
		return report
	}
	path := filepath.Join(t.TempDir(), "report.json")
	// What was there before is longer, and must be gone.
	require.NoError(t, os.WriteFile(path, []byte(strings.Repeat("old ", 10000)), 0o644))

	t.Run("file", func(t *testing.T) {
		r := invoke(t, append(safe(), "--json", path)...)
		assert.Equal(t, 0, r.code, r.stderr)
		assert.Contains(t, r.stdout, "SAME?")
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		report := read(t, data)
		assert.Equal(t, library.Schema, report.Schema)
		assert.Equal(t, library.Consistent, report.Verdict)
		assert.Len(t, report.Files, 4)
		assert.Len(t, report.Comparisons, 2)
	})
	t.Run("standard output", func(t *testing.T) {
		r := invoke(t, append(safe(), "--json", "-", "--quiet")...)
		assert.Equal(t, 0, r.code)
		assert.Equal(t, library.Consistent, read(t, []byte(r.stdout)).Verdict)
		assert.Equal(t, "consistent: state_dict and TorchScript compute what was expected\n", r.stderr)
	})
	t.Run("of a question that could not be put", func(t *testing.T) {
		r := invoke(t, "--scripted", "missing.pt", "--state", safe()[3], "--json", path)
		assert.Equal(t, 2, r.code)
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		report := read(t, data)
		assert.Equal(t, library.Unanswered, report.Verdict)
		require.Len(t, report.Findings, 1)
		assert.Equal(t, "missing.pt: no such file", report.Findings[0].Text)
	})
	t.Run("a full disk", func(t *testing.T) {
		if _, err := os.Stat("/dev/full"); err != nil {
			t.Skip("no /dev/full here")
		}
		r := invoke(t, append(safe(), "--json", "/dev/full")...)
		assert.Equal(t, 2, r.code)
		assert.Contains(t, r.stderr, "no space left")
	})
}

func TestReports(t *testing.T) {
	torchtest.Require(t)
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	read := func(t *testing.T, name string) string {
		data, err := os.ReadFile(at(name))
		require.NoError(t, err)
		return string(data)
	}
	require.NoError(t, os.WriteFile(at("r.xml"), []byte(strings.Repeat("old ", 10000)), 0o644))
	all := []string{"--json", at("r.json"), "--junit", at("r.xml"), "--markdown", at("r.md"), "--html", at("r.html")}
	t.Run("all at once", func(t *testing.T) {
		r := invoke(t, append(scenario("dynamic_model_safe_save/attribute", "checkpoint.pt"), all...)...)
		assert.Equal(t, 1, r.code, r.stderr)
		assert.Contains(t, r.stdout, "SAME?")
		assert.Contains(t, read(t, "r.json"), `"verdict": "inconsistent"`)
		assert.Contains(t, read(t, "r.json"), `"undefined": 2,`, "charts need the profile, and the JSON has it then")
		assert.Contains(t, read(t, "r.html"), "<svg ")
		suites, err := junit.Ingest([]byte(read(t, "r.xml")))
		require.NoError(t, err)
		assert.Equal(t, junit.Totals{Tests: 5, Passed: 2, Failed: 3, Duration: suites[0].Totals.Duration}, suites[0].Totals)
		assert.True(t, strings.HasPrefix(read(t, "r.md"), "## ❌ inconsistent: my\\_embed"), read(t, "r.md"))
	})
	t.Run("of a question that could not be put", func(t *testing.T) {
		r := invoke(t, append([]string{"--scripted", "missing.pt", "--state", safe()[3]}, all...)...)
		assert.Equal(t, 2, r.code)
		suites, err := junit.Ingest([]byte(read(t, "r.xml")))
		require.NoError(t, err)
		assert.Equal(t, 1, suites[0].Totals.Error)
		assert.Contains(t, read(t, "r.html"), "missing.pt: no such file")
		assert.True(t, strings.HasPrefix(read(t, "r.md"), "## ❔ can't answer: missing.pt: no such file"))
	})
	t.Run("standard output", func(t *testing.T) {
		r := invoke(t, append(safe(), "--markdown", "-")...)
		assert.Equal(t, 0, r.code)
		assert.True(t, strings.HasPrefix(r.stdout, "## ✅ consistent"))
		assert.Contains(t, r.stderr, "SAME?")
	})
	t.Run("one file for two", func(t *testing.T) {
		for _, path := range []string{"-", at("both")} {
			r := invoke(t, append(safe(), "--markdown", path, "--junit", path)...)
			assert.Equal(t, 2, r.code)
			assert.Equal(t, "verify: --junit and --markdown both write to "+path+"; name a file for each\n", r.stderr)
		}
	})
}

func TestHelp(t *testing.T) {
	for _, flag := range []string{"-h", "--help", "help"} {
		r := invoke(t, flag)
		assert.Equal(t, 0, r.code)
		assert.GreaterOrEqual(t, strings.Count(r.stdout, "\n  # "), 4, "examples")
		for _, word := range []string{"Exit code: 0", "--accept-uncovered PATTERN", "--non-persistent NAME", "doctor"} {
			assert.Contains(t, r.stdout, word)
		}
		for _, line := range lines(r.stdout) {
			assert.LessOrEqual(t, len(line), 80, line)
		}
	}
	r := invoke(t, "--version")
	assert.Equal(t, 0, r.code)
	assert.Regexp(t, `^verify .* go1\..* report format torchgo\.verify\.report/1\n$`, r.stdout)
}

func TestDoctor(t *testing.T) {
	torchtest.Require(t)
	r := invoke(t, "doctor")
	assert.Equal(t, 0, r.code, r.stdout)
	build, err := torch.Version()
	require.NoError(t, err)
	for _, word := range []string{"Go  ", "compiler", "libtorch   ok", build.Libtorch, build.LibtorchPath, "C++ ABI", "kernels in use: " + build.CPU, "CUDA", "threads"} {
		assert.Contains(t, r.stdout, word)
	}
	assert.Equal(t, 2, invoke(t, "doctor", "please").code)
}

func TestDoctorWithoutLibtorch(t *testing.T) {
	cmd := exec.Command(program(t), "doctor")
	cmd.Env = append(os.Environ(), "TORCHGO_SHIM=/nowhere/libtorchgo.so", "PATH=/nowhere")
	r := finish(t, cmd)
	assert.Equal(t, 2, r.code)
	for _, word := range []string{"shim       missing", "libtorch   missing", "compiler   missing", "tried /nowhere/libtorchgo.so", "-> unset TORCHGO_SHIM", "not ready"} {
		assert.Contains(t, r.stdout, word)
	}
}

// TestMoved runs the program outside of the checkout.
func TestMoved(t *testing.T) {
	torchtest.Require(t)
	build, err := torch.Version()
	require.NoError(t, err)
	folder := t.TempDir()
	data, err := os.ReadFile(program(t))
	require.NoError(t, err)
	moved := filepath.Join(folder, "check")
	require.NoError(t, os.WriteFile(moved, data, 0o755))
	args := safe()
	for i, a := range args {
		if !strings.HasPrefix(a, "--") {
			args[i], err = filepath.Abs(a)
			require.NoError(t, err)
		}
	}
	cmd := exec.Command(moved, append(args, "--quiet")...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "TORCHGO_SHIM="+build.ShimPath)
	r := finish(t, cmd)
	assert.Equal(t, 0, r.code, r.stderr)
}

// TestInterrupt sends Ctrl-C while libtorch is being opened.
func TestInterrupt(t *testing.T) {
	torchtest.Require(t)
	if _, err := os.Stat("/proc/self/maps"); err != nil {
		t.Skip("no /proc here")
	}
	var stderr strings.Builder
	cmd := exec.Command(program(t), safe()...)
	cmd.Stderr = &stderr
	require.NoError(t, cmd.Start())
	maps := fmt.Sprintf("/proc/%d/maps", cmd.Process.Pid)
	require.Eventually(t, func() bool {
		data, _ := os.ReadFile(maps)
		return strings.Contains(string(data), "libtorch")
	}, 20*time.Second, time.Millisecond)
	require.NoError(t, cmd.Process.Signal(syscall.SIGINT))
	_ = cmd.Wait()
	assert.Equal(t, 2, cmd.ProcessState.ExitCode(), stderr.String())
	assert.Equal(t, "verify: interrupted before there was an answer\n", stderr.String())
}

func TestTextOptions(t *testing.T) {
	plain, err := os.Create(filepath.Join(t.TempDir(), "out"))
	require.NoError(t, err)
	defer plain.Close()
	assert.Equal(t, library.TextOptions{}, textOptions(plain))
	assert.Equal(t, library.TextOptions{}, textOptions(&strings.Builder{}))

	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no pseudo-terminals here")
	}
	defer terminal.Close()
	t.Setenv("TERM", "xterm")
	t.Setenv("NO_COLOR", "")
	assert.Equal(t, library.TextOptions{Terminal: true, Color: true}, textOptions(terminal))
	t.Setenv("NO_COLOR", "1")
	assert.Equal(t, library.TextOptions{Terminal: true}, textOptions(terminal))
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "dumb")
	assert.Equal(t, library.TextOptions{Terminal: true}, textOptions(terminal))
}
