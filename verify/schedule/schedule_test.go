package schedule

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/night"
	"github.com/seed06459138/torchgo/verify/suite"
)

// hall is where pretended workers do what a test says, by the name of the scripted file.
type hall struct {
	mu      sync.Mutex
	does    map[string]func(ctx context.Context, spec verify.Spec) (*verify.Report, error)
	running int
	most    int     // at the same time
	alive   int     // workers
	started []int64 // limits of those that were started
	asked   []verify.Spec
	tries   map[string]int
}

type pretended struct{ in *hall }

func (p *pretended) Run(ctx context.Context, spec verify.Spec) (*verify.Report, error) {
	h := p.in
	h.mu.Lock()
	h.running++
	h.most = max(h.most, h.running)
	h.asked = append(h.asked, spec)
	h.tries[spec.Scripted]++
	does := h.does[spec.Scripted]
	h.mu.Unlock()
	defer func() {
		h.mu.Lock()
		h.running--
		h.mu.Unlock()
	}()
	if does == nil {
		time.Sleep(time.Millisecond)
		return consistent(), ctx.Err()
	}
	return does(ctx, spec)
}

func (p *pretended) Close() {
	p.in.mu.Lock()
	defer p.in.mu.Unlock()
	p.in.alive--
}

func (p *pretended) Peak() int64 { return 7 }

func (h *hall) start(memory int64) (Worker, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.alive++
	h.started = append(h.started, memory)
	return &pretended{h}, nil
}

func consistent() *verify.Report {
	return &verify.Report{Verdict: verify.Consistent, Summary: "consistent: both"}
}

// book is a journal that may refuse.
type book struct {
	mu      sync.Mutex
	results []night.Result
	end     *night.End
	refuse  func(n int) error // the n-th attempt to write
	n       int
}

func (b *book) try() error {
	b.n++
	if b.refuse != nil {
		return b.refuse(b.n)
	}
	return nil
}

func (b *book) Add(r night.Result) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.try(); err != nil {
		return err
	}
	b.results = append(b.results, r)
	return nil
}

func (b *book) Finish(e night.End) error {
	if err := b.try(); err != nil {
		return err
	}
	b.end = &e
	return nil
}

// audience notes what it is told.
type audience struct {
	began, troubles []string
	progress        []Progress
	on              func(r *night.Result)
}

func (a *audience) Began(check string)  { a.began = append(a.began, check) }
func (a *audience) Trouble(text string) { a.troubles = append(a.troubles, text) }
func (a *audience) Ended(r *night.Result, p Progress) {
	a.progress = append(a.progress, p)
	if a.on != nil {
		a.on(r)
	}
}

// evening is a night under test.
type evening struct {
	*hall
	*book
	*audience
	options Options
}

func newEvening() *evening {
	e := &evening{
		hall: &hall{does: make(map[string]func(context.Context, verify.Spec) (*verify.Report, error)), tries: make(map[string]int)},
		book: &book{}, audience: &audience{},
	}
	e.options = Options{Jobs: 2, Start: e.hall.start, Watch: e.audience, Retries: 2, Pause: time.Millisecond}
	return e
}

func checksOf(names ...string) (all []suite.Check) {
	for _, name := range names {
		all = append(all, suite.Check{Name: name, Tags: []string{}, Spec: verify.Spec{Scripted: name, State: name}})
	}
	return all
}

func (e *evening) run(t *testing.T, checks []suite.Check, done ...night.Result) map[string]night.Result {
	t.Helper()
	s := newScheduler(t.Context(), checks, done, e.book, e.options)
	s.keeper.again = time.Millisecond
	s.loop()
	s.close()
	results, end, err := s.finish()
	require.NoError(t, err)
	require.NotNil(t, e.book.end)
	assert.Equal(t, end, *e.book.end)
	assert.Zero(t, e.alive, "every worker is closed")
	byName := make(map[string]night.Result)
	for _, r := range results {
		byName[r.Check] = r
	}
	assert.Len(t, byName, len(results))
	assert.ElementsMatch(t, append(slices.Clone(done), e.book.results...), results)
	return byName
}

