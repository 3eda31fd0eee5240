package suite

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/compare"
	"github.com/seed06459138/torchgo/verify/inputs"
)

const zoo = `
suite: zoo
memory: 12GB
defaults: &all
  tolerance: assert_close
  tags: [nightly]
  timeout: 5m
  inputs: x.npy
  generate: {random: 3, edges: zeros}
checks:
  resnet50:
    scripted: resnet50_scripted.pt
    state: resnet50_state.pt
    tags: [vision, large]
    memory: 6GiB
    timeout: 1h
    generate: {random: 5}
  bert base:
    scripted: bert.pt
    expected: y.npy
    inputs: [ids.npy, mask.npy]
    devices: cuda:1
  empty: {scripted: a.pt, state: b.pt, tags: [], inputs: []}
`

func TestParse(t *testing.T) {
	close := &compare.Tolerance{ByDType: true}
	s, err := Parse([]byte(zoo), "dir")
	require.NoError(t, err)
	for i := range s.Checks {
		s.Checks[i].key = ""
	}
	plan := func(random int) *inputs.Plan {
		return &inputs.Plan{Random: random, Edges: []inputs.Edge{{Kind: "zeros"}}}
	}
	assert.Equal(t, &Suite{Name: "zoo", Memory: 12e9, Checks: []Check{
		{Name: "resnet50", Tags: []string{"vision", "large"}, Memory: 6 << 30, Timeout: time.Hour, Spec: verify.Spec{
			Scripted: "dir/resnet50_scripted.pt", State: "dir/resnet50_state.pt", Inputs: []string{"dir/x.npy"}, Tolerance: close, Generate: plan(5)}},
		{Name: "bert base", Tags: []string{"nightly"}, Timeout: 5 * time.Minute, Spec: verify.Spec{
			Scripted: "dir/bert.pt", Expected: "dir/y.npy", Inputs: []string{"dir/ids.npy", "dir/mask.npy"}, Device: torch.CUDA(1), Tolerance: close, Generate: plan(3)}},
		{Name: "empty", Tags: []string{}, Timeout: 5 * time.Minute, Spec: verify.Spec{
			Scripted: "dir/a.pt", State: "dir/b.pt", Tolerance: close, Generate: plan(3)}},
	}}, s)
}

func TestConfigOfACheck(t *testing.T) {
	folder := lay(t, "a/verify.yaml=scripted: m.pt\nstate: s.pt\n", "zoo.yaml=checks:\n  a: {config: a/verify.yaml, tags: x}\n")
	s, err := Load(filepath.Join(folder, "zoo.yaml"))
	require.NoError(t, err)
	assert.Equal(t, "zoo", s.Name)
	assert.Equal(t, filepath.Join(folder, "a/m.pt"), s.Checks[0].Spec.Scripted)
	assert.Equal(t, []string{"x"}, s.Checks[0].Tags)
}

// What the documentation shows can be read.
func TestDocumentedExample(t *testing.T) {
	text, err := os.ReadFile("../../docs/suite.md")
	require.NoError(t, err)
	_, example, found := strings.Cut(string(text), "```yaml\n")
	require.True(t, found)
	example, _, _ = strings.Cut(example, "```")
	folder := lay(t, "bert/verify.yaml=scripted: m.pt\nstate: s.pt\ntimeout: 5m\n", "zoo.yaml="+example)
	s, err := Load(filepath.Join(folder, "zoo.yaml"))
	require.NoError(t, err)
	require.Len(t, s.Checks, 2)
	assert.Equal(t, int64(24e9), s.Memory)
	assert.True(t, s.Checks[0].AnyGPU)
	assert.Len(t, s.Checks[0].Spec.Legs, 1)
	assert.Equal(t, 10*time.Minute, s.Checks[1].Timeout, "the suite's goes before that of legs")
	assert.Zero(t, s.Checks[1].Spec.Timeout)
}

