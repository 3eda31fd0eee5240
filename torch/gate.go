package torch

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// gate bounds the native calls in flight. Go gives every goroutine that is inside
// a C call an OS thread of its own, and those threads stay: without a bound, a
// burst of ten thousand requests leaves ten thousand threads behind. More calls
// than processors finish no earlier; the others wait as goroutines, which is cheap.
type gate struct {
	limit   int64
	present atomic.Int64  // inside, or waiting to be
	next    chan struct{} // one token for each that may come in
}

var calls = sync.OnceValue(func() *gate {
	limit := int64(runtime.GOMAXPROCS(0))
	return &gate{limit: limit, next: make(chan struct{}, limit)}
})

func (g *gate) enter() {
	if g.present.Add(1) > g.limit {
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
