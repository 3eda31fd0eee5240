package ctorch

import (
	"runtime"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"
)

// The collector sees a few dozen bytes where a handle stands for megabytes, so
// garbage that nobody closed would pile up long before it looks. pace counts the
// native bytes that handles stand for, and calls the collector when they have
// doubled since it last was done: the rule that GOGC=100 is for Go's own heap.
var pace struct {
	bytes atomic.Int64
	goal  atomic.Int64
	late  atomic.Int64 // counted in while a collection runs, which has not looked at them
	mu    sync.Mutex
	ended chan struct{} // of the collection that runs; nil when none does
}

const (
	leastGoal = 32 << 20
	// handleBytes is what a handle costs beside its tensor's elements.
	handleBytes = 512
)

func init() { pace.goal.Store(leastGoal) }

// NativeBytes tells how many bytes of native memory the handles that are not
// freed stand for. Memory that several share is counted for each.
func NativeBytes() int64 { return pace.bytes.Load() }

// grow counts bytes in. Whoever makes garbage much faster than it can be
// collected is made to wait for the collection.
func grow(n int64) {
	bytes := pace.bytes.Add(n)
	goal := pace.goal.Load()
	if bytes <= goal {
		return
	}
	pace.late.Add(n)
	if ended := collect(); ended != nil && bytes > 2*goal {
		<-ended
	}
}

func shrink(n int64) { pace.bytes.Add(-n) }

// collect begins a collection unless one runs, and gives what tells its end.
func collect() <-chan struct{} {
	pace.mu.Lock()
	defer pace.mu.Unlock()
	if pace.ended != nil {
		return pace.ended
	}
	if pace.bytes.Load() <= pace.goal.Load() {
		return nil
	}
	ended := make(chan struct{})
	pace.ended = ended
	go func() {
		pace.late.Store(0)
		collectAndFree()
		pace.goal.Store(max(leastGoal, 2*(pace.bytes.Load()-pace.late.Load())))
		pace.mu.Lock()
		pace.ended = nil
		pace.mu.Unlock()
		close(ended)
	}()
	return ended
}

// longestWait bounds how long a collection waits for its cleanups, which may wait for
// others in turn.
const longestWait = 10 * time.Second

// collectAndFree returns when the cleanups of what was garbage have run: they follow
// the collection on goroutines of their own, which on a busy machine may be late.
func collectAndFree() {
	runtime.GC()
	cleanups := []metrics.Sample{{Name: "/gc/cleanups/queued:cleanups"}, {Name: "/gc/cleanups/executed:cleanups"}}
	metrics.Read(cleanups)
	queued := cleanups[0].Value.Uint64()
	for began := time.Now(); cleanups[1].Value.Uint64() < queued && time.Since(began) < longestWait; metrics.Read(cleanups[1:]) {
		time.Sleep(100 * time.Microsecond)
	}
}
