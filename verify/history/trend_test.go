package history

import (
	"bytes"
	"math"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/night"
)

func TestSpark(t *testing.T) {
	nan := math.NaN()
	for name, c := range map[string]struct {
		values      []float64
		columns     int
		logarithmic bool
		want        string
	}{
		"rising":        {[]float64{1, 2, 3, 4, 5, 6, 7, 8}, 8, false, "▁▂▃▄▅▆▇█"},
		"flat":          {[]float64{100, 101, 100, 100.5}, 4, false, "▁▁▁▁"},
		"equal":         {[]float64{3, 3}, 4, false, "▁▁"},
		"zeros":         {[]float64{0, 0}, 4, false, "▁▁"},
		"nothing":       {nil, 4, false, ""},
		"gaps":          {[]float64{1, nan, 8}, 4, false, "▁ █"},
		"worst of many": {[]float64{1, 8, 1, 1, nan, 1}, 3, false, "█▁▁"},
		"powers":        {[]float64{1e-7, 1.5e-7, 1e-5, 1e-3}, 4, true, "▁▁▄█"},
		"no error":      {[]float64{0, 1e-7, math.Inf(1)}, 4, true, "▁▁!"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.want, Spark(c.values, c.columns, c.logarithmic))
		})
	}
}

// course is one with something of everything.
func course() *Course {
	results := legs(shares(1e-6, 1e-5, 0.02, 0.02, 0.02, 0.5, 0.5)...)
	for i := range results {
		results[i].Peak = 1e9
		results[i].Legs[0].P50 = 0.01 + 0.001*float64(i)
		results[i].Files = []verify.File{{Role: "state", Path: "m.pt", SHA256: "aaaaaaaaaa"}}
	}
	results[2].Verdict, results[2].Summary = verify.Inconsistent, "inconsistent: fc.bias is not in the state"
	results[4].Verdict, results[4].Summary, results[4].Legs = verify.Unanswered, "unanswered: the process crashed: SIGSEGV", nil
	results[4].Files = []verify.File{{Role: "state", Path: "m.pt", SHA256: "bbbbbbbbbb"}}
	p := past(results...)
	c := &p.Courses[0]
	c.Turns[1].On = NewMachine(night.Machine{Host: "box", CPU: "cpu", Libtorch: "2.16.0"})
	return c
}

func TestCourseAsText(t *testing.T) {
	var text bytes.Buffer
	require.NoError(t, course().WriteText(&text, "zoo"))
	assert.Equal(t, `m of zoo: unanswered, 5 nights since 1970-01-01

verdict       ✓✓✗✓?
state on cpu
  max |Δ|     ▁▁▁▆   5e-07 (2e-08 … 5e-07)
  p50         ▁▃▆█   13 ms (10 ms … 13 ms)
the process
  memory      ▁▁▁▁▁  1.0 GB

  1970-01-01 n1           consistent
  1970-01-02 n2           libtorch 2.15.0 → 2.16.0
! 1970-01-03 n3           inconsistent: fc.bias is not in the state
  1970-01-03 n3           libtorch 2.16.0 → 2.15.0
  1970-01-04 n4           consistent
! 1970-01-04 n4           leg state on cpu: max |Δ| 2e-08 → 5e-07: up to 50 % of
                          the tolerance
! 1970-01-05 n5           unanswered: the process crashed: SIGSEGV
  1970-01-05 n5           other bytes: state m.pt (aaaaaaaa → bbbbbbbb)
`, text.String())
	for line := range bytes.Lines(text.Bytes()) {
		assert.LessOrEqual(t, utf8.RuneCount(line), 81, "%s", line)
	}
}

func TestTrends(t *testing.T) {
	c := course()
	c.Turns[0].Legs[0].MaxAbs = verify.Number(math.NaN())
	c.Turns[4].Legs = []night.Leg{{Name: "state", Same: new(bool)}} // which failed before it had a device
	trends := c.Trends()
	require.Len(t, trends, 3)
	assert.Equal(t, []What{MaxError, P50, Peak}, []What{trends[0].What, trends[1].What, trends[2].What})
	assert.True(t, math.IsInf(trends[0].Values[0], 1)) // what is no number is the worst
	assert.True(t, math.IsNaN(trends[0].Values[4]))
	last, least, greatest, ok := trends[1].Last()
	assert.InDeltaSlice(t, []float64{0.013, 0.01, 0.013}, []float64{last, least, greatest}, 1e-9)
	assert.True(t, ok)
}
