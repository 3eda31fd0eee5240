package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
)

func TestMain(m *testing.M) { torchtest.Main(m) }

// TestWrappersFitTheLibtorchInUse holds the schemas that package aten was made
// from beside those of another libtorch: what it lacks is listed, what it has must
// take the wrapper's arguments.
func TestWrappersFitTheLibtorchInUse(t *testing.T) {
	torchtest.Require(t)
	all, err := readSchemas(filepath.Join("..", "..", "..", "torch", "aten"))
	require.NoError(t, err)
	wrappers, err := wrap(all)
	require.NoError(t, err)
	require.Greater(t, len(wrappers), 1500)

	running, err := torch.Operators()
	require.NoError(t, err)
	known := make(map[string]*schema)
	for _, text := range running {
		if s, err := parse(text); err == nil {
			known[s.full] = s
		} else {
			assert.False(t, strings.HasPrefix(text, prefix), "%v", err)
		}
	}
	var absent []string
	for _, w := range wrappers {
		now := known[w.schema.full]
		if now == nil {
			absent = append(absent, w.schema.full)
			continue
		}
		if now.text == w.schema.text {
			continue
		}
		assert.Empty(t, misfit(w.schema, now), "%s\nhere: %s", w.schema.text, now.text)
	}
	build, err := torch.Version()
	require.NoError(t, err)
	t.Logf("libtorch %s has all but %d of %d operators: %s", build.Libtorch, len(absent), len(wrappers), strings.Join(absent, " "))
	assert.Less(t, len(absent), len(wrappers)/20)
	if strings.HasPrefix(build.Libtorch, "2.15.") {
		assert.Empty(t, absent, "schemas.txt is of this version")
	}
}

// misfit says what a call with the arguments of one schema would meet in the other.
func misfit(made, here *schema) string {
	for i, a := range made.arguments {
		switch {
		case i >= len(here.arguments):
			if !a.optional {
				return "lacks the argument " + a.name
			}
		case here.arguments[i].name != a.name:
			return "has " + here.arguments[i].name + " in the place of " + a.name
		case here.arguments[i].kind != a.kind && strings.TrimSuffix(a.kind, "?") != strings.TrimSuffix(here.arguments[i].kind, "?"):
			return a.name + " is a " + here.arguments[i].kind
		}
	}
	for i := len(made.arguments); i < len(here.arguments); i++ {
		if !here.arguments[i].optional {
			return "needs the argument " + here.arguments[i].name
		}
	}
	if len(made.results) != len(here.results) {
		return "has other results"
	}
	for i, r := range made.results {
		if here.results[i].kind != r.kind {
			return "a result is a " + here.results[i].kind
		}
	}
	return ""
}