func TestWorkersAreKept(t *testing.T) {
	e := newEvening()
	e.options.Jobs, e.options.Threads = 3, 2
	var names []string
	for i := range 30 {
		names = append(names, fmt.Sprint(i))
	}
	results := e.run(t, checksOf(names...))
	assert.Len(t, results, 30)
	assert.LessOrEqual(t, len(e.started), 3)
	assert.LessOrEqual(t, e.most, 3)
	assert.Equal(t, 2, e.asked[0].Threads)
	assert.Equal(t, verify.Consistent, results["7"].Verdict)
	assert.Equal(t, int64(7), results["7"].Peak)
	last := e.progress[len(e.progress)-1]
	assert.Equal(t, [2]int{30, 30}, [2]int{last.Done, last.Total})
	assert.Zero(t, last.Left)
	assert.Positive(t, e.progress[10].Left)
	assert.Empty(t, e.book.end.Stopped)
}

// A check that ends badly has a result, and the others go on.
func TestWhatAWorkerDoes(t *testing.T) {
	e := newEvening()
	e.does["fails"] = func(context.Context, verify.Spec) (*verify.Report, error) {
		return nil, &verify.Error{Path: "fails", Msg: "no such file"}
	}
	e.does["hangs"] = func(ctx context.Context, _ verify.Spec) (*verify.Report, error) {
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}
	checks := append(checksOf("fails", "hangs", "works"), suite.Check{Name: "cannot be put", Problem: "two files could be it"})
	checks[1].Timeout = 20 * time.Millisecond
	results := e.run(t, checks)
	assert.Equal(t, "can't answer: fails: no such file", results["fails"].Summary)
	assert.Equal(t, "timed out after 20ms", results["hangs"].Ended)
	assert.Equal(t, "can't answer: timed out after 20ms", results["hangs"].Summary)
	assert.Equal(t, verify.Unanswered, results["hangs"].Verdict)
	assert.Equal(t, verify.Consistent, results["works"].Verdict)
	assert.Equal(t, "can't answer: two files could be it", results["cannot be put"].Summary)
	assert.Equal(t, 1, e.tries["hangs"], "its own fault, which is not tried again")
	assert.Zero(t, e.tries["cannot be put"])
}

// What the machine spoilt is tried again, and told.
func TestRetries(t *testing.T) {
	e := newEvening()
	fail := func(times int) func(context.Context, verify.Spec) (*verify.Report, error) {
		return func(_ context.Context, spec verify.Spec) (*verify.Report, error) {
			e.hall.mu.Lock()
			defer e.hall.mu.Unlock()
			if e.tries[spec.Scripted] <= times {
				return nil, &torch.Error{Op: "forward", Code: torch.CodeOutOfMemory, Msg: "CUDA out of memory. Tried to allocate 2.00 GiB"}
			}
			return consistent(), nil
		}
	}
	e.does["once"], e.does["always"] = fail(1), fail(100)
	e.does["a leg"] = func(_ context.Context, spec verify.Spec) (*verify.Report, error) {
		r := &verify.Report{Verdict: verify.Unanswered, Summary: "can't answer: on cuda:0 could not be run", Legs: []verify.Leg{{Error: "read m.pt: input/output error"}}}
		return r, nil
	}
	results := e.run(t, checksOf("once", "always", "a leg"))
	assert.Equal(t, verify.Consistent, results["once"].Verdict)
	require.Len(t, results["once"].Attempts, 1)
	assert.Contains(t, results["once"].Attempts[0], "CUDA out of memory")
	assert.Equal(t, verify.Unanswered, results["always"].Verdict)
	assert.Len(t, results["always"].Attempts, 3, "all three failed")
	assert.Equal(t, 3, e.tries["always"])
	assert.Equal(t, []string{"read m.pt: input/output error", "read m.pt: input/output error", "read m.pt: input/output error"}, results["a leg"].Attempts)
	assert.Greater(t, len(e.started), 2, "a worker is not used again after that")
}

func TestStartFails(t *testing.T) {
	e := newEvening()
	e.options.Retries, e.options.Jobs = 1, 1
	start, n := e.options.Start, 0
	e.options.Start = func(memory int64) (Worker, error) {
		if n++; n < 3 {
			return nil, errors.New("fork: resource temporarily unavailable")
		}
		return start(memory)
	}
	results := e.run(t, checksOf("a", "b"))
	assert.Equal(t, verify.Unanswered, results["a"].Verdict)
	assert.Equal(t, []string{"fork: resource temporarily unavailable", "fork: resource temporarily unavailable"}, results["a"].Attempts)
	assert.Equal(t, verify.Consistent, results["b"].Verdict)
}

