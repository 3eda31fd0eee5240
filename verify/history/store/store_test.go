package store

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/history"
	"github.com/seed06459138/torchgo/verify/night"
)

// backends are the databases that tests run on, each empty for each test.
var backends = map[string]func(t *testing.T) string{
	"sqlite":   func(t *testing.T) string { return filepath.Join(t.TempDir(), "made", "history ?#%.db") },
	"postgres": newDatabase,
}

// onEach runs a test on an empty history in each database.
func onEach(t *testing.T, test func(t *testing.T, s *Store)) {
	for name, where := range backends {
		t.Run(name, func(t *testing.T) {
			s, err := Create(t.Context(), where(t))
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, s.Close()) })
			test(t, s)
		})
	}
}

var box = night.Machine{Host: "box", Platform: "linux/amd64", CPU: "cpu", Libtorch: "2.15.0", Devices: []night.Device{{Name: "cuda:0", Model: "H100", Driver: "570.1"}}}

// nightOf makes the night n1, n2, … with a result of each check, all of it set by a seed.
func nightOf(number int, checks ...string) *night.Night {
	r := rand.New(rand.NewPCG(uint64(number), 1))
	n := &night.Night{Header: night.Header{
		Schema: night.Schema, ID: fmt.Sprint("n", number), Suite: "zoo", Digest: "d", Started: time.Date(2026, 11, number, 2, 0, 0, 5, time.UTC),
		Commit: "c", Checks: checks, Total: len(checks), Machine: box, Others: []night.Machine{}, Against: "records",
	}, End: &night.End{Ended: time.Date(2026, 11, number, 3, 0, 0, 0, time.UTC), Seconds: 3600, Notes: []string{"a <note>"}}}
	yes, no := true, false
	for i, check := range checks {
		n.Results = append(n.Results, night.Result{
			Check: check, Tags: []string{"vision"}, Verdict: verify.Consistent, Summary: "consistent",
			Findings: []verify.Finding{{Code: verify.StatePrefix, Text: "a prefix & more"}}, Files: []verify.File{{Role: "state", Path: check + ".pt", SHA256: "00"}},
			Legs: []night.Leg{{Name: "scripted", Kind: "scripted", Device: "cpu", Libtorch: "2.15.0", P50: 0.01 + 0.0001*r.Float64()},
				{Name: "state", Kind: "state", Device: "cuda:0", Libtorch: "2.15.0", Same: &yes, MaxAbs: 1e-7, MaxRel: 1e-6, Share: 0.1, P50: 0.001, Peak: 1 << 33},
				{Name: "onnx", Same: &no, MaxAbs: verify.Number(math.Inf(1)), MaxRel: verify.Number(math.NaN()), Share: 7, Error: "failed"}},
			Uncovered: []string{}, Devices: []string{"cpu"}, Started: n.Started.Add(time.Duration(i) * time.Second), Seconds: r.Float64(), Peak: 1e9, Attempts: nil,
		})
	}
	return n
}

// equalNights compares by the text, in which NaN equals NaN.
func equalNights(t *testing.T, want, got *night.Night) {
	t.Helper()
	var a, b bytes.Buffer
	require.NoError(t, want.Write(&a))
	require.NoError(t, got.Write(&b))
	assert.Equal(t, a.String(), b.String())
}

func take(t *testing.T, s *Store, nights ...*night.Night) {
	t.Helper()
	for _, n := range nights {
		outcome, err := s.Take(t.Context(), n)
		require.NoError(t, err)
		require.Equal(t, Added, outcome)
	}
}

func exported(t *testing.T, s *Store) (all []*night.Night) {
	t.Helper()
	for n, err := range s.Export(t.Context(), "", "") {
		require.NoError(t, err)
		all = append(all, n)
	}
	return all
}

func TestNightsComeOutAsTheyWere(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		plain, killed, odd := nightOf(1, "b", "a"), nightOf(2, "a", "b", "c"), nightOf(3, "x")
		killed.Results, killed.End = killed.Results[:1], nil
		odd.Results[0].Started, odd.Results[0].Legs, odd.Results[0].Uncovered, odd.Others = time.Time{}, nil, nil, nil
		odd.Shard, odd.Checks, odd.Machine.Devices = night.Shard{Index: 2, Count: 3}, nil, nil
		other := nightOf(4, "a")
		other.Suite = `an "other" suite`
		take(t, s, plain, killed, odd, other)
		all := exported(t, s)
		require.Len(t, all, 4)
		for i, want := range []*night.Night{plain, killed, odd, other} {
			equalNights(t, want, all[i])
		}
	})
}

func TestTimesComeOutInUTC(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		n := nightOf(1, "a")
		east := time.FixedZone("", 3600)
		n.Started, n.Results[0].Started = n.Started.In(east), n.Results[0].Started.In(east)
		take(t, s, n)
		outcome, err := s.Take(t.Context(), exported(t, s)[0])
		require.NoError(t, err)
		assert.Equal(t, Known, outcome)
		equalNights(t, nightOf(1, "a"), exported(t, s)[0])
	})
}

