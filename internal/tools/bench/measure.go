package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/dtype"
	"github.com/seed06459138/torchgo/verify/compare"
)

// measure is what the programs in the folder bench do in C++ and Python; it takes
// the same arguments and answers with the same numbers.
func measure(args []string) error {
	for _, m := range measurements {
		if len(args) == len(strings.Fields(m.usage)) && args[0] == strings.Fields(m.usage)[0] {
			n := make([]int, m.numbers)
			for i := range n {
				var err error
				if n[i], err = strconv.Atoi(args[len(args)-m.numbers+i]); err != nil {
					return err
				}
			}
			return m.run(args[1:], n)
		}
	}
	return fmt.Errorf("measure does not know %q", args)
}

// measurements take words, of which the last ones are numbers.
var measurements = []struct {
	usage   string
	numbers int
	run     func(words []string, n []int) error
}{
	{"forward WAY MODEL INPUT CALLS", 1, func(w []string, n []int) error { return forward(w[0], w[1], w[2], n[0]) }},
	{"crowd WHAT MODEL INPUT CLIENTS WIDTH CALLS", 3, func(w []string, n []int) error { return crowd(w[0], w[1], w[2], n[0], n[1], n[2]) }},
	{"operator CALLS", 1, func(_ []string, n []int) error { return operator(n[0]) }},
	{"spawn COMMAND COUNT ALL", 2, func(w []string, n []int) error { return spawn(w[0], n[0], n[1]) }},
	{"checks SUITE", 0, func(w []string, _ []int) error { return inOneProcess(w[0]) }},
	{"step STEPS", 1, func(_ []string, n []int) error { return step(n[0]) }},
	{"resnet STEPS", 1, func(_ []string, n []int) error { return resnetStep(n[0]) }},
	{"resume CHECKPOINT TIMES", 1, func(w []string, n []int) error { return resumed(w[0], n[0]) }},
	{"compare ELEMENTS", 1, func(_ []string, n []int) error { return compareTensors(n[0]) }},
}

// open loads a module and its input.
func open(model, input string) (*jit.Module, *torch.Tensor, error) {
	m, err := jit.Load(model)
	if err != nil {
		return nil, nil, err
	}
	array, err := checkpoint.ReadNPY(input)
	if err != nil {
		return nil, nil, err
	}
	x, err := torch.FromArray(array)
	return m, x, err
}

// closing calls a method for a new result each time, and closes that.
func closing(method *jit.Method, x *torch.Tensor) func() error {
	return func() error {
		y, err := method.Forward(x)
		if err == nil {
			y.Close()
		}
		return err
	}
}

// forward calls a module in a way: "ordinary" gives a new result each time, which
// is closed; "reuse" one and the same; "auto" too, by what jit.Auto took.
func forward(way, model, input string, calls int) error {
	m, x, err := open(model, input)
	if err != nil {
		return err
	}
	method, err := m.Method("forward")
	if err != nil {
		return err
	}
	var y torch.Tensor
	once := closing(method, x)
	switch way {
	case "ordinary":
	case "reuse":
		once = func() error { return method.ForwardInto(&y, x) }
	case "auto":
		fastest, _, err := jit.Auto(context.Background(), m, 1e-4, 1e-5, x)
		if err != nil {
			return err
		}
		once = func() error { return fastest.ForwardInto(&y, x) }
	default:
		return fmt.Errorf("there is no way %q to call forward", way)
	}
	return timed(calls, once)
}

func operator(calls int) error {
	x, err := torch.Full(1, torch.Float32, torch.CPU, 4)
	if err != nil {
		return err
	}
	return timed(calls, func() error {
		y, err := torch.Call("aten::add.Tensor", x, x)
		torch.CloseAll(y)
		return err
	})
}

// timed warms up, and answers with the nanoseconds of a call.
func timed(calls int, once func() error) error {
	run := func(n int) error {
		for range n {
			if err := once(); err != nil {
				return err
			}
		}
		return nil
	}
	if err := run(1000); err != nil {
		return err
	}
	return eachTurn(func() (float64, error) {
		start := time.Now()
		err := run(calls)
		return float64(time.Since(start).Nanoseconds()) / float64(calls), err
	})
}

// eachTurn answers each line of standard input with the nanoseconds that batch gives.
func eachTurn(batch func() (float64, error)) error {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		ns, err := batch()
		if err != nil {
			return err
		}
		fmt.Println(ns)
	}
	return lines.Err()
}

// crowd lets clients call a module at once, each again as soon as it has its
// result. It answers with the nanoseconds of a call by the clock on the wall ("wall"), or
// the 99th percentile of what a client waits for its result ("p99").
func crowd(what, model, input string, clients, width, calls int) error {
	if err := torch.SetLimits(torch.Limits{Calls: width}); err != nil {
		return err
	}
	m, x, err := open(model, input)
	if err != nil {
		return err
	}
	method, err := m.Method("forward")
	if err != nil {
		return err
	}
	once := closing(method, x)
	for range 1000 {
		if err := once(); err != nil {
			return err
		}
	}
	return eachTurn(func() (float64, error) {
		times := make([]time.Duration, calls)
		failures := make([]error, clients)
		var next atomic.Int64
		var all sync.WaitGroup
		start := time.Now()
		for c := range clients {
			all.Go(func() {
				for i := next.Add(1) - 1; i < int64(calls); i = next.Add(1) - 1 {
					began := time.Now()
					if failures[c] = once(); failures[c] != nil {
						return
					}
					times[i] = time.Since(began)
				}
			})
		}
		all.Wait()
		if what == "wall" {
			return float64(time.Since(start).Nanoseconds()) / float64(calls), errors.Join(failures...)
		}
		slices.Sort(times)
		return float64(times[calls*99/100].Nanoseconds()), errors.Join(failures...)
	})
}

func compareTensors(n int) error {
	r := rand.New(rand.NewPCG(1, 1))
	got, want := make([]float32, n), make([]float32, n)
	for i := range want {
		want[i] = float32(r.NormFloat64())
		got[i] = want[i] * float32(1+1e-6*(2*r.Float64()-1))
	}
	return eachTurn(func() (float64, error) {
		start := time.Now()
		s, err := compare.Compare(tensorOf(got), tensorOf(want), compare.Default)
		took := time.Since(start)
		if err == nil && !s.Close {
			err = fmt.Errorf("%d elements of the tensors are not close", s.Mismatches)
		}
		return float64(took.Nanoseconds()), err
	})
}

func tensorOf(data []float32) compare.Tensor {
	return compare.Tensor{
		DType: dtype.Float32,
		Shape: []int64{int64(len(data))},
		Data:  unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(data))), 4*len(data)),
	}
}