func TestResumedNight(t *testing.T) {
	e := newEvening()
	results := e.run(t, checksOf("a", "b", "c"), night.Result{Check: "b", Verdict: verify.Inconsistent})
	assert.Len(t, results, 3)
	assert.ElementsMatch(t, []string{"a", "c"}, e.began)
	assert.Equal(t, 3, e.progress[1].Done)
}

func TestFailFast(t *testing.T) {
	e := newEvening()
	e.options.Jobs, e.options.FailFast = 1, true
	e.does["b"] = func(context.Context, verify.Spec) (*verify.Report, error) {
		return &verify.Report{Verdict: verify.Inconsistent, Summary: "inconsistent: all"}, nil
	}
	results := e.run(t, checksOf("a", "b", "c", "d"))
	assert.Len(t, results, 2)
	assert.Equal(t, "--fail-fast", e.book.end.Stopped)
}

// A stop lets checks in progress end; the end of the context kills them.
func TestStops(t *testing.T) {
	e := newEvening()
	stop := make(chan struct{})
	e.options.Jobs, e.options.Stop = 1, stop
	e.audience.on = func(*night.Result) { close(stop) }
	results := e.run(t, checksOf("a", "b", "c"))
	assert.Len(t, results, 1)
	assert.Equal(t, "interrupted", e.book.end.Stopped)

	e = newEvening()
	ctx, kill := context.WithCancel(t.Context())
	e.does["hangs"] = func(ctx context.Context, _ verify.Spec) (*verify.Report, error) {
		kill()
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}
	got, end, err := Run(ctx, checksOf("hangs", "b"), nil, e.book, e.options)
	require.NoError(t, err)
	assert.Equal(t, "interrupted", end.Stopped)
	assert.NotContains(t, suiteNames(got), "hangs")
	assert.Zero(t, e.alive)
}

func suiteNames(results []night.Result) (names []string) {
	for i := range results {
		names = append(names, results[i].Check)
	}
	return names
}

// A stop while all that is left waits to be tried again ends the waiting.
func TestStopWhileWaiting(t *testing.T) {
	e := newEvening()
	stop := make(chan struct{})
	e.options.Jobs, e.options.Stop, e.options.Pause = 1, stop, time.Hour
	e.does["a"] = func(context.Context, verify.Spec) (*verify.Report, error) {
		close(stop)
		return nil, &torch.Error{Code: torch.CodeOutOfMemory, Msg: "CUDA out of memory"}
	}
	results := e.run(t, checksOf("a", "b"))
	assert.Len(t, results["a"].Attempts, 1)
	assert.Len(t, results, 1)
}

// A full disk costs no result.
func TestFullDisk(t *testing.T) {
	full := errors.New("no space left on device")
	e := newEvening()
	e.refuse = func(n int) error {
		if n > 1 && n < 8 {
			return full
		}
		return nil
	}
	results := e.run(t, checksOf("a", "b", "c", "d"))
	assert.Len(t, results, 4)
	assert.Contains(t, e.troubles[0], "no space left on device; results are kept in memory")
	require.Len(t, e.book.end.Notes, 1)
	assert.Contains(t, e.book.end.Notes[0], "results could not be written: no space left on device")

	e = newEvening()
	e.refuse = func(int) error { return full }
	s := newScheduler(t.Context(), checksOf("a", "b"), nil, e.book, e.options)
	s.keeper.again, s.keeper.patience = time.Millisecond, 5*time.Millisecond
	s.loop()
	s.close()
	got, end, err := s.finish()
	assert.ErrorIs(t, err, ErrUnwritten)
	assert.ErrorIs(t, err, full)
	assert.ErrorContains(t, err, "2 results could not be written")
	assert.Len(t, got, 2)
	assert.Empty(t, end.Stopped)
}

