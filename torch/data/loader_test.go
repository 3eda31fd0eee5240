package data

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
)

// numbered is a dataset whose sample i is [i] and should give 10·i.
func numbered(t *testing.T, n int) *Tensors {
	torchtest.Require(t)
	x, y := make([]float32, n), make([]int64, n)
	for i := range n {
		x[i], y[i] = float32(i), 10*int64(i)
	}
	d := &Tensors{}
	var err error
	d.X, err = torch.FromSlice(x, int64(n), 1)
	require.NoError(t, err)
	d.Y, err = torch.FromSlice(y)
	require.NoError(t, err)
	t.Cleanup(func() { d.X.Close(); d.Y.Close() })
	return d
}

// batches gives the samples of an epoch, batch by batch.
func batches(t *testing.T, l *Loader[*Pair], epoch int) [][]float32 {
	return batchesFrom(t, l, epoch, 0)
}

func batchesFrom(t *testing.T, l *Loader[*Pair], epoch, from int) (all [][]float32) {
	for batch, err := range l.EpochFrom(t.Context(), epoch, from) {
		require.NoError(t, err)
		x, err := torch.Slice[float32](batch.X)
		require.NoError(t, err)
		y, err := torch.Slice[int64](batch.Y)
		require.NoError(t, err)
		for i := range x {
			require.Equal(t, int64(10*x[i]), y[i])
		}
		all = append(all, x)
	}
	return all
}

func TestLoader(t *testing.T) {
	d := numbered(t, 10)
	for name, c := range map[string]struct {
		options Options
		epoch   int
		want    [][]float32
	}{
		"in order":         {Options{Batch: 4}, 0, [][]float32{{0, 1, 2, 3}, {4, 5, 6, 7}, {8, 9}}},
		"full batches":     {Options{Batch: 4, DropLast: true}, 0, [][]float32{{0, 1, 2, 3}, {4, 5, 6, 7}}},
		"shuffled":         {Options{Batch: 5, Shuffle: true, Seed: 42}, 0, [][]float32{{6, 5, 4, 0, 8}, {9, 2, 1, 3, 7}}},
		"the third epoch":  {Options{Batch: 10, Shuffle: true, Seed: 42, Workers: 3}, 2, [][]float32{{7, 4, 5, 0, 9, 1, 3, 2, 8, 6}}},
		"one reader":       {Options{Batch: 9, Workers: 1, Prefetch: 1}, 0, [][]float32{{0, 1, 2, 3, 4, 5, 6, 7, 8}, {9}}},
		"larger than all":  {Options{Batch: 99}, 0, [][]float32{{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}}},
		"nothing is whole": {Options{Batch: 99, DropLast: true}, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := NewLoader(d, c.options)
			require.NoError(t, err)
			assert.Equal(t, c.want, batches(t, l, c.epoch))
			assert.Equal(t, len(c.want), l.Len())
		})
	}
}

// An epoch may be gone on with anywhere; the batches before are not read.
func TestEpochFrom(t *testing.T) {
	d := numbered(t, 10)
	var read atomic.Int32
	l, err := NewLoader(&odd{10, func(ctx context.Context, r Request) (*Pair, error) {
		read.Add(1)
		return d.Batch(ctx, r)
	}}, Options{Batch: 3, Shuffle: true, Seed: 42})
	require.NoError(t, err)
	whole := batches(t, l, 1)
	require.Len(t, whole, 4)
	for from := range 6 {
		read.Store(0)
		rest := whole[min(from, 4):]
		assert.Equal(t, append([][]float32(nil), rest...), batchesFrom(t, l, 1, from))
		assert.EqualValues(t, len(rest), read.Load())
	}
	assert.Equal(t, whole, batchesFrom(t, l, 1, -1))
}

// What is computed from a batch goes with it.
func TestBatchesAreFreed(t *testing.T) {
	l, err := NewLoader(numbered(t, 8), Options{Batch: 2})
	require.NoError(t, err)
	var sum *torch.Tensor
	for batch, err := range l.Epoch(t.Context(), 0) {
		require.NoError(t, err)
		v, err := torch.Call("aten::sum", batch.X)
		require.NoError(t, err)
		if sum != nil {
			assert.True(t, sum.Closed())
		}
		sum = v.(*torch.Tensor)
		assert.False(t, sum.Closed())
	}
	assert.True(t, sum.Closed())
}

// odd is a dataset that fails, panics or waits.
type odd struct {
	n     int
	batch func(ctx context.Context, r Request) (*Pair, error)
}

