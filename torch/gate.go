package torch

import (
	"errors"
	"math"
	"sync/atomic"

	"github.com/seed06459138/torchgo/internal/ctorch"
)

// ErrQueueFull says that as many calls were waiting as Limits.Queue allows. The
// call was not made; whoever asked should be told to come back later.
var ErrQueueFull = errors.New("too many calls are waiting")

// errGaveUp says that whoever waited for a slot stopped doing so.
var errGaveUp = errors.New("gave up waiting")

// gate bounds the native calls in flight. Go gives every goroutine that is inside
// a C call an OS thread of its own, and those threads stay: without a bound, a
// burst of ten thousand requests leaves ten thousand threads behind. More calls
// than processors finish no earlier; the others wait as goroutines, which is cheap.
type gate struct {
	limits  Limits
	limit   int64         // how many may be inside
	most    int64         // how many may be present
	present atomic.Int64  // inside, or waiting to be
	next    chan struct{} // one token for each that may come in
	crew    *crew         // who makes the calls; nil: the caller itself
}

func newGate(limits Limits) *gate {
	g := &gate{limits: limits, limit: int64(limits.Calls), most: math.MaxInt64, next: make(chan struct{}, limits.Calls)}
	if limits.Queue > 0 {
		g.most = g.limit + int64(limits.Queue)
	}
	if limits.Threads > 1 {
		g.crew = newCrew(limits.Calls)
	}
	return g
}

// enter waits for a slot, at most until done is closed.
func (g *gate) enter(done <-chan struct{}) error {
	n := g.present.Add(1)
	if n <= g.limit {
		return nil
	}
	if n > g.most {
		g.quit()
		return ErrQueueFull
	}
	select {
	case <-g.next:
		return nil
	case <-done:
		g.quit()
		return errGaveUp
	}
}

// quit ends the wait of one that was not let in. When fewer are present then than
// may be inside, a token is on its way to it, which nobody else must find.
func (g *gate) quit() {
	if g.present.Add(-1) < g.limit {
		<-g.next
	}
}

// leave lets in one of those that wait: there is one when more were present than
// may be inside.
func (g *gate) leave() {
	if g.present.Add(-1) >= g.limit {
		g.next <- struct{}{}
	}
}

// Crossing makes a native call in its turn, on a thread that may make it. body
// must not begin another. It is for the packages of this module.
func Crossing(op string, body func() *ctorch.Error) error {
	g := gateNow()
	if err := g.enter(nil); err != nil {
		return &Refused{Op: op, Err: err}
	}
	defer g.leave()
	if g.crew == nil {
		return WrapError(op, body())
	}
	var e *ctorch.Error
	g.crew.do(func() { e = body() })
	return WrapError(op, e)
}
