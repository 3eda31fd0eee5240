package torch_test

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
)

// Large tensors lie in blocks that serve one tensor after another: never two at once.
func TestLargeTensorsDoNotOverlap(t *testing.T) {
	torchtest.Require(t)
	rounds := torchtest.Repetitions(300)
	whole := func(x *torch.Tensor, want int64) bool {
		v, err := torch.Slice[int64](x)
		return assert.NoError(t, err) && assert.False(t, slices.ContainsFunc(v, func(e int64) bool { return e != want }), "somebody else wrote there")
	}
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(g)))
			var held [6]*torch.Tensor
			var wrote [6]int64
			for i := range rounds {
				at := r.IntN(len(held))
				if held[at] != nil {
					if !whole(held[at], wrote[at]) {
						return
					}
					held[at].Close()
				}
				wrote[at] = int64(g*rounds + i)
				var err error
				// Some are smaller than the least block.
				held[at], err = torch.Full(float64(wrote[at]), torch.Int64, torch.CPU, 8<<10+r.Int64N(256<<10))
				if !assert.NoError(t, err) || i%64 == 0 && !assert.NoError(t, torch.Trim()) {
					return
				}
			}
			for at, x := range held {
				if x != nil {
					whole(x, wrote[at])
					x.Close()
				}
			}
		})
	}
	all.Wait()
}

func TestFreedBlocksServeEveryThread(t *testing.T) {
	torchtest.Undisturbed(t)
	torchtest.Require(t)
	settle(t)
	require.NoError(t, torch.Trim())
	const size = 8 << 20
	before, err := torch.MemoryStats(torch.CPU)
	require.NoError(t, err)
	for range 64 {
		done := make(chan error)
		go func() {
			runtime.LockOSThread() // and the thread ends with the goroutine
			x, err := torch.Zeros(torch.Uint8, torch.CPU, size)
			if err == nil {
				x.Close()
			}
			done <- err
		}()
		require.NoError(t, <-done)
	}
	after, err := torch.MemoryStats(torch.CPU)
	require.NoError(t, err)
	assert.Less(t, after.Reserved, before.Reserved+3*size, "64 threads left their blocks to each other")
}

func TestIdleBlocksGoBackInTime(t *testing.T) {
	torchtest.Undisturbed(t)
	torchtest.Require(t)
	settle(t)
	require.NoError(t, torch.Trim())
	const size = 64 << 20
	reserved := func() int64 {
		m, err := torch.MemoryStats(torch.CPU)
		require.NoError(t, err)
		return m.Reserved
	}
	before := reserved()
	x, err := torch.Zeros(torch.Uint8, torch.CPU, size)
	require.NoError(t, err)
	x.Close()
	assert.GreaterOrEqual(t, reserved(), before+size, "what was just used is kept for the next")
	assert.Eventually(t, func() bool {
		runtime.GC()
		return reserved() < before+size/2
	}, time.Minute, 100*time.Millisecond, "what nobody needs goes back")
}
