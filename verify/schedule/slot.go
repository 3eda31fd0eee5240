package schedule

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/night"
)

// large is the memory beyond which a process is not kept for the next check: what its
// allocators hold would be the next one's.
const large = 2 << 30

// slot runs one check after the other in a worker that it keeps.
type slot struct {
	start  func(memory int64) (Worker, error)
	worker Worker
	limit  int64 // of its memory
}

func (s *slot) close() {
	if s.worker != nil {
		s.worker.Close()
	}
	s.worker = nil
}

// ready gives a worker with a limit of memory.
func (s *slot) ready(limit int64) (Worker, error) {
	if s.worker != nil && s.limit != limit {
		s.close()
	}
	if s.worker == nil {
		var err error
		if s.worker, err = s.start(limit); err != nil {
			s.worker = nil
			return nil, err
		}
		s.limit = limit
	}
	return s.worker, nil
}

// run runs a check to its result, which is nil when ctx ended before.
func (s *slot) run(ctx context.Context, j *job, o *Options) *night.Result {
	attempts := []string{}
	pause := o.Pause
	for {
		started := time.Now()
		a := s.attempt(ctx, j, o)
		if ctx.Err() != nil {
			s.close()
			return nil
		}
		if a.fault != "" && len(attempts) < o.Retries && waited(ctx, o.Stop, pause) {
			attempts = append(attempts, a.fault)
			pause *= 2
			continue
		}
		if a.fault != "" {
			attempts = append(attempts, a.fault)
		}
		result := night.ResultOf(j.check.Name, a.report)
		result.Tags, result.Attempts, result.Ended, result.Peak = j.check.Tags, attempts, a.ended, a.peak
		result.Started, result.Seconds = started, time.Since(started).Seconds()
		return &result
	}
}

// waited waits, unless the night is stopped meanwhile.
func waited(ctx context.Context, stop <-chan struct{}, pause time.Duration) bool {
	select {
	case <-time.After(pause):
		return true
	case <-stop:
	case <-ctx.Done():
	}
	return false
}

// attempt is what one try gave.
type attempt struct {
	report *verify.Report
	ended  string // how the process ended that died
	fault  string // the machine's, or ""
	peak   int64
}

// attempt puts a question once, and gets rid of a worker that may have been harmed.
func (s *slot) attempt(ctx context.Context, j *job, o *Options) (a attempt) {
	timeout := j.check.Timeout
	if timeout == 0 {
		timeout = o.Timeout
	}
	limited, cancel := ctx, context.CancelFunc(func() {})
	if timeout > 0 {
		limited, cancel = context.WithTimeoutCause(ctx, timeout, &lateError{timeout})
	}
	defer cancel()
	spec, err := j.check.Question(limited)
	if err == nil {
		var w Worker
		spec = j.spec(spec, o.Threads)
		if w, err = s.ready(j.limit); err == nil {
			a.report, err = w.Run(limited, spec)
			a.peak = peakOf(w)
		} else {
			a.fault = err.Error()
		}
	}
	if late := (*lateError)(nil); err != nil && limited.Err() != nil && errors.As(context.Cause(limited), &late) {
		err, a.ended = late, late.Error()
	}
	var died *verify.WorkerError
	if errors.As(err, &died) {
		a.ended = died.Ended().Text
	}
	if err != nil {
		a.report = verify.FailedReport(spec, err)
	}
	if a.fault == "" {
		a.fault = machineFault(a.report, err)
	}
	if a.ended != "" || a.fault != "" || a.peak > large || len(j.gpus) > 0 && a.report.Verdict == verify.Unanswered {
		s.close()
	}
	return a
}

// lateError says that a check took too long.
type lateError struct{ limit time.Duration }

func (e *lateError) Error() string { return fmt.Sprintf("timed out after %v", e.limit) }

// peakOf gives the most memory that a worker had, if it knows.
func peakOf(w Worker) int64 {
	if w, ok := w.(interface{ Peak() int64 }); ok {
		return w.Peak()
	}
	return 0
}
