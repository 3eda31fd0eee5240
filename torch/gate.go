package torch

import "github.com/seed06459138/torchgo/internal/ctorch"

// ErrQueueFull says that as many calls were waiting as Limits.Queue allows. The
// call was not made; whoever asked should be told to come back later.
var ErrQueueFull = ctorch.ErrQueueFull

// gate lets native calls in by some limits.
type gate struct {
	*ctorch.Gate
	limits Limits
	crew   *crew // who makes the calls; nil: the caller itself
}

func newGate(limits Limits) *gate {
	g := &gate{Gate: ctorch.NewGate(limits.Calls, limits.Queue), limits: limits}
	if limits.Threads > 1 {
		g.crew = newCrew(limits.Calls)
	}
	return g
}

// Crossing makes a native call in its turn, on a thread that may make it. body
// must not begin another. It is for the packages of this module.
func Crossing(op string, body func() *ctorch.Error) error {
	g := gateNow()
	if err := g.Enter(nil); err != nil {
		return &Refused{Op: op, Err: err}
	}
	defer g.Leave()
	if g.crew == nil {
		return WrapError(op, body())
	}
	var e *ctorch.Error
	g.crew.do(func() { e = body() })
	return WrapError(op, e)
}
