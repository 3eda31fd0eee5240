package night

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/verify"
)

// documented gives the schema of the file's lines.
func documented(t *testing.T) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	for _, name := range []string{"night", "report"} {
		data, err := os.ReadFile(filepath.Join("../../docs", name+".schema.json"))
		require.NoError(t, err)
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		require.NoError(t, err)
		require.NoError(t, c.AddResource("https://github.com/seed06459138/torchgo/docs/"+name+".schema.json", doc))
	}
	s, err := c.Compile("https://github.com/seed06459138/torchgo/docs/night.schema.json")
	require.NoError(t, err)
	return s
}

// sampleNight has something in every field.
func sampleNight() *Night {
	yes := true
	machine := Machine{Host: "h", Platform: "linux/amd64", CPU: "c", Kernels: "AVX2", Processors: 2, Memory: 1, Torchgo: "t", Go: "g", Libtorch: "l",
		Devices: []Device{{Name: "cuda:0", Model: "m", Driver: "d", Memory: 1}}}
	h := header("a")
	h.Machine, h.Others = machine, []Machine{machine}
	r := ResultOf("a", verify.FailedReport(verify.Spec{}, &verify.Error{Path: "m.pt", Msg: "is gone"}))
	r.Tags, r.Attempts, r.Devices, r.Uncovered = []string{"x"}, []string{"killed"}, []string{"cpu"}, []string{"t"}
	r.Files = []verify.File{{Role: "scripted", Path: "m.pt", Kind: "k", SHA256: strings.Repeat("0", 64), Holds: "h"}}
	r.Legs = []Leg{{Name: "state", Kind: "state", Same: &yes, MaxAbs: verify.Number(math.NaN())}}
	return &Night{Header: h, Results: []Result{r}, End: &End{Notes: []string{"n"}}}
}

func TestSchemaDescribesNight(t *testing.T) {
	s := documented(t)
	lines := func(n *Night) (all []any) {
		var b bytes.Buffer
		require.NoError(t, n.Write(&b))
		for line := range strings.Lines(b.String()) {
			v, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
			require.NoError(t, err)
			all = append(all, v)
		}
		return all
	}
	full := lines(sampleNight())
	require.Len(t, full, 3)
	for _, line := range full {
		assert.NoError(t, s.Validate(line))
	}
	for _, line := range lines(&Night{Header: Header{Schema: Schema, Machine: Machine{Devices: []Device{}}}, End: &End{}}) {
		assert.NoError(t, s.Validate(line), "little is there")
	}

	// A field that is missing, or of another type, is found.
	checked := 0
	var visit func(root, v any)
	visit = func(root, v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				visit(root, e)
			}
		case map[string]any:
			for _, name := range slices.Sorted(maps.Keys(v)) {
				old := v[name]
				delete(v, name)
				assert.Error(t, s.Validate(root), "without %s", name)
				v[name] = map[string]any{"x": true}
				assert.Error(t, s.Validate(root), "with another %s", name)
				v[name] = old
				checked++
				visit(root, old)
			}
		}
	}
	for _, line := range full {
		visit(line, line)
	}
	assert.Greater(t, checked, 60)
}

// Every field of every type is described.
func TestSchemaKnowsEveryField(t *testing.T) {
	data, err := os.ReadFile("../../docs/night.schema.json")
	require.NoError(t, err)
	var root struct {
		Defs map[string]struct {
			Properties map[string]json.RawMessage `json:"properties"`
			Required   []string                   `json:"required"`
		} `json:"$defs"`
	}
	require.NoError(t, json.Unmarshal(data, &root))
	for name, one := range map[string]any{"header": Header{}, "machine": Machine{}, "device": Device{}, "result": Result{}, "leg": Leg{}, "end": End{}} {
		var fields []string
		for f := range reflect.TypeOf(one).Fields() {
			fields = append(fields, f.Tag.Get("json"))
		}
		assert.ElementsMatch(t, fields, slices.Collect(maps.Keys(root.Defs[name].Properties)), name)
		assert.ElementsMatch(t, fields, root.Defs[name].Required, name)
	}
}
