package contest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Program is one contestant.
type Program struct {
	Name    string
	Command []string
}

// running is a program that was started.
type running struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	said    bytes.Buffer // on standard error
	started time.Time
}

func (p Program) start() (*running, error) {
	r := &running{cmd: exec.Command(p.Command[0], p.Command[1:]...), started: time.Now()}
	r.cmd.Stderr = &r.said
	var err error
	if r.in, err = r.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	r.out = bufio.NewReader(out)
	if err := r.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", p.Name, err)
	}
	return r, nil
}

// ask lets it run a batch, and gives the nanoseconds that it answers.
func (r *running) ask() (float64, error) {
	if _, err := io.WriteString(r.in, "\n"); err != nil {
		return 0, r.failed(err)
	}
	line, err := r.out.ReadString('\n')
	if err != nil {
		return 0, r.failed(err)
	}
	ns, err := strconv.ParseFloat(strings.TrimSpace(line), 64)
	if err != nil {
		return 0, r.failed(fmt.Errorf("it printed %q, which is no number", line))
	}
	return ns, nil
}

// end lets it come to its end. It gives how long it ran in nanoseconds, and its
// greatest memory in bytes.
func (r *running) end() (took float64, memory int64, err error) {
	_ = r.in.Close()                  // it may have ended already
	_, _ = io.Copy(io.Discard, r.out) // what it prints besides
	err = r.cmd.Wait()
	took = float64(time.Since(r.started).Nanoseconds())
	if usage, ok := r.cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		memory = usage.Maxrss * 1024
	}
	if err != nil {
		return 0, 0, r.complain(err)
	}
	return took, memory, nil
}

// failed ends a program that did not answer, and tells why.
func (r *running) failed(err error) error {
	if _, _, ended := r.end(); ended != nil {
		return ended
	}
	return r.complain(err)
}

func (r *running) complain(err error) error {
	return fmt.Errorf("%s: %w\n%s", strings.Join(r.cmd.Args, " "), err, r.said.String())
}

// kill ends a program that nobody waited for.
func (r *running) kill() {
	if r.cmd.ProcessState == nil {
		_ = r.cmd.Process.Kill()
		_ = r.cmd.Wait()
	}
}
