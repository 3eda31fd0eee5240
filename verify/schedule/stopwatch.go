package schedule

import (
	"fmt"
	"time"
)

// jumpy is by how much the clock may differ from the time that went by: NTP slews
// clocks, and by less.
const jumpy = 5 * time.Second

// stopwatch measures by the monotonic clock, and notices when the other one jumps.
type stopwatch struct {
	began time.Time
	wall  func() time.Time
}

func newStopwatch() *stopwatch { return &stopwatch{time.Now(), time.Now} }

// elapsed is the time since the beginning.
func (s *stopwatch) elapsed() time.Duration { return time.Since(s.began) }

// jump says by how much the clock went ahead or back meanwhile, or "".
func (s *stopwatch) jump() string {
	// Round(0) leaves the reading of the wall clock alone.
	by := (s.wall().Round(0).Sub(s.began.Round(0)) - s.elapsed()).Round(time.Second)
	switch {
	case by > jumpy:
		return fmt.Sprintf("the clock of the machine went ahead by %v more than time went by: it was set, or the machine slept", by)
	case by < -jumpy:
		return fmt.Sprintf("the clock of the machine was set back by %v", -by)
	}
	return ""
}
