package torch_test

import (
	"bytes"
	"errors"
	"math"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/dtype"
)

func TestMain(m *testing.M) { torchtest.Main(m) }

func roundTrip[T dtype.Element](t *testing.T, values ...T) {
	t.Helper()
	t.Run(dtype.Of[T]().String(), func(t *testing.T) {
		x, err := torch.FromSlice(values, 2, int64(len(values)/2))
		require.NoError(t, err)
		defer x.Close()
		assert.Equal(t, dtype.Of[T](), x.DType())
		assert.Equal(t, []int64{2, int64(len(values) / 2)}, x.Shape())
		back, err := torch.Slice[T](x)
		require.NoError(t, err)
		assert.Equal(t, values, back)
	})
}

func TestSliceRoundTrip(t *testing.T) {
	torchtest.Require(t)
	roundTrip[uint8](t, 0, 1, 128, 255)
	roundTrip[int8](t, -128, -1, 0, 127)
	roundTrip[int16](t, math.MinInt16, -1, 0, math.MaxInt16)
	roundTrip[int32](t, math.MinInt32, -1, 0, math.MaxInt32)
	roundTrip[int64](t, math.MinInt64, -1, 0, math.MaxInt64)
	roundTrip[uint16](t, 0, 1, 2, math.MaxUint16)
	roundTrip[uint32](t, 0, 1, 2, math.MaxUint32)
	roundTrip[uint64](t, 0, 1, 2, math.MaxUint64)
	roundTrip[float32](t, -1.5, 0, float32(math.Inf(1)), math.SmallestNonzeroFloat32)
	roundTrip[float64](t, -1.5, 0, math.Inf(-1), math.SmallestNonzeroFloat64)
	roundTrip[complex64](t, 1+2i, -1, 2i, 0)
	roundTrip[complex128](t, 1+2i, -1, 2i, 0)
	roundTrip[bool](t, true, false, false, true)
	roundTrip[dtype.F16](t, dtype.F16From(1.5), dtype.F16From(-2), dtype.F16From(6e-8), dtype.F16From(65504))
	roundTrip[dtype.BF16](t, dtype.BF16From(1.5), dtype.BF16From(-2), dtype.BF16From(3e38), 0)
}

func TestHalvesAgreeWithLibtorch(t *testing.T) {
	torchtest.Require(t)
	halves := make([]dtype.F16, 1<<16)
	brains := make([]dtype.BF16, 1<<16)
	for i := range halves {
		halves[i], brains[i] = dtype.F16(i), dtype.BF16(i)
	}
	s := torch.NewScope()
	defer s.Close()
	check := func(x *torch.Tensor, err error, want func(i int) float32) {
		t.Helper()
		require.NoError(t, err)
		wide, err := s.Add(x).ToDType(torch.Float32)
		require.NoError(t, err)
		values, err := torch.Slice[float32](wide)
		require.NoError(t, err)
		for i, v := range values {
			w := want(i)
			if math.Float32bits(v) != math.Float32bits(w) && !(v != v && w != w) {
				t.Fatalf("element %#x: libtorch reads %v, we read %v", i, v, w)
			}
		}
	}
	x, err := torch.FromSlice(halves)
	check(x, err, func(i int) float32 { return halves[i].Float32() })
	x, err = torch.FromSlice(brains)
	check(x, err, func(i int) float32 { return brains[i].Float32() })
}

func TestShapeOfATensor(t *testing.T) {
	torchtest.Require(t)
	s := torch.NewScope()
	defer s.Close()
	x, err := torch.FromSlice([]float32{1, 2, 3, 4, 5, 6}, 2, 3)
	require.NoError(t, err)
	s.Add(x)
	assert.Equal(t, []int64{3, 1}, x.Strides())
	assert.Equal(t, 2, x.Dim())
	assert.Equal(t, int64(6), x.Numel())
	assert.Equal(t, torch.CPU, x.Device())
	assert.True(t, x.IsContiguous())
	assert.False(t, x.RequiresGrad())

	v, err := torch.Call("aten::t", x)
	require.NoError(t, err)
	turned := v.(*torch.Tensor)
	assert.Equal(t, []int64{3, 2}, turned.Shape())
	assert.Equal(t, []int64{1, 3}, turned.Strides())
	assert.False(t, turned.IsContiguous())
	assert.True(t, turned.SameStorage(x))
	values, err := torch.Slice[float32](turned)
	require.NoError(t, err)
	assert.Equal(t, []float32{1, 4, 2, 5, 3, 6}, values)

	_, err = turned.ViewAs(6)
	require.ErrorIs(t, err, torch.CodeRuntime)
	flat, err := turned.Reshape(-1)
	require.NoError(t, err)
	assert.Equal(t, []int64{6}, flat.Shape())
	packed, err := turned.Contiguous()
	require.NoError(t, err)
	assert.False(t, packed.SameStorage(x))
	assert.NoError(t, turned.View(func(b []byte) error { assert.Len(t, b, 24); return nil }))
}

