package suite

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSelect(t *testing.T) {
	s := &Suite{Name: "zoo", Checks: []Check{
		{Name: "vision/resnet_v1", Tags: []string{"vision", "small"}}, {Name: "vision/resnet_v2", Tags: []string{"vision"}},
		{Name: "bert", Tags: []string{"text", "small"}}, {Name: "a[b]"}}}
	for name, c := range map[string]struct {
		selection Selection
		want      []string
		err       string
	}{
		"all":               {Selection{}, []string{"vision/resnet_v1", "vision/resnet_v2", "bert", "a[b]"}, ""},
		"a name":            {Selection{Only: []string{"bert"}}, []string{"bert"}, ""},
		"a name as it is":   {Selection{Only: []string{"a[b]"}}, []string{"a[b]"}, ""},
		"across folders":    {Selection{Only: []string{"*resnet*"}}, []string{"vision/resnet_v1", "vision/resnet_v2"}, ""},
		"two":               {Selection{Only: []string{"b*", "*_v1"}}, []string{"vision/resnet_v1", "bert"}, ""},
		"a tag":             {Selection{Tags: []string{"small"}}, []string{"vision/resnet_v1", "bert"}, ""},
		"either tag":        {Selection{Tags: []string{"small", "vision"}}, []string{"vision/resnet_v1", "vision/resnet_v2", "bert"}, ""},
		"without":           {Selection{Skip: []string{"vision/*", "a?b?"}}, []string{"bert"}, ""},
		"all of it":         {Selection{Only: []string{"*"}, Tags: []string{"vision"}, Skip: []string{"*2"}}, []string{"vision/resnet_v1"}, ""},
		"no such name":      {Selection{Only: []string{"bert", "gpt"}}, nil, "--only gpt fits no check of zoo; --list shows them"},
		"no such tag":       {Selection{Tags: []string{"audio"}}, nil, "--tag audio fits no check"},
		"nothing to skip":   {Selection{Skip: []string{"gpt"}}, nil, "--skip gpt fits no check"},
		"nothing left":      {Selection{Only: []string{"bert"}, Skip: []string{"b*"}}, nil, "no check of zoo is left"},
		"not a pattern":     {Selection{Only: []string{"[a"}}, nil, `"[a" is not a pattern`},
		"name and tag part": {Selection{Only: []string{"bert"}, Tags: []string{"vision"}}, nil, "no check of zoo is left"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := s.Select(c.selection)
			if c.err != "" {
				assert.ErrorContains(t, err, c.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.want, Names(got))
		})
	}
}
