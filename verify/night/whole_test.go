package night

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWhole(t *testing.T) {
	both := func() []Part { return []Part{part("two", 2, "c", "d"), part("one", 1, "a", "b")} }
	for name, c := range map[string]struct {
		spoil func([]Part) []Part
		want  bool
	}{
		"all":               {func(p []Part) []Part { return p }, true},
		"one twice":         {func(p []Part) []Part { return append(p, p[0]) }, true},
		"none":              {func([]Part) []Part { return nil }, false},
		"one is missing":    {func(p []Part) []Part { return p[:1] }, false},
		"one twice instead": {func(p []Part) []Part { return []Part{p[0], p[0]} }, false},
		"one in progress":   {func(p []Part) []Part { p[1].End = nil; return p }, false},
		"one stopped":       {func(p []Part) []Part { p[1].Results = p[1].Results[:1]; return p }, false},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, Whole(c.spoil(both()))) })
	}
}
