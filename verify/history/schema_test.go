package history

import (
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// described is as much of JSON Schema as docs/changes.schema.json uses.
type described struct {
	Const       any                   `json:"const"`
	Enum        []string              `json:"enum"`
	Required    []string              `json:"required"`
	Properties  map[string]*described `json:"properties"`
	Description string                `json:"description"`
	Defs        map[string]*described `json:"$defs"`
}

// The schema has the fields of the types, and the words of their constants.
func TestSchemaDescribesReport(t *testing.T) {
	data, err := os.ReadFile("../../docs/changes.schema.json")
	require.NoError(t, err)
	root := &described{}
	require.NoError(t, json.Unmarshal(data, root))
	for name, c := range map[string]struct {
		schema *described
		of     any
	}{
		"report": {root, Report{}}, "mark": {root.Defs["mark"], Mark{}}, "values": {root.Defs["values"], Values{}}, "change": {root.Defs["change"], Change{}},
	} {
		var fields []string
		for _, f := range reflect.VisibleFields(reflect.TypeOf(c.of)) {
			fields = append(fields, f.Tag.Get("json"))
		}
		require.NotNil(t, c.schema, name)
		assert.ElementsMatch(t, fields, slices.Collect(maps.Keys(c.schema.Properties)), name)
		assert.ElementsMatch(t, fields, c.schema.Required, name)
		for field, s := range c.schema.Properties {
			assert.NotEmpty(t, s.Description, "%s of %s", field, name)
		}
	}
	assert.Equal(t, Schema, root.Properties["schema"].Const)
	change := root.Defs["change"].Properties
	for i, word := range rules {
		assert.Equal(t, string(word), change["rule"].Enum[i])
	}
	for i, word := range weights {
		assert.Equal(t, string(word), change["weight"].Enum[i])
	}
	assert.Len(t, change["rule"].Enum, len(rules))
	assert.Len(t, change["weight"].Enum, len(weights))
}
