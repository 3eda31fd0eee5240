package onnx

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/dtype"
	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/compare"
)

// opened loads a model of testdata, and skips the test where ONNX Runtime is not.
func opened(t *testing.T, name string, options Options) *Session {
	t.Helper()
	s, err := Open(filepath.Join("testdata", name+".onnx"), options)
	var missing *LibraryError
	if (errors.As(err, &missing) || errors.Is(err, ErrNoCgo)) && os.Getenv("TORCH_REQUIRE") != "1" {
		t.Skip(err)
	}
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

// arrays reads an npz of testdata.
func arrays(t *testing.T, name string) []verify.Array {
	t.Helper()
	z, err := checkpoint.OpenNPZ(filepath.Join("testdata", name))
	require.NoError(t, err)
	defer z.Close()
	var all []verify.Array
	for _, name := range z.Names() {
		a, err := z.Array(name)
		require.NoError(t, err)
		all = append(all, verify.Array{Name: name, DType: a.DType(), Shape: a.Shape(), Data: a.Bytes()})
	}
	return all
}

func floats(shape []int64, values ...float32) verify.Array {
	a := verify.Array{DType: dtype.Float32, Shape: shape}
	for _, v := range values {
		a.Data = binary.LittleEndian.AppendUint32(a.Data, math.Float32bits(v))
	}
	return a
}

func int64s(shape []int64, values ...uint64) verify.Array {
	a := verify.Array{DType: dtype.Int64, Shape: shape}
	for _, v := range values {
		a.Data = binary.LittleEndian.AppendUint64(a.Data, v)
	}
	return a
}

func TestExportedModels(t *testing.T) {
	for _, name := range []string{"classifier", "mixed", "half"} {
		for _, options := range []Options{{}, {Plain: true}, {Threads: 1}} {
			t.Run(name, func(t *testing.T) {
				s := opened(t, name, options)
				got, err := s.Run(t.Context(), arrays(t, name+"_inputs.npz"))
				require.NoError(t, err)
				want := arrays(t, name+"_expected.npz")
				require.Len(t, got, len(want))
				for i := range want {
					assert.Equal(t, want[i].Name, got[i].Name)
					require.Equal(t, want[i].DType, got[i].DType, want[i].Name)
					require.Equal(t, want[i].Shape, got[i].Shape, want[i].Name)
					tensor := func(a verify.Array) compare.Tensor {
						return compare.Tensor{DType: a.DType, Shape: a.Shape, Data: a.Data}
					}
					stats, err := compare.Compare(tensor(got[i]), tensor(want[i]), compare.Default)
					require.NoError(t, err)
					assert.Zero(t, stats.Mismatches, want[i].Name)
				}
			})
		}
	}
}

func TestBatchesOfAnySize(t *testing.T) {
	s := opened(t, "classifier", Options{})
	for _, batch := range []int64{1, 2, 7, 0} {
		out, err := s.Run(t.Context(), []verify.Array{floats([]int64{batch, 4}, make([]float32, 4*batch)...)})
		require.NoError(t, err)
		assert.Equal(t, []int64{batch, 3}, out[0].Shape)
		assert.Len(t, out[0].Data, int(12*batch))
	}
	half := opened(t, "half", Options{})
	out, err := half.Run(t.Context(), []verify.Array{{DType: dtype.Float16, Shape: []int64{0, 4}}})
	require.NoError(t, err)
	assert.Equal(t, []int64{0, 4}, out[0].Shape)
}

// What the Go module cannot fetch by itself: see fetch.
func TestOutputsOfEveryKind(t *testing.T) {
	s := opened(t, "casts", Options{})
	nan := float32(math.NaN())
	x := floats([]int64{2, 2}, 1.5, -0.0625, 240, nan)
	out, err := s.Run(t.Context(), []verify.Array{int64s([]int64{}, 21), x})
	require.NoError(t, err)
	require.Len(t, out, 6)
	assert.Equal(t, verify.Array{Name: "twice", DType: dtype.Int64, Shape: []int64{}, Data: []byte{42, 0, 0, 0, 0, 0, 0, 0}}, out[0])
	assert.Equal(t, verify.Array{Name: "text", DType: dtype.Invalid, Shape: []int64{}, Text: `"21"`}, out[4])
	for i, c := range []struct {
		name  string
		dtype dtype.DType
		value func(data []byte, i int) float32
	}{
		{"brain", dtype.BFloat16, func(d []byte, i int) float32 { return dtype.BF16(binary.LittleEndian.Uint16(d[2*i:])).Float32() }},
		{"half", dtype.Float16, func(d []byte, i int) float32 { return dtype.F16(binary.LittleEndian.Uint16(d[2*i:])).Float32() }},
		{"eighth", dtype.Float8E4M3FN, func(d []byte, i int) float32 { return dtype.F8E4M3FN(d[i]).Float32() }},
	} {
		got := out[i+1]
		assert.Equal(t, c.name, got.Name)
		require.Equal(t, c.dtype, got.DType)
		assert.Equal(t, x.Shape, got.Shape)
		require.Len(t, got.Data, 4*c.dtype.Size())
		for j, want := range []float32{1.5, -0.0625, 240} {
			assert.Equal(t, want, c.value(got.Data, j), c.name)
		}
		assert.True(t, math.IsNaN(float64(c.value(got.Data, 3))), c.name)
	}
}

func TestEverySmallFloatComesBack(t *testing.T) {
	for _, c := range []struct {
		dtype dtype.DType
		value func(pattern int) float32
	}{
		{dtype.Float16, func(p int) float32 { return dtype.F16(p).Float32() }},
		{dtype.BFloat16, func(p int) float32 { return dtype.BF16(p).Float32() }},
		{dtype.Float8E4M3FN, func(p int) float32 { return dtype.F8E4M3FN(p).Float32() }},
		{dtype.Float8E4M3FNUZ, func(p int) float32 { return dtype.F8E4M3FNUZ(p).Float32() }},
		{dtype.Float8E5M2, func(p int) float32 { return dtype.F8E5M2(p).Float32() }},
		{dtype.Float8E5M2FNUZ, func(p int) float32 { return dtype.F8E5M2FNUZ(p).Float32() }},
	} {
		t.Run(c.dtype.String(), func(t *testing.T) {
			size := c.dtype.Size()
			for p := range 1 << (8 * size) {
				narrowed, err := narrow(floats(nil, c.value(p)).Data, c.dtype)
				require.NoError(t, err)
				got := int(narrowed[0])
				if size == 2 {
					got = int(binary.LittleEndian.Uint16(narrowed))
				}
				if f := c.value(p); f == f && got != p {
					t.Fatalf("%#x is %v, and came back as %#x", p, f, got)
				} else if f != f && c.value(got) == c.value(got) {
					t.Fatalf("NaN %#x came back as %#x", p, got)
				}
			}
		})
	}
}

func TestInputsByNameOrInOrder(t *testing.T) {
	s := opened(t, "mixed", Options{})
	in := arrays(t, "mixed_inputs.npz")
	want, err := s.Run(t.Context(), in)
	require.NoError(t, err)
	unnamed := append([]verify.Array{}, in...)
	for i := range unnamed {
		unnamed[i].Name = ""
	}
	turned := []verify.Array{in[2], in[0], in[1]}
	for _, given := range [][]verify.Array{unnamed, turned} {
		got, err := s.Run(t.Context(), given)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
}

func TestModelsMadeByHand(t *testing.T) {
	out, err := opened(t, "weights_beside", Options{}).Run(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, floats(nil, -1, -2, -3).Data, out[0].Data, "without inputs, weights from a file beside it")

	out, err = opened(t, "opset7", Options{}).Run(t.Context(), []verify.Array{floats([]int64{1, 2}, 3, 5)})
	require.NoError(t, err)
	assert.Equal(t, floats(nil, 6, 20).Data, out[0].Data, "an initializer is not asked for as an input")
}

func TestDescribe(t *testing.T) {
	d := opened(t, "classifier", Options{Plain: true}).Describe()
	assert.Equal(t, "CPUExecutionProvider", d["providers"])
	assert.Regexp(t, `^ONNX Runtime 1\.\d+\.\d+$`, d["runtime"])
	assert.Regexp(t, `^pytorch 2`, d["producer"])
	assert.Regexp(t, `^\d+$`, d["opset"])
	assert.Equal(t, "off", d["optimisation"])
	assert.FileExists(t, d["library"])
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name string
		file string
		in   []verify.Array
		want string
	}{
		{"another file", "classifier_scripted.pt", nil, "is no ONNX model: it is TorchScript archive; give what torch.onnx.export wrote"},
		{"not there", "gone.onnx", nil, "no such file"},
		{"an old opset", "opset5.onnx", nil, "is of opset 5, the oldest that can be run is 6; convert it with onnx.version_converter"},
		{"an output that is no tensor", "sequence.onnx", nil, "its output y (a sequence) is no tensor"},
		{"an unknown operator", "no_operator.onnx", nil, "cannot load it"},
		{"too few inputs", "mixed.onnx", []verify.Array{floats([]int64{1, 4}, 0, 0, 0, 0)}, "takes 3 inputs, 1 given: (ids int64 [batch, 3], mask bool [batch, 3], x float32 [batch, 4])"},
		{"another dtype", "classifier.onnx", []verify.Array{{DType: dtype.Float64, Shape: []int64{1, 4}, Data: make([]byte, 32)}}, "its input x float32 [batch, 4] does not take float64 [1, 4]"},
		{"another shape", "classifier.onnx", []verify.Array{floats([]int64{1, 3}, 0, 0, 0)}, "does not take float32 [1, 3]"},
		{"another rank", "classifier.onnx", []verify.Array{floats([]int64{4}, 0, 0, 0, 0)}, "does not take float32 [4]"},
		{"too few bytes", "classifier.onnx", []verify.Array{floats([]int64{1, 4}, 0)}, "input x has 4 bytes, float32 [1, 4] takes 16"},
		{"fails in running", "no_reshape.onnx", []verify.Array{floats([]int64{3}, 1, 2, 3), int64s([]int64{1}, 2)}, "failed on it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			opened(t, "classifier", Options{}) // skips without the library
			s, err := Open(filepath.Join("testdata", c.file), Options{})
			if err == nil {
				defer s.Close()
				_, err = s.Run(t.Context(), c.in)
			}
			var known *verify.Error
			require.ErrorAs(t, err, &known)
			assert.ErrorContains(t, err, c.want)
			assert.ErrorContains(t, err, c.file)
		})
	}
}

