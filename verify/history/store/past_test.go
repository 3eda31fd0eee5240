package store

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/history"
	"github.com/seed06459138/torchgo/verify/night"
)

// told writes the changes of a night as lines.
func told(t *testing.T, s *Store, suite, id string) (lines []string) {
	t.Helper()
	past, err := s.Past(t.Context(), suite, id)
	require.NoError(t, err)
	for _, c := range history.Judge(past).Changes {
		lines = append(lines, fmt.Sprintf("%s %s: %s", c.Weight, c.Subject(), c.Text()))
	}
	return lines
}

func TestRulesOnWhatIsKept(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		for i := 1; i <= 10; i++ {
			take(t, s, nightOf(i, "bad", "big", "good", "gone", "slow", "worse"))
		}
		last := nightOf(11, "bad", "big", "fresh", "good", "idle", "slow", "worse")
		last.Results = append(last.Results[:4], last.Results[5:]...) // without idle
		last.End.Stopped = "interrupted"
		result := func(check string) *night.Result {
			for i := range last.Results {
				if last.Results[i].Check == check {
					return &last.Results[i]
				}
			}
			return nil
		}
		bad := result("bad")
		bad.Verdict, bad.Summary, bad.Uncovered = verify.Inconsistent, "inconsistent: mask is not in the state", []string{"mask"}
		bad.Files = []verify.File{{Role: "state", Path: "bad.pt", SHA256: "11"}}
		big := result("big")
		big.Peak = 2e9
		worse := result("worse")
		worse.Legs[1].MaxAbs, worse.Legs[1].Share = 1e-6, 1
		slow := result("slow")
		slow.Legs[0].P50 = 0.02
		take(t, s, last)
		want := []string{
			"worse bad: consistent → inconsistent: mask is not in the state (1 tensor newly not covered by the state: mask); on box",
			"worse worse, leg state on cuda:0: max |Δ| 1e-07 → 1e-06: up to 100 % of the tolerance; on box",
			"worse slow, leg scripted on cpu: p50 10.1 ms → 20 ms, +99 % on the median of 7 nights; on box",
			"worse big: peak memory 1.0 GB → 2.0 GB, +100 % on the median of 7 nights; on box",
			"open : 1 check not run (interrupted): idle",
			"note fresh: is new; on box",
			"note gone: consistent → not in this night: no longer in the suite, or not selected",
			"note bad: other bytes at the same commit: state bad.pt (00 → 11); on box",
		}
		got := told(t, s, "", "")
		require.Len(t, got, len(want), "%q", got)
		for i := range want {
			if i != 2 { // whose numbers have noise
				assert.Equal(t, want[i], got[i])
			}
		}
		assert.Contains(t, got[2], "slow, leg scripted on cpu: p50 10")
		assert.Empty(t, told(t, s, "zoo", "n10"))
		_, err := s.Past(t.Context(), "zoo", "n12")
		assert.ErrorContains(t, err, `there is no night "n12"; verify history lists the nights`)
		_, err = s.Past(t.Context(), "nowhere", "")
		assert.ErrorContains(t, err, `there is no night of a suite "nowhere"`)
	})
}

// What the database leaves out makes no difference to the rules.
func TestRulesSeeTheSameAsInFiles(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		a, b := nightOf(1, "a", "b"), nightOf(2, "a", "b")
		for _, n := range []*night.Night{a, b} {
			n.Results[0].Verdict, n.Results[0].Summary, n.Results[0].Uncovered = verify.Inconsistent, "inconsistent: x", []string{"x"}
		}
		b.Results[1].Uncovered = []string{"y"}
		take(t, s, a, b)
		past, err := s.Past(t.Context(), "", "")
		require.NoError(t, err)
		want := []string{"1 tensor newly not covered by the state: y; on box", "inconsistent: x; since night n1; on box"}
		var got []string
		for _, c := range history.Judge(past).Changes {
			got = append(got, c.Text())
		}
		assert.Equal(t, want, got)
	})
}

// Each hardware has its own earlier nights, however many others lie between.
func TestNightsOfTheSameHardware(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		for i := 1; i <= 30; i++ {
			n := nightOf(i, "a")
			if i%3 != 0 {
				n.Machine.CPU, n.Results[0].Legs[0].P50 = "slow", 0.1
			}
			take(t, s, n)
		}
		past, err := s.Past(t.Context(), "", "")
		require.NoError(t, err)
		count := 0
		for _, n := range past.Nights {
			if n.Machines[0].CPU == "cpu" {
				count++
			}
		}
		assert.Equal(t, history.Window+1, count)
		assert.Equal(t, "n29", past.Nights[len(past.Nights)-2].ID)
		assert.Empty(t, history.Judge(past).Changes)
	})
}

func TestShardsAreOneNight(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		for i := 1; i <= 3; i++ {
			for shard, check := range []string{"a", "b"} {
				n := nightOf(i, check)
				n.Shard = night.Shard{Index: shard + 1, Count: 2}
				n.Machine.Host = fmt.Sprint("box", shard)
				if i == 3 && check == "a" {
					n.Results[0].Verdict, n.Results[0].Summary = verify.Unanswered, "unanswered: it crashed"
				}
				take(t, s, n)
			}
		}
		assert.Equal(t, []string{"worse a: consistent → unanswered: it crashed; on box0"}, told(t, s, "zoo", ""))
	})
}

func TestCourseOfACheck(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		nights := []*night.Night{nightOf(1, "a", "b"), nightOf(2, "b"), nightOf(3, "a", "b")}
		nights[2].Results[0].Verdict, nights[2].Results[0].Summary = verify.Inconsistent, "inconsistent: why"
		take(t, s, nights...)
		c, err := s.Course(t.Context(), "zoo", "a")
		require.NoError(t, err)
		require.Len(t, c.Turns, 2)
		assert.Equal(t, "a", c.Check)
		for i, n := range []*night.Night{nights[0], nights[2]} {
			turn, r := &c.Turns[i], &n.Results[0]
			assert.Equal(t, n.ID, turn.Night.ID)
			assert.Equal(t, "box", turn.On.Host)
			assert.Equal(t, r.Verdict, turn.Verdict)
			assert.Equal(t, r.Files, turn.Files)
			assert.Equal(t, r.Seconds, turn.Seconds)
			assert.Len(t, turn.Legs, 3)
			assert.Equal(t, r.Legs[1].P50, turn.Leg("state", "cuda:0").P50)
		}
		assert.Equal(t, "inconsistent: why", c.Turns[1].Summary)
		_, err = s.Course(t.Context(), "zoo", "c")
		assert.ErrorContains(t, err, `suite zoo has no check "c"`)
	})
}
