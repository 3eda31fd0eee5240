package store

import (
	"context"
	"database/sql"
)

// Prune takes out all but the latest runs of each suite, and gives the room back. It
// tells how many nights, shards counted one by one, it took out.
func (s *Store) Prune(ctx context.Context, keep int) (nights int, err error) {
	err = s.write(ctx, func(t *session) error {
		all, _, err := t.nights(ctx, "")
		if err != nil {
			return err
		}
		kept := make(map[[2]string]bool) // runs, by suite and ID
		runs := make(map[string]int)     // of each suite
		var old []int64
		for i := len(all) - 1; i >= 0; i-- {
			n := all[i]
			run := [2]string{n.Suite, n.ID}
			if !kept[run] && runs[n.Suite] < keep {
				kept[run] = true
				runs[n.Suite]++
			}
			if !kept[run] {
				old = append(old, n.Seq)
			}
		}
		nights = len(old)
		return t.prune(ctx, old)
	})
	if err == nil && nights > 0 && s.dialect.shrink() != "" {
		_, err = s.db.ExecContext(ctx, s.dialect.shrink())
	}
	return nights, s.explain("cannot be pruned", err)
}

// prune takes out nights, and what no other refers to.
func (t *session) prune(ctx context.Context, old []int64) error {
	if len(old) == 0 {
		return nil
	}
	if err := t.drop(ctx, old); err != nil {
		return err
	}
	for _, orphans := range []string{
		"legs WHERE id NOT IN (SELECT leg FROM points)",
		"checks WHERE id NOT IN (SELECT check_id FROM results) AND id NOT IN (SELECT check_id FROM legs)",
		`texts WHERE id NOT IN (SELECT checks FROM nights UNION SELECT summary FROM results UNION SELECT files FROM results
			UNION SELECT uncovered FROM results UNION SELECT rest FROM results)`,
	} {
		if err := t.exec(ctx, "DELETE FROM "+orphans); err != nil {
			return err
		}
	}
	return nil
}

// Size gives the bytes that the database takes.
func (s *Store) Size(ctx context.Context) (bytes int64, err error) {
	err = s.read(ctx, func(t *session) error {
		var size sql.Null[int64]
		err := t.row(ctx, s.dialect.size()).Scan(&size)
		bytes = size.V
		return err
	})
	return bytes, s.explain("cannot be measured", err)
}
