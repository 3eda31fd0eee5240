package torch_test

import (
	"errors"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
)

func TestTensorsThatNobodyClosesAreFreed(t *testing.T) {
	torchtest.Undisturbed(t)
	torchtest.Require(t)
	const each, count = 4 << 20, 500 // 2 GB in all
	most := int64(0)
	for range count {
		x, err := torch.Zeros(torch.Uint8, torch.CPU, each)
		require.NoError(t, err)
		_ = x
		most = max(most, torch.NativeBytes())
	}
	assert.Less(t, most, int64(400<<20), "garbage in tensors does not pile up")
}

func TestManyGoroutinesThatCloseNothing(t *testing.T) {
	torchtest.Undisturbed(t)
	torchtest.Require(t)
	var most atomic.Int64
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for range 50 {
				if _, err := torch.Zeros(torch.Uint8, torch.CPU, 4<<20); !assert.NoError(t, err) {
					return
				}
				for m, n := most.Load(), torch.NativeBytes(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
				}
			}
		})
	}
	all.Wait()
	assert.Less(t, most.Load(), int64(600<<20))
}

// settle waits until what other tests left to the collector is freed.
func settle(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		runtime.GC()
		return torch.LiveHandles() == 0
	}, 10*time.Second, 5*time.Millisecond)
}

func TestMemoryStatsFollowWhatIsHeld(t *testing.T) {
	torchtest.Undisturbed(t)
	torchtest.Require(t)
	const size = 64 << 20
	settle(t)
	before, err := torch.MemoryStats(torch.CPU)
	require.NoError(t, err)
	native := torch.NativeBytes()
	x, err := torch.Zeros(torch.Uint8, torch.CPU, size)
	require.NoError(t, err)
	with, err := torch.MemoryStats(torch.CPU)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, with.Allocated, before.Allocated+size)
	assert.GreaterOrEqual(t, with.Reserved, with.Allocated)
	assert.Positive(t, with.Peak)
	assert.GreaterOrEqual(t, torch.NativeBytes(), native+size)
	x.Close()
	require.NoError(t, torch.Trim())
	after, err := torch.MemoryStats(torch.CPU)
	require.NoError(t, err)
	assert.Less(t, after.Allocated, with.Allocated-size/2)
	require.NoError(t, torch.EmptyCache(), "nothing to do without a GPU")

	_, err = torch.MemoryStats(torch.CUDA(99))
	assert.ErrorIs(t, err, torch.CodeDevice)
}

// What is left to later calls to be freed is one small tensor for each that ran at once.
func TestClosedTensorsDoNotPileUp(t *testing.T) {
	torchtest.Undisturbed(t)
	torchtest.Require(t)
	settle(t)
	const count = 20_000
	x := make([]*torch.Tensor, count)
	before, err := torch.MemoryStats(torch.CPU)
	require.NoError(t, err)
	for i := range x {
		x[i], err = torch.Full(1, torch.Float32, torch.CPU, 128)
		require.NoError(t, err)
	}
	with, err := torch.MemoryStats(torch.CPU)
	require.NoError(t, err)
	require.GreaterOrEqual(t, with.Allocated, before.Allocated+count*512)
	for i := range x {
		x[i].Close()
	}
	after, err := torch.MemoryStats(torch.CPU)
	require.NoError(t, err)
	assert.Less(t, after.Allocated, before.Allocated+count*512/10)
	// Nor does what is left get lost in calls that fail, or give no tensor.
	y, err := torch.Full(1, torch.Float32, torch.CPU, 2, 3)
	require.NoError(t, err)
	defer y.Close()
	for i := range 2000 {
		x, err := torch.Full(1, torch.Float32, torch.CPU, 128)
		require.NoError(t, err)
		x.Close()
		if i%100 == 0 { // slow, because of the trace
			_, err = torch.Call("aten::mm", y, y)
			require.Error(t, err)
		}
		v, err := torch.Call("aten::equal", y, y)
		require.NoError(t, err)
		require.Equal(t, torch.Bool(true), v)
	}
	last, err := torch.MemoryStats(torch.CPU)
	require.NoError(t, err)
	assert.Less(t, last.Allocated, after.Allocated+2000*512/2)
}

func TestWrapSharesTheSlice(t *testing.T) {
	torchtest.Require(t)
	data := []float32{1, 2, 3, 4, 5, 6}
	x, err := torch.Wrap(data, 2, 3)
	require.NoError(t, err)
	defer x.Close()
	assert.Equal(t, []int64{2, 3}, x.Shape())
	assert.Equal(t, []int64{3, 1}, x.Strides())

	data[5] = 60
	got, err := torch.Slice[float32](x)
	require.NoError(t, err)
	assert.Equal(t, []float32{1, 2, 3, 4, 5, 60}, got, "what Go writes, the tensor has")
	y, err := torch.Call("aten::neg_", x)
	require.NoError(t, err)
	torch.CloseAll(y)
	assert.Equal(t, []float32{-1, -2, -3, -4, -5, -60}, data, "and the other way round")
}

