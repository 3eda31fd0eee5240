package torch_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
)

func TestABurstOfGoroutinesMakesNoThreads(t *testing.T) {
	torchtest.Undisturbed(t)
	torchtest.Require(t)
	// Large enough that calls take a while, so that many goroutines wait at once.
	x, err := torch.FromSlice(make([]float32, 1<<16))
	require.NoError(t, err)
	defer x.Close()
	burst := func(goroutines int) {
		var wg sync.WaitGroup
		for range goroutines {
			wg.Go(func() {
				for range 10 {
					y, err := torch.Call("aten::exp", x)
					if assert.NoError(t, err) {
						torch.CloseAll(y)
					}
				}
			})
		}
		wg.Wait()
	}
	burst(10)
	before := torchtest.Threads(t)
	burst(2000)
	assert.LessOrEqual(t, torchtest.Threads(t), before+4, "threads of a burst stay with the process")
}