func TestCompare(t *testing.T) {
	torchtest.Require(t)
	s := torch.NewScope()
	defer s.Close()
	make1 := func(v ...float32) *torch.Tensor {
		x, err := torch.FromSlice(v)
		require.NoError(t, err)
		return s.Add(x)
	}
	a, b, nan := make1(1, 2), make1(1, 2.00001), make1(1, float32(math.NaN()))
	equal, err := a.Equal(a)
	require.NoError(t, err)
	assert.True(t, equal)
	equal, err = a.Equal(b)
	require.NoError(t, err)
	assert.False(t, equal)
	near, err := a.AllClose(b, 1e-5, 1e-8, false)
	require.NoError(t, err)
	assert.True(t, near)
	near, err = nan.AllClose(nan, 1e-5, 1e-8, false)
	require.NoError(t, err)
	assert.False(t, near)
	near, err = nan.AllClose(nan, 1e-5, 1e-8, true)
	require.NoError(t, err)
	assert.True(t, near)
	_, err = a.AllClose(make1(1), 1e-5, 1e-8, false)
	require.ErrorIs(t, err, torch.CodeArgument, "shapes are never broadcast")
}

func TestItem(t *testing.T) {
	torchtest.Require(t)
	x, err := torch.Scalar(int32(7))
	require.NoError(t, err)
	defer x.Close()
	v, err := x.Item()
	require.NoError(t, err)
	assert.Equal(t, torch.Int(7), v)
	f, err := x.Float64()
	require.NoError(t, err)
	assert.Equal(t, 7.0, f)
	y, err := torch.FromSlice([]float32{1, 2})
	require.NoError(t, err)
	defer y.Close()
	_, err = y.Item()
	require.ErrorIs(t, err, torch.CodeArgument)
}

func TestRefusals(t *testing.T) {
	torchtest.Require(t)
	x, err := torch.FromSlice([]float32{1, 2})
	require.NoError(t, err)
	defer x.Close()
	cases := []struct {
		name string
		code torch.Code
		call func() error
	}{
		{"shape does not fit", torch.CodeArgument, func() error { _, err := torch.FromSlice([]float32{1}, 2, 2); return err }},
		{"negative size", torch.CodeValue, func() error { _, err := torch.FromSlice([]float32{1}, -1); return err }},
		{"overflowing shape", torch.CodeValue, func() error { _, err := torch.FromSlice([]float32{1}, 1<<40, 1<<40); return err }},
		{"no such dtype", torch.CodeType, func() error { _, err := torch.FromBytes(torch.DType(99), nil, nil); return err }},
		{"wrong element type", torch.CodeType, func() error { _, err := torch.Slice[int32](x); return err }},
		{"nil tensor", torch.CodeArgument, func() error { _, err := torch.Call("aten::relu", (*torch.Tensor)(nil)); return err }},
		{"nil value", torch.CodeArgument, func() error { _, err := torch.Call("aten::relu", nil); return err }},
		{"no such operator", torch.CodeNoOperator, func() error { _, err := torch.Call("aten::no_such_thing"); return err }},
		{"not an operator's name", torch.CodeArgument, func() error { _, err := torch.Call("relu", x); return err }},
		{"too many arguments", torch.CodeArgument, func() error { _, err := torch.Call("aten::relu", x, x); return err }},
		{"too few arguments", torch.CodeArgument, func() error { _, err := torch.Call("aten::mm", x); return err }},
		{"wrong type of argument", torch.CodeType, func() error { _, err := torch.Call("aten::relu", torch.String("x")); return err }},
		{"shapes do not match", torch.CodeRuntime, func() error { _, err := torch.Call("aten::mm", x, x); return err }},
		{"index out of range", torch.CodeIndex, func() error { _, err := torch.Call("aten::select.int", x, torch.Int(0), torch.Int(9)); return err }},
		{"no CUDA device", torch.CodeDevice, func() error { _, err := x.To(torch.CUDA(99)); return err }},
		{"no threads", torch.CodeArgument, func() error { return torch.SetNumThreads(0) }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := c.call()
			require.ErrorIs(t, err, c.code)
			assert.NotContains(t, err.Error(), "\n", "one line")
			assert.NotContains(t, err.Error(), "Exception raised", "no C++ frames")
		})
	}
	_, err = torch.Call("aten::mm", x, x)
	var failure *torch.Error
	require.ErrorAs(t, err, &failure)
	assert.Equal(t, "aten::mm", failure.Op)
}

