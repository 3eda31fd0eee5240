package aoti

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/torch"
)

const (
	leaf  = `{"type": null, "context": null, "children_spec": []}`
	tuple = `{"type": "builtins.tuple", "context": "null", "children_spec": [`
)

func TestStructures(t *testing.T) {
	values := torch.List{torch.Int(10), torch.Int(11), torch.Int(12)}
	for _, c := range []struct {
		name, text string
		want       torch.Value
	}{
		{"one", leaf, torch.Int(10)},
		{"a tuple in a list", `{"type": "builtins.list", "context": "null", "children_spec": [` + leaf + ", " + tuple + leaf + ", " + leaf + `]}]}`,
			torch.List{torch.Int(10), torch.Tuple{torch.Int(11), torch.Int(12)}}},
		{"a dict", `{"type": "builtins.dict", "context": "[\"a\", 3]", "children_spec": [` + leaf + ", " + leaf + `]}`,
			&torch.Dict{Entries: []torch.Entry{{Key: torch.String("a"), Value: torch.Int(10)}, {Key: torch.Int(3), Value: torch.Int(11)}}}},
		{"keys that are missing", `{"type": "builtins.dict", "context": "[]", "children_spec": [` + leaf + `]}`, torch.Tuple{torch.Int(10)}},
		{"a class of somebody", `{"type": "outputs.Output", "context": "{}", "children_spec": [` + leaf + `]}`, torch.Tuple{torch.Int(10)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := parseSpec("[1, " + c.text + "]")
			require.NoError(t, err)
			leaves := values[:s.leaves()]
			assert.Equal(t, c.want, s.build(&leaves))
			assert.Empty(t, leaves)
		})
	}
}

func TestStructuresThatAreNone(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON":         "tuple",
		"another version": "[2, " + leaf + "]",
		"no node":         "[1, 7]",
		"too deep":        "[1, " + strings.Repeat(tuple, 300) + leaf + strings.Repeat("]}", 300) + "]",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseSpec(text)
			assert.Error(t, err)
		})
	}
}