func TestWrapPinsUntilTheLastViewIsClosed(t *testing.T) {
	torchtest.Require(t)
	var collected atomic.Bool
	view := func() *torch.Tensor {
		data := make([]int64, 1<<16)
		for i := range data {
			data[i] = int64(i)
		}
		runtime.AddCleanup(&data[0], func(struct{}) { collected.Store(true) }, struct{}{})
		x, err := torch.Wrap(data)
		require.NoError(t, err)
		defer x.Close()
		v, err := x.ViewAs(1<<8, 1<<8)
		require.NoError(t, err)
		return v
	}()
	for range 3 {
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
	assert.False(t, collected.Load(), "the view keeps the slice")
	got, err := torch.Slice[int64](view)
	require.NoError(t, err)
	for i, v := range got {
		require.EqualValues(t, i, v)
	}
	view.Close()
	assert.Eventually(t, func() bool { runtime.GC(); return collected.Load() }, 10*time.Second, time.Millisecond, "nothing keeps the slice")
}

func TestWrapRefuses(t *testing.T) {
	torchtest.Require(t)
	for name, shape := range map[string][]int64{
		"too many":  {3},
		"too few":   {1},
		"negative":  {-2, -1},
		"overflow":  {math.MaxInt64, 4},
		"overflow2": {1 << 62, 1 << 62, 2},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := torch.Wrap([]float32{1, 2}, shape...)
			assert.ErrorIs(t, err, torch.CodeArgument)
		})
	}
	empty, err := torch.Wrap([]float32{}, 0, 4)
	require.NoError(t, err)
	assert.Equal(t, []int64{0, 4}, empty.Shape())
	empty.Close()
}

func TestMutate(t *testing.T) {
	torchtest.Require(t)
	x, err := torch.Empty(torch.Uint8, torch.CPU, 2, 2)
	require.NoError(t, err)
	defer x.Close()
	require.NoError(t, x.Mutate(func(data []byte) error { copy(data, []byte{1, 2, 3, 4}); return nil }))
	got, err := torch.Slice[uint8](x)
	require.NoError(t, err)
	assert.Equal(t, []uint8{1, 2, 3, 4}, got)

	oops := errors.New("oops")
	assert.ErrorIs(t, x.Mutate(func([]byte) error { return oops }), oops)
	turned, err := torch.Call("aten::t", x)
	require.NoError(t, err)
	defer torch.CloseAll(turned)
	assert.ErrorIs(t, turned.(*torch.Tensor).Mutate(func([]byte) error { return nil }), torch.CodeArgument)
}

func TestSettings(t *testing.T) {
	torchtest.Require(t)
	for name, s := range map[string]struct {
		read func() (bool, error)
		set  func(bool) error
	}{
		"TF32":          {torch.TF32, torch.SetTF32},
		"deterministic": {torch.Deterministic, torch.SetDeterministic},
	} {
		t.Run(name, func(t *testing.T) {
			before, err := s.read()
			require.NoError(t, err)
			defer func() { require.NoError(t, s.set(before)) }()
			for _, on := range []bool{true, false} {
				require.NoError(t, s.set(on))
				is, err := s.read()
				require.NoError(t, err)
				assert.Equal(t, on, is)
			}
		})
	}
}

func TestInterOpThreadsFollowTheProcessors(t *testing.T) {
	torchtest.Require(t)
	n, err := torch.InterOpThreads()
	require.NoError(t, err)
	assert.Equal(t, runtime.GOMAXPROCS(0), n)
}

func TestHealthy(t *testing.T) {
	torchtest.Require(t)
	assert.NoError(t, torch.CPU.Healthy())
	assert.NoError(t, torch.CUDA(0).Healthy(), "a device that is not there has not failed")
}

func TestLimitsRefuse(t *testing.T) {
	torchtest.Require(t)
	before := torch.CurrentLimits()
	for _, l := range []torch.Limits{{Threads: -1}, {Calls: -1}, {Queue: -1}, {Threads: 1 << 20}, {Calls: math.MaxInt}} {
		assert.ErrorIs(t, torch.SetLimits(l), torch.CodeArgument)
	}
	assert.Equal(t, before, torch.CurrentLimits())
	assert.Equal(t, runtime.GOMAXPROCS(0), before.Calls)
	assert.Equal(t, 1, before.Threads)
}
