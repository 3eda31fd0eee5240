package jit_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
)

// TestHammer closes modules, tensors and scopes while other goroutines use them.
// Whatever was in time must give the right numbers, all else torch.ErrClosed. It
// runs for as long as $HAMMER says.
func TestHammer(t *testing.T) {
	torchtest.Require(t)
	length := 2 * time.Second
	if s := os.Getenv("HAMMER"); s != "" {
		var err error
		length, err = time.ParseDuration(s)
		require.NoError(t, err)
	}
	data, err := os.ReadFile(scenario("safe_model_save", "model_scripted.pt"))
	require.NoError(t, err)
	var module atomic.Pointer[jit.Module]
	// The tensor and the scope that it is in, or may be.
	type scoped struct {
		*torch.Tensor
		scope *torch.Scope
	}
	var input atomic.Pointer[scoped]
	renewModule := func() {
		m, err := jit.LoadBytes(data)
		if assert.NoError(t, err) {
			module.Swap(m).Close()
		}
	}
	renewInput := func() {
		x, err := torch.FromSlice([]float32{1, 2, 3, 4}, 1, 4)
		if !assert.NoError(t, err) {
			return
		}
		s := torch.NewScope()
		if rand.IntN(2) == 0 {
			s.Add(x)
		}
		if old := input.Swap(&scoped{x, s}); old != nil {
			old.scope.Close()
			old.Close()
		}
	}
	renewModule()
	renewInput()
	want, err := module.Load().Forward(input.Load().Tensor)
	require.NoError(t, err)
	expected, err := torch.Slice[float32](want)
	require.NoError(t, err)
	want.Close()

	var right, late atomic.Int64
	// judge takes what a call gave: the expected numbers, or word that it came too late.
	judge := func(y *torch.Tensor, err error) {
		var got []float32
		if err == nil {
			got, err = torch.Slice[float32](y)
			y.Close()
		}
		switch {
		case errors.Is(err, torch.ErrClosed):
			late.Add(1)
		case assert.NoError(t, err) && assert.Equal(t, expected, got):
			right.Add(1)
		}
	}
	deeds := []func(){
		renewModule,
		renewInput,
		func() { judge(module.Load().Forward(input.Load().Tensor)) },
		func() { judge(module.Load().Forward(input.Load().Tensor)) },
		func() {
			v, err := module.Load().CallUnoptimized("forward", input.Load().Tensor)
			y, _ := v.(*torch.Tensor)
			judge(y, err)
		},
		func() {
			// A method outlives the module's own handle, not its closing.
			if forward, err := module.Load().Method("forward"); err == nil {
				judge(forward.Forward(input.Load().Tensor))
			} else {
				judge(nil, err)
			}
		},
		func() {
			clone, err := module.Load().Clone()
			if err != nil {
				judge(nil, err)
				return
			}
			judge(clone.Forward(input.Load().Tensor))
			clone.Close()
		},
		func() {
			frozen, err := module.Load().Freeze()
			if err != nil {
				judge(nil, err)
				return
			}
			defer frozen.Close()
			y, err := frozen.Forward(input.Load().Tensor)
			if err == nil { // equal but for rounding
				y.Close()
			} else {
				judge(nil, err)
			}
		},
		func() {
			all, err := module.Load().Tensors()
			if err != nil {
				judge(nil, err)
			}
			for _, n := range all {
				n.Tensor.Close()
			}
		},
		func() {
			old := module.Load()
			renewModule()
			old.Close() // once more
		},
		func() {
			// Never closed: left to the collector.
			if y, err := torch.Call("aten::add.Tensor", input.Load().Tensor, input.Load().Tensor); err != nil {
				judge(nil, err)
			} else {
				_ = y
			}
		},
	}
	end := time.Now().Add(length)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for time.Now().Before(end) && !t.Failed() {
				deeds[rand.IntN(len(deeds))]()
			}
		})
	}
	wg.Wait()
	module.Load().Close()
	input.Load().Close()
	assert.Positive(t, right.Load())
	assert.Positive(t, late.Load())
	t.Logf("%d calls in time, %d too late", right.Load(), late.Load())
}
