package checkpoint

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// stateFile writes a state_dict of so many float32 tensors, each of its number.
func stateFile(t *testing.T, tensors, elements int) []byte {
	t.Helper()
	s := NewState()
	for i := range tensors {
		data := make([]float32, elements)
		for j := range data {
			data[j] = float32(i)
		}
		x, err := NewTensor(data, int64(elements))
		require.NoError(t, err)
		require.NoError(t, s.Add(strconv.Itoa(i), x))
	}
	var out bytes.Buffer
	require.NoError(t, SaveTo(&out, s.Dict()))
	return out.Bytes()
}

func TestAStreamOfTensorsDoesNotHoldTheFile(t *testing.T) {
	const tensors, elements = 64, 1 << 18 // of 1 MB
	raw := stateFile(t, tensors, elements)
	f, err := OpenReader("stream.pt", bytes.NewReader(raw), int64(len(raw)))
	require.NoError(t, err)
	s, err := f.State("")
	require.NoError(t, err)
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	for _, name := range s.Names() {
		x, _ := s.Tensor(name)
		data, err := Slice[float32](x)
		require.NoError(t, err)
		want, err := strconv.Atoi(name)
		require.NoError(t, err)
		assert.InDelta(t, want, data[elements-1], 0)
	}
	assert.Less(t, heap()-before, int64(8<<20), "of 64 MB")
	runtime.KeepAlive(s)
}

func TestStorageBytesAreSharedWhileAnyoneHasThem(t *testing.T) {
	raw := stateFile(t, 1, 1<<10)
	f, err := OpenReader("stream.pt", bytes.NewReader(raw), int64(len(raw)))
	require.NoError(t, err)
	s, err := f.State("")
	require.NoError(t, err)
	x, _ := s.Tensor("0")
	first, err := x.Storage().Bytes()
	require.NoError(t, err)
	runtime.GC()
	second, err := x.Storage().Bytes()
	require.NoError(t, err)
	assert.Same(t, &first[0], &second[0])
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				again, err := x.Storage().Bytes()
				assert.NoError(t, err)
				assert.Len(t, again, 4<<10)
				runtime.GC()
			}
		})
	}
	all.Wait()
	runtime.KeepAlive(first)
	runtime.KeepAlive(second)
}

func TestDiscardReadsTheFileAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "large.pt")
	raw := stateFile(t, 3, 12<<20) // 144 MB, more than is kept resident
	require.NoError(t, os.WriteFile(path, raw, 0o644))
	f, err := Open(path)
	require.NoError(t, err)
	defer func() { assert.NoError(t, f.Close()) }()
	require.NoError(t, f.CheckCRC())
	s, err := f.State("")
	require.NoError(t, err)
	for _, name := range s.Names() {
		x, _ := s.Tensor(name)
		data, err := Slice[float32](x)
		require.NoError(t, err)
		middle := len(data) / 2
		data[middle] = -1 // seen by this process alone
		require.NoError(t, f.CheckCRC(), "of the file, not of what was written here")
		x.Storage().Discard()
		want, err := strconv.Atoi(name)
		require.NoError(t, err)
		assert.InDelta(t, want, data[middle], 0, "comes back from the file")
	}
	sum := sha256.Sum256(raw)
	got, err := f.SHA256()
	require.NoError(t, err)
	assert.Equal(t, hex.EncodeToString(sum[:]), got)
	x, _ := s.Tensor("0")
	require.NoError(t, f.Close())
	x.Storage().Discard() // of a closed file: nothing
}

func TestDamageIsFoundInWindows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "large.pt")
	raw := stateFile(t, 3, 12<<20)
	raw[len(raw)/2] ^= 1
	require.NoError(t, os.WriteFile(path, raw, 0o644))
	f, err := Open(path)
	require.NoError(t, err)
	defer func() { assert.NoError(t, f.Close()) }()
	assert.ErrorIs(t, f.CheckCRC(), ErrCRC)
	require.NoError(t, os.Truncate(path, int64(len(raw)/2)))
	assert.ErrorIs(t, f.CheckCRC(), ErrTruncated, "a fault in a window is an error")
}

// TestALongPassKeepsLittleResident looks at the process's own count of pages.
func TestALongPassKeepsLittleResident(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("pages are let go of on Linux alone")
	}
	path := filepath.Join(t.TempDir(), "large.pt")
	require.NoError(t, os.WriteFile(path, stateFile(t, 36, 1<<20), 0o644)) // 144 MB
	f, err := Open(path)
	require.NoError(t, err)
	defer func() { assert.NoError(t, f.Close()) }()
	require.NoError(t, f.CheckCRC())
	_, err = f.SHA256()
	require.NoError(t, err)
	status, err := os.ReadFile("/proc/self/smaps")
	require.NoError(t, err)
	resident := 0
	for _, block := range strings.Split(string(status), path)[1:] {
		m := regexp.MustCompile(`Rss:\s+(\d+) kB`).FindStringSubmatch(block)
		require.NotNil(t, m)
		n, err := strconv.Atoi(m[1])
		require.NoError(t, err)
		resident += n
	}
	assert.Less(t, resident, 64<<10, "kB of 144 MB")
}
