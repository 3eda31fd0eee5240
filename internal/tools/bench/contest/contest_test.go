package contest

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// answering gives a line for each that it reads.
func answering(name string, lines ...string) Program {
	return Program{Name: name, Command: append([]string{"sh", "-c", `for line; do read -r _ && echo "$line"; done`, name}, lines...)}
}

func TestTurns(t *testing.T) {
	c := Contest{
		Title:  "adding",
		Unit:   Microseconds,
		Rounds: 2,
		Turns:  3, // after the first
		Programs: []Program{
			answering("ours", "9999", "3000", "1000", "2000"),
			answering("fast", "9999", "1500", "500", "1000"),
			answering("slow", "9999", "4e3", "8e3", "4e3"),
		},
		Limits: map[string]float64{"fast": 1.5, "slow": 0.5},
	}
	r, err := c.Run()
	require.NoError(t, err)
	assert.Equal(t, []float64{3000, 1000, 2000, 3000, 1000, 2000}, r.times[0])
	assert.Equal(t, 2000.0, r.Median(0))
	assert.Equal(t, 1000.0, r.Median(1))
	assert.Positive(t, r.memory[2])
	lines := strings.Split(r.String(), "\n")
	assert.Equal(t, "adding (µs)", lines[0])
	assert.Contains(t, lines[1], "2.000   from 1.000 to 3.000")
	assert.NotContains(t, lines[1], "ours/")
	assert.Contains(t, lines[2], "ours/fast 2.000 (least 2.000), ABOVE 1.500")
	assert.Contains(t, lines[3], "ours/slow 0.500 (least 0.250), within 0.500")
}

func TestWholeProcess(t *testing.T) {
	r, err := Contest{Unit: Milliseconds, Rounds: 3, Programs: []Program{{Name: "sleep", Command: []string{"sleep", "0.02"}}}}.Run()
	require.NoError(t, err)
	assert.GreaterOrEqual(t, r.Median(0), 20e6)
	assert.Len(t, r.times[0], 3, "a time for each round")
	assert.Positive(t, r.memory[0])
}

// A turn in which all were slow does not change the ratio.
func TestRatioOfTurns(t *testing.T) {
	r := Result{
		Contest{Unit: Microseconds, Programs: []Program{{Name: "ours"}, {Name: "theirs"}}, Excess: map[string]time.Duration{"theirs": 500}},
		[][]float64{{2000, 2100, 8000}, {1000, 1050, 4000}},
		make([]int64, 2),
	}
	assert.Equal(t, 2.0, r.Ratio(1))
	assert.Equal(t, 1050.0, r.Difference(1))
	assert.Contains(t, r.String(), "ours−theirs 1050 ns, ABOVE 500 ns")
}

func TestMemory(t *testing.T) {
	r := Result{Contest{Unit: Milliseconds, Programs: []Program{{Name: "ours"}, {Name: "theirs"}}, Memory: 2 << 20}, [][]float64{{1e6}, {1e6}}, []int64{3 << 20, 4 << 20}}
	lines := strings.Split(r.String(), "\n")
	assert.Contains(t, lines[1], "3 MB, ABOVE 2 MB")
	assert.NotContains(t, lines[2], "ABOVE")
}

func TestFailures(t *testing.T) {
	for name, c := range map[string]struct {
		program Program
		says    string
	}{
		"exit status": {Program{"p", []string{"sh", "-c", "echo no luck >&2; exit 3"}}, "no luck"},
		"not there":   {Program{"p", []string{"./no-such-program"}}, "no-such-program"},
		"no number":   {answering("p", "fast"), `printed "fast`},
		"too early":   {answering("p", "1"), "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Contest{Rounds: 1, Turns: 1, Programs: []Program{c.program}}.Run()
			assert.ErrorContains(t, err, c.says)
		})
	}
}
