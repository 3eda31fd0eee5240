package jit_test

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/dtype"
)

func testFile(name string) string { return "../testdata/jit/" + name }

// made takes a new tensor, and closes it at the end of the test.
func made(t *testing.T) func(*torch.Tensor, error) *torch.Tensor {
	return func(x *torch.Tensor, err error) *torch.Tensor {
		t.Helper()
		require.NoError(t, err)
		t.Cleanup(x.Close)
		return x
	}
}

func TestUnmarshalOfAModelsResult(t *testing.T) {
	m := load(t, testFile("values.pt"))
	v, err := m.Call("detect", torch.Int(2), jit.Keyword("label", torch.String("cat")))
	require.NoError(t, err)
	defer torch.CloseAll(v)
	type detection struct {
		Boxes  [][]float64
		Raw    *torch.Tensor `torch:"boxes"`
		Scores []float32
		Label  *string
		Skip   int `torch:"-"`
	}
	var out struct {
		Found  []detection
		Totals map[string]int
	}
	require.NoError(t, jit.Unmarshal(v, &out))
	require.Len(t, out.Found, 2)
	assert.Equal(t, [][]float64{{0, 1, 2, 3}, {4, 5, 6, 7}}, out.Found[0].Boxes)
	assert.Equal(t, []float32{1, 1}, out.Found[0].Scores)
	assert.Equal(t, "cat", *out.Found[0].Label)
	assert.Nil(t, out.Found[1].Label)
	assert.Empty(t, out.Found[1].Boxes)
	assert.Equal(t, map[string]int{"total": 2}, out.Totals)
	assert.Same(t, torch.Tensors(v)[0], out.Found[0].Raw, "the tensor itself, not a copy")
}