func (o *odd) Len() int                                            { return o.n }
func (o *odd) Batch(ctx context.Context, r Request) (*Pair, error) { return o.batch(ctx, r) }

func TestLoaderEnds(t *testing.T) {
	d := numbered(t, 100)
	broken := errors.New("broken")
	ends := func(t *testing.T, batch func(context.Context, Request) (*Pair, error), body func(n int)) (n int, last error) {
		l, err := NewLoader(&odd{100, batch}, Options{Workers: 4})
		require.NoError(t, err)
		for _, err := range l.Epoch(t.Context(), 0) {
			if last = err; err == nil {
				n++
				body(n)
			}
		}
		return n, last
	}
	t.Run("at an error, which comes in its place", func(t *testing.T) {
		n, err := ends(t, func(ctx context.Context, r Request) (*Pair, error) {
			if r.Indices[0] == 50 {
				return nil, broken
			}
			return d.Batch(ctx, r)
		}, func(int) {})
		assert.Equal(t, 50, n)
		assert.ErrorIs(t, err, broken)
	})
	t.Run("at a panic", func(t *testing.T) {
		defer func() {
			p, ok := recover().(*PanicError)
			require.True(t, ok)
			assert.Equal(t, "lost", p.Value)
			assert.Contains(t, p.Error(), "loader_test.go", "where it was")
		}()
		_, _ = ends(t, func(ctx context.Context, r Request) (*Pair, error) {
			if r.Indices[0] == 7 {
				panic("lost")
			}
			return d.Batch(ctx, r)
		}, func(int) {})
	})
	t.Run("when the loop is left", func(t *testing.T) {
		var begun atomic.Int64
		l, err := NewLoader(&odd{100, func(ctx context.Context, r Request) (*Pair, error) {
			begun.Add(1)
			return d.Batch(ctx, r)
		}}, Options{Workers: 2, Prefetch: 4})
		require.NoError(t, err)
		for _, err := range l.Epoch(t.Context(), 0) {
			require.NoError(t, err)
			break
		}
		assert.Less(t, begun.Load(), int64(20), "read ahead")
	})
	t.Run("when ctx ends, though the dataset waits for it", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		l, err := NewLoader(&odd{100, func(ctx context.Context, r Request) (*Pair, error) {
			if r.Indices[0] > 2 {
				<-ctx.Done()
				return nil, context.Cause(ctx)
			}
			return d.Batch(ctx, r)
		}}, Options{})
		require.NoError(t, err)
		var last error
		for _, err := range l.Epoch(ctx, 0) {
			if last = err; err == nil {
				cancel(broken)
			}
		}
		assert.ErrorIs(t, last, broken)
	})
	t.Run("with batches read ahead", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		l, err := NewLoader(numbered(t, 20), Options{Prefetch: 20})
		require.NoError(t, err)
		batches := 0
		for _, err := range l.Epoch(ctx, 0) {
			if err != nil {
				assert.ErrorIs(t, err, context.Canceled)
				continue
			}
			batches++
			time.Sleep(10 * time.Millisecond) // all are read
			cancel()
		}
		assert.Equal(t, 1, batches)
	})
	time.Sleep(10 * time.Millisecond)
	assert.Less(t, runtime.NumGoroutine(), 20, "no worker is left")
}

func TestRandDependsOnTheSampleAlone(t *testing.T) {
	one, other := Request{[]int{5, 9}, 3, 1}, Request{[]int{9}, 3, 1}
	assert.Equal(t, one.Rand(1).Uint64(), other.Rand(0).Uint64())
	assert.NotEqual(t, one.Rand(0).Uint64(), other.Rand(0).Uint64())
	later := Request{[]int{9}, 4, 1}
	assert.NotEqual(t, later.Rand(0).Uint64(), other.Rand(0).Uint64())
}

func TestOptionsThatMakeNoSense(t *testing.T) {
	for _, o := range []Options{{Batch: -1}, {Workers: -2}, {Prefetch: -3}} {
		_, err := NewLoader(&odd{n: 1}, o)
		assert.ErrorContains(t, err, "not possible")
	}
	_, err := NewLoader(&odd{n: 1 << 33}, Options{})
	assert.ErrorContains(t, err, "give at most")
}

func TestUnequalTensors(t *testing.T) {
	a, b := numbered(t, 3), numbered(t, 4)
	_, err := (&Tensors{a.X, b.Y}).Batch(t.Context(), Request{Indices: []int{0}})
	assert.ErrorContains(t, err, "not equally many")
}
