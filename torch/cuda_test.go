package torch_test

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
)

// small makes whole numbers of at most 8, whose products and sums no rounding
// changes, TF32's neither.
func small(n int) []float32 {
	r := rand.New(rand.NewPCG(1, 2))
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(r.IntN(17) - 8)
	}
	return values
}

// call calls an operator that gives one tensor, which joins the scope of args.
func call(t *testing.T, name string, args ...torch.Value) *torch.Tensor {
	t.Helper()
	v, err := torch.Call(name, args...)
	require.NoError(t, err)
	return v.(*torch.Tensor)
}

// to copies a tensor that is in a scope to the GPU.
func to(t *testing.T, x *torch.Tensor) *torch.Tensor {
	t.Helper()
	y, err := x.To(torch.CUDA(0))
	require.NoError(t, err)
	return y
}

func fromSlice(t *testing.T, s *torch.Scope, data []float32, shape ...int64) *torch.Tensor {
	t.Helper()
	x, err := torch.FromSlice(data, shape...)
	require.NoError(t, err)
	return s.Add(x)
}

func TestCUDAThereAndBack(t *testing.T) {
	torchtest.RequireCUDA(t)
	s := torch.NewScope()
	defer s.Close()
	want := make([]float32, 1<<20)
	for i := range want {
		want[i] = rand.Float32()
	}
	x := to(t, fromSlice(t, s, want))
	assert.Equal(t, torch.CUDA(0), x.Device())
	got, err := torch.Slice[float32](x)
	require.NoError(t, err)
	assert.Equal(t, want, got)
	back, err := x.To(torch.CPU)
	require.NoError(t, err)
	assert.Equal(t, torch.CPU, back.Device())
	got, err = torch.Slice[float32](back)
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

func TestCUDAComputesWhatTheCPUDoes(t *testing.T) {
	torchtest.RequireCUDA(t)
	s := torch.NewScope()
	defer s.Close()
	a, b := fromSlice(t, s, small(64*32), 64, 32), fromSlice(t, s, small(32*16), 32, 16)
	want, err := torch.Slice[float32](call(t, "aten::mm", a, b))
	require.NoError(t, err)
	product := call(t, "aten::mm", to(t, a), to(t, b))
	assert.Equal(t, torch.CUDA(0), product.Device())
	got, err := torch.Slice[float32](product)
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

// Each result is read as soon as the call returns, by another goroutine: what
// was not waited for would not be there yet.
func TestCUDAResultsAreThereWhenACallReturns(t *testing.T) {
	torchtest.RequireCUDA(t)
	const n = 2048
	s := torch.NewScope()
	defer s.Close()
	average, err := torch.Full(1.0/n, torch.Float32, torch.CUDA(0), n, n)
	require.NoError(t, err)
	s.Add(average)
	for value := range 4 {
		x, err := torch.Full(float64(value), torch.Float32, torch.CUDA(0), n, n)
		require.NoError(t, err)
		s.Add(x)
		for range 20 {
			x = call(t, "aten::mm", x, average)
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			got, err := torch.Slice[float32](x)
			if !assert.NoError(t, err) {
				return
			}
			for _, v := range got {
				if v != float32(value) {
					t.Errorf("found %v where everything is %d", v, value)
					return
				}
			}
		})
		wg.Wait()
	}
}

func TestCUDAIndexThatIsNotThere(t *testing.T) {
	torchtest.RequireCUDA(t)
	n, _, err := torch.DeviceCount(torch.DeviceCUDA)
	require.NoError(t, err)
	require.ErrorIs(t, torch.CUDA(n).Check(), torch.CodeDevice)
	x, err := torch.FromSlice([]float32{1})
	require.NoError(t, err)
	defer x.Close()
	_, err = x.To(torch.CUDA(n))
	require.ErrorIs(t, err, torch.CodeDevice)
	require.NoError(t, torch.CUDA(0).Check())
}

func TestCUDAMixedWithCPU(t *testing.T) {
	torchtest.RequireCUDA(t)
	s := torch.NewScope()
	defer s.Close()
	x := fromSlice(t, s, []float32{1, 2})
	y := to(t, x)
	_, err := torch.Call("aten::add.Tensor", x, y)
	require.ErrorContains(t, err, "same device")
	require.NoError(t, torch.CUDA(0).Healthy(), "a mistake is no fault of the device")
	got, err := torch.Slice[float32](call(t, "aten::add.Tensor", y, y))
	require.NoError(t, err)
	assert.Equal(t, []float32{2, 4}, got)
}

func TestCUDATF32(t *testing.T) {
	torchtest.RequireCUDA(t)
	was, err := torch.TF32()
	require.NoError(t, err)
	defer func() { assert.NoError(t, torch.SetTF32(was)) }()
	s := torch.NewScope()
	defer s.Close()
	const n = 512
	values := make([]float32, n*n)
	r := rand.New(rand.NewPCG(3, 4))
	for i := range values {
		values[i] = r.Float32()
	}
	x := fromSlice(t, s, values, n, n)
	want, err := torch.Slice[float32](call(t, "aten::mm", x, x))
	require.NoError(t, err)
	worst := func(tf32 bool) (worst float32) {
		require.NoError(t, torch.SetTF32(tf32))
		on := to(t, x)
		got, err := torch.Slice[float32](call(t, "aten::mm", on, on))
		require.NoError(t, err)
		for i := range got {
			worst = max(worst, max(got[i]-want[i], want[i]-got[i]))
		}
		return worst
	}
	with, without := worst(true), worst(false)
	t.Logf("largest difference to the CPU: %g with TF32, %g without", with, without)
	assert.Less(t, without, with)
	assert.Less(t, without, float32(1e-2))
}

func TestCUDAMemory(t *testing.T) {
	torchtest.RequireCUDA(t)
	const size = 64 << 20
	before, err := torch.MemoryStats(torch.CUDA(0))
	if err != nil {
		require.ErrorIs(t, err, torch.CodeNotImplemented)
		t.Skip(err)
	}
	x, err := torch.Zeros(torch.Uint8, torch.CUDA(0), size)
	require.NoError(t, err)
	with, err := torch.MemoryStats(torch.CUDA(0))
	require.NoError(t, err)
	assert.GreaterOrEqual(t, with.Allocated, before.Allocated+size)
	x.Close()
	require.NoError(t, torch.EmptyCache())
	after, err := torch.MemoryStats(torch.CUDA(0))
	require.NoError(t, err)
	assert.Less(t, after.Reserved, with.Reserved)
}

// An index out of range ends CUDA for the whole process, so a child has it.
func TestCUDAFaultIsRemembered(t *testing.T) {
	torchtest.RequireCUDA(t)
	if os.Getenv("TORCHGO_TEST_FAULT") != "1" {
		child := exec.Command(os.Args[0], "-test.run", "^TestCUDAFaultIsRemembered$", "-test.v")
		child.Env = append(os.Environ(), "TORCHGO_TEST_FAULT=1")
		out, err := child.CombinedOutput()
		require.NoError(t, err, string(out))
		return
	}
	s := torch.NewScope()
	defer s.Close()
	x := to(t, fromSlice(t, s, []float32{1, 2, 3}))
	index, err := torch.Full(1000, torch.Int64, torch.CUDA(0), 1)
	require.NoError(t, err)
	s.Add(index)
	_, err = torch.Call("aten::index_select", x, torch.Int(0), index)
	require.Error(t, err, "the call that failed says so, not a later one")
	assert.ErrorIs(t, torch.CUDA(0).Healthy(), torch.CodeFault)
	_, err = torch.Call("aten::add.Tensor", x, x)
	assert.ErrorIs(t, err, torch.CodeFault)
	_, err = torch.Zeros(torch.Float32, torch.CUDA(0), 1)
	assert.ErrorIs(t, err, torch.CodeFault)
	y := fromSlice(t, s, []float32{1})
	got, err := torch.Slice[float32](call(t, "aten::add.Tensor", y, y))
	require.NoError(t, err, "the CPU goes on")
	assert.Equal(t, []float32{2}, got)
}
