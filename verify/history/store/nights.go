package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/history"
	"github.com/seed06459138/torchgo/verify/night"
)

// Nights lists the nights of a suite in the order in which they were taken in; of all
// suites when it is "". With an error come those that were read before it.
func (s *Store) Nights(ctx context.Context, suite string) (nights []*history.Night, err error) {
	err = s.read(ctx, func(t *session) error {
		nights, _, err = t.nights(ctx, suite)
		return err
	})
	return nights, s.explain("nights cannot be listed", err)
}

// nights also gives all machines, by their id.
func (t *session) nights(ctx context.Context, suite string) (nights []*history.Night, machines map[int64]*history.Machine, err error) {
	machines = make(map[int64]*history.Machine)
	if err := t.each(ctx, func(rows *sql.Rows) error {
		var id int64
		var body []byte
		if err := rows.Scan(&id, &body); err != nil {
			return err
		}
		var m night.Machine
		err := json.Unmarshal(body, &m)
		machines[id] = history.NewMachine(m)
		return err
	}, "SELECT id, body FROM machines"); err != nil {
		return nil, nil, err
	}
	query, args := "", []any{}
	if suite != "" {
		query, args = "WHERE suite = ? ", []any{suite}
	}
	err = t.each(ctx, func(rows *sql.Rows) error {
		n := &history.Night{}
		var started string
		var machine int64
		var others, ending sql.Null[[]byte]
		var yes, no, unstable, unanswered int
		if err := rows.Scan(&n.Seq, &n.Suite, &n.ID, &n.Shard.Index, &n.Shard.Count, &started, &n.Commit, &machine, &others, &ending, &yes, &no, &unstable, &unanswered, &n.Missing); err != nil {
			return err
		}
		n.Counts = map[verify.Verdict]int{verify.Consistent: yes, verify.Inconsistent: no, verify.Unstable: unstable, verify.Unanswered: unanswered}
		var err error
		if n.Started, err = time.Parse(time.RFC3339Nano, started); err != nil {
			return err
		}
		if ending.Valid {
			var end night.End
			if err := json.Unmarshal(ending.V, &end); err != nil {
				return err
			}
			n.Stopped, n.Seconds = end.Stopped, end.Seconds
		}
		more := []int64{}
		if err := json.Unmarshal(others.V, &more); err != nil {
			return err
		}
		for _, id := range append([]int64{machine}, more...) {
			if machines[id] == nil {
				return fmt.Errorf("%w: the machine of night %s is missing", ErrDamaged, n.ID)
			}
			n.Machines = append(n.Machines, machines[id])
		}
		nights = append(nights, n)
		return nil
	}, "SELECT seq, suite, id, shard, shards, started, commit_id, machine, others, ending, consistent, inconsistent, unstable, unanswered, missing FROM nights "+query+"ORDER BY seq", args...)
	return nights, machines, err
}
