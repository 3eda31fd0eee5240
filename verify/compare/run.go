package compare

import (
	"bytes"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/seed06459138/torchgo/torch/dtype"
)

const (
	// blockLen elements are scanned at a time: two float32 blocks stay in a core's
	// caches between the test for equal bytes and the scan.
	blockLen = 8192
	// share is the least number of blocks for which a goroutine is worth starting.
	share = 4
)

// scanner compares blocks of two tensors. It keeps buffers between calls, so each
// goroutine has its own.
type scanner interface {
	// scan compares a block of which the first element is at a position, and adds
	// what it sees to t.
	scan(at int64, got, want []byte, t *tally)
	// plain reports whether a block certainly holds neither NaN nor infinity:
	// nothing is to be seen in two equal blocks then.
	plain(raw []byte) bool
}

// scannerOf returns a function that makes scanners for two types that are compared
// in a third one.
func scannerOf(got, want, in dtype.DType, tol Tolerance) func() scanner {
	switch in {
	case dtype.Float64:
		return func() scanner { return newDoubles(got, want, tol) }
	case dtype.Complex128:
		return func() scanner { return newComplexes[float64](got, want, in, tol) }
	case dtype.Complex64, dtype.Complex32, dtype.BComplex32:
		return func() scanner { return newComplexes[float32](got, want, in, tol) }
	case dtype.Uint8:
		return func() scanner { return newIntegers[uint8](tol) }
	case dtype.Int8:
		return func() scanner { return newIntegers[int8](tol) }
	case dtype.Uint16:
		return func() scanner { return newIntegers[uint16](tol) }
	case dtype.Int16:
		return func() scanner { return newIntegers[int16](tol) }
	case dtype.Uint32:
		return func() scanner { return newIntegers[uint32](tol) }
	case dtype.Int32:
		return func() scanner { return newIntegers[int32](tol) }
	case dtype.Uint64:
		return func() scanner { return newIntegers[uint64](tol) }
	case dtype.Int64:
		return func() scanner { return newIntegers[int64](tol) }
	case dtype.Bool:
		return func() scanner { return newBools(tol) }
	}
	if narrowFloats[in] != nil {
		return func() scanner { return newSingles(got, want, in, tol) }
	}
	return func() scanner { return stored{size: in.Size()} }
}

// blocksOf returns how many blocks a tensor of so many elements has.
func blocksOf(numel int64) int64 { return (numel + blockLen - 1) / blockLen }

// run scans the tensors on as many goroutines as are worth it and may run; sums is
// nil where nothing is to be measured.
func run(got, want Tensor, newScanner func() scanner, sums *blockSums) tally {
	numel, _ := want.numel()
	blocks := blocksOf(numel)
	workers := min(int64(runtime.GOMAXPROCS(0)), blocks/share)
	var next atomic.Int64
	work := func() tally {
		t, s, measure := newTally(), newScanner(), sums.worker()
		for {
			block := next.Add(1) - 1
			if block >= blocks {
				return t
			}
			first := block * blockLen
			n := min(blockLen, numel-first)
			g, w := cut(got, first, n), cut(want, first, n)
			scanBlock(s, first, g, w, &t)
			if measure != nil {
				measure(block, g, w)
			}
		}
	}
	if workers <= 1 {
		return work()
	}
	tallies := make([]tally, workers)
	var wg sync.WaitGroup
	for i := range tallies {
		wg.Go(func() { tallies[i] = work() })
	}
	wg.Wait()
	total := tallies[0]
	for i := range tallies[1:] {
		total.merge(&tallies[i+1])
	}
	return total
}

func scanBlock(s scanner, first int64, got, want []byte, t *tally) {
	if bytes.Equal(got, want) {
		if s.plain(want) {
			return
		}
	} else {
		t.unequal = true
	}
	s.scan(first, got, want, t)
}

// cut returns the bytes of n elements of t.
func cut(t Tensor, first, n int64) []byte {
	size := int64(t.DType.Size())
	return t.Data[first*size : (first+n)*size]
}
