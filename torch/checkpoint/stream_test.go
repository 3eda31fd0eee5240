package checkpoint

import (
	"bytes"
	"runtime"
	"strconv"
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