// Checks run beside each other as far as memory allows; one that wants more than there is
// runs alone.
func TestMemory(t *testing.T) {
	e := newEvening()
	e.options.Jobs, e.options.Memory = 8, 10<<30
	sizes := map[string]int64{"a": 4 << 30, "b": 4 << 30, "c": 4 << 30, "huge": 20 << 30, "d": 1 << 30}
	taken, alone := int64(0), true
	checks := checksOf("a", "b", "c", "huge", "d")
	for i := range checks {
		checks[i].Memory = sizes[checks[i].Name]
		e.does[checks[i].Name] = func(_ context.Context, spec verify.Spec) (*verify.Report, error) {
			e.hall.mu.Lock()
			taken += sizes[spec.Scripted]
			if taken > 10<<30 && taken != sizes["huge"] {
				alone = false
			}
			e.hall.mu.Unlock()
			time.Sleep(5 * time.Millisecond)
			e.hall.mu.Lock()
			taken -= sizes[spec.Scripted]
			e.hall.mu.Unlock()
			return consistent(), nil
		}
	}
	assert.Len(t, e.run(t, checks), 5)
	assert.True(t, alone)
	assert.Equal(t, 3, e.most, "a, b and d")
	assert.Contains(t, e.started, int64(20<<30), "its limit is its own")
}

// A GPU has one check at a time; those that may run on any are spread.
func TestGPUs(t *testing.T) {
	e := newEvening()
	e.options.Jobs, e.options.GPUs = 8, 2
	busy, clash := make(map[torch.Device]int), false
	var placed []torch.Device
	checks := checksOf("a", "b", "c", "d", "one", "cpu")
	for i := range checks {
		switch checks[i].Name {
		case "cpu":
			continue
		case "one":
			checks[i].Spec.Device = torch.CUDA(1)
		default:
			checks[i].Spec.Device, checks[i].AnyGPU = torch.CUDA(0), true
			gpu := torch.CUDA(0)
			checks[i].Spec.Legs = []verify.LegSpec{{Name: "half", Kind: "scripted", File: "m", Device: &gpu}}
		}
		e.does[checks[i].Name] = func(_ context.Context, spec verify.Spec) (*verify.Report, error) {
			e.hall.mu.Lock()
			busy[spec.Device]++
			placed = append(placed, spec.Device)
			clash = clash || busy[spec.Device] > 1 || len(spec.Legs) > 0 && *spec.Legs[0].Device != spec.Device
			e.hall.mu.Unlock()
			time.Sleep(5 * time.Millisecond)
			e.hall.mu.Lock()
			busy[spec.Device]--
			e.hall.mu.Unlock()
			return consistent(), nil
		}
	}
	assert.Len(t, e.run(t, checks), 6)
	assert.False(t, clash)
	assert.Contains(t, placed, torch.CUDA(0))
	assert.Contains(t, placed, torch.CUDA(1))
	assert.GreaterOrEqual(t, e.most, 2)
}

// What measures latency has the machine to itself, and all threads.
func TestLatency(t *testing.T) {
	e := newEvening()
	e.options.Jobs, e.options.Threads = 4, 2
	checks := checksOf("a", "b", "c", "timed", "d", "e")
	checks[3].Spec.Latency = 10
	e.does["timed"] = func(_ context.Context, spec verify.Spec) (*verify.Report, error) {
		time.Sleep(5 * time.Millisecond)
		e.hall.mu.Lock()
		defer e.hall.mu.Unlock()
		if e.running > 1 || spec.Threads != 8 {
			return nil, fmt.Errorf("%d run, with %d threads", e.running, spec.Threads)
		}
		return consistent(), nil
	}
	results := e.run(t, checks)
	assert.Equal(t, verify.Consistent, results["timed"].Verdict, results["timed"].Summary)
}

// The longest of last night go first.
func TestTimes(t *testing.T) {
	e := newEvening()
	e.options.Jobs, e.options.Times = 1, map[string]float64{"b": 10, "c": 100, "d": 1}
	e.run(t, checksOf("a", "b", "c", "d"))
	assert.Equal(t, "c a b d", strings.Join(e.began, " "), "one that is not known is taken for one of the median")
}

func TestJump(t *testing.T) {
	for by, want := range map[time.Duration]string{
		0: "", time.Second: "",
		time.Hour:    "the clock of the machine went ahead by 1h0m0s more than time went by: it was set, or the machine slept",
		-time.Minute: "the clock of the machine was set back by 1m0s",
	} {
		s := newStopwatch()
		s.wall = func() time.Time { return time.Now().Add(by) }
		assert.Equal(t, want, s.jump())
	}
}
