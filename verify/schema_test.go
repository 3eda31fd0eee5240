package verify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// schema is as much of JSON Schema as the report's uses.
type schema struct {
	Ref        string             `json:"$ref"`
	Type       any                `json:"type"` // a name or a list of them
	Enum       []any              `json:"enum"`
	Const      any                `json:"const"`
	AnyOf      []*schema          `json:"anyOf"`
	Properties map[string]*schema `json:"properties"`
	Required   []string           `json:"required"`
	Items      *schema            `json:"items"`
	Minimum    *float64           `json:"minimum"`
	Pattern    string             `json:"pattern"`
	Format     string             `json:"format"`
	Defs       map[string]*schema `json:"$defs"`
}

var readSchema = sync.OnceValues(func() (*schema, error) {
	data, err := os.ReadFile("../docs/report.schema.json")
	if err != nil {
		return nil, err
	}
	s := &schema{}
	return s, json.Unmarshal(data, s)
})

// validate lists what is wrong with a value, each with its place. Fields that
// the schema does not know are wrong too: it must describe them all.
func (s *schema) validate(root *schema, at string, v any) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, at+": "+fmt.Sprintf(format, args...)) }
	if s.Ref != "" {
		faults = append(faults, root.Defs[strings.TrimPrefix(s.Ref, "#/$defs/")].validate(root, at, v)...)
	}
	if s.AnyOf != nil && !slices.ContainsFunc(s.AnyOf, func(o *schema) bool { return len(o.validate(root, at, v)) == 0 }) {
		for _, o := range s.AnyOf {
			faults = append(faults, o.validate(root, at, v)...)
		}
	}
	if s.Const != nil && v != s.Const {
		fault("is %v, not %v", v, s.Const)
	}
	if s.Enum != nil && !slices.Contains(s.Enum, v) {
		fault("is %v, which is not one of %v", v, s.Enum)
	}
	if s.Type != nil && !isType(s.Type, v) {
		fault("is %T, not %v", v, s.Type)
	}
	switch v := v.(type) {
	case float64:
		if s.Minimum != nil && v < *s.Minimum {
			fault("is %v, less than %v", v, *s.Minimum)
		}
	case string:
		if s.Pattern != "" && !regexp.MustCompile(s.Pattern).MatchString(v) {
			fault("is %q, which does not match %s", v, s.Pattern)
		}
		if _, err := time.Parse(time.RFC3339Nano, v); s.Format == "date-time" && err != nil {
			fault("is %q, no time", v)
		}
	case []any:
		for i, e := range v {
			if s.Items != nil {
				faults = append(faults, s.Items.validate(root, fmt.Sprintf("%s[%d]", at, i), e)...)
			}
		}
	case map[string]any:
		for _, name := range s.Required {
			if _, ok := v[name]; !ok {
				fault("lacks %s", name)
			}
		}
		for name, e := range v {
			if p := s.Properties[name]; p != nil {
				faults = append(faults, p.validate(root, at+"."+name, e)...)
			} else if s.Properties != nil {
				fault("has %s, which the schema does not describe", name)
			}
		}
	}
	return faults
}

func isType(want, v any) bool {
	if names, ok := want.([]any); ok {
		return slices.ContainsFunc(names, func(name any) bool { return isType(name, v) })
	}
	switch v := v.(type) {
	case nil:
		return want == "null"
	case bool:
		return want == "boolean"
	case string:
		return want == "string"
	case []any:
		return want == "array"
	case map[string]any:
		return want == "object"
	case float64:
		return want == "number" || want == "integer" && v == float64(int64(v))
	}
	return false
}

// document gives a report as it is read from its JSON.
func document(t *testing.T, r *Report) map[string]any {
	t.Helper()
	var buf bytes.Buffer
	require.NoError(t, r.WriteJSON(&buf))
	var v map[string]any
	require.NoError(t, json.Unmarshal(buf.Bytes(), &v))
	return v
}

// checkSchema fails unless the report's JSON is what the schema says.
func checkSchema(t *testing.T, r *Report) {
	t.Helper()
	root, err := readSchema()
	require.NoError(t, err)
	assert.Empty(t, root.validate(root, "report", document(t, r)))
}

func TestSchemaDescribesReport(t *testing.T) {
	full := sampleReport()
	checkSchema(t, full)
	checkSchema(t, FailedReport(Spec{}, &Error{Path: "m.pt", Msg: "is gone", Remedy: "look for it"}))

	t.Run("every field of every type is required and described", func(t *testing.T) {
		root, err := readSchema()
		require.NoError(t, err)
		for name, one := range map[string]any{
			"": Report{}, "finding": Finding{}, "file": File{}, "leg": Leg{}, "weights": Weights{}, "missing": Missing{}, "misshape": Misshape{},
			"mistype": Mistype{}, "unequal": Unequal{}, "cover": Cover{}, "uncovered": Uncovered{}, "comparison": Comparison{},
			"output": OutputComparison{}, "profile": Profile{}, "worst": Worst{}, "settings": Settings{}, "set": Set{}, "bisection": Bisection{}, "layer": Layer{}, "set_input": SetInput{}, "tolerance": Tolerance{}, "metric": MetricResult{}, "versions": Versions{},
		} {
			s := root
			if name != "" {
				s = root.Defs[name]
			}
			require.NotNil(t, s, name)
			var fields []string
			for f := range fieldsOf(one) {
				fields = append(fields, f)
			}
			assert.ElementsMatch(t, fields, slices.Collect(maps.Keys(s.Properties)), name)
			assert.ElementsMatch(t, fields, s.Required, name)
		}
	})
	t.Run("a missing or wrong field is found", func(t *testing.T) {
		root, err := readSchema()
		require.NoError(t, err)
		doc := document(t, full)
		checked := 0
		var visit func(at string, v any)
		visit = func(at string, v any) {
			switch v := v.(type) {
			case []any:
				for i, e := range v {
					visit(fmt.Sprintf("%s[%d]", at, i), e)
				}
			case map[string]any:
				for _, name := range slices.Sorted(maps.Keys(v)) {
					old := v[name]
					delete(v, name)
					assert.NotEmpty(t, root.validate(root, "report", doc), "%s without %s", at, name)
					v[name] = []any{true}
					assert.NotEmpty(t, root.validate(root, "report", doc), "%s with another %s", at, name)
					v[name] = old
					checked++
					visit(at+"."+name, old)
				}
			}
		}
		visit("report", doc)
		assert.Greater(t, checked, 100)
	})
	t.Run("every code is described", func(t *testing.T) {
		root, err := readSchema()
		require.NoError(t, err)
		var described []string
		for _, c := range root.Defs["finding"].Properties["code"].Enum {
			described = append(described, c.(string))
		}
		assert.ElementsMatch(t, codesInSource(t), described)
	})
}

// fieldsOf lists the JSON names of a struct's fields.
func fieldsOf(v any) map[string]bool {
	names := map[string]bool{}
	for f := range reflect.TypeOf(v).Fields() {
		names[f.Tag.Get("json")] = true
	}
	return names
}

// codesInSource lists the codes that finding.go declares.
func codesInSource(t *testing.T) []string {
	t.Helper()
	source, err := os.ReadFile("finding.go")
	require.NoError(t, err)
	var codes []string
	for _, m := range regexp.MustCompile(`(?m)^\t\w+ +Code = "([a-z-]+)"`).FindAllSubmatch(source, -1) {
		codes = append(codes, string(m[1]))
	}
	return codes
}
