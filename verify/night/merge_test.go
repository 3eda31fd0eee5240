package night

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/verify"
)

// part is a shard of two in which every check was consistent.
func part(path string, index int, checks ...string) Part {
	h := header(checks...)
	h.Shard, h.Total, h.Digest = Shard{index, 2}, 4, "d"
	h.Machine.Host = path
	n := &Night{Header: h, End: &End{Ended: time.Unix(int64(100*index), 0), Seconds: float64(10 * index), Notes: []string{}}}
	for _, check := range checks {
		n.Results = append(n.Results, result(check, verify.Consistent))
	}
	return Part{path, n}
}

func TestMerge(t *testing.T) {
	m, err := Merge(part("two", 2, "d", "a"), part("one", 1, "c", "b"))
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "b", "c", "d"}, m.Checks)
	var names, hosts []string
	for i := range m.Results {
		names = append(names, m.Results[i].Check)
		hosts = append(hosts, m.MachineOf(&m.Results[i]).Host)
	}
	assert.Equal(t, m.Checks, names)
	assert.Equal(t, []string{"two", "one", "one", "two"}, hosts)
	assert.Equal(t, &End{Ended: time.Unix(200, 0), Seconds: 20, Notes: []string{}}, m.End, "shards run side by side")
	assert.Equal(t, Shard{}, m.Shard)
	assert.Equal(t, 0, m.ExitCode())
}

// What is missing is noted, and the whole is then no success.
func TestMergeNotes(t *testing.T) {
	whole := func() []Part { return []Part{part("one", 1, "a", "b"), part("two", 2, "c", "d")} }
	for name, c := range map[string]struct {
		spoil func([]Part) []Part
		note  string
		code  int
	}{
		"a shard":                  {func(p []Part) []Part { return p[:1] }, "shard 2 of 2 is missing", 2},
		"a shard's checks":         {func(p []Part) []Part { return p[:1] }, "2 of the suite's 4 checks are in no shard that is here", 2},
		"a result":                 {func(p []Part) []Part { p[1].Results = p[1].Results[:1]; return p }, "shard 2 of 2 lacks 1 of its 2 checks: d", 2},
		"the end of one":           {func(p []Part) []Part { p[0].End = nil; return p }, "shard 1 of 2 did not come to its end", 0},
		"one that was stopped":     {func(p []Part) []Part { p[0].End.Stopped = "interrupted"; return p }, "shard 1 of 2 was stopped: interrupted", 0},
		"notes":                    {func(p []Part) []Part { p[0].End.Notes = []string{"full"}; return p }, "shard 1 of 2: full", 0},
		"one twice":                {func(p []Part) []Part { return append(p, part("again", 2, "c", "d")) }, "shard 2 of 2 is there more than once: two, again", 0},
		"results twice":            {func(p []Part) []Part { return append(p, part("again", 2, "c", "d")) }, "2 checks have more than one result: c, d", 0},
		"a check in two of them":   {func(p []Part) []Part { p[0] = part("one", 1, "a", "c"); return p }, "1 of the suite's 4 checks are in no shard", 2},
		"another commit":           {func(p []Part) []Part { p[1].Commit = "1f"; return p }, `shard 2 of 2 checked models of commit "1f", others those of ""`, 0},
		"held against other files": {func(p []Part) []Part { p[1].Against = "r"; return p }, `shard 2 of 2 was held against records in "r", others against ""`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := Merge(c.spoil(whole())...)
			require.NoError(t, err)
			assert.Contains(t, m.End.Notes, matching(m.End.Notes, c.note))
			assert.Equal(t, c.code, m.ExitCode(), m.End)
			assert.Equal(t, c.code != 0, m.End.Stopped != "", m.End)
		})
	}
}

// matching gives the note that begins with a text, or the text.
func matching(notes []string, begin string) string {
	for _, n := range notes {
		if len(n) >= len(begin) && n[:len(begin)] == begin {
			return n
		}
	}
	return begin
}

// A later result takes the place of an earlier one, but never of a proof.
func TestMergeOfTwoResults(t *testing.T) {
	for _, c := range []struct{ first, second, want verify.Verdict }{
		{verify.Unanswered, verify.Consistent, verify.Consistent},
		{verify.Consistent, verify.Inconsistent, verify.Inconsistent},
		{verify.Inconsistent, verify.Consistent, verify.Inconsistent},
	} {
		for _, turned := range []bool{false, true} {
			one, two := part("one", 1, "a"), part("two", 2, "a")
			one.Results[0].Verdict, one.Results[0].Started = c.first, time.Unix(1, 0)
			two.Results[0].Verdict, two.Results[0].Started = c.second, time.Unix(2, 0)
			if turned {
				one.Results, two.Results = two.Results, one.Results
			}
			m, err := Merge(one, two)
			require.NoError(t, err)
			require.Len(t, m.Results, 1)
			assert.Equal(t, c.want, m.Results[0].Verdict, c)
		}
	}
}

func TestMergeRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*Part)
		want  string
	}{
		"a whole":          {func(p *Part) { p.Shard = Shard{} }, "two: is of a whole suite, not of a shard; name the files of shards alone"},
		"another suite":    {func(p *Part) { p.Suite = "park" }, "two: is of another suite than one; that is zoo, this is park"},
		"another digest":   {func(p *Part) { p.Digest = "e" }, "two: is of another state of the suite than one; all shards must read the same description"},
		"another run":      {func(p *Part) { p.ID = "n2" }, "two: is of another run than one; that is n1, this is n2"},
		"another division": {func(p *Part) { p.Shard.Count = 3 }, "two: is of another division than one; that is shard 1/2, this is 2/3"},
		"no such shard":    {func(p *Part) { p.Shard.Index = 3 }, "two: is of shard 3/2, which there is not"},
	} {
		t.Run(name, func(t *testing.T) {
			two := part("two", 2, "b")
			c.spoil(&two)
			_, err := Merge(part("one", 1, "a"), two)
			assert.ErrorContains(t, err, c.want)
		})
	}
	_, err := Merge()
	assert.ErrorContains(t, err, "nothing to merge")
	whole := part("one", 1, "a")
	whole.Shard = Shard{}
	_, err = Merge(whole)
	assert.ErrorContains(t, err, "one: is of a whole suite")
}
