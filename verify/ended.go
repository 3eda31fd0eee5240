package verify

import "github.com/seed06459138/torchgo/internal/process"

// Ended says how the process of a leg ended before the leg was done.
type Ended struct {
	Cause  string `json:"cause"`  // crash, memory, timeout, killed, exit
	Signal string `json:"signal"` // "SIGSEGV", or ""
	Text   string `json:"text"`   // "crashed: SIGSEGV"
	Step   string `json:"step"`   // what it was at: "loading", "running"
}

// WorkerError says that a worker ended before it answered.
type WorkerError struct {
	ended *process.Ended
	step  string
}

// Error says how, in a line: "crashed: SIGSEGV while loading".
func (e *WorkerError) Error() string {
	if e.step == "" {
		return e.ended.Error()
	}
	return e.ended.Error() + " while " + e.step
}

// Ended describes it.
func (e *WorkerError) Ended() Ended {
	return Ended{Cause: e.ended.Cause(), Signal: e.ended.SignalName(), Text: e.ended.Reason(), Step: e.step}
}

// Said gives the end of what the worker wrote to its standard output and error.
func (e *WorkerError) Said() string { return e.ended.Said }

// ByMachine tells whether the machine is to blame, and not what the worker was at:
// something else killed it, or memory ran out although it kept within its limit.
func (e *WorkerError) ByMachine() bool { return e.ended.Starved || e.ended.Cause() == "killed" }
