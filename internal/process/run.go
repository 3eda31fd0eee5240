package process

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// grace is how long pipes may stay open after the program ended.
const grace = 2 * time.Second

// ticksForAll is how often the memory of a program is looked at until that of its
// children is too.
const ticksForAll = 10

// Options say how a program is started. Its standard input is empty, and of its
// standard output and error the end is kept, see Ended.
type Options struct {
	Dir    string
	Env    []string   // nil is that of this process
	Memory int64      // bytes that it may take before it is killed; 0 is without limit
	Files  []*os.File // that it finds as descriptors 3, 4, …
}

// Process is a program that was started.
type Process struct {
	began time.Time
	pid   int
	stop  chan time.Duration
	ended chan struct{}
	err   error // once ended is closed
}

// Run runs a program to its end. The end of ctx kills it, and so does taking more
// than memory bytes, of which 0 are without limit; what it started goes with it
// in any case, also when this process is killed. An error is an *Ended, one of
// starting it, or, when ctx was cancelled, its cause.
func Run(ctx context.Context, program []string, dir string, env []string, memory int64) error {
	p, err := Start(program, Options{Dir: dir, Env: env, Memory: memory})
	if err != nil {
		return err
	}
	late := false
	select {
	case <-p.ended:
	case <-ctx.Done():
		if late = errors.Is(ctx.Err(), context.DeadlineExceeded); late {
			p.Stop(max(time.Since(p.began), 1))
		} else {
			p.Stop(0)
		}
	}
	if err := p.Wait(); err == nil || ctx.Err() == nil || late {
		return err
	}
	return context.Cause(ctx)
}

// Start starts a program. What it starts ends with it, and it ends with this
// process.
//
// The limit of memory counts what a program and its children hold in memory of
// their own, looked at 50 times a second, children 5 times: address space is no measure, since CUDA
// reserves hundreds of gigabytes of it, and control groups take rights that few have.
func Start(program []string, o Options) (*Process, error) {
	p := &Process{stop: make(chan time.Duration, 1), ended: make(chan struct{})}
	started := make(chan error)
	go p.watch(program, o, started)
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// Stop kills the program and what it started. A time says that it was too slow, and
// how much it had.
func (p *Process) Stop(after time.Duration) {
	select {
	case p.stop <- after:
	default: // it is being stopped already
	}
}

// ResetPeak makes Peak begin anew, at what the program has in memory now. It tells
// whether the system can.
func (p *Process) ResetPeak() bool { return resetPeak(p.pid) }

// Peak is the most that the program had in memory at a time, in bytes, mapped files
// included; 0 where the system does not tell, and once it has ended.
func (p *Process) Peak() int64 { return peakOf(p.pid) }

// Ended is closed once the program has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Wait waits for the end of the program; an error is an *Ended.
func (p *Process) Wait() error {
	<-p.ended
	return p.err
}

// watch starts the program and stays until it has ended.
func (p *Process) watch(program []string, o Options, started chan<- error) {
	// The kernel takes the end of the thread that started it for that of the process.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	said := &tail{}
	cmd := exec.Command(program[0], program[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr, cmd.ExtraFiles, cmd.WaitDelay = o.Dir, o.Env, said, said, o.Files, grace
	cmd.SysProcAttr = ownGroup()
	starved := starvations()
	p.began = time.Now()
	err := cmd.Start()
	if err == nil {
		p.pid = cmd.Process.Pid
	}
	if started <- err; err != nil {
		return
	}
	defer close(p.ended)
	group := cmd.Process.Pid
	offerToKernel(group)

	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	e := &Ended{}
	tick, ticks := time.NewTicker(20*time.Millisecond), 0
	defer tick.Stop()
	if o.Memory == 0 {
		tick.Stop()
	}
wait:
	for {
		select {
		case err = <-exited:
			break wait
		case after := <-p.stop:
			if e.Time = after.Round(100 * time.Millisecond); e.Time == 0 {
				e.Time = after
			}
			killGroup(group)
		case <-tick.C:
			// What it started itself is looked for now and then: that goes through all processes.
			ticks++
			if e.Memory == 0 && heldBy(group, ticks%ticksForAll == 0) > o.Memory {
				e.Memory = o.Memory
				killGroup(group)
			}
		}
	}
	killGroup(group) // what it left running
	if err == nil || errors.Is(err, exec.ErrWaitDelay) && cmd.ProcessState.Success() {
		return
	}
	e.Code, e.Said = cmd.ProcessState.ExitCode(), said.String()
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		e.Signal = status.Signal()
		e.Starved = e.Signal == syscall.SIGKILL && e.Memory == 0 && e.Time == 0 && starvations() > starved
	}
	p.err = e
}
