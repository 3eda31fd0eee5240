package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
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
// the same arguments and prints the same numbers.
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
	{"forward WAY MODEL INPUT CALLS BATCHES", 2, func(w []string, n []int) error { return forward(w[0], w[1], w[2], n[0], n[1]) }},
	{"crowd WHAT MODEL INPUT CLIENTS WIDTH CALLS BATCHES", 4, func(w []string, n []int) error { return crowd(w[0], w[1], w[2], n[0], n[1], n[2], n[3]) }},
	{"operator CALLS BATCHES", 2, func(_ []string, n []int) error { return operator(n[0], n[1]) }},
	{"compare ELEMENTS CALLS", 2, func(_ []string, n []int) error { return compareTensors(n[0], n[1]) }},
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
func forward(way, model, input string, calls, batches int) error {
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
	return timed(calls, batches, once)
}

func operator(calls, batches int) error {
	x, err := torch.Full(1, torch.Float32, torch.CPU, 4)
	if err != nil {
		return err
	}
	return timed(calls, batches, func() error {
		y, err := torch.Call("aten::add.Tensor", x, x)
		torch.CloseAll(y)
		return err
	})
}

// timed warms up and prints the nanoseconds of a call, a line for each batch.
func timed(calls, batches int, once func() error) error {
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
	for range batches {
		start := time.Now()
		if err := run(calls); err != nil {
			return err
		}
		fmt.Println(float64(time.Since(start).Nanoseconds()) / float64(calls))
	}
	return nil
}

// crowd lets clients call a module at once, each again as soon as it has its
// result. It prints the nanoseconds of a call by the clock on the wall ("wall"), or
// the 99th percentile of what a client waits for its result ("p99").
func crowd(what, model, input string, clients, width, calls, batches int) error {
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
	if err := timed(1, 0, once); err != nil {
		return err
	}
	for range batches {
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
		took := time.Since(start)
		if err := errors.Join(failures...); err != nil {
			return err
		}
		if what == "wall" {
			fmt.Println(float64(took.Nanoseconds()) / float64(calls))
		} else {
			slices.Sort(times)
			fmt.Println(times[calls*99/100].Nanoseconds())
		}
	}
	return nil
}

func compareTensors(n, calls int) error {
	r := rand.New(rand.NewPCG(1, 1))
	got, want := make([]float32, n), make([]float32, n)
	for i := range want {
		want[i] = float32(r.NormFloat64())
		got[i] = want[i] * float32(1+1e-6*(2*r.Float64()-1))
	}
	for range calls {
		start := time.Now()
		s, err := compare.Compare(tensorOf(got), tensorOf(want), compare.Default)
		took := time.Since(start)
		if err != nil {
			return err
		}
		if !s.Close {
			return fmt.Errorf("%d elements of the tensors are not close", s.Mismatches)
		}
		fmt.Println(took.Nanoseconds())
	}
	return nil
}

func tensorOf(data []float32) compare.Tensor {
	return compare.Tensor{
		DType: dtype.Float32,
		Shape: []int64{int64(len(data))},
		Data:  unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(data))), 4*len(data)),
	}
}
