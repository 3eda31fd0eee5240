//go:build linux

package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestMain is the program that the tests run.
func TestMain(m *testing.M) {
	if os.Getenv("PROCESS_TEST") == "hoard" {
		var all [][]byte
		for {
			block := make([]byte, 8<<20)
			for i := range block {
				block[i] = 1
			}
			all = append(all, block)
			time.Sleep(5 * time.Millisecond)
			if len(all) > 500 {
				os.Exit(0)
			}
		}
	}
	os.Exit(m.Run())
}

func shell(script string) []string { return []string{"/bin/sh", "-c", script} }

func TestEnds(t *testing.T) {
	for _, c := range []struct {
		name, script, want string
		signal             syscall.Signal
	}{
		{"well", "echo fine", "", 0},
		{"with a code", "echo first; echo it broke >&2; exit 3", "exit code 3: it broke", 0},
		{"silently", "exit 4", "exit code 4", 0},
		{"by a crash", "kill -SEGV $$", "crashed: SIGSEGV", syscall.SIGSEGV},
		{"by an abort", "echo assertion failed >&2; kill -ABRT $$", "crashed: SIGABRT", syscall.SIGABRT},
		{"killed", "kill -KILL $$", "killed: SIGKILL", syscall.SIGKILL},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := Run(t.Context(), shell(c.script), "", nil, 0)
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			var ended *Ended
			require.ErrorAs(t, err, &ended)
			assert.Equal(t, c.want, err.Error())
			assert.Equal(t, c.signal, ended.Signal)
		})
	}
}

func TestNoSuchProgram(t *testing.T) {
	assert.ErrorIs(t, Run(t.Context(), []string{"/nowhere/program"}, "", nil, 0), os.ErrNotExist)
}

func TestTimeIsUp(t *testing.T) {
	pid := filepath.Join(t.TempDir(), "pid")
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	// A child of the program, which holds its pipes open, must go too.
	err := Run(ctx, shell("sleep 60 & echo $! >"+pid+"; wait"), "", nil, 0)
	var ended *Ended
	require.ErrorAs(t, err, &ended)
	assert.Regexp(t, `^timed out after \d+(\.\d)?(ms|s)$`, err.Error())
	child := readPID(t, pid)
	assert.Eventually(t, func() bool { return gone(child) }, 5*time.Second, 10*time.Millisecond)
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	reason := errors.New("enough")
	time.AfterFunc(100*time.Millisecond, func() { cancel(reason) })
	assert.ErrorIs(t, Run(ctx, shell("sleep 60"), "", nil, 0), reason)
}

func TestWhatItLeavesRunningIsKilled(t *testing.T) {
	pid := filepath.Join(t.TempDir(), "pid")
	require.NoError(t, Run(t.Context(), shell("sleep 60 >/dev/null 2>&1 & echo $! >"+pid), "", nil, 0))
	child := readPID(t, pid)
	assert.Eventually(t, func() bool { return gone(child) }, 5*time.Second, 10*time.Millisecond)
}

func TestTooMuchMemory(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	err = Run(t.Context(), []string{self}, "", []string{"PROCESS_TEST=hoard"}, 200<<20)
	var ended *Ended
	require.ErrorAs(t, err, &ended)
	assert.Equal(t, "killed: it took more memory than 200 MiB", err.Error())
}

func TestOnlyTheEndOfWhatItSaysIsKept(t *testing.T) {
	err := Run(t.Context(), shell("seq 1 100000; printf '\\377 end'; exit 1"), "", nil, 0)
	var ended *Ended
	require.ErrorAs(t, err, &ended)
	assert.LessOrEqual(t, len(ended.Said), mostTail+8)
	assert.True(t, strings.HasSuffix(ended.Said, "100000\n� end"), ended.Said[len(ended.Said)-40:])
}

func readPID(t *testing.T, file string) int {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	require.NoError(t, err)
	return pid
}

// gone tells whether a process has ended; a zombie that nobody waits for has.
func gone(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(stat), ") Z ")
}
