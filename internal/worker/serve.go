package worker

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"

	"github.com/seed06459138/torchgo/internal/process"
)

// version is that of the protocol.
const version = 1

// argument is the first one of a child.
const argument = "torchgo-worker"

// Answer is what a handler gives.
type Answer struct {
	Header any // as JSON; nil is null
	Data   [][]byte
}

// Handler does what requests ask for, one after the other, on one locked thread.
// data is the handler's to keep. An error ends the child: what a request can be
// refused for belongs into the header of its answer.
type Handler func(verb string, header json.RawMessage, data []byte) (Answer, error)

// ErrNotServing says that a program can have no workers.
var ErrNotServing = errors.New("this program cannot work in child processes: it does not begin with a call that lets it")

var serving atomic.Bool

// Serve lets this program have workers. In a worker it serves and ends the process;
// else it returns at once. It must come first in main. begin is called in a worker
// with the arguments that it was started with, and gives what handles its requests.
func Serve(begin func(args []string) Handler) {
	serving.Store(true)
	if len(os.Args) < 2 || os.Args[1] != argument {
		return
	}
	runtime.LockOSThread()
	if err := serve(begin); err != nil {
		fmt.Fprintf(os.Stderr, "worker: %v\n", err)
		os.Exit(1)
	}
	os.Exit(0)
}

type greeting struct {
	Version int `json:"version"`
}

type request struct {
	Verb   string          `json:"verb"`
	Header json.RawMessage `json:"header"`
}

func serve(begin func(args []string) Handler) error {
	// What is started from here shall not hold the pipes open.
	for fd := range 2 {
		syscall.CloseOnExec(3 + fd)
	}
	in, out := os.NewFile(3, "requests"), os.NewFile(4, "answers")
	if err := process.EndBySignal(); err != nil {
		return err
	}
	if err := write(out, greeting{version}, nil); err != nil {
		return fmt.Errorf("this is a worker of the program and no command of it: %w", err)
	}
	handle := begin(os.Args[2:])
	for {
		header, data, err := read(in)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		var asked request
		if err := json.Unmarshal(header, &asked); err != nil {
			return err
		}
		answer, err := handle(asked.Verb, asked.Header, data)
		if err != nil {
			return err
		}
		if err := write(out, answer.Header, answer.Data); err != nil {
			return err
		}
	}
}