// Every fault is told with the line and column it is in.
func TestFaults(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "there are no checks",
		"suite: zoo\n":                   "there are no checks",
		"checks: [a]\n":                  "line 1, column 9: the names of checks",
		"chekcs: {}\n":                   "line 1, column 1: unknown key chekcs; docs/suite.schema.json lists those there are",
		"checks:\n  a: {scriptet: m}\n":  "line 2, column 7: unknown key scriptet; docs/suite.schema.json",
		"checks:\n  a:\n    x:\n      y": "line 3, column 5: unknown key x",
		"checks:\n  a: {scripted: m}\n  b: {}\n  a: {}\n": "line 4, column 3: ",
		"checks:\n  \"\": {}\n":                           "line 2, column 3: the name \"\" is empty",
		"checks:\n  ' a': {}\n":                           "line 2, column 3: the name \" a\" is empty or has space around it",
		"checks:\n  \"a\\nb\": {}\n":                      "line 2, column 3: the name \"a\\nb\" has characters that can't be printed",
		"checks:\n  a: {timeout: soon}\n":                 "line 2, column 16: soon is no time; write 90s",
		"checks:\n  a: {timeout: -1s}\n":                  "line 2, column 16: -1s is no time",
		"checks:\n  a: {memory: much}\n":                  "line 2, column 15: \"much\" is no size; write 512MiB or 4GB",
		"checks:\n  a: {memory: 0}\n":                     "line 2, column 15: \"0\" is no size",
		"checks:\n  a: {tags: [\" x\"]}\n":                "line 2, column 14: the name \" x\"",
		"checks:\n  a: {tags: {x: y}}\n":                  "line 2, column 13: a list or keys stand where one value belongs",
		"checks:\n  a: {tolerance: close}\n":              "line 2, column 18: the tolerance \"close\" has the unknown word",
		"checks:\n  a: {generate: {sed: 1}}\n":            "line 2, column 18: unknown key sed",
		"checks:\n  a: {config: gone.yaml}\n":             "line 2, column 15: gone.yaml cannot be read: no such file",
		"checks:\n  a: {config: b, scripted: m}\n":        "line 2, column 18: scripted stands beside config",
		"checks:\n  a: 3\n":                               "line 2, column 6: 3 is not keys and values",
		"defaults: {config: a}\nchecks: {a: {}}\n":        "line 1, column 12: unknown key config",
		"defaults: {tolerance: x}\nchecks: {a: {}}\n":     "line 1, column 23: the tolerance \"x\"",
		"memory: lots\nchecks: {a: {}}\n":                 "line 1, column 9: \"lots\" is no size",
		"checks:\n  a: {\n":                               "line 3, column 1: ",
		"checks:\n\ta: {}\n":                              "line 2, column 1: ",
		"checks: {a: {}}\n---\nchecks: {b: {}}\n":         "line 2, column 1: holds more than one document",
	} {
		t.Run(text, func(t *testing.T) {
			_, err := Parse([]byte(text), ".")
			assert.ErrorContains(t, err, want)
		})
	}
}

// The digest is that of what is asked, wherever the suite lies and however it is written.
func TestDigest(t *testing.T) {
	digest := func(text, folder string, settings ...string) string {
		s, err := Parse([]byte(text), folder)
		require.NoError(t, err)
		return Digest(s.Checks, settings...)
	}
	want := digest(zoo, "dir")
	assert.Equal(t, want, digest(zoo, "elsewhere"))
	assert.Equal(t, want, digest(strings.ReplaceAll("# comments\n"+zoo, "tags: [vision, large]", "tags:\n    - vision # here too\n    - \"large\""), "dir"))
	for old, other := range map[string]string{"5m": "6m", "1h": "2h", "bert.pt": "bart.pt", "bert base": "bert", "random: 3": "random: 4"} {
		assert.NotEqual(t, want, digest(strings.ReplaceAll(zoo, old, other), "dir"), other)
	}
	assert.NotEqual(t, want, digest(zoo, "dir", "device=cuda"))
	folder := lay(t, "a_scripted.pt", "a_state.pt")
	one, err := Load(folder)
	require.NoError(t, err)
	two, err := Load(lay(t, "a_scripted.pt", "a_state.pt"))
	require.NoError(t, err)
	assert.Equal(t, Digest(one.Checks), Digest(two.Checks))
	three, err := Load(lay(t, "a_scripted.pt", "a_state.pt", "x.npy"))
	require.NoError(t, err)
	assert.NotEqual(t, Digest(one.Checks), Digest(three.Checks))
}

