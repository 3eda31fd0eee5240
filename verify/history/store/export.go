package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"github.com/seed06459138/torchgo/verify/history"
	"github.com/seed06459138/torchgo/verify/night"
)

// Export gives nights as they were taken in, times in UTC, in that order: of a suite and
// ID, or all where one is "". What cannot be read, as of a damaged database, is an error
// in the place of that night, and the sequence goes on.
func (s *Store) Export(ctx context.Context, suite, id string) iter.Seq2[*night.Night, error] {
	return func(yield func(*night.Night, error) bool) {
		nights, err := s.Nights(ctx, suite)
		for _, n := range nights { // those that came before an error, too
			if id != "" && n.ID != id {
				continue
			}
			whole, err := s.night(ctx, n)
			if !yield(whole, err) || ctx.Err() != nil {
				return
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// night reads a night as a whole.
func (s *Store) night(ctx context.Context, of *history.Night) (n *night.Night, err error) {
	err = s.read(ctx, func(t *session) error {
		n, err = t.night(ctx, of)
		return err
	})
	return n, s.explain(fmt.Sprintf("night %s cannot be read", of.ID), err)
}

func (t *session) night(ctx context.Context, of *history.Night) (*night.Night, error) {
	n := &night.Night{}
	var header, checks []byte
	var ending sql.Null[[]byte]
	if err := t.row(ctx, "SELECT n.header, x.body, n.ending FROM nights n JOIN texts x ON x.id = n.checks WHERE n.seq = ?", of.Seq).Scan(&header, &checks, &ending); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(header, &n.Header); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(checks, &n.Checks); err != nil {
		return nil, err
	}
	if ending.Valid {
		n.End = &night.End{}
		if err := json.Unmarshal(ending.V, n.End); err != nil {
			return nil, err
		}
	}
	n.Machine = of.Machines[0].Machine
	for _, m := range of.Machines[1:] {
		n.Others = append(n.Others, m.Machine)
	}
	legs, err := t.points(ctx, of.Seq)
	if err != nil {
		return nil, err
	}
	if err := t.results(ctx, n, of.Seq, legs); err != nil {
		return nil, err
	}
	want := 0
	for _, count := range of.Counts {
		want += count
	}
	if len(n.Results) < want {
		return nil, fmt.Errorf("%w: %d of %d results are missing", ErrDamaged, want-len(n.Results), want)
	}
	return n, nil
}

// points reads the numbers of all legs of a night.
func (t *session) points(ctx context.Context, seq int64) (map[legKey]night.Leg, error) {
	legs := make(map[legKey]night.Leg)
	err := t.each(ctx, func(rows *sql.Rows) error {
		var key legKey
		var l night.Leg
		var same sql.Null[int64]
		var maxAbs, maxRel, share sql.Null[float64]
		if err := rows.Scan(&key.check, &key.name, &key.kind, &key.device, &key.libtorch, &same, &maxAbs, &maxRel, &share, &l.P50, &l.Peak); err != nil {
			return err
		}
		if same.Valid {
			l.Same = new(bool)
			*l.Same = same.V != 0
		}
		l.MaxAbs, l.MaxRel, l.Share = numberOf(maxAbs), numberOf(maxRel), numberOf(share)
		legs[key] = l
		return nil
	}, `SELECT c.name, l.name, l.kind, l.device, l.libtorch, p.same, p.max_abs, p.max_rel, p.share, p.p50, p.peak
		FROM points p JOIN legs l ON l.id = p.leg JOIN checks c ON c.id = l.check_id WHERE p.night = ?`, seq)
	return legs, err
}

// results reads all results of a night.
func (t *session) results(ctx context.Context, n *night.Night, seq int64, legs map[legKey]night.Leg) error {
	return t.each(ctx, func(rows *sql.Rows) error {
		var check, verdict string
		var summary, files, uncovered, rest []byte
		var started sql.Null[int64]
		var seconds float64
		var peak int64
		if err := rows.Scan(&check, &verdict, &summary, &files, &uncovered, &rest, &started, &seconds, &peak); err != nil {
			return err
		}
		var r night.Result
		for _, part := range []struct {
			body []byte
			into any
		}{{rest, &r}, {summary, &r.Summary}, {files, &r.Files}, {uncovered, &r.Uncovered}} {
			if err := json.Unmarshal(part.body, part.into); err != nil {
				return fmt.Errorf("check %s: %w", check, err)
			}
		}
		r.Check, r.Verdict, r.Seconds, r.Peak = check, verdictOf(verdict), seconds, peak
		if started.Valid {
			r.Started = time.Unix(0, started.V).UTC()
		}
		for i := range r.Legs {
			l := &r.Legs[i]
			p, there := legs[keyOf(check, l)]
			if !there {
				return fmt.Errorf("%w: the numbers of leg %s of check %s are missing", ErrDamaged, l.Name, check)
			}
			l.Same, l.MaxAbs, l.MaxRel, l.Share, l.P50, l.Peak = p.Same, p.MaxAbs, p.MaxRel, p.Share, p.P50, p.Peak
		}
		n.Results = append(n.Results, r)
		return nil
	}, `SELECT c.name, r.verdict, s.body, f.body, u.body, x.body, r.started, r.seconds, r.peak
		FROM results r JOIN checks c ON c.id = r.check_id JOIN texts s ON s.id = r.summary JOIN texts f ON f.id = r.files
		JOIN texts u ON u.id = r.uncovered JOIN texts x ON x.id = r.rest WHERE r.night = ? ORDER BY r.place`, seq)
}
