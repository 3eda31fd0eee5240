package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/history"
)

// Past gives what rules need to judge a night: its results, and those of the nights
// before it. An id of "" is the last night, a suite of "" that of the night.
func (s *Store) Past(ctx context.Context, suite, id string) (past *history.Past, err error) {
	err = s.read(ctx, func(t *session) error {
		past, err = t.past(ctx, suite, id)
		return err
	})
	return past, s.explain("the night cannot be looked up", err)
}

func (t *session) past(ctx context.Context, suite, id string) (*history.Past, error) {
	nights, machines, err := t.nights(ctx, suite)
	if err != nil {
		return nil, err
	}
	nights, err = choose(nights, suite, id)
	if err != nil {
		return nil, &Error{Where: t.s.where, Msg: err.Error(), Remedy: "verify history lists the nights"}
	}
	g := &gathering{session: t, nights: nights, machines: machines}
	if err := g.load(ctx); err != nil {
		return nil, err
	}
	past := &history.Past{Nights: nights, Courses: g.courses}
	last := nights[len(nights)-1]
	for _, n := range nights {
		if n.ID == last.ID && n.Missing > 0 {
			missing, err := t.missing(ctx, n.Seq)
			if err != nil {
				return nil, err
			}
			past.NotRun = append(past.NotRun, missing...)
		}
	}
	return past, nil
}

// choose gives the night and those before it that rules look at, the night last: of each
// hardware that it ran on the latest few, or one of another.
func choose(nights []*history.Night, suite, id string) ([]*history.Night, error) {
	last := len(nights) - 1
	for last >= 0 && id != "" && nights[last].ID != id {
		last--
	}
	if last < 0 {
		switch {
		case id != "":
			return nil, fmt.Errorf("there is no night %q", id)
		case suite != "":
			return nil, fmt.Errorf("there is no night of a suite %q", suite)
		}
		return nil, fmt.Errorf("there are no nights")
	}
	tonight := nights[last]
	want := make(map[string]int) // how many more runs, by hardware
	of := func(n *history.Night) bool { return n.Suite == tonight.Suite && n.ID == tonight.ID }
	first := last
	for i, n := range nights {
		if of(n) {
			first = min(first, i)
			for _, m := range n.Machines {
				want[m.Hardware] = history.Window
			}
		}
	}
	chosen := make(map[string]bool) // runs, by ID
	for i := first - 1; i >= 0; i-- {
		n := nights[i]
		if n.Suite != tonight.Suite || of(n) {
			continue
		}
		take := chosen[n.ID] || len(chosen) == 0 // the one before it in any case
		for _, m := range n.Machines {
			take = take || want[m.Hardware] > 0
		}
		if !take {
			continue
		}
		if !chosen[n.ID] {
			chosen[n.ID] = true
			for _, m := range n.Machines {
				want[m.Hardware]--
			}
		}
	}
	var all, own []*history.Night
	for i, n := range nights {
		switch {
		case of(n):
			own = append(own, n)
		case i < first && n.Suite == tonight.Suite && chosen[n.ID]:
			all = append(all, n)
		}
	}
	return append(all, own...), nil
}

// missing names the checks of a night that have no result.
func (t *session) missing(ctx context.Context, seq int64) (names []string, err error) {
	var body []byte
	if err := t.row(ctx, "SELECT x.body FROM nights n JOIN texts x ON x.id = n.checks WHERE n.seq = ?", seq).Scan(&body); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(body, &names); err != nil {
		return nil, err
	}
	done := make(map[string]bool)
	err = t.each(ctx, func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(&name)
		done[name] = true
		return err
	}, "SELECT c.name FROM results r JOIN checks c ON c.id = r.check_id WHERE r.night = ?", seq)
	return slices.DeleteFunc(names, func(name string) bool { return done[name] }), err
}

// Course gives all that the nights say of one check, oldest first.
func (s *Store) Course(ctx context.Context, suite, check string) (course *history.Course, err error) {
	err = s.read(ctx, func(t *session) error {
		course, err = t.course(ctx, suite, check)
		return err
	})
	return course, s.explain("the check cannot be looked up", err)
}

func (t *session) course(ctx context.Context, suite, check string) (*history.Course, error) {
	nights, machines, err := t.nights(ctx, suite)
	if err != nil {
		return nil, err
	}
	g := &gathering{session: t, nights: nights, machines: machines, only: check}
	if err := g.load(ctx); err != nil {
		return nil, err
	}
	if len(g.courses) == 0 {
		return nil, t.unknown(ctx, suite, check)
	}
	return &g.courses[0], nil
}

// number reads a number of a column, in which NaN is null.
func numberOf(f sql.Null[float64]) verify.Number {
	if !f.Valid {
		return verify.Number(math.NaN())
	}
	return verify.Number(f.V)
}

// Suites lists the names of suites, the one of the latest night first.
func (s *Store) Suites(ctx context.Context) (names []string, err error) {
	err = s.read(ctx, func(t *session) error {
		return t.each(ctx, func(rows *sql.Rows) error {
			var name string
			err := rows.Scan(&name)
			names = append(names, name)
			return err
		}, "SELECT suite FROM nights GROUP BY suite ORDER BY MAX(seq) DESC")
	})
	return names, s.explain("suites cannot be listed", err)
}
