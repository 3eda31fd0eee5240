package jit_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
)

// slow is a module whose forward takes as long as it is told, in steps.
const slow = `
def forward(self, x: Tensor, steps: int) -> Tensor:
    for i in range(steps):
        x = torch.cos(x)
    return x
`

func compiled(t testing.TB, source string, opts ...jit.Option) *jit.Module {
	t.Helper()
	torchtest.Require(t)
	m, err := jit.Compile(source, opts...)
	require.NoError(t, err)
	t.Cleanup(m.Close)
	return m
}

func ones(t testing.TB, n int) *torch.Tensor {
	t.Helper()
	x, err := torch.Full(1, torch.Float32, torch.CPU, int64(n))
	require.NoError(t, err)
	t.Cleanup(x.Close)
	return x
}

// limit sets limits for one test.
func limit(t testing.TB, l torch.Limits) {
	t.Helper()
	before := torch.CurrentLimits()
	require.NoError(t, torch.SetLimits(l))
	t.Cleanup(func() { require.NoError(t, torch.SetLimits(before)) })
}

// takes tells how many steps of slow take about as long as d.
func takes(t *testing.T, m *jit.Module, x *torch.Tensor, d time.Duration) torch.Int {
	t.Helper()
	torchtest.Undisturbed(t)
	const steps = 200
	for range 3 {
		begin := time.Now()
		y, err := m.Call("forward", x, torch.Int(steps))
		require.NoError(t, err)
		torch.CloseAll(y)
		if took := time.Since(begin); took > 0 {
			t.Logf("%d steps take %v", steps, took)
		}
	}
	begin := time.Now()
	y, err := m.Call("forward", x, torch.Int(steps))
	require.NoError(t, err)
	torch.CloseAll(y)
	return torch.Int(1 + int64(d)*steps/int64(time.Since(begin)))
}

func TestRunReturnsAtTheDeadlineAndFreesTheSlotLater(t *testing.T) {
	m := compiled(t, slow)
	limit(t, torch.Limits{Calls: 1})
	x := ones(t, 10_000)
	steps := takes(t, m, x, time.Second)
	live := torch.LiveHandles()

	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	begin := time.Now()
	_, err := m.Run(ctx, x, steps)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Less(t, time.Since(begin), 500*time.Millisecond, "did not wait for the native call")
	assert.Equal(t, 1, torch.CurrentOccupancy().Running, "the call goes on")

	require.Eventually(t, func() bool { return torch.CurrentOccupancy().Running == 0 }, 30*time.Second, time.Millisecond)
	require.Eventually(t, func() bool { return torch.LiveHandles() == live }, 5*time.Second, time.Millisecond, "the dropped result is closed")
	y, err := m.Run(t.Context(), x, torch.Int(1))
	require.NoError(t, err)
	torch.CloseAll(y)
}

func TestRunGivesUpWaitingForItsTurn(t *testing.T) {
	m := compiled(t, slow)
	limit(t, torch.Limits{Calls: 1})
	x := ones(t, 10_000)
	steps := takes(t, m, x, time.Second)

	ctx, cancel := context.WithCancel(t.Context())
	long := make(chan error, 1)
	go func() { _, err := m.Run(ctx, x, steps); long <- err }()
	require.Eventually(t, func() bool { return torch.CurrentOccupancy().Running == 1 }, time.Second, time.Millisecond)

	var waiting sync.WaitGroup
	brief, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer stop()
	for range 50 {
		waiting.Go(func() {
			_, err := m.Run(brief, x, torch.Int(1))
			var refused *torch.Refused
			assert.ErrorAs(t, err, &refused)
			assert.ErrorIs(t, err, context.DeadlineExceeded)
		})
	}
	waiting.Wait()
	cancel()
	assert.ErrorIs(t, <-long, context.Canceled)
	require.Eventually(t, func() bool { return torch.CurrentOccupancy() == torch.Occupancy{} }, 30*time.Second, time.Millisecond)
}

