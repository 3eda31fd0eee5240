package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/seed06459138/torchgo/internal/process"
)

// patience is how long a child that was asked to end may take.
const patience = 2 * time.Second

// Options say how a child is started.
type Options struct {
	Arguments []string // for its handler
	Env       []string // nil is that of this process
	Memory    int64    // bytes that it may take before it is killed; 0 is without limit
}

// Worker is a child process. One goroutine at a time may use it; Close may come from
// another.
type Worker struct {
	process  *process.Process
	requests *os.File
	answers  *os.File
	greeted  bool
	closing  sync.Once
}

// Start starts a child. It returns before that is ready, so that both can go on.
func Start(o Options) (*Worker, error) {
	if !serving.Load() {
		return nil, ErrNotServing
	}
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	theirRequests, requests, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer theirRequests.Close()
	answers, theirAnswers, err := os.Pipe()
	if err != nil {
		requests.Close()
		return nil, err
	}
	defer theirAnswers.Close()
	w := &Worker{requests: requests, answers: answers}
	w.process, err = process.Start(append([]string{program, argument}, o.Arguments...),
		process.Options{Env: o.Env, Memory: o.Memory, Files: []*os.File{theirRequests, theirAnswers}})
	if err != nil {
		w.closePipes()
		return nil, err
	}
	return w, nil
}

func (w *Worker) closePipes() {
	_ = w.requests.Close()
	_ = w.answers.Close()
}

// Call sends a request and waits for its answer, whose header goes to answer. When
// ctx is done the child is killed, and with it all that it started. A child that
// has ended gives a *process.Ended, now and at each later call; ctx's cause comes
// when it was cancelled.
func (w *Worker) Call(ctx context.Context, verb string, header any, data [][]byte, answer any) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	head, err := json.Marshal(header)
	if err != nil {
		return nil, fmt.Errorf("what is asked of a child process cannot be written down: %w", err)
	}
	type reply struct {
		header, data []byte
		err          error
	}
	replied := make(chan reply, 1)
	go func() {
		header, data, err := w.exchange(request{verb, head}, data)
		replied <- reply{header, data, err}
	}()
	began := time.Now()
	var r reply
	select {
	case r = <-replied:
	case <-ctx.Done():
		after := time.Duration(0)
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			after = max(time.Since(began), 1)
		}
		w.process.Stop(after)
		r = <-replied
		if ended := w.end(r.err); after > 0 {
			return nil, ended
		}
		return nil, context.Cause(ctx)
	}
	if r.err != nil {
		return nil, w.end(r.err)
	}
	if err := json.Unmarshal(r.header, answer); err != nil {
		w.process.Stop(0)
		return nil, fmt.Errorf("a child process answers what cannot be read: %w", err)
	}
	return r.data, nil
}

// exchange sends and receives. The greeting comes before the first answer.
func (w *Worker) exchange(asked request, data [][]byte) (header, body []byte, err error) {
	if !w.greeted {
		first, _, err := read(w.answers)
		if err != nil {
			return nil, nil, err
		}
		var hello greeting
		if err := json.Unmarshal(first, &hello); err != nil || hello.Version != version {
			return nil, nil, fmt.Errorf("%w: version %d of the protocol, not %d", errFrame, hello.Version, version)
		}
		w.greeted = true
	}
	if err := write(w.requests, asked, data); err != nil {
		return nil, nil, err
	}
	return read(w.answers)
}

// end gives how the child ended, which a broken pipe is the first sign of.
func (w *Worker) end(broken error) error {
	if errors.Is(broken, errFrame) {
		w.process.Stop(0)
	}
	select {
	case <-w.process.Ended():
	case <-time.After(patience):
		w.process.Stop(0) // it has closed its pipes, and goes on
	}
	switch err := w.process.Wait(); {
	case errors.Is(broken, errFrame):
		return broken
	case err != nil:
		return err
	}
	return &process.Ended{Said: "it ended without an answer"}
}

// Process is the child, to look at.
func (w *Worker) Process() *process.Process { return w.process }

// Close ends the child: at once when it is at work, else after it was asked to.
func (w *Worker) Close() {
	w.closing.Do(func() {
		_ = w.requests.Close() // the end of requests is the request to end
		select {
		case <-w.process.Ended():
		case <-time.After(patience):
			w.process.Stop(0)
			<-w.process.Ended()
		}
		_ = w.answers.Close()
	})
}
