package verify

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/dtype"
	"github.com/seed06459138/torchgo/verify/compare"
)

func TestFlattenNames(t *testing.T) {
	for _, c := range []struct {
		name  string
		value torch.Value
		want  []string // name, dtype and text of each leaf
	}{
		{"a number", torch.Float(0.5), []string{" float64"}},
		{"a tuple", torch.Tuple{torch.Int(1), torch.Bool(true), torch.None{}, torch.String("hi"), torch.Complex(1i)},
			[]string{"[0] int64", "[1] bool", `[2] invalid None`, `[3] invalid "hi"`, "[4] complex128"}},
		{"nested", torch.List{&torch.Dict{Entries: []torch.Entry{{Key: torch.String("logits"), Value: torch.Int(1)}, {Key: torch.Int(7), Value: torch.Int(2)}}}},
			[]string{"[0].logits int64", "[0][7] int64"}},
		{"a dict at the front", &torch.Dict{Entries: []torch.Entry{
			{Key: torch.String("a"), Value: torch.Tuple{torch.Int(1)}}, {Key: torch.String("b c"), Value: torch.Int(2)}, {Key: torch.String("9"), Value: torch.Int(3)}}},
			[]string{"a[0] int64", `["b c"] int64`, `["9"] int64`}},
		{"a named tuple in a tuple", torch.Tuple{&torch.NamedTuple{Name: "Scores", Fields: []torch.Field{{Name: "mean", Value: torch.Int(1)}}}},
			[]string{"[0].mean int64"}},
		{"an object", &torch.Object{Attributes: []torch.Field{{Name: "x", Value: torch.Int(1)}}}, []string{"x int64"}},
		{"nothing in it", torch.List{}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			leaves, err := flatten(c.value)
			require.NoError(t, err)
			var got []string
			for _, o := range leaves {
				text := o.name + " " + o.dtype.String()
				if o.text != "" {
					text += " " + o.text
				}
				got = append(got, text)
			}
			assert.Equal(t, c.want, got)
		})
	}
}

func TestFlattenTensors(t *testing.T) {
	torchtest.Require(t)
	x, err := torch.FromSlice([]float32{1, 2, 3, 4}, 2, 2)
	require.NoError(t, err)
	defer x.Close()
	leaves, err := flatten(torch.Tuple{x})
	require.NoError(t, err)
	assert.Equal(t, []output{{name: "[0]", dtype: dtype.Float32, shape: []int64{2, 2}, data: singles(1, 2, 3, 4)}}, leaves)

	x.Close()
	_, err = flatten(torch.Tuple{x})
	assert.ErrorIs(t, err, torch.ErrClosed)
}

// vector is an output of float32.
func vector(name string, values ...float64) output {
	return output{name: name, dtype: dtype.Float32, shape: []int64{int64(len(values))}, data: singles(values...)}
}

func TestCompareOutputs(t *testing.T) {
	half := output{dtype: dtype.BFloat16, shape: []int64{2}, data: halves(bf16, 1, 2)}
	for _, c := range []struct {
		name      string
		got, want []output
		recorded  bool
		same      bool
		codes     []Code
		note      string // of the first output, or of the structure
	}{
		{"equal", []output{vector("", 1, 2)}, []output{vector("", 1, 2)}, false, true, nil, ""},
		{"within the tolerance", []output{vector("", 1, 2.00001)}, []output{vector("", 1, 2)}, false, true, nil, ""},
		{"values", []output{vector("", 1, 2.1)}, []output{vector("", 1, 2)}, false, false, []Code{OutputValues}, ""},
		{"shape, never broadcast", []output{vector("", 1)}, []output{vector("", 1, 1)}, true, false, []Code{OutputShape}, "nothing is broadcast"},
		{"dtype", []output{half}, []output{vector("", 1, 2)}, false, false, []Code{OutputShape}, "is bfloat16, not float32"},
		{"dtype of a record", []output{half}, []output{vector("", 1, 2)}, true, true, []Code{OutputWidened}, "compared as float32"},
		{"text", []output{{text: `"a"`}}, []output{{text: `"a"`}}, false, true, nil, ""},
		{"other text", []output{{text: `"a"`}}, []output{{text: "None"}}, false, false, []Code{OutputValues}, `is "a", not None`},
		{"a number for text", []output{vector("", 1)}, []output{{text: "None"}}, false, false, []Code{OutputValues}, "is float32 [1], not None"},
		{"fewer", []output{vector("[0]", 1)}, []output{vector("[0]", 1), vector("[1]", 1)}, false, false, []Code{OutputStructure}, "without [1]"},
		{"other names", []output{vector("a", 1)}, []output{vector("b", 1)}, false, false, []Code{OutputStructure}, "without b, with a"},
		{"another order", []output{vector("a", 1), vector("b", 2)}, []output{vector("b", 2), vector("a", 1)}, false, true, nil, ""},
		{"arrays of numpy.savez", []output{vector("a", 1), vector("b", 2)}, []output{vector("arr_0", 1), vector("arr_1", 2)}, true, true, nil, ""},
		{"one array for one named output", []output{vector("a", 1)}, []output{vector("", 1)}, true, true, nil, ""},
		{"one named array for one output", []output{vector("", 1)}, []output{vector("logits", 1)}, true, true, nil, ""},
		{"a record under another name", []output{vector("a", 1)}, []output{vector("b", 1)}, true, false, []Code{OutputStructure}, "without b, with a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, findings := compareOutputs("state_dict", c.got, c.want, demands{tolerance: compare.Default}, c.recorded)
			require.NotNil(t, got.Same)
			assert.Equal(t, c.same, *got.Same)
			var codes []Code
			for _, f := range findings {
				codes = append(codes, f.Code)
			}
			assert.Equal(t, c.codes, codes)
			if len(got.Outputs) > 0 && c.note != "" && got.Reason == "" {
				assert.Contains(t, got.Outputs[0].Note, c.note)
			} else {
				assert.Contains(t, got.Reason, c.note)
			}
		})
	}
}