func TestTakingInTwice(t *testing.T) {
	shard := func(number, index int, checks ...string) *night.Night {
		n := nightOf(number, checks...)
		n.Shard = night.Shard{Index: index, Count: 2}
		return n
	}
	first := nightOf(1, "a", "b")
	less, more := nightOf(1, "a", "b"), nightOf(1, "a", "b", "c")
	less.Results, less.End = less.Results[:1], nil
	merged, err := night.Merge(night.Part{Path: "1", Night: shard(1, 1, "a")}, night.Part{Path: "2", Night: shard(1, 2, "b")})
	require.NoError(t, err)
	for name, c := range map[string]struct {
		before  []*night.Night
		n       *night.Night
		want    Outcome
		results int
		nights  int
	}{
		"the same":               {[]*night.Night{first}, first, Known, 2, 1},
		"resumed":                {[]*night.Night{less}, first, Replaced, 2, 1},
		"grown":                  {[]*night.Night{first}, more, Replaced, 3, 1},
		"of before it resumed":   {[]*night.Night{first}, less, Kept, 2, 1},
		"another shard":          {[]*night.Night{shard(1, 1, "a")}, shard(1, 2, "b"), Added, 2, 2},
		"merged":                 {[]*night.Night{shard(1, 1, "a"), shard(1, 2, "b")}, merged, Replaced, 2, 1},
		"merged with less":       {[]*night.Night{shard(1, 1, "a", "c", "d"), shard(1, 2, "b")}, merged, Kept, 4, 2},
		"a shard of what merged": {[]*night.Night{merged}, shard(1, 1, "a"), Known, 2, 1},
		"another suite":          {[]*night.Night{{Header: night.Header{ID: "n1", Suite: "other"}}}, first, Added, 2, 2},
	} {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, s *Store) {
				take(t, s, c.before...)
				outcome, err := s.Take(t.Context(), c.n)
				require.NoError(t, err)
				assert.Equal(t, c.want, outcome)
				results, all := 0, exported(t, s)
				for _, n := range all {
					results += len(n.Results)
				}
				assert.Len(t, all, c.nights)
				assert.Equal(t, c.results, results)
			})
		})
	}
}

// A night keeps its place when more of it is taken in later.
func TestReplacedNightKeepsItsPlace(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		take(t, s, nightOf(1, "a"), nightOf(2, "a"))
		outcome, err := s.Take(t.Context(), nightOf(1, "a", "b"))
		require.NoError(t, err)
		assert.Equal(t, Replaced, outcome)
		nights, err := s.Nights(t.Context(), "zoo")
		require.NoError(t, err)
		require.Len(t, nights, 2)
		assert.Equal(t, []string{"n1", "n2"}, []string{nights[0].ID, nights[1].ID})
	})
}

// Two machines that call their nights alike must not replace each other's.
func TestTwoMachinesOfOneName(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		take(t, s, nightOf(1, "a"))
		other := nightOf(1, "a")
		other.Machine.Host, other.Started = "other", other.Started.Add(time.Minute)
		_, err := s.Take(t.Context(), other)
		assert.ErrorContains(t, err, "night n1 of zoo is there from another machine, box, and this one is from other; give the runs of each machine names of their own")
		equalNights(t, nightOf(1, "a"), exported(t, s)[0])
		again := nightOf(1, "a", "b")
		again.Started = again.Started.Add(time.Minute)
		outcome, err := s.Take(t.Context(), again)
		require.NoError(t, err)
		assert.Equal(t, Replaced, outcome)
	})
}

func TestWhatCannotBeTakenIn(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		twice, legs := nightOf(1, "a", "a"), nightOf(1, "a")
		legs.Results[0].Legs = append(legs.Results[0].Legs, legs.Results[0].Legs[0])
		for want, n := range map[string]*night.Night{
			"check a has two results": twice, "check a has two legs scripted": legs, "without an ID": {},
		} {
			_, err := s.Take(t.Context(), n)
			var known *Error
			assert.ErrorAs(t, err, &known)
			assert.ErrorContains(t, err, want)
		}
		assert.Empty(t, exported(t, s))
	})
}

func TestNightsAreListed(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		n := nightOf(1, "a", "b", "c")
		n.Results[1].Verdict, n.Results[2].Verdict = verify.Inconsistent, verify.Unstable
		n.Checks, n.End.Stopped = append(n.Checks, "d"), "interrupted"
		n.Others = []night.Machine{{Host: "other"}}
		take(t, s, n)
		nights, err := s.Nights(t.Context(), "")
		require.NoError(t, err)
		require.Len(t, nights, 1)
		assert.Equal(t, &history.Night{
			Seq: nights[0].Seq, Suite: "zoo", ID: "n1", Started: n.Started, Seconds: 3600, Commit: "c", Missing: 1, Stopped: "interrupted",
			Counts:   map[verify.Verdict]int{verify.Consistent: 1, verify.Inconsistent: 1, verify.Unstable: 1, verify.Unanswered: 0},
			Machines: []*history.Machine{history.NewMachine(box), history.NewMachine(night.Machine{Host: "other"})},
		}, nights[0])
		suites, err := s.Suites(t.Context())
		require.NoError(t, err)
		assert.Equal(t, []string{"zoo"}, suites)
	})
}

func TestOpenNeedsAHistory(t *testing.T) {
	for name, where := range backends {
		t.Run(name, func(t *testing.T) {
			_, err := Open(context.Background(), where(t))
			assert.ErrorIs(t, err, ErrNone)
			assert.ErrorContains(t, err, "verify history import")
		})
	}
}
