package ctorch

import (
	"errors"
	"math"
	"runtime"
	"sync/atomic"
)

var (
	// ErrQueueFull says that as many wait at a Gate as may.
	ErrQueueFull = errors.New("too many calls are waiting")

	// ErrGaveUp says that whoever waited at a Gate stopped doing so.
	ErrGaveUp = errors.New("gave up waiting")
)

// Gate bounds the native calls in flight. Go gives every goroutine that is inside
// a C call an OS thread of its own, and those threads stay: without a bound, a
// burst of ten thousand requests leaves ten thousand threads behind. More calls
// than processors finish no earlier; the others wait as goroutines, which is cheap.
type Gate struct {
	limit   int64         // how many may be inside
	most    int64         // how many may be present
	present atomic.Int64  // inside, or waiting to be
	next    chan struct{} // one token for each that may come in
}

// NewGate makes a gate that lets limit calls in, and queue others wait; 0 is no bound.
func NewGate(limit, queue int) *Gate {
	g := &Gate{limit: int64(limit), most: math.MaxInt64, next: make(chan struct{}, limit)}
	if queue > 0 {
		g.most = g.limit + int64(queue)
	}
	return g
}

// Enter waits for a slot, at most until done is closed; nil waits for good. It
// gives nil, ErrQueueFull or ErrGaveUp.
func (g *Gate) Enter(done <-chan struct{}) error {
	n := g.present.Add(1)
	if n <= g.limit {
		return nil
	}
	if n > g.most {
		g.quit()
		return ErrQueueFull
	}
	if done == nil { // which is the common case, and a select takes twice the time
		<-g.next
		return nil
	}
	select {
	case <-g.next:
		return nil
	case <-done:
		g.quit()
		return ErrGaveUp
	}
}

// quit ends the wait of one that was not let in. When fewer are present then than
// may be inside, a token is on its way to it, which nobody else must find.
func (g *Gate) quit() {
	if g.present.Add(-1) < g.limit {
		<-g.next
	}
}

// Leave lets in one of those that wait: there is one when more were present than
// may be inside.
func (g *Gate) Leave() {
	if g.present.Add(-1) >= g.limit {
		g.next <- struct{}{}
	}
}

// Occupancy tells how many are inside and how many wait at this moment.
func (g *Gate) Occupancy() (inside, waiting int) {
	present := g.present.Load()
	in := min(present, g.limit)
	return int(in), int(present - in)
}

// frees is the gate of calls that free something. They are short, and must not
// wait for those that compute.
var frees = NewGate(runtime.GOMAXPROCS(0), 0)
