package history

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/night"
)

func TestNightsAsText(t *testing.T) {
	one, two := NewMachine(night.Machine{Host: "box"}), NewMachine(night.Machine{Host: "gpu-node-with-a-long-name-12"})
	day := func(n int) time.Time { return time.Date(2026, 11, n, 2, 0, 0, 0, time.UTC) }
	nights := []*Night{
		{Suite: "zoo", ID: "n1", Started: day(1), Seconds: 5, Machines: []*Machine{one}, Counts: map[verify.Verdict]int{verify.Consistent: 7}},
		{Suite: "zoo", ID: "n2", Started: day(2), Shard: night.Shard{Index: 1, Count: 2}, Seconds: 3750, Machines: []*Machine{one}, Counts: map[verify.Verdict]int{verify.Consistent: 3, verify.Inconsistent: 1}},
		{Suite: "zoo", ID: "n3", Started: day(3), Seconds: 100, Machines: []*Machine{two}, Counts: map[verify.Verdict]int{verify.Unstable: 1, verify.Unanswered: 2}, Missing: 4},
		{Suite: "zoo", ID: "n2", Started: day(2), Shard: night.Shard{Index: 2, Count: 2}, Seconds: 50, Machines: []*Machine{two}, Counts: map[verify.Verdict]int{verify.Consistent: 3}, Missing: 1},
	}
	var text bytes.Buffer
	require.NoError(t, WriteNights(&text, "/a/history.db", nights, 2))
	assert.Equal(t, `zoo, 3 nights in /a/history.db

  and 1 earlier ones; --last 0 lists them all
night            began              good   bad   open   took  on
n2               2026-11-02 02:00      6     1      1   1h2m  2 machines
n3               2026-11-03 02:00      0     -      7  1m40s  gpu-n…long-name-12
`, text.String())
	assert.Equal(t, 3, nights[1].Counts[verify.Consistent]) // Runs changes none of them

	nights = append(nights, &Night{Suite: "a suite with a very long name", ID: "n1", Machines: []*Machine{two}})
	text.Reset()
	require.NoError(t, WriteNights(&text, fmt.Sprintf("/%0100d/history.db", 1), nights, 0))
	assert.Contains(t, text.String(), "4 nights in …/history.db\n")
	assert.Contains(t, text.String(), "a su…ng name/n1")
	for line := range bytes.Lines(text.Bytes()) {
		assert.LessOrEqual(t, utf8.RuneCount(bytes.TrimSuffix(line, []byte("\n"))), 80, "%s", line)
	}

	text.Reset()
	require.NoError(t, WriteNights(&text, "empty.db", nil, 30))
	assert.Contains(t, text.String(), "0 nights in empty.db\n")

	text.Reset()
	require.NoError(t, WriteNightsJSON(&text, nights))
	var back struct {
		Schema string
		Nights []*Night
	}
	require.NoError(t, json.Unmarshal(text.Bytes(), &back))
	assert.Equal(t, NightsSchema, back.Schema)
	assert.Equal(t, nights[:4], back.Nights[:4])
}
