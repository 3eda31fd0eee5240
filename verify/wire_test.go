package verify

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/dtype"
	"github.com/seed06459138/torchgo/verify/compare"
)

// sent passes a value through JSON.
func sent[T any](t *testing.T, v T) (out T) {
	t.Helper()
	data, err := json.Marshal(v)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &out))
	return out
}

func TestSpecsTravel(t *testing.T) {
	cpu, half := torch.CPU, dtype.Float16
	spec := Spec{
		Scripted: "m.pt", Inputs: []string{"x.npy"}, Device: torch.CUDA(1), Isolate: true, Memory: 1 << 40,
		Tolerance:  &compare.Tolerance{RTol: math.Inf(1), ATol: 0.1, EqualNaN: true, ULP: math.MaxUint64},
		Tolerances: []OutputTolerance{{"logits", compare.OnGPU}, {"*", compare.Tolerance{ATol: math.Inf(1)}}},
		Legs:       []LegSpec{{Name: "half", Kind: "scripted", File: "m.pt", DType: &half, Device: &cpu, Libtorch: "2.11.0", Options: map[string]string{"a": "b"}}},
		Metrics:    []Metric{{Name: "snr", AtLeast: 40}},
	}
	assert.Equal(t, spec, sent(t, sendSpec(spec)).receive())
}

func TestSignaturesTravel(t *testing.T) {
	s := jit.Signature{Name: "forward", Schema: "forward(…)", Results: []string{"Tensor"}, Arguments: []jit.Argument{{Name: "x", Type: "Tensor"}}}
	for i, v := range []torch.Value{torch.None{}, torch.Bool(false), torch.Int(math.MaxInt64), torch.Float(math.Inf(-1)), torch.String(""), torch.CUDA(1),
		torch.List{}, torch.List{torch.Int(1), torch.List{torch.None{}}}, torch.Tuple{torch.Bool(true)}} {
		s.Arguments = append(s.Arguments, jit.Argument{Name: fmt.Sprint("a", i), Type: "t", Default: v})
	}
	got := sent(t, sendSignature(s)).receive()
	assert.Equal(t, s.String(), got.String())
	assert.Len(t, got.Arguments, len(s.Arguments))
	assert.Nil(t, got.Arguments[0].Default)
	assert.Equal(t, torch.None{}, got.Arguments[1].Default)
	unknown := jit.Argument{Name: "o", Default: &torch.Object{}}
	assert.Equal(t, unknown.String(), sent(t, sendSignature(jit.Signature{Arguments: []jit.Argument{unknown}})).receive().Arguments[0].String())
}

// What reports tell of an error is the same on the other side.
func TestErrorsTravel(t *testing.T) {
	native := &torch.Error{Op: "forward", Code: torch.CodeOutOfMemory, Msg: "no room\nat all", Script: "a traceback", Native: "frame #0"}
	for name, err := range map[string]error{
		"plain":       errors.New("one line"),
		"native":      native,
		"wrapped":     fmt.Errorf("m.pt: %w", native),
		"own":         &Error{Path: "m.pt", Msg: "cannot be loaded", Remedy: "save it", Err: native},
		"own, loaded": &Error{Path: "m.pt", Err: &jit.LoadError{Path: "m.pt", Err: errors.New("damaged")}},
		"own, nested": &Error{Msg: "a", Err: &Error{Path: "b", Err: errors.New("c")}},
	} {
		t.Run(name, func(t *testing.T) {
			got := sent(t, sendError(err)).receive()
			assert.Equal(t, err.Error(), got.Error())
			assert.Equal(t, causeOf(err), causeOf(got))
			assert.Equal(t, Detail(err), Detail(got))
			assert.Equal(t, errors.Is(err, torch.CodeOutOfMemory), errors.Is(got, torch.CodeOutOfMemory))
		})
	}
	assert.NoError(t, sendError(nil).receive())
}

func TestArraysThatAreCutShort(t *testing.T) {
	heads, data := sendOutputs([]output{{name: "a", dtype: dtype.Uint8, shape: []int64{2}, data: []byte{1, 2}}, {name: "b", text: "None"}, {name: "c", dtype: dtype.Uint8, shape: []int64{1}, data: []byte{3}}})
	got, err := receiveOutputs(heads, append(append([]byte{}, data[0]...), data[2]...))
	require.NoError(t, err)
	assert.Equal(t, []byte{1, 2}, got[0].data)
	assert.Equal(t, []byte{3}, got[2].data)
	_, err = receiveOutputs(heads, []byte{1, 2})
	assert.ErrorContains(t, err, "1 bytes of c are missing")
	heads[0].Size = -1
	_, err = receiveOutputs(heads, []byte{1, 2, 3})
	assert.Error(t, err)
}
