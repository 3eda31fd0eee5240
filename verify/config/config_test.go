package config

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/dtype"
	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/compare"
	"github.com/seed06459138/torchgo/verify/inputs"
)

const everything = `
scripted: m.pt
state: /models/s.pt
state_key: ema
expected: y.npy
legs:
  half: scripted:m.pt,dtype=float16,threads=2
  "frozen": frozen:sub/m.pt
method: encode
devices: [cuda:1, cpu]
threads: 2
runs: 3
inputs: x.npy
sets:
  night: night.npz
  two: [a.npy, b.npy]
generate:
  random: 20
  seed: 18446744073709551615
  shapes: {x: 1x3x224x224:float16, n: 7}
  ranges: {all: 0:1, x: -1:1e-3}
  edges: [zeros, "batch=1/7"]
save_failing: failing
tolerance: atol=inf
tolerances:
  logits: assert_close
  "*": exact
equal_nan: true
latency: 50
require_gpu: true
metrics: [cosine>=0.999, "logits:topk=5"]
accept_uncovered: noise*
non_persistent: [rope.inv_freq]
`

func TestParse(t *testing.T) {
	half, cpu := dtype.Float16, torch.CPU
	want := verify.Spec{
		Scripted: "dir/m.pt", State: "/models/s.pt", StateKey: "ema", Expected: "dir/y.npy", Inputs: []string{"dir/x.npy"},
		Legs: []verify.LegSpec{
			{Name: "half", Kind: "scripted", File: "dir/m.pt", DType: &half, Threads: 2},
			{Name: "frozen", Kind: "frozen", File: "dir/sub/m.pt"},
			{Name: "on cpu", Kind: "scripted", File: "dir/m.pt", Device: &cpu},
		},
		Method: "encode", Device: torch.CUDA(1), Threads: 2, Runs: 3,
		Tolerance: &compare.Tolerance{RTol: 1e-5, ATol: math.Inf(1), EqualNaN: true}, EqualNaN: true,
		RequireGPU: true, Latency: 50,
		Tolerances: []verify.OutputTolerance{{Output: "logits", Tolerance: compare.Tolerance{ByDType: true, EqualNaN: true}},
			{Output: "*", Tolerance: compare.Tolerance{EqualNaN: true}}},
		Metrics:         []verify.Metric{{Name: "cosine", AtLeast: 0.999}, {Output: "logits", Name: "topk", K: 5, AtLeast: 1}},
		AcceptUncovered: []string{"noise*"}, NonPersistent: []string{"rope.inv_freq"},
		Sets: []verify.InputSet{{Name: "night", Files: []string{"dir/night.npz"}}, {Name: "two", Files: []string{"dir/a.npy", "dir/b.npy"}}},
		Generate: &inputs.Plan{Random: 20, Seed: math.MaxUint64,
			Fields: []inputs.Field{{Name: "x", DType: dtype.Float16, Shape: []int64{1, 3, 224, 224}}, {Name: "n", DType: dtype.Float32, Shape: []int64{7}}},
			Ranges: []inputs.Range{{Low: 0, High: 1}, {Name: "x", Low: -1, High: 1e-3}},
			Edges:  []inputs.Edge{{Kind: "zeros"}, {Kind: "batch", Batch: 1}, {Kind: "batch", Batch: 7}}},
		SaveFailing: "dir/failing",
	}
	got, err := Parse([]byte(everything), "dir")
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

func TestParseLittle(t *testing.T) {
	for _, little := range []string{"", "# nothing\n", "legs:\nsets:\ninputs:\nscripted:\n"} {
		s, err := Parse([]byte(little), ".")
		require.NoError(t, err)
		assert.Equal(t, verify.Spec{}, s)
	}
	s, err := Parse([]byte("devices: all\nequal_nan: true\n"), ".")
	require.NoError(t, err)
	assert.Equal(t, verify.Spec{AllDevices: true, EqualNaN: true}, s)
}

// What the documentation shows can be read.
func TestDocumentedExample(t *testing.T) {
	text, err := os.ReadFile("../../docs/inputs.md")
	require.NoError(t, err)
	_, example, found := strings.Cut(string(text), "```yaml\n")
	require.True(t, found)
	example, _, _ = strings.Cut(example, "```")
	s, err := Parse([]byte(example), ".")
	require.NoError(t, err)
	assert.Len(t, s.Legs, 3)
	assert.Equal(t, 20, s.Generate.Random)
}

// Every fault is told with the line and column it is in.
func TestFaults(t *testing.T) {
	for text, want := range map[string]string{
		"scripted: m.pt\nscriptet: m.pt\n":                   "line 2, column 1: unknown key scriptet; docs/config.schema.json",
		"generate:\n  radnom: 3\n":                           "line 2, column 3: unknown key radnom",
		"scripted: m.pt\nscripted: n.pt\n":                   "line 2, column 1: mapping key \"scripted\" already defined at line 1",
		"threads: many\n":                                    "line 1, column 10: many is not a whole number",
		"threads: 1.5\n":                                     "line 1, column 10: 1.5 is not a whole number",
		"equal_nan: perhaps\n":                               "line 1, column 12: perhaps is not true or false",
		"generate:\n  seed: -1\n":                            "line 2, column 9: -1 is not a whole number of zero or more",
		"generate: 3\n":                                      "line 1, column 11: 3 is not keys and values",
		"tolerance: close\n":                                 "line 1, column 12: the tolerance \"close\" has the unknown word",
		"tolerance: logits:exact\n":                          "line 1, column 12: the tolerance of a single output belongs under tolerances",
		"tolerances:\n  a: exact\n  b: rtol=x\n":             "line 3, column 6: the tolerance \"b:rtol=x\" has rtol=x, whose value is no number",
		"tolerances: exact\n":                                "line 1, column 13: names and their values belong here",
		"metrics:\n- cosine>=0.9\n- angle\n":                 "line 3, column 3: the metric \"angle\" has an unknown name",
		"legs:\n  half: scriptet:m.pt\n":                     "line 2, column 9: the leg \"half=scriptet:m.pt\" has the unknown kind",
		"legs:\n  a: frozen:m.pt\n  a: frozen:n.pt\n":        "line 3, column 3: a stands here twice",
		"legs: [frozen:m.pt]\n":                              "line 1, column 7: names and their values belong here",
		"devices: [cpu, tpu]\n":                              "line 1, column 16: unknown device",
		"devices: [cpu, cuda]\n":                             "no scripted file to run on another device",
		"generate:\n  shapes:\n    x: 1xx2\n":                "line 3, column 8: the shape",
		"generate:\n  ranges:\n    x: 2:1\n":                 "line 3, column 8: the range",
		"generate:\n  edges: odd\n":                          "line 2, column 10: there is no edge case",
		"inputs:\n- [x.npy]\n":                               "line 2, column 3: a list or keys stand where one value belongs",
		"scripted: {a: b}\n":                                 "line 1, column 11: a list or keys stand where one value belongs",
		"scripted: m.pt\n---\nscripted: n.pt\n":              "more than one document",
		"scripted: [\n":                                      "line 2, column 1: did not find",
		"\tscripted: m.pt\n":                                 "line 1, column 1: found character",
		"- scripted\n":                                       "line 1, column 1: keys and values belong here",
		"sets:\n  night: {a: b}\n":                           "line 2, column 10: ",
		"a: &a [x, x]\nb: &b [*a, *a]\nscripted: [*b, *b]\n": "line ",
	} {
		t.Run(text, func(t *testing.T) {
			_, err := Parse([]byte(text), ".")
			require.ErrorContains(t, err, want)
			assert.NotContains(t, err.Error(), "config.Body")
		})
	}
	_, err := Load("nowhere.yaml")
	assert.ErrorContains(t, err, "nowhere.yaml cannot be read: no such file")
}

// The schema for editors has every key, and no other.
func TestSchema(t *testing.T) {
	data, err := os.ReadFile("../../docs/config.schema.json")
	require.NoError(t, err)
	type object struct {
		Properties map[string]struct {
			Pattern string `json:"pattern"`
		} `json:"properties"`
		AdditionalProperties *bool `json:"additionalProperties"`
	}
	var root object
	require.NoError(t, json.Unmarshal(data, &root))
	keys := func(v any) (all []string) {
		for f := range reflect.TypeOf(v).Fields() {
			all = append(all, f.Tag.Get("yaml"))
		}
		return all
	}
	described := func(o object) (all []string) {
		for key := range o.Properties {
			all = append(all, key)
		}
		return all
	}
	assert.ElementsMatch(t, append(keys(Body{}), "timeout", "memory"), described(root))
	assert.False(t, *root.AdditionalProperties)
	var nested struct {
		Properties struct{ Generate object } `json:"properties"`
	}
	require.NoError(t, json.Unmarshal(data, &nested))
	assert.ElementsMatch(t, keys(generate{}), described(nested.Properties.Generate))
	for _, good := range []string{"allclose", "rtol=1e-3,atol=0", "assert_close,ulp=4,equal-nan"} {
		assert.Regexp(t, regexp.MustCompile(root.Properties["tolerance"].Pattern), good)
	}
	assert.NotRegexp(t, regexp.MustCompile(root.Properties["tolerance"].Pattern), "close")
}

func TestDraft(t *testing.T) {
	at := func(names ...string) (paths []string) {
		for _, name := range names {
			paths = append(paths, filepath.Join("../../testdata/branch", name))
		}
		return paths
	}
	text, err := Draft(t.Context(), "../../testdata/branch", at("model_scripted.pt", "model_state.pt", "model_traced.pt", "x.npy", "expected.npy")...)
	require.NoError(t, err)
	assert.Equal(t, `# What verify --config checks. docs/config.schema.json lists all keys.
scripted: model_scripted.pt
state: model_state.pt
expected: expected.npy
legs:
  model_traced: traced:model_traced.pt
inputs:
  - x.npy
tolerance: allclose  # or assert_close, exact, ulp=4, rtol=1e-3

# Inputs to make besides, the same bytes each time: they find a trace that
# ignores a branch.
# generate:
#   random: 8
#   seed: 0
#   edges: [zeros, batch=1/7]
`, string(text))
	s, err := Parse(text, ".")
	require.NoError(t, err)
	assert.Equal(t, []verify.LegSpec{{Name: "model_traced", Kind: "traced", File: "model_traced.pt"}}, s.Legs)

	guessed, err := Draft(t.Context(), ".", at("model_scripted.pt", "model_state.pt")...)
	require.NoError(t, err)
	assert.Contains(t, string(guessed), "#     x: 1x4:float32  # a guess: fc.weight is float32 [2 4]\n")
	s, err = Parse(regexp.MustCompile(`(?m)^# (generate:| )`).ReplaceAll(guessed, []byte("$1")), "dir")
	require.NoError(t, err, "the comment is of the format too")
	require.NotNil(t, s.Generate)
	assert.Equal(t, "x=1x4:float32", s.Generate.Fields[0].String())
	assert.Equal(t, filepath.Join("dir", "../../testdata/branch/model_state.pt"), s.State)

	for part, names := range map[string][]string{
		"no file is TorchScript": {"x.npy"}, "nowhere.pt": {"nowhere.pt"},
	} {
		_, err := Draft(t.Context(), ".", at(names...)...)
		assert.ErrorContains(t, err, part)
	}
}