func TestOn(t *testing.T) {
	c := Check{Spec: verify.Spec{Scripted: "m.pt", State: "s.pt"}}
	require.NoError(t, c.On("cuda:1"))
	assert.Equal(t, []torch.Device{torch.CUDA(1)}, c.Devices())
	assert.False(t, c.AnyGPU)
	require.NoError(t, c.On("cuda"))
	assert.True(t, c.AnyGPU)
	require.NoError(t, c.On("all"))
	assert.True(t, c.Spec.AllDevices)
	assert.Error(t, c.On("tpu"))
}

// The schema for editors has every key, and no other.
func TestSchema(t *testing.T) {
	data, err := os.ReadFile("../../docs/suite.schema.json")
	require.NoError(t, err)
	type object struct {
		Properties           map[string]json.RawMessage `json:"properties"`
		AdditionalProperties json.RawMessage            `json:"additionalProperties"`
	}
	var root struct {
		object
		Defs map[string]struct {
			Pattern string `json:"pattern"`
		} `json:"$defs"`
	}
	require.NoError(t, json.Unmarshal(data, &root))
	var keys func(v reflect.Type) []string
	keys = func(v reflect.Type) (all []string) {
		for f := range v.Fields() {
			if name := f.Tag.Get("yaml"); name == ",inline" {
				all = append(all, keys(f.Type)...)
			} else {
				all = append(all, name)
			}
		}
		return all
	}
	listed := func(o object) (all []string) {
		for key := range o.Properties {
			all = append(all, key)
		}
		return all
	}
	part := func(data json.RawMessage) (o object) {
		require.NoError(t, json.Unmarshal(data, &o))
		return o
	}
	assert.ElementsMatch(t, keys(reflect.TypeFor[file]()), listed(root.object))
	assert.ElementsMatch(t, keys(reflect.TypeFor[shared]()), listed(part(root.Properties["defaults"])))
	check := part(part(root.Properties["checks"]).AdditionalProperties)
	assert.ElementsMatch(t, keys(reflect.TypeFor[described]()), listed(check))
	for _, o := range []object{root.object, part(root.Properties["defaults"]), check} {
		assert.Equal(t, "false", string(o.AdditionalProperties))
	}
	for _, good := range []string{"512MiB", "4GB", "1.5G"} {
		assert.Regexp(t, regexp.MustCompile(root.Defs["memory"].Pattern), good)
	}
	for _, good := range []string{"30s", "1h30m", "1.5h"} {
		assert.Regexp(t, regexp.MustCompile(root.Defs["timeout"].Pattern), good)
	}
	assert.NotRegexp(t, regexp.MustCompile(root.Defs["timeout"].Pattern), "soon")
}

// The schema takes what the parser takes, and most of what it refuses it refuses too.
func TestSchemaOfExamples(t *testing.T) {
	c := jsonschema.NewCompiler()
	for _, name := range []string{"suite", "config"} {
		data, err := os.ReadFile("../../docs/" + name + ".schema.json")
		require.NoError(t, err)
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		require.NoError(t, err)
		require.NoError(t, c.AddResource("https://github.com/seed06459138/torchgo/docs/"+name+".schema.json", doc))
	}
	schema, err := c.Compile("https://github.com/seed06459138/torchgo/docs/suite.schema.json")
	require.NoError(t, err)
	valid := func(text string) error {
		var v any
		require.NoError(t, yaml.Load([]byte(text), &v))
		data, err := json.Marshal(v)
		require.NoError(t, err)
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		require.NoError(t, err)
		return schema.Validate(doc)
	}
	assert.NoError(t, valid(zoo))
	for _, text := range []string{"suite: zoo\n", "checks: [a]\n", "chekcs: {}\n", "checks: {a: {scriptet: m}}\n", "checks: {a: {timeout: soon}}\n", "checks: {a: {memory: much}}\n",
		"checks: {a: {generate: {sed: 1}}}\n", "defaults: {config: a}\nchecks: {a: {}}\n"} {
		_, refused := Parse([]byte(text), ".")
		assert.Error(t, refused, text)
		assert.Error(t, valid(text), text)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(zoo))
	f.Fuzz(func(t *testing.T, data []byte) {
		if s, err := Parse(data, "."); err == nil {
			_ = Digest(s.Checks)
		}
	})
}