func TestCancelledWaitersLeaveTheBoundAsItWas(t *testing.T) {
	m := compiled(t, slow)
	limit(t, torch.Limits{Calls: 2})
	x := ones(t, 1000)
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() {
			for j := range 20 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration((i+j)%7)*100*time.Microsecond)
				y, err := m.Run(ctx, x, torch.Int(20))
				if err == nil {
					torch.CloseAll(y)
				} else {
					assert.ErrorIs(t, err, context.DeadlineExceeded)
				}
				cancel()
				assert.LessOrEqual(t, torch.CurrentOccupancy().Running, 2)
			}
		})
	}
	all.Wait()
	require.Eventually(t, func() bool { return torch.CurrentOccupancy() == torch.Occupancy{} }, 30*time.Second, time.Millisecond)
	// Were a token left over, three would run at once now; were one lost, none would.
	var again sync.WaitGroup
	for range 20 {
		again.Go(func() {
			y, err := m.Call("forward", x, torch.Int(200))
			if assert.NoError(t, err) {
				torch.CloseAll(y)
			}
		})
	}
	again.Wait()
}

func TestQueueFull(t *testing.T) {
	m := compiled(t, slow)
	limit(t, torch.Limits{Calls: 1, Queue: 2})
	x := ones(t, 10_000)
	steps := takes(t, m, x, 300*time.Millisecond)
	var admitted sync.WaitGroup
	for i := range 3 {
		admitted.Go(func() {
			y, err := m.Run(t.Context(), x, steps)
			if assert.NoError(t, err) {
				torch.CloseAll(y)
			}
		})
		require.Eventually(t, func() bool {
			o := torch.CurrentOccupancy()
			return o.Running+o.Waiting == i+1
		}, time.Second, time.Millisecond)
	}
	_, err := m.Call("forward", x, steps)
	assert.ErrorIs(t, err, torch.ErrQueueFull)
	_, err = m.Run(t.Context(), x, steps)
	assert.ErrorIs(t, err, torch.ErrQueueFull)
	assert.EqualError(t, err, "forward: not begun: too many calls are waiting")
	admitted.Wait()
}

func TestRunWithNothingToWaitFor(t *testing.T) {
	m := compiled(t, slow)
	x := ones(t, 3)
	y, err := m.Run(context.Background(), x, torch.Int(0))
	require.NoError(t, err)
	torch.CloseAll(y)

	ended, cancel := context.WithCancelCause(t.Context())
	cancel(assert.AnError)
	_, err = m.Run(ended, x, torch.Int(0))
	assert.ErrorIs(t, err, assert.AnError)
	_, err = m.Run(t.Context(), torch.String("no tensor"), torch.Int(0))
	assert.ErrorIs(t, err, torch.CodeType)
	m.Close()
	_, err = m.Run(t.Context(), x, torch.Int(0))
	assert.ErrorIs(t, err, torch.ErrClosed)
}

