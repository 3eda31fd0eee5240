package torch_test

import (
	"os"
	"regexp"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
)

// osThreads counts the threads of this process.
func osThreads(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("no /proc here")
	}
	m := regexp.MustCompile(`(?m)^Threads:\s+(\d+)`).FindSubmatch(status)
	require.NotNil(t, m)
	n, err := strconv.Atoi(string(m[1]))
	require.NoError(t, err)
	return n
}

func TestABurstOfGoroutinesMakesNoThreads(t *testing.T) {
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
	before := osThreads(t)
	burst(2000)
	assert.LessOrEqual(t, osThreads(t), before+4, "threads of a burst stay with the process")
}
