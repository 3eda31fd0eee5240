package verify

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/seed06459138/torchgo/internal/layout"
	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
)

// Latency is how long calls of a leg took, in seconds. The inputs were made once,
// and are where the leg computes. A percentile is the time of a call that happened:
// the least that so many calls did not exceed.
type Latency struct {
	Calls int     `json:"calls"`
	Mean  float64 `json:"mean"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	Clock string  `json:"clock"` // "monotonic clock", "CUDA events"; "monotonic clock around the leg" with the way in and out of it
}

// aroundLeg is the clock of legs that libtorch's methods are not: what they do to hand
// inputs over and outputs back is in the time.
const aroundLeg = "monotonic clock around the leg"

// stopwatch makes one call and tells how long it took, and by which clock.
type stopwatch func() (time.Duration, string, error)

// measure times the legs that compute, one after the other: beside each other they
// would measure the others' work.
func (r *run) measure(ctx context.Context) error {
	if r.spec.Latency == 0 {
		return nil
	}
	in := r.rounds[0].inputs
	for i, spec := range r.spec.legs() {
		l := r.legs[i]
		if l.entry().Error != "" || recorded(spec.Kind) > 0 {
			continue
		}
		var err error
		if remote, ok := l.(*remoteLeg); ok {
			err = remote.time(ctx, in)
		} else {
			err = r.timeLeg(ctx, spec, l, in)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			r.findings = append(r.findings, Finding{LatencyUnmeasured, Note, spec.Name, fmt.Sprintf("calls of %s could not be timed: %s", l.entry().Label, causeOf(err)), ""})
		}
	}
	return nil
}

// timeLeg makes a tenth of the calls before those that count.
func (r *run) timeLeg(ctx context.Context, spec LegSpec, l leg, in *inputs) error {
	restore, err := setThreads(spec)
	if err != nil {
		return err
	}
	defer restore()
	watch, done, err := r.watch(ctx, l, in)
	if err != nil {
		return err
	}
	defer done()
	for range max(1, r.spec.Latency/10) {
		if _, _, err := watch(); err != nil {
			return err
		}
	}
	device := r.spec.deviceOf(spec)
	peak := device != torch.CPU && torch.ResetPeak(device) == nil
	times := make([]float64, r.spec.Latency)
	clock := ""
	for i := range times {
		if err := ctx.Err(); err != nil {
			return err
		}
		took, by, err := watch()
		if err != nil {
			return err
		}
		times[i], clock = took.Seconds(), by
	}
	l.entry().Latency = latencyOf(times, clock)
	if peak {
		memory, err := torch.MemoryStats(device)
		if err != nil {
			return err
		}
		l.entry().Peak = memory.Peak
	}
	return nil
}

// watch gets ready to time calls of a leg; done frees what that needs.
func (r *run) watch(ctx context.Context, l leg, in *inputs) (watch stopwatch, done func(), err error) {
	switch l := l.(type) {
	case *moduleLeg:
		return watchMethod(l.module, r.spec.method(), in, l.at)
	case *stateLeg:
		return watchMethod(l.filler.module, r.spec.method(), in, l.at)
	case *structureLeg:
		args, err := in.values(l.at)
		if err != nil {
			return nil, nil, err
		}
		return around(func() error {
			result, err := l.module.Forward(args...)
			if err == nil {
				torch.CloseAll(result)
			}
			return err
		}), func() { torch.CloseAll(args...) }, nil
	case *runnerLeg:
		return around(func() error {
			_, err := l.run(ctx, in)
			return err
		}), func() {}, nil
	}
	return nil, nil, errors.New("it computes nothing")
}

func watchMethod(m *jit.Module, method string, in *inputs, at place) (stopwatch, func(), error) {
	handle, err := m.Method(method)
	if err != nil {
		return nil, nil, err
	}
	args, err := in.values(at)
	if err != nil {
		return nil, nil, err
	}
	return func() (time.Duration, string, error) {
		took, clock, err := handle.Time(args...)
		return took, clock.String(), err
	}, func() { torch.CloseAll(args...) }, nil
}

// around times what f does.
func around(f func() error) stopwatch {
	return func() (time.Duration, string, error) {
		begun := time.Now()
		err := f()
		return time.Since(begun), aroundLeg, err
	}
}

// Timed gives the legs whose calls were timed.
func (r *Report) Timed() []Leg {
	return slices.DeleteFunc(slices.Clone(r.Legs), func(l Leg) bool { return l.Latency == nil })
}

// latencyOf sums up the times of calls, in seconds.
func latencyOf(times []float64, clock string) *Latency {
	sorted := slices.Sorted(slices.Values(times))
	sum := 0.0
	for _, t := range sorted {
		sum += t
	}
	rank := func(share float64) float64 { return sorted[max(0, int(math.Ceil(share*float64(len(sorted))))-1)] }
	return &Latency{Calls: len(times), Mean: sum / float64(len(times)), P50: rank(0.5), P90: rank(0.9), P99: rank(0.99), Clock: clock}
}

// String says it in a line: "p50 12.3 µs, p90 14 µs, p99 20.1 µs of 100 calls (monotonic clock)".
func (l *Latency) String() string {
	return fmt.Sprintf("p50 %s, p90 %s, p99 %s of %s (%s)", SecondsText(l.P50), SecondsText(l.P90), SecondsText(l.P99), layout.Count(l.Calls, "call"), l.Clock)
}

// SecondsText writes seconds with three digits and a unit: "12.1 ms".
func SecondsText(seconds float64) string {
	for _, unit := range []struct {
		name string
		size float64
	}{{"s", 1}, {"ms", 1e-3}, {"µs", 1e-6}} {
		if seconds >= unit.size {
			return fmt.Sprintf("%.3g %s", seconds/unit.size, unit.name)
		}
	}
	return fmt.Sprintf("%.3g ns", seconds*1e9)
}
