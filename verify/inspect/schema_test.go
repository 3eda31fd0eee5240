package inspect

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// schema is as much of JSON Schema as docs/inspect.schema.json uses.
type schema struct {
	Ref         string             `json:"$ref"`
	Type        any                `json:"type"`
	Const       any                `json:"const"`
	Enum        []string           `json:"enum"`
	AnyOf       []*schema          `json:"anyOf"`
	Properties  map[string]*schema `json:"properties"`
	Additional  *schema            `json:"additionalProperties"`
	Required    []string           `json:"required"`
	Items       *schema            `json:"items"`
	Description string             `json:"description"`
	Defs        map[string]*schema `json:"$defs"`
}

// TestSchemaDescribesReport holds the schema to the types of Go, field by field.
func TestSchemaDescribesReport(t *testing.T) {
	data, err := os.ReadFile("../../docs/inspect.schema.json")
	require.NoError(t, err)
	root := &schema{}
	require.NoError(t, json.Unmarshal(data, root))

	seen := map[string]bool{}
	var describe func(at string, s *schema, typ reflect.Type)
	describe = func(at string, s *schema, typ reflect.Type) {
		require.NotNil(t, s, at)
		switch typ.Kind() {
		case reflect.Struct:
			name := strings.TrimPrefix(s.Ref, "#/$defs/")
			if s.Ref != "" {
				s = root.Defs[name]
				require.NotNil(t, s, at)
				if seen[name] {
					return
				}
				seen[name] = true
			}
			assert.NotEmpty(t, s.Description, at)
			var fields []string
			for f := range typ.Fields() {
				field := f.Tag.Get("json")
				fields = append(fields, field)
				describe(at+"."+field, s.Properties[field], f.Type)
			}
			assert.ElementsMatch(t, fields, slices.Collect(maps.Keys(s.Properties)), at)
			assert.ElementsMatch(t, fields, s.Required, at)
		case reflect.Pointer:
			if s.AnyOf != nil {
				require.Len(t, s.AnyOf, 2, at)
				assert.Equal(t, "null", s.AnyOf[1].Type, at)
				describe(at, s.AnyOf[0], typ.Elem())
				return
			}
			assert.Equal(t, []any{"integer", "null"}, s.Type, at)
		case reflect.Slice:
			assert.Equal(t, "array", s.Type, at)
			describe(at+"[]", s.Items, typ.Elem())
		case reflect.Map:
			assert.Equal(t, "object", s.Type, at)
			describe(at+"{}", s.Additional, typ.Elem())
		case reflect.String:
			assert.True(t, s.Type == "string" || s.Const == Schema || s.Enum != nil, at)
		case reflect.Bool:
			assert.Equal(t, "boolean", s.Type, at)
		default:
			assert.Equal(t, "integer", s.Type, at)
		}
	}
	describe("report", root, reflect.TypeFor[Report]())
	assert.Len(t, root.Defs, len(seen), "nothing is described that is not there")

	var whats []string
	for what := range maps.Values(changeNames) {
		whats = append(whats, what)
		assert.Contains(t, changeLabels, what)
	}
	assert.ElementsMatch(t, whats, root.Defs["change"].Properties["what"].Enum)
}

// TestListsAreNeverNull looks into reports of every kind of file.
func TestListsAreNeverNull(t *testing.T) {
	paths, err := filepath.Glob("../../torch/checkpoint/testdata/good/*.*")
	require.NoError(t, err)
	require.Greater(t, len(paths), 80)
	for _, path := range paths {
		report, err := Run(context.Background(), "", path)
		require.NoError(t, err)
		var visit func(at string, v reflect.Value)
		visit = func(at string, v reflect.Value) {
			switch v.Kind() {
			case reflect.Struct:
				for f, field := range v.Fields() {
					visit(at+"."+f.Name, field)
				}
			case reflect.Pointer:
				if !v.IsNil() {
					visit(at, v.Elem())
				}
			case reflect.Map:
				assert.False(t, v.IsNil(), "%s of %s", at, path)
			case reflect.Slice:
				assert.False(t, v.IsNil(), "%s of %s", at, path)
				for i := range v.Len() {
					visit(at, v.Index(i))
				}
			}
		}
		visit("report", reflect.ValueOf(*report))
	}
}
