package process

import (
	"context"
	"errors"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// grace is how long pipes may stay open after the program ended.
const grace = 2 * time.Second

// Run runs a program to its end. The end of ctx kills it, and so does taking more
// than memory bytes, of which 0 are without limit; what it started goes with it
// in any case, also when this process is killed. Its standard output and error
// must not be set. An error is an *Ended, one of starting it, or, when ctx was
// cancelled, its cause.
//
// The limit counts what a program and its children hold in memory of their own,
// looked at 50 times a second: address space is no measure, since CUDA reserves
// hundreds of gigabytes of it, and control groups take rights that few have.
func Run(ctx context.Context, program []string, dir string, env []string, memory int64) error {
	// The kernel takes the end of the thread that started it for that of the process.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	said := &tail{}
	cmd := exec.Command(program[0], program[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = dir, env, said, said, grace
	cmd.SysProcAttr = ownGroup()
	starved := starvations()
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return err
	}
	group := cmd.Process.Pid
	offerToKernel(group)

	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	e := &Ended{}
	var err error
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	done := ctx.Done()
wait:
	for {
		select {
		case err = <-ended:
			break wait
		case <-done:
			done = nil
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				e.Time = time.Since(began).Round(100 * time.Millisecond)
			}
			killGroup(group)
		case <-tick.C:
			if memory > 0 && e.Memory == 0 && heldBy(group) > memory {
				e.Memory = memory
				killGroup(group)
			}
		}
	}
	killGroup(group) // what it left running
	if err == nil || errors.Is(err, exec.ErrWaitDelay) && cmd.ProcessState.Success() {
		return nil
	}
	if ctx.Err() != nil && e.Time == 0 {
		return context.Cause(ctx)
	}
	e.Code, e.Said = cmd.ProcessState.ExitCode(), said.String()
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		e.Signal = status.Signal()
		e.Starved = e.Signal == syscall.SIGKILL && starvations() > starved
	}
	return e
}