func TestDeviceThatIsNotThere(t *testing.T) {
	opened(t, "classifier", Options{})
	_, err := Open("testdata/classifier.onnx", Options{Device: torch.CUDA(0)})
	if err == nil {
		t.Skip("this ONNX Runtime has CUDA")
	}
	assert.ErrorContains(t, err, "testdata/classifier.onnx: this ONNX Runtime cannot run on cuda:0")
	assert.ErrorContains(t, err, "TORCHGO_ONNXRUNTIME")
}

func TestContextBreaksARunOff(t *testing.T) {
	s := opened(t, "endless", Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := s.Run(ctx, []verify.Array{int64s([]int64{}, 1<<40), floats([]int64{3}, 1, 2, 3)})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Less(t, time.Since(began), 20*time.Second)

	out, err := s.Run(t.Context(), []verify.Array{int64s([]int64{}, 1), floats([]int64{1}, 0)})
	require.NoError(t, err, "the session can be used again")
	assert.Equal(t, floats(nil, 0).Data, out[0].Data)
}

func TestClosed(t *testing.T) {
	s := opened(t, "classifier", Options{})
	require.NoError(t, s.Close())
	require.NoError(t, s.Close(), "closing is idempotent")
	_, err := s.Run(t.Context(), arrays(t, "classifier_inputs.npz"))
	assert.ErrorIs(t, err, torch.ErrClosed)
	assert.NoError(t, (*Session)(nil).Close())
}