func TestForwardIntoReplacesWhatTheTensorHeld(t *testing.T) {
	m := compiled(t, "def forward(self, x: Tensor) -> Tensor:\n    return x + 1\ndef pair(self, x: Tensor) -> Tuple[Tensor, Tensor]:\n    return x, x\n")
	x := ones(t, 2)
	live := torch.LiveHandles()
	y := new(torch.Tensor)
	for range 3 {
		require.NoError(t, m.ForwardInto(y, x))
	}
	got, err := torch.Slice[float32](y)
	require.NoError(t, err)
	assert.Equal(t, []float32{2, 2}, got)
	assert.Equal(t, live+2, torch.LiveHandles(), "one tensor and the method forward")

	for name, c := range map[string]struct {
		call func() error
		want error
	}{
		"nil result":         {func() error { return m.ForwardInto(nil, x) }, torch.CodeArgument},
		"result is argument": {func() error { return m.ForwardInto(y, y) }, torch.CodeArgument},
		"nil argument":       {func() error { return m.ForwardInto(y, nil) }, torch.CodeArgument},
		"too many":           {func() error { return m.ForwardInto(y, x, x) }, torch.CodeArgument},
		"a pair": {func() error {
			pair, err := m.Method("pair")
			require.NoError(t, err)
			return pair.ForwardInto(y, x)
		}, torch.CodeType},
	} {
		t.Run(name, func(t *testing.T) {
			assert.ErrorIs(t, c.call(), c.want)
			kept, err := torch.Slice[float32](y)
			require.NoError(t, err)
			assert.Equal(t, []float32{2, 2}, kept, "what it held is still there")
		})
	}
	y.Close()
	assert.ErrorIs(t, m.ForwardInto(y, x), torch.ErrClosed)
	assert.Equal(t, live+2, torch.LiveHandles(), "the methods forward and pair")
}

func TestForwardIntoBesideCloseAndReads(t *testing.T) {
	m := compiled(t, "def forward(self, x: Tensor) -> Tensor:\n    return x + 1\n")
	x := ones(t, 100)
	for range 50 {
		y := new(torch.Tensor)
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				for range 20 {
					_ = m.ForwardInto(y, x) // in use elsewhere, closed, or done
				}
			})
			all.Go(func() {
				for range 20 {
					if got, err := torch.Slice[float32](y); err == nil {
						assert.Equal(t, float32(2), got[99])
					}
				}
			})
		}
		all.Go(y.Close)
		all.Wait()
		y.Close()
	}
}

func TestForwardIntoAllocatesNothing(t *testing.T) {
	torchtest.Undisturbed(t)
	m := compiled(t, "def forward(self, x: Tensor) -> Tensor:\n    return x + 1\n")
	x := ones(t, 4)
	y := new(torch.Tensor)
	defer y.Close()
	assert.Zero(t, testing.AllocsPerRun(1000, func() {
		if err := m.ForwardInto(y, x); err != nil {
			panic(err)
		}
	}))
	assert.LessOrEqual(t, testing.AllocsPerRun(1000, func() {
		z, err := m.Forward(x)
		if err != nil {
			panic(err)
		}
		z.Close()
	}), 3.0)
}

func TestMoreThreadsRunOnThreadsOfTheirOwn(t *testing.T) {
	m := compiled(t, slow)
	x := ones(t, 1<<17) // large enough for a parallel region
	want, err := m.Call("forward", x, torch.Int(3))
	require.NoError(t, err)
	defer torch.CloseAll(want)

	limit(t, torch.Limits{Threads: 2, Calls: 2})
	n, err := torch.NumThreads()
	require.NoError(t, err)
	assert.Equal(t, 2, n)
	burst := func() {
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				y, err := m.Run(t.Context(), x, torch.Int(3))
				if assert.NoError(t, err) {
					same, err := y.(*torch.Tensor).Equal(want.(*torch.Tensor))
					assert.NoError(t, err)
					assert.True(t, same)
					torch.CloseAll(y)
				}
			})
		}
		all.Wait()
	}
	burst()
	before := torchtest.Threads(t)
	burst()
	assert.LessOrEqual(t, torchtest.Threads(t), before+2)
}

// TestUnsynchronized: on the CPU a call is over when it returns, with or without.
func TestUnsynchronized(t *testing.T) {
	torchtest.Require(t)
	m, err := jit.Compile("def forward(self, x: Tensor) -> Tensor:\n    return x + 1\n", jit.Unsynchronized())
	require.NoError(t, err)
	defer m.Close()
	y, err := m.Forward(ones(t, 2))
	require.NoError(t, err)
	defer y.Close()
	got, err := torch.Slice[float32](y)
	require.NoError(t, err)
	assert.Equal(t, []float32{2, 2}, got)
}
