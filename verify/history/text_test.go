package history

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/verify"
)

func TestTextIsBoundedAndNarrow(t *testing.T) {
	p := past(verdicts(verify.Consistent, verify.Inconsistent)...)
	for i := range 60 {
		c := p.Courses[0]
		c.Check = fmt.Sprintf("%s/%d", strings.Repeat("very/long/name/of/a/model", 5), i)
		p.Courses = append(p.Courses, c)
	}
	p.Courses[0].Turns[1].Summary = "inconsistent: " + strings.Repeat("many words say why ", 20)
	var text bytes.Buffer
	r := Judge(p)
	require.NoError(t, r.WriteText(&text))
	assert.Contains(t, text.String(), "night n2 of zoo: 61 newly worse (61 checks)\n  held against one night, the last n1 of 1970-01-01 00:00\n\nnewly worse\n  m\n      consistent → inconsistent: many words")
	assert.Contains(t, text.String(), "  and 11 more; --json lists them all\n")
	for _, line := range strings.Split(text.String(), "\n") {
		assert.LessOrEqual(t, utf8.RuneCountInString(line), 80, line)
	}

	var data bytes.Buffer
	require.NoError(t, r.WriteJSON(&data))
	var same Report
	require.NoError(t, json.Unmarshal(data.Bytes(), &same))
	assert.Equal(t, *r, same)
}

func TestSeconds(t *testing.T) {
	for want, s := range map[string]float64{"12.1 ms": .0121, "1 s": .9999, "999 ms": .999, "5 µs": 5e-6, "250 ns": 2.5e-7, "61.2 s": 61.2} {
		assert.Equal(t, want, Seconds(s))
	}
}
