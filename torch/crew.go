package torch

import "runtime"

// crew is a fixed set of OS threads that make native calls for others. OpenMP's
// pools hang on these threads, and end with them.
type crew struct {
	tasks     chan task
	dismissed chan struct{}
}

type task struct {
	body func()
	done chan struct{}
}

func newCrew(threads int) *crew {
	c := &crew{tasks: make(chan task), dismissed: make(chan struct{})}
	for range threads {
		go c.work()
	}
	return c
}

// work never unlocks its thread, so that the thread ends with it.
func (c *crew) work() {
	runtime.LockOSThread()
	for {
		select {
		case t := <-c.tasks:
			t.body()
			close(t.done)
		case <-c.dismissed:
			return
		}
	}
}

// do runs body on one of the threads. A crew that was dismissed meanwhile leaves
// it to the caller: that happens to a few calls while limits change.
func (c *crew) do(body func()) {
	t := task{body, make(chan struct{})}
	select {
	case c.tasks <- t:
		<-t.done
	case <-c.dismissed:
		body()
	}
}

// dismiss ends the threads once they have done what they have begun.
func (c *crew) dismiss() { close(c.dismissed) }
