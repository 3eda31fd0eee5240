package jit

import (
	"time"

	"github.com/seed06459138/torchgo/internal/ctorch"
	"github.com/seed06459138/torchgo/torch"
)

// Clock says by what a call was timed.
type Clock int

// The clocks.
const (
	HostClock   Clock = ctorch.ClockHost   // the monotonic clock of the host, until the device is done
	DeviceClock Clock = ctorch.ClockDevice // events of the device: CUDA's
)

// String gives the clock in words.
func (c Clock) String() string {
	if c == DeviceClock {
		return "CUDA events"
	}
	return "monotonic clock"
}

// Time calls the method as Call does, drops its results, and tells how long it ran:
// without the way from Go and back, and until the device is done. On CUDA the time
// is the device's own, by events on the stream of the call, unless libtorch is too
// old to tell it. The first calls of a method are slower than those that follow.
func (m *Method) Time(args ...torch.Value) (time.Duration, Clock, error) {
	args, err := m.bind(args)
	if err != nil {
		return 0, HostClock, err
	}
	if err := m.acquire(); err != nil {
		return 0, HostClock, err
	}
	defer m.release()
	var seconds float64
	var clock int32
	_, err = torch.Invoke(m.name, args, func(in *ctorch.Value, n int, out *ctorch.Value, _ int, _ **ctorch.Values) *ctorch.Error {
		*out = ctorch.Value{} // None
		return ctorch.MethodTime((*ctorch.Method)(m.handle.Pointer()), in, n, m.flags, &seconds, &clock)
	})
	return time.Duration(seconds * float64(time.Second)), Clock(clock), err
}
