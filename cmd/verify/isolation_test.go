package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
)

// crashing gives the flags of a check in which a file is run beside one that is well.
func crashing(file string, more ...string) []string {
	at := func(name string) string { return filepath.Join("../../testdata/crashes", name) }
	return append([]string{"--scripted", at("good.pt"), "--leg", "bad=scripted:" + at(file), "--expected", at("expected.npy"), "--input", at("x.npy")}, more...)
}

func TestIsolation(t *testing.T) {
	torchtest.Require(t)
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"crash", crashing("crashing.pt", "--isolate"), `crashed: SIGSEGV while running`},
		{"crash while it is loaded", crashing("crashing_load.pt", "--isolate"), `crashed: SIGSEGV while loading`},
		{"memory", crashing("hoarding.pt", "--memory", "700MiB"), `killed: it took more memory than 700 MiB while running`},
		{"time", crashing("endless.pt", "--timeout", "10"), `timed out after 10s while running`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := invoke(t, c.args...)
			assert.Equal(t, 2, r.code)
			assert.Empty(t, r.stderr)
			assert.Contains(t, r.stdout, "SAME? TorchScript: True")
			assert.Contains(t, r.stdout, "- bad could not be run: "+c.want)
			assert.Contains(t, r.stdout, "can't answer: bad could not be run: "+c.want)
		})
	}
}

func TestBadLimits(t *testing.T) {
	for name, c := range map[string]struct {
		args     []string
		mentions []string
	}{
		"a size":           {[]string{"--memory", "3XB"}, []string{"--memory", `"3XB" is no size; write 512MiB`}},
		"no memory":        {[]string{"--memory", "0"}, []string{"--memory", "no size"}},
		"a time":           {[]string{"--timeout", "soon"}, []string{"--timeout", "soon is no time; write 90s"}},
		"no time":          {[]string{"--timeout", "0s"}, []string{"--timeout", "0s is no time"}},
		"a version":        {[]string{"--libtorch", "0.0.1"}, []string{"no shim is built for libtorch 0.0.1", "scripts/shim 0.0.1"}},
		"an empty version": {[]string{"--libtorch", "2.15.0,"}, []string{"a libtorch has no name"}},
		"a shim":           {[]string{"--leg", "old=scripted:m.pt,libtorch=nowhere.so"}, []string{"libtorch=nowhere.so", "no such file"}},
	} {
		t.Run(name, func(t *testing.T) { assertRefused(t, invoke(t, append(safe(), c.args...)...), c.mentions...) })
	}
}

// Workers do not outlive the program, however it ends.
func TestWorkersEndWithTheProgram(t *testing.T) {
	torchtest.Require(t)
	for name, end := range map[string]syscall.Signal{"killed": syscall.SIGKILL, "interrupted": syscall.SIGINT} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(program(t), crashing("endless.pt", "--isolate")...)
			var out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &out
			require.NoError(t, cmd.Start())
			var workers []int
			assert.Eventually(t, func() bool {
				workers = childrenOf(cmd.Process.Pid)
				return len(workers) == 2
			}, 20*time.Second, 20*time.Millisecond)
			time.Sleep(time.Second) // for one to be at work
			require.NoError(t, cmd.Process.Signal(end))
			require.Error(t, cmd.Wait())
			if end == syscall.SIGINT {
				assert.Equal(t, 2, cmd.ProcessState.ExitCode())
				assert.Contains(t, out.String(), "interrupted before there was an answer")
			}
			for _, pid := range workers {
				assert.Eventually(t, func() bool { return len(statOf(pid)) == 0 || statOf(pid)[0] == "Z" }, 5*time.Second, 20*time.Millisecond)
			}
		})
	}
}

// statOf reads the fields of a process behind its name: the state, the parent, ….
func statOf(pid int) []string {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return nil
	}
	return strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
}

func childrenOf(parent int) (pids []int) {
	all, _ := filepath.Glob("/proc/[0-9]*")
	for _, path := range all {
		pid, err := strconv.Atoi(regexp.MustCompile(`\d+$`).FindString(path))
		if f := statOf(pid); err == nil && len(f) > 1 && f[1] == strconv.Itoa(parent) {
			pids = append(pids, pid)
		}
	}
	return pids
}