func TestUnmarshal(t *testing.T) {
	torchtest.Require(t)
	row := made(t)(torch.FromSlice([]float32{1, 2, 3, 4}, 2, 2))
	ints := made(t)(torch.FromSlice([]int64{1, 300}))
	halves := made(t)(torch.FromSlice([]dtype.F16{dtype.F16From(0.5)}))
	one := made(t)(torch.Scalar(int32(7)))
	pair := torch.Tuple{torch.Int(1), torch.String("a")}
	named := &torch.NamedTuple{Name: "N", Fields: []torch.Field{{Name: "class_ids", Value: torch.List{torch.Int(3)}}, {Name: "x", Value: torch.None{}}}}
	dict := &torch.Dict{Entries: []torch.Entry{{Key: torch.Int(2), Value: torch.Float(0.5)}}}
	type both struct {
		N int
		S string
	}
	type ids struct {
		ClassIDs []uint8
		Gone     *int
	}
	var nothing *int
	good := []struct {
		name string
		v    torch.Value
		dst  any
		want any
	}{
		{"int", torch.Int(-5), new(int8), int8(-5)},
		{"unsigned", torch.Int(255), new(uint8), uint8(255)},
		{"int as float", torch.Int(3), new(float32), float32(3)},
		{"float32 rounds", torch.Float(0.1), new(float32), float32(0.1)},
		{"infinite", torch.Float(math.Inf(1)), new(float32), float32(math.Inf(1))},
		{"complex", torch.Complex(1 + 2i), new(complex64), complex64(1 + 2i)},
		{"float as complex", torch.Float(2), new(complex128), complex128(2)},
		{"bool", torch.Bool(true), new(bool), true},
		{"device", torch.CUDA(3), new(torch.Device), torch.CUDA(3)},
		{"value", pair, new(torch.Value), pair},
		{"any", torch.Int(1), new(any), torch.Int(1)},
		{"None as pointer", torch.None{}, new(*int), nothing},
		{"pointer", torch.Int(4), new(*int), ptr(4)},
		{"tuple as struct", pair, new(both), both{1, "a"}},
		{"names", named, new(ids), ids{ClassIDs: []uint8{3}}},
		{"names as map", named, new(map[string][]int), map[string][]int{"class_ids": {3}, "x": nil}},
		{"dict", dict, new(map[int]float64), map[int]float64{2: 0.5}},
		{"array", torch.List{torch.Int(1), torch.Int(2)}, new([2]int), [2]int{1, 2}},
		{"tensor", row, new([][]float32), [][]float32{{1, 2}, {3, 4}}},
		{"tensor as arrays", row, new([2][2]float32), [2][2]float32{{1, 2}, {3, 4}}},
		{"tensor, wider", row, new([][]float64), [][]float64{{1, 2}, {3, 4}}},
		{"int tensor", ints, new([]int), []int{1, 300}},
		{"half tensor", halves, new([]float32), []float32{0.5}},
		{"half tensor as it is", halves, new([]dtype.F16), []dtype.F16{dtype.F16From(0.5)}},
		{"tensor of one", one, new(int), 7},
	}
	for _, c := range good {
		t.Run(c.name, func(t *testing.T) {
			require.NoError(t, jit.Unmarshal(c.v, c.dst))
			assert.Equal(t, c.want, deref(c.dst))
		})
	}

	outputs := &torch.NamedTuple{Fields: []torch.Field{{Name: "outputs", Value: torch.List{torch.None{},
		&torch.Dict{Entries: []torch.Entry{{Key: torch.String("scores"), Value: row}}}}}}}
	type scored struct{ Scores []int32 }
	bad := []struct {
		name string
		v    torch.Value
		dst  any
		code torch.Code
		want string
	}{
		{"path", outputs, new(struct{ Outputs []*scored }), torch.CodeType, "outputs[1].scores: a tensor of float32[2 2] does not fit []int32"},
		{"overflow", torch.List{torch.Int(1), torch.Int(256)}, new([]uint8), torch.CodeValue, "[1]: 256 overflows uint8"},
		{"negative", torch.Int(-1), new(uint), torch.CodeValue, "the value: -1 overflows uint"},
		{"float overflow", torch.Float(1e300), new(float32), torch.CodeValue, "1e+300 overflows float32"},
		{"float as int", torch.Float(2), new(int), torch.CodeType, "2.0 does not fit int"},
		{"tensor overflow", ints, new([]int8), torch.CodeValue, "[1]: 300 overflows int8"},
		{"None", torch.None{}, new(int), torch.CodeType, "None does not fit int"},
		{"length", torch.List{}, new([2]int), torch.CodeType, "0 elements do not fit [2]int"},
		{"missing field", named, new(struct{ Other int }), torch.CodeType, "has no Other"},
		{"tuple too short", torch.Tuple{}, new(both), torch.CodeType, "a tuple of 0 does not fit the 2 fields"},
		{"dims", row, new([]float32), torch.CodeType, "does not fit []float32"},
		{"more elements than one", row, new(float32), torch.CodeType, "does not fit float32"},
		{"key", &torch.Dict{Entries: []torch.Entry{{Key: torch.String("a"), Value: torch.Int(1)}}}, new(map[int]int), torch.CodeType, `["a"] as a key: a torch.String does not fit int`},
		{"no pointer", torch.Int(1), 1, torch.CodeArgument, "not a pointer"},
		{"nil pointer", torch.Int(1), (*int)(nil), torch.CodeArgument, "not a pointer"},
		{"nil", torch.Int(1), nil, torch.CodeArgument, "not a pointer"},
		{"nil value", nil, new(int), torch.CodeArgument, "nil"},
		{"a channel", torch.Int(1), new(chan int), torch.CodeType, "does not fit chan int"},
		{"closed tensor", &torch.Tensor{}, new([]int), torch.CodeType, "closed"},
		{"map with a key that cannot be", &torch.Dict{Entries: []torch.Entry{{Key: torch.Tuple{}, Value: torch.Int(1)}}}, new(map[any]int), torch.CodeType, "as a key"},
	}
	for _, c := range bad {
		t.Run(c.name, func(t *testing.T) {
			err := jit.Unmarshal(c.v, c.dst)
			require.ErrorIs(t, err, c.code)
			assert.Contains(t, err.Error(), c.want)
		})
	}
}

