package torch

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/seed06459138/torchgo/internal/ctorch"
)

// Limits say what calls into libtorch may take of the machine. The product of
// Threads and Calls is the number of processors that they keep busy.
type Limits struct {
	// Threads is how many intra-op threads one call may use; 1 unless set. With 1,
	// calls run on the thread that makes them. With more, they run on as many OS
	// threads as Calls says, which belong to torchgo: OpenMP keeps a pool of
	// threads for every thread that it is entered from, and Go moves goroutines
	// from thread to thread.
	Threads int
	// Calls is how many calls run at once; the others wait as goroutines, first
	// come, first served. Unless set, it is what Threads leaves of GOMAXPROCS, in
	// which Go heeds the CPU quota of the cgroup.
	Calls int
	// Queue is how many calls may wait; more fail with ErrQueueFull. 0 is no bound.
	Queue int
}

// withDefaults fills in what is zero.
func (l Limits) withDefaults() Limits {
	processors := runtime.GOMAXPROCS(0)
	if l.Threads == 0 {
		l.Threads = 1
	}
	if l.Calls == 0 {
		l.Calls = max(1, processors/l.Threads)
	}
	return l
}

const mostThreads = 1 << 15

func (l Limits) check() error {
	const op = "set limits"
	switch {
	case l.Threads < 0 || l.Threads > mostThreads:
		return errArgument(op, "%d threads: give 1 to %d, or 0 for the default", l.Threads, mostThreads)
	case l.Calls < 0 || l.Calls > mostThreads:
		return errArgument(op, "%d calls at once: give 1 to %d, or 0 for the default", l.Calls, mostThreads)
	case l.Queue < 0:
		return errArgument(op, "a queue of %d: give at least 1, or 0 for no bound", l.Queue)
	}
	return nil
}

var (
	theGate    atomic.Pointer[gate]
	changeGate sync.Mutex
)

// gateNow gives the gate in use.
func gateNow() *gate {
	if g := theGate.Load(); g != nil {
		return g
	}
	changeGate.Lock()
	defer changeGate.Unlock()
	if g := theGate.Load(); g != nil {
		return g
	}
	g := newGate(Limits{}.withDefaults())
	theGate.Store(g)
	return g
}

// SetLimits changes the limits for calls that begin from now on; zero fields
// take their defaults. Calls in flight end under the limits that they began
// with. It may be called at any time from any goroutine.
func SetLimits(l Limits) error {
	if err := l.check(); err != nil {
		return err
	}
	if err := ctorch.Ensure(); err != nil {
		return err
	}
	l = l.withDefaults()
	changeGate.Lock()
	defer changeGate.Unlock()
	if err := setThreads(l.Threads); err != nil {
		return err
	}
	if old := theGate.Swap(newGate(l)); old != nil && old.crew != nil {
		old.crew.dismiss()
	}
	return nil
}

// setThreads tells the shim, on a thread that Go cannot take away meanwhile.
func setThreads(n int) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return WrapError("set the number of threads", ctorch.ThreadsSet(int32(n)))
}

// CurrentLimits tells the limits in force.
func CurrentLimits() Limits { return gateNow().limits }

// SetNumThreads sets how many intra-op threads each later call may use, as
// torch.set_num_threads does, and how many calls may run at once to what is left
// of the processors; 1 is the default. See Limits.
func SetNumThreads(n int) error {
	if n < 1 || n > mostThreads {
		return errArgument("set the number of threads", "%d is not between 1 and %d", n, mostThreads)
	}
	return SetLimits(Limits{Threads: n, Queue: CurrentLimits().Queue})
}

// NumThreads tells how many intra-op threads a call may use.
func NumThreads() (int, error) {
	if err := ctorch.Ensure(); err != nil {
		return 0, err
	}
	var n int32
	err := WrapError("read the number of threads", ctorch.ThreadsRead(&n))
	return int(n), err
}

// Occupancy is how busy the calls into libtorch are.
type Occupancy struct {
	Running int // calls in flight
	Waiting int // calls that wait for a slot
}

// CurrentOccupancy tells how many calls run and wait at this moment, for metrics.
func CurrentOccupancy() Occupancy {
	running, waiting := gateNow().Occupancy()
	return Occupancy{Running: running, Waiting: waiting}
}

// Refused says that a call was not made: the queue was full, or whoever asked
// gave up waiting.
type Refused struct {
	Op  string // what was to be called
	Err error  // ErrQueueFull, or the context's error
}

// Error names the call.
func (e *Refused) Error() string { return fmt.Sprintf("%s: not begun: %v", e.Op, e.Err) }

// Unwrap gives the cause.
func (e *Refused) Unwrap() error { return e.Err }