func TestClose(t *testing.T) {
	torchtest.Require(t)
	before := torch.LiveHandles()
	x, err := torch.FromSlice([]float32{1, 2})
	require.NoError(t, err)
	assert.Equal(t, before+1, torch.LiveHandles())
	x.Close()
	x.Close()
	assert.Equal(t, before, torch.LiveHandles())
	_, err = x.Clone()
	require.ErrorIs(t, err, torch.ErrClosed)
	_, err = x.Bytes()
	require.ErrorIs(t, err, torch.ErrClosed)
	assert.Nil(t, x.Shape())
	assert.Equal(t, "tensor(closed)", x.String())
	(*torch.Tensor)(nil).Close()
	var zero torch.Tensor
	zero.Close()
	_, err = zero.Clone()
	require.ErrorIs(t, err, torch.ErrClosed)
}

func TestForgottenTensorsAreFreed(t *testing.T) {
	torchtest.Require(t)
	before := torch.LiveHandles()
	for range 100 {
		_, err := torch.FromSlice(make([]float32, 1000))
		require.NoError(t, err)
	}
	assert.Eventually(t, func() bool { runtime.GC(); return torch.LiveHandles() <= before }, 5*time.Second, 5*time.Millisecond)
}

func TestScope(t *testing.T) {
	torchtest.Require(t)
	before := torch.LiveHandles()
	outer := torch.NewScope()
	x, err := torch.FromSlice([]float32{-1, 2})
	require.NoError(t, err)
	outer.Add(x)
	inner := torch.NewScope()
	y, err := torch.FromSlice([]float32{3, 4})
	require.NoError(t, err)
	inner.Add(y)

	sum, err := torch.Call("aten::add.Tensor", x, y)
	require.NoError(t, err)
	kept, err := torch.Call("aten::relu", y)
	require.NoError(t, err)
	assert.Equal(t, 3, inner.Len(), "results follow their inputs into the innermost scope")
	inner.Keep(kept.(*torch.Tensor))
	inner.Close()
	assert.True(t, sum.(*torch.Tensor).Closed())
	assert.False(t, kept.(*torch.Tensor).Closed())
	assert.False(t, x.Closed())
	late, err := torch.FromSlice([]float32{1})
	require.NoError(t, err)
	assert.True(t, inner.Add(late).Closed(), "a closed scope closes what comes")
	outer.Add(kept.(*torch.Tensor))
	x.Close()
	assert.Equal(t, 1, outer.Len())
	outer.Close()
	outer.Close()
	assert.Equal(t, before, torch.LiveHandles())
}

func TestCloseWhileInUse(t *testing.T) {
	torchtest.Require(t)
	before := torch.LiveHandles()
	for range 200 {
		x, err := torch.FromSlice(make([]float32, 256))
		require.NoError(t, err)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for {
					y, err := torch.Call("aten::relu", x)
					if err != nil {
						if !errors.Is(err, torch.ErrClosed) {
							t.Errorf("unexpected: %v", err)
						}
						return
					}
					torch.CloseAll(y)
				}
			})
		}
		x.Close()
		wg.Wait()
	}
	assert.Equal(t, before, torch.LiveHandles())
}

func TestFromCheckpointSharesTheMapping(t *testing.T) {
	torchtest.Require(t)
	path := filepath.Join("..", "testdata", "scenarios", "safe_model_save", "model_state.pt")
	f, err := checkpoint.Open(path)
	require.NoError(t, err)
	state, err := f.State("")
	require.NoError(t, err)
	name := state.Names()[0]
	stored, ok := state.Tensor(name)
	require.True(t, ok)
	want, err := checkpoint.Slice[float32](stored)
	require.NoError(t, err)
	want = append([]float32(nil), want...)

	x, err := torch.FromCheckpoint(stored)
	require.NoError(t, err)
	view, err := x.Reshape(-1)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	x.Close()
	got, err := torch.Slice[float32](view)
	require.NoError(t, err)
	assert.Equal(t, want, got, "the mapping outlives the file and the first handle")
	zero, err := torch.Zeros(torch.Float32, torch.CPU, view.Shape()...)
	require.NoError(t, err)
	defer zero.Close()
	require.NoError(t, view.CopyFrom(zero), "writing changes memory, not the file")
	view.Close()

	again, err := checkpoint.Open(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, again.Close()) }()
	require.NoError(t, again.CheckCRC())
}

