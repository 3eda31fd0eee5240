package store

import (
	"context"
	"flag"
	"fmt"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/verify/history"
)

var (
	scaleChecks = flag.Int("checks", 10_000, "checks of the suite that is measured")
	scaleNights = flag.Int("nights", 1_000, "nights of it in the history")
)

// fill makes a long history of one night: by the database itself, which is faster than
// taking nights in. Every number has noise of some percent.
func fill(b *testing.B, s *Store, nights int) {
	for _, statement := range []string{
		`INSERT INTO nights (suite, id, shard, shards, started, commit_id, machine, others, header, checks, ending, consistent, inconsistent, unstable, unanswered, missing, digest)
			WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < ` + fmt.Sprint(nights) + `)
			SELECT suite, 'n' || i, 0, 0, strftime('%Y-%m-%dT%H:%M:%SZ', 1700000000 + 86400 * i, 'unixepoch'), commit_id, machine, others, header, checks, ending, consistent, inconsistent, unstable, unanswered, missing, digest
			FROM n, nights WHERE seq = 1`,
		`INSERT INTO results SELECT n.seq, r.check_id, r.place, r.machine, r.verdict, r.summary, r.files, r.uncovered, r.rest, r.started, r.seconds, r.peak + abs(random() % 10000000)
			FROM nights n CROSS JOIN results r WHERE n.seq > 1 AND r.night = 1 ORDER BY n.seq, r.check_id`,
		`INSERT INTO points SELECT n.seq, p.leg, p.same, p.max_abs * (1 + abs(random() % 100) / 1e3), p.max_rel, p.share, p.p50 * (1 + abs(random() % 100) / 1e3), p.peak
			FROM nights n CROSS JOIN points p WHERE n.seq > 1 AND p.night = 1 ORDER BY n.seq, p.leg`,
		"PRAGMA optimize",
	} {
		_, err := s.db.Exec(statement)
		require.NoError(b, err)
	}
}

// processorTime reports the time of processors besides that of the clock, which says
// little on a busy machine.
func processorTime(b *testing.B) func() {
	used := func() time.Duration {
		var r syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
			b.Fatal(err)
		}
		return time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	began := used()
	return func() { b.ReportMetric(float64((used()-began).Milliseconds())/float64(b.N), "cpu-ms/op") }
}

// BenchmarkScale measures a history of many nights: listing them, the rules on the last
// night, one check through all nights, and taking another night in.
func BenchmarkScale(b *testing.B) {
	path := filepath.Join(b.TempDir(), "history.db")
	s, err := Create(context.Background(), path)
	require.NoError(b, err)
	defer s.Close()
	checks := make([]string, *scaleChecks)
	for i := range checks {
		checks[i] = fmt.Sprintf("model_%d", i)
	}
	_, err = s.db.Exec("PRAGMA synchronous = OFF")
	require.NoError(b, err)
	_, err = s.Take(b.Context(), nightOf(1, checks...))
	require.NoError(b, err)
	fill(b, s, *scaleNights)
	size, err := s.Size(b.Context())
	require.NoError(b, err)
	b.Run("list", func(b *testing.B) {
		defer processorTime(b)()
		for b.Loop() {
			nights, err := s.Nights(b.Context(), "zoo")
			require.NoError(b, err)
			require.Len(b, nights, *scaleNights)
		}
		b.ReportMetric(float64(size)/1e9, "GB")
	})
	b.Run("rules", func(b *testing.B) {
		defer processorTime(b)()
		for b.Loop() {
			past, err := s.Past(b.Context(), "zoo", "")
			require.NoError(b, err)
			r := history.Judge(past)
			require.Equal(b, *scaleChecks, r.Checks)
			require.Equal(b, min(history.Window, *scaleNights-1), r.Nights)
		}
	})
	b.Run("model", func(b *testing.B) {
		defer processorTime(b)()
		for b.Loop() {
			course, err := s.Course(b.Context(), "zoo", checks[len(checks)/2])
			require.NoError(b, err)
			require.Len(b, course.Turns, *scaleNights)
		}
	})
	number := *scaleNights
	b.Run("take", func(b *testing.B) {
		defer processorTime(b)()
		for b.Loop() {
			number++
			_, err := s.Take(b.Context(), nightOf(number, checks...))
			require.NoError(b, err)
		}
	})
}
