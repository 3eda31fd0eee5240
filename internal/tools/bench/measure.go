package main

import (
	"fmt"
	"math/rand/v2"
	"strconv"
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
	switch {
	case len(args) == 5 && args[0] == "forward":
		calls, batches, err := twoNumbers(args[3], args[4])
		if err != nil {
			return err
		}
		return forward(args[1], args[2], calls, batches)
	case len(args) == 3 && args[0] == "operator":
		calls, batches, err := twoNumbers(args[1], args[2])
		if err != nil {
			return err
		}
		return operator(calls, batches)
	case len(args) == 3 && args[0] == "compare":
		n, calls, err := twoNumbers(args[1], args[2])
		if err != nil {
			return err
		}
		return compareTensors(n, calls)
	}
	return fmt.Errorf("measure takes forward MODEL INPUT CALLS BATCHES, operator CALLS BATCHES or compare ELEMENTS CALLS, not %q", args)
}

func twoNumbers(a, b string) (int, int, error) {
	x, err := strconv.Atoi(a)
	if err != nil {
		return 0, 0, err
	}
	y, err := strconv.Atoi(b)
	return x, y, err
}

func forward(model, input string, calls, batches int) error {
	m, err := jit.Load(model)
	if err != nil {
		return err
	}
	defer m.Close()
	array, err := checkpoint.ReadNPY(input)
	if err != nil {
		return err
	}
	x, err := torch.FromArray(array)
	if err != nil {
		return err
	}
	defer x.Close()
	method, err := m.Method("forward")
	if err != nil {
		return err
	}
	return timed(calls, batches, func() error {
		y, err := method.Forward(x)
		y.Close()
		return err
	})
}

func operator(calls, batches int) error {
	x, err := torch.FromSlice([]float32{1, 1, 1, 1})
	if err != nil {
		return err
	}
	defer x.Close()
	y, err := torch.FromSlice([]float32{1, 1, 1, 1})
	if err != nil {
		return err
	}
	defer y.Close()
	return timed(calls, batches, func() error {
		sum, err := torch.Call("aten::add.Tensor", x, y)
		if err != nil {
			return err
		}
		sum.(*torch.Tensor).Close()
		return nil
	})
}

// timed prints the nanoseconds of a call, one line for each batch of calls, after
// some that do not count.
func timed(calls, batches int, call func() error) error {
	run := func(n int) error {
		for range n {
			if err := call(); err != nil {
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
