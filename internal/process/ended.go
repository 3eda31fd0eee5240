package process

import (
	"fmt"
	"strings"
	"syscall"
	"time"
)

// Ended says how a program ended that did not end well.
type Ended struct {
	Code    int            // its exit code; -1 when it was killed
	Signal  syscall.Signal // that killed it; 0 when it exited by itself
	Memory  int64          // the limit that it went beyond, in bytes; 0 when it kept it
	Starved bool           // the system killed it for want of memory
	Time    time.Duration  // after which it was stopped, because the context had a deadline; 0 when not
	Said    string         // the end of what it wrote to its standard output and error
}

// Error gives one line: "crashed: SIGSEGV", "killed: out of memory", "timed out
// after 10s", "exit code 3: the last line that it wrote".
func (e *Ended) Error() string {
	text := e.Reason()
	lines := strings.Split(e.Said, "\n")
	if last := strings.TrimSpace(lines[len(lines)-1]); last != "" && e.Code > 0 {
		text += ": " + last
	}
	return text
}

// Reason says how it ended, without what it said.
func (e *Ended) Reason() string {
	switch e.Cause() {
	case "timeout":
		return fmt.Sprintf("timed out after %v", e.Time)
	case "memory":
		if e.Memory > 0 {
			return fmt.Sprintf("killed: it took more memory than %d MiB", e.Memory>>20)
		}
		return "killed: out of memory"
	case "killed":
		return "killed: " + signalName(e.Signal)
	case "crash":
		return "crashed: " + signalName(e.Signal)
	}
	return fmt.Sprintf("exit code %d", e.Code)
}

// Cause says in a word why it ended: timeout, memory, killed, crash or exit.
func (e *Ended) Cause() string {
	switch {
	case e.Time > 0:
		return "timeout"
	case e.Memory > 0, e.Starved:
		return "memory"
	case e.Signal == syscall.SIGKILL, e.Signal == syscall.SIGTERM, e.Signal == syscall.SIGINT:
		return "killed"
	case e.Signal != 0:
		return "crash"
	}
	return "exit"
}

// SignalName gives the name of the signal that killed it, "SIGSEGV"; "" without one.
func (e *Ended) SignalName() string {
	if e.Signal == 0 {
		return ""
	}
	return signalName(e.Signal)
}

// signalName gives the name that programmers know.
func signalName(s syscall.Signal) string {
	if name, ok := signalNames[s]; ok {
		return name
	}
	return s.String()
}

var signalNames = map[syscall.Signal]string{
	syscall.SIGABRT: "SIGABRT", syscall.SIGBUS: "SIGBUS", syscall.SIGFPE: "SIGFPE", syscall.SIGILL: "SIGILL",
	syscall.SIGINT: "SIGINT", syscall.SIGKILL: "SIGKILL", syscall.SIGSEGV: "SIGSEGV", syscall.SIGTERM: "SIGTERM",
	syscall.SIGTRAP: "SIGTRAP", syscall.SIGXCPU: "SIGXCPU", syscall.SIGXFSZ: "SIGXFSZ", syscall.SIGPIPE: "SIGPIPE",
	syscall.SIGSYS: "SIGSYS", syscall.SIGQUIT: "SIGQUIT",
}