func TestTensorIntoAFileAndBack(t *testing.T) {
	torchtest.Require(t)
	x, err := torch.FromSlice([]float32{1, 2, 3, 4, 5, 6}, 2, 3)
	require.NoError(t, err)
	defer x.Close()
	v, err := torch.Call("aten::t", x) // of other strides
	require.NoError(t, err)
	turned := v.(*torch.Tensor)
	defer turned.Close()
	saved, err := turned.Checkpoint()
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "x.pt")
	require.NoError(t, checkpoint.Save(path, saved))

	f, err := checkpoint.Open(path)
	require.NoError(t, err)
	defer f.Close()
	read, ok := f.Value().(*checkpoint.Tensor)
	require.True(t, ok)
	y, err := torch.FromCheckpoint(read)
	require.NoError(t, err)
	defer y.Close()
	same, err := y.Equal(turned)
	require.NoError(t, err)
	assert.True(t, same)

	turned.Close()
	_, err = turned.Checkpoint()
	assert.ErrorIs(t, err, torch.ErrClosed)
}

func TestThreads(t *testing.T) {
	torchtest.Require(t)
	n, err := torch.NumThreads()
	require.NoError(t, err)
	assert.Equal(t, 1, n)
	require.NoError(t, torch.SetNumThreads(2))
	defer func() { require.NoError(t, torch.SetNumThreads(1)) }()
	for range 4 {
		done := make(chan int)
		go func() {
			runtime.LockOSThread() // not unlocked: the thread ends with the goroutine
			n, err := torch.NumThreads()
			assert.NoError(t, err)
			done <- n
		}()
		assert.Equal(t, 2, <-done, "the width holds on every OS thread")
	}
}

func TestVersion(t *testing.T) {
	torchtest.Require(t)
	b, err := torch.Version()
	require.NoError(t, err)
	assert.Regexp(t, `^2\.\d+\.\d+`, b.Libtorch)
	assert.FileExists(t, b.LibtorchPath)
	assert.Equal(t, "libtorch_cpu.so", filepath.Base(b.LibtorchPath))
	assert.FileExists(t, b.ShimPath)
	assert.NotEmpty(t, b.CPU)
}

func TestParseDevice(t *testing.T) {
	for in, want := range map[string]torch.Device{"cpu": torch.CPU, "cpu:0": torch.CPU, "cuda": torch.CUDA(0), "cuda:3": torch.CUDA(3)} {
		got, err := torch.ParseDevice(in)
		require.NoError(t, err, in)
		assert.Equal(t, want, got, in)
	}
	for _, in := range []string{"", "gpu", "cuda:", "cuda:-1", "cuda:x", "cpu:1", "cuda:1000", "CPU"} {
		_, err := torch.ParseDevice(in)
		assert.Error(t, err, in)
	}
}

func TestFromCheckpointKeepsWhatWasReadFromAStream(t *testing.T) {
	torchtest.Require(t)
	made, err := checkpoint.NewTensor(make([]float32, 1<<16), 1<<16)
	require.NoError(t, err)
	s := checkpoint.NewState()
	require.NoError(t, s.Add("w", made))
	var file bytes.Buffer
	require.NoError(t, checkpoint.SaveTo(&file, s.Dict()))
	x := func() *torch.Tensor {
		f, err := checkpoint.OpenReader("stream.pt", bytes.NewReader(file.Bytes()), int64(file.Len()))
		require.NoError(t, err)
		read, err := f.State("")
		require.NoError(t, err)
		stored, _ := read.Tensor("w")
		x, err := torch.FromCheckpoint(stored)
		require.NoError(t, err)
		require.NoError(t, f.Close())
		return x
	}()
	defer x.Close()
	// Were the bytes free, these would take their place.
	var others [][]byte
	for range 20 {
		runtime.GC()
		others = append(others, bytes.Repeat([]byte{1}, 4<<16))
	}
	got, err := torch.Slice[float32](x)
	require.NoError(t, err)
	assert.Equal(t, make([]float32, 1<<16), got)
	runtime.KeepAlive(others)
}
