package worker

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/process"
)

// TestMain makes this program one that can have workers.
func TestMain(m *testing.M) {
	Serve(func(args []string) Handler {
		return func(verb string, header json.RawMessage, data []byte) (Answer, error) {
			return handle(args, verb, header, data)
		}
	})
	os.Exit(m.Run())
}

func handle(args []string, verb string, header json.RawMessage, data []byte) (Answer, error) {
	switch verb {
	case "echo":
		fmt.Println("noise on standard output")
		fmt.Fprintln(os.Stderr, "tgw1 and on standard error")
		return Answer{header, [][]byte{data, []byte("!")}}, nil
	case "arguments":
		return Answer{Header: args}, nil
	case "pid":
		return Answer{Header: os.Getpid()}, nil
	case "orphan": // starts a child of its own, and says which
		c := exec.Command("sleep", "60")
		err := c.Start()
		return Answer{Header: []int{os.Getpid(), c.Process.Pid}}, err
	case "descriptors":
		c := exec.Command("sh", "-c", "ls -l /proc/self/fd")
		out, err := c.Output()
		return Answer{Header: string(out)}, err
	case "parent": // is one itself, and is killed with its child at work
		w, err := Start(Options{})
		if err != nil {
			return Answer{}, err
		}
		var pid int
		if _, err = w.Call(context.Background(), "pid", nil, nil, &pid); err != nil {
			return Answer{}, err
		}
		return Answer{Header: []int{os.Getpid(), pid}}, nil
	case "sleep":
		time.Sleep(time.Minute)
	case "crash":
		fmt.Fprintln(os.Stderr, "goodbye")
		syscall.Kill(os.Getpid(), syscall.SIGSEGV)
		time.Sleep(time.Minute)
	case "garbage":
		os.NewFile(4, "answers").WriteString("this is no frame at all, but it is long enough")
	case "leave":
		os.Exit(0)
	}
	return Answer{}, errors.New("unknown verb " + verb)
}

func start(t *testing.T, o Options) *Worker {
	t.Helper()
	w, err := Start(o)
	require.NoError(t, err)
	t.Cleanup(w.Close)
	return w
}

func TestAnswers(t *testing.T) {
	w := start(t, Options{Arguments: []string{"one", "two"}})
	var args []string
	_, err := w.Call(t.Context(), "arguments", nil, nil, &args)
	require.NoError(t, err)
	assert.Equal(t, []string{"one", "two"}, args)
	for _, size := range []int{0, 1, 1 << 16, 70 << 20} {
		sent := bytes.Repeat([]byte{7}, size)
		var head map[string]string
		got, err := w.Call(t.Context(), "echo", map[string]string{"name": "é\n"}, [][]byte{sent[:size/2], sent[size/2:]}, &head)
		require.NoError(t, err)
		assert.Equal(t, map[string]string{"name": "é\n"}, head)
		require.Len(t, got, size+1)
		assert.True(t, bytes.Equal(sent, got[:size]))
	}
}

func TestEnds(t *testing.T) {
	for verb, want := range map[string]string{
		"crash":   "crashed: SIGSEGV",
		"leave":   "exit code 0",
		"unknown": "exit code 1: worker: unknown verb unknown",
	} {
		t.Run(verb, func(t *testing.T) {
			w := start(t, Options{})
			for range 2 { // and stays so
				_, err := w.Call(t.Context(), verb, nil, nil, new(any))
				var ended *process.Ended
				require.ErrorAs(t, err, &ended)
				assert.Equal(t, want, err.Error())
			}
		})
	}
}

func TestGarbageIsNoAnswer(t *testing.T) {
	w := start(t, Options{})
	_, err := w.Call(t.Context(), "garbage", nil, nil, new(any))
	assert.ErrorIs(t, err, errFrame)
}

func TestTimeIsUp(t *testing.T) {
	w := start(t, Options{})
	var pids []int
	_, err := w.Call(t.Context(), "orphan", nil, nil, &pids)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err = w.Call(ctx, "sleep", nil, nil, new(any))
	var ended *process.Ended
	require.ErrorAs(t, err, &ended)
	assert.Regexp(t, `^timed out after`, err.Error())
	assertGone(t, pids)
}

func TestCancelled(t *testing.T) {
	w := start(t, Options{})
	ctx, cancel := context.WithCancelCause(t.Context())
	reason := errors.New("enough")
	time.AfterFunc(300*time.Millisecond, func() { cancel(reason) })
	_, err := w.Call(ctx, "sleep", nil, nil, new(any))
	assert.ErrorIs(t, err, reason)
}

func TestCloseEndsWhatItStarted(t *testing.T) {
	w := start(t, Options{})
	var pids []int
	_, err := w.Call(t.Context(), "orphan", nil, nil, &pids)
	require.NoError(t, err)
	w.Close()
	w.Close()
	assertGone(t, pids)
}

// A worker whose program is killed goes with it, and does not know.
func TestNothingOutlivesTheProgram(t *testing.T) {
	w := start(t, Options{})
	var pids []int
	_, err := w.Call(t.Context(), "parent", nil, nil, &pids)
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(pids[0], syscall.SIGKILL))
	assertGone(t, pids)
}

func TestPipesAreNotInherited(t *testing.T) {
	w := start(t, Options{})
	var listed string
	_, err := w.Call(t.Context(), "descriptors", nil, nil, &listed)
	require.NoError(t, err)
	for line := range strings.Lines(listed) {
		if _, link, ok := strings.Cut(line, " 3 -> "); ok {
			assert.NotContains(t, link, "pipe:")
		}
	}
}

// A command that happens to be started with the argument of workers says so.
func TestStartedByHand(t *testing.T) {
	out, err := exec.Command(os.Args[0], argument).CombinedOutput()
	require.Error(t, err)
	assert.Contains(t, string(out), "this is a worker of the program and no command of it")
}

func assertGone(t *testing.T, pids []int) {
	t.Helper()
	for _, pid := range pids {
		assert.Eventually(t, func() bool {
			stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
			return err != nil || strings.Contains(string(stat), ") Z ")
		}, 5*time.Second, 10*time.Millisecond, "%d lives on", pid)
	}
}

func TestFramesThatAreNone(t *testing.T) {
	front := func(letters string, head uint32, size uint64) []byte {
		return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint32([]byte(letters), head), size)
	}
	for name, c := range map[string]struct {
		frame []byte
		want  error
	}{
		"nothing":         {nil, io.EOF},
		"half":            {[]byte(letters + "abc"), io.ErrUnexpectedEOF},
		"other letters":   {front("tgw2", 0, 0), errFrame},
		"a long header":   {front(letters, mostHead+1, 0), errFrame},
		"much data":       {front(letters, 0, mostData+1), errFrame},
		"no header":       {front(letters, 10, 0), io.ErrUnexpectedEOF},
		"a claim of data": {front(letters, 0, mostData), io.ErrUnexpectedEOF},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := read(bytes.NewReader(c.frame))
			assert.ErrorIs(t, err, c.want)
		})
	}
}

func FuzzRead(f *testing.F) {
	var good bytes.Buffer
	require.NoError(f, write(&good, request{"run", json.RawMessage(`{"a":1}`)}, [][]byte{{1, 2}, {3}}))
	f.Add(good.Bytes())
	f.Add([]byte(letters + "\xff\xff\xff\x00\xff\xff\xff\xff\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		header, data, err := read(bytes.NewReader(stream))
		if err != nil {
			return
		}
		var again bytes.Buffer
		if json.Valid(header) {
			require.NoError(t, write(&again, json.RawMessage(header), [][]byte{data}))
		}
	})
}
