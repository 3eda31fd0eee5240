package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
)

const (
	inferences = 1_000_000
	cycles     = 200
	goroutines = 10_000
	callsEach  = 100
	forgotten  = 100_000
)

var trials = []trial{
	{"close", "10⁶ inferences, each result closed", "flat", inferring(closing), flatMemory},
	{"scope", "10⁶ inferences, each in a scope", "flat", inferring(scoping), flatMemory},
	{"neither", "10⁶ inferences, nothing closed", "flat", inferring(forgetting), flatMemory},
	{"reuse", "10⁶ inferences into one tensor", "flat", inferring(reusing), flatMemory},
	{"cycles", "200 × load, run, close a model of 100 MB: cycle 20, cycle 200", "within 5 %", cycling, flatMemory},
	{"steps", "10⁴ steps of training by train.Step, nothing closed", "flat", training(scopedStep), flatMemory},
	{"loose", "10⁴ steps of training without a scope, nothing closed", "flat", training(looseStep), flatMemory},
	{"goroutines", "10,000 goroutines × 100 calls on one module", "threads constant, memory flat", crowding, flatCrowd},
	{"exit", "end of a process with 10⁵ tensors that nobody closed", "under 1 s", leaving, nil},
}

// flatMemory allows 5 %.
func flatMemory(r reading) (string, bool) {
	return fmt.Sprintf("%d MB, then %d MB", r.Before.Bytes>>20, r.After.Bytes>>20),
		float64(r.After.Bytes) <= 1.05*float64(r.Before.Bytes)
}

func flatCrowd(r reading) (string, bool) {
	memory, flat := flatMemory(r)
	return fmt.Sprintf("%d threads, then %d; %s", r.Before.Threads, r.After.Threads, memory),
		flat && r.After.Threads <= r.Before.Threads
}

// now reads the level of this process.
func now() level {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		panic(err) // only Linux is supported
	}
	number := func(field string) int64 {
		_, rest, _ := strings.Cut(string(status), "\n"+field+":")
		n, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
		return n
	}
	return level{Bytes: number("VmRSS") << 10, Threads: int(number("Threads"))}
}

// highest keeps the highest level.
func (l *level) highest(o level) {
	l.Bytes, l.Threads = max(l.Bytes, o.Bytes), max(l.Threads, o.Threads)
}

// small loads a Linear(4, 2). The module is the caller's.
func small() (*jit.Module, *jit.Method, error) {
	m, err := jit.Load("testdata/scenarios/safe_model_save/model_scripted.pt")
	if err != nil {
		return nil, nil, err
	}
	forward, err := m.Method("forward")
	return m, forward, err
}

func row() (*torch.Tensor, error) { return torch.FromSlice([]float32{1, 2, 3, 4}, 1, 4) }

// inferring makes a trial of many calls: the highest level in the first half of
// them and in the second. A leak of 20 bytes in a call would show.
func inferring(once func(*jit.Method) error) func() (reading, error) {
	return func() (r reading, err error) {
		m, forward, err := small()
		if err != nil {
			return r, err
		}
		defer m.Close()
		for i := range inferences {
			if err := once(forward); err != nil {
				return r, err
			}
			if i%1000 == 0 {
				if i < inferences/2 {
					r.Before.highest(now())
				} else {
					r.After.highest(now())
				}
			}
		}
		return r, nil
	}
}

func closing(forward *jit.Method) error {
	x, err := row()
	if err != nil {
		return err
	}
	defer x.Close()
	y, err := forward.Forward(x)
	if err == nil {
		y.Close()
	}
	return err
}

func scoping(forward *jit.Method) error {
	s := torch.NewScope()
	defer s.Close()
	x, err := row()
	if err != nil {
		return err
	}
	_, err = forward.Forward(s.Add(x))
	return err
}

func forgetting(forward *jit.Method) error {
	x, err := row()
	if err != nil {
		return err
	}
	_, err = forward.Forward(x)
	return err
}

var reused torch.Tensor

func reusing(forward *jit.Method) error {
	x, err := row()
	if err != nil {
		return err
	}
	defer x.Close()
	return forward.ForwardInto(&reused, x)
}

// cycling loads, runs and closes a model of 100 MB.
func cycling() (r reading, err error) {
	folder, err := os.MkdirTemp("", "soak")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "large.pt")
	if err := large(path); err != nil {
		return r, err
	}
	for cycle := 1; cycle <= cycles; cycle++ {
		if err := useOnce(path); err != nil {
			return r, err
		}
		if err := torch.Trim(); err != nil {
			return r, err
		}
		switch cycle {
		case 20:
			r.Before = now()
		case cycles:
			r.After = now()
		}
	}
	return r, nil
}

// large writes a model that holds 25 million weights: freezing computes them.
func large(path string) error {
	m, err := jit.Compile("def forward(self, x: Tensor) -> Tensor:\n    return torch.mm(x, torch.arange(25000000, dtype=6).reshape(5000, 5000))\n")
	if err != nil {
		return err
	}
	defer m.Close()
	frozen, err := m.Freeze()
	if err != nil {
		return err
	}
	defer frozen.Close()
	return frozen.Save(path)
}

func useOnce(path string) error {
	m, err := jit.Load(path)
	if err != nil {
		return err
	}
	defer m.Close()
	x, err := torch.Zeros(torch.Float32, torch.CPU, 1, 5000)
	if err != nil {
		return err
	}
	defer x.Close()
	y, err := m.Forward(x)
	if err == nil {
		y.Close()
	}
	return err
}

// crowding lets many goroutines call one module: the highest level in the first
// half of the calls and in the second.
func crowding() (r reading, err error) {
	m, forward, err := small()
	if err != nil {
		return r, err
	}
	defer m.Close()
	var done atomic.Int64
	var failure atomic.Pointer[error]
	var all sync.WaitGroup
	for range goroutines {
		all.Go(func() {
			for range callsEach {
				if err := closing(forward); err != nil {
					failure.Store(&err)
				}
				done.Add(1)
			}
		})
	}
	ended := make(chan struct{})
	go func() { all.Wait(); close(ended) }()
	for tick := time.Tick(5 * time.Millisecond); ; {
		select {
		case <-ended:
			r.After.highest(now())
			if e := failure.Load(); e != nil {
				return r, *e
			}
			return r, nil
		case <-tick:
		}
		if done.Load() < goroutines*callsEach/2 {
			r.Before.highest(now())
		} else {
			r.After.highest(now())
		}
	}
}

// leaving makes tensors and forgets them; the process ends right afterwards.
func leaving() (r reading, err error) {
	for range forgotten {
		if _, err := row(); err != nil {
			return r, err
		}
	}
	return r, nil
}