// What Go wrote comes back from TorchScript as it was.
func TestMarshalledGoValuesComeBack(t *testing.T) {
	m := compiled(t, "def same(self, x: Any) -> Any:\n    return x\n")
	type inner struct {
		Weights []float64
		Name    *string `torch:"title"`
	}
	type outer struct {
		ID     uint32
		Ok     bool
		Parts  []inner
		Table  map[string]int64
		Device torch.Device
		Z      complex128
	}
	same := func(t *testing.T, in, out any) {
		t.Helper()
		v, err := jit.Marshal(in)
		require.NoError(t, err)
		back, err := m.Call("same", v)
		require.NoError(t, err)
		require.NoError(t, jit.Unmarshal(back, out))
		assert.Equal(t, in, deref(out))
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		x := outer{ID: r.Uint32(), Ok: r.IntN(2) == 0, Parts: []inner{}, Table: map[string]int64{}, Device: torch.CUDA(r.IntN(8)), Z: complex(r.NormFloat64(), r.NormFloat64())}
		for range r.IntN(4) {
			part := inner{Weights: []float64{}}
			for range r.IntN(3) {
				part.Weights = append(part.Weights, r.NormFloat64())
			}
			if r.IntN(2) == 0 {
				part.Name = ptr(string(rune(r.IntN(1 << 16))))
			}
			x.Parts = append(x.Parts, part)
		}
		for range r.IntN(4) {
			x.Table[string(rune('a'+r.IntN(26)))] = r.Int64()
		}
		same(t, x, new(outer))
	}
	for name, x := range map[string]any{"chan": make(chan int), "big": []uint64{math.MaxUint64}, "func": struct{ F func() }{func() {}}} {
		t.Run(name, func(t *testing.T) {
			_, err := jit.Marshal(x)
			require.ErrorIs(t, err, torch.CodeValue)
		})
	}
	type loop struct{ Next *loop }
	around := &loop{}
	around.Next = around
	_, err := jit.Marshal(around)
	require.ErrorIs(t, err, torch.CodeValue)
	none, err := jit.Marshal(nil)
	require.NoError(t, err)
	assert.Equal(t, torch.None{}, none)
}

func TestObjects(t *testing.T) {
	m := load(t, testFile("values.pt"))
	x := made(t)(torch.FromSlice([]float32{1, 2}))

	v, err := m.Call("start", torch.Int(5))
	require.NoError(t, err)
	state := v.(*torch.Object)
	defer torch.CloseAll(state)
	count, _ := state.Attr("count")
	assert.Equal(t, torch.Int(5), count)
	assert.Contains(t, state.Type, "State")

	later, err := m.Call("advance", state, x)
	require.NoError(t, err)
	defer torch.CloseAll(later)
	count, _ = later.(*torch.Object).Attr("count")
	assert.Equal(t, torch.Int(6), count)
	count, _ = state.Attr("count")
	assert.Equal(t, torch.Int(5), count, "as it was when it was received")

	t.Run("methods", func(t *testing.T) {
		object, err := jit.Instance(state)
		require.NoError(t, err)
		defer object.Close()
		n, err := object.Call("add", x, jit.Keyword("times", torch.Int(3)))
		require.NoError(t, err)
		assert.Equal(t, torch.Int(9), n, "one object, whoever holds it")
	})
	t.Run("inside of others", func(t *testing.T) {
		both, err := m.Call("pair", state, later)
		require.NoError(t, err)
		defer torch.CloseAll(both)
		var states map[string]struct {
			Count int
			Seen  []*torch.Tensor
		}
		require.NoError(t, jit.Unmarshal(both, &states))
		assert.Equal(t, states["a"].Count, states["b"].Count)
		assert.Len(t, states["a"].Seen, states["a"].Count-5)
	})
	t.Run("refused", func(t *testing.T) {
		_, err := m.Call("advance", &torch.Object{Type: state.Type}, x)
		require.ErrorIs(t, err, torch.ErrClosed)
		_, err = m.Call("advance", (*torch.Object)(nil), x)
		require.ErrorIs(t, err, torch.CodeArgument)
		_, err = m.Call("start", state)
		require.ErrorIs(t, err, torch.CodeType)
		_, err = jit.Instance(nil)
		require.ErrorIs(t, err, torch.CodeArgument)
		gone := &torch.Object{}
		gone.Close()
		_, err = jit.Instance(gone)
		require.ErrorIs(t, err, torch.ErrClosed)
	})
}

func ptr[T any](x T) *T { return &x }

// deref gives what a pointer points to.
func deref(p any) any { return reflect.ValueOf(p).Elem().Interface() }
