package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/history"
	"github.com/seed06459138/torchgo/verify/night"
)

// Outcome is what became of a night that was to be taken in.
type Outcome string

// The outcomes.
const (
	Added    Outcome = "added"
	Replaced Outcome = "replaced" // what was there of the same run had no more results
	Known    Outcome = "known"    // it is there already, or as part of the whole
	Kept     Outcome = "kept"     // what is there has more results, and stays
)

// Text says it for people, as what follows the name of a night.
func (o Outcome) Text() string {
	switch o {
	case Replaced:
		return "replaces what was there of it"
	case Known:
		return "is there already"
	case Kept:
		return "left alone: what is there has more results"
	}
	return "taken in"
}

// Take takes in a night. It does so whole or not at all, and does nothing when that
// night is there: a night is known by its suite, ID and shard.
func (s *Store) Take(ctx context.Context, n *night.Night) (outcome Outcome, err error) {
	if n.ID == "" {
		return "", &Error{Where: s.where, Msg: "a night without an ID cannot be taken in", Remedy: "name a file that verify suite wrote"}
	}
	n = inUTC(n)
	var text bytes.Buffer
	if err := n.Write(&text); err != nil {
		return "", err
	}
	err = s.write(ctx, func(t *session) error {
		outcome, err = t.take(ctx, n, sha256.Sum256(text.Bytes()))
		return err
	})
	return outcome, s.explain("night "+n.ID+" was not taken in", err)
}

// same are nights of one run that are there.
type same struct {
	seqs    []int64
	results int
	digest  []byte
}

// there finds the nights of a run: the same shard, or all that it is the whole or a part of.
func (t *session) there(ctx context.Context, h *night.Header) (own, whole, parts same, err error) {
	err = t.each(ctx, func(rows *sql.Rows) error {
		var seq int64
		var shard, shards, results int
		var digest []byte
		if err := rows.Scan(&seq, &shard, &shards, &results, &digest); err != nil {
			return err
		}
		into := &parts
		switch {
		case shard == h.Shard.Index && shards == h.Shard.Count:
			into = &own
		case shards == 0:
			into = &whole
		}
		into.seqs, into.results, into.digest = append(into.seqs, seq), into.results+results, digest
		return nil
	}, "SELECT seq, shard, shards, consistent + inconsistent + unstable + unanswered, digest FROM nights WHERE suite = ? AND id = ? ORDER BY seq", h.Suite, h.ID)
	return own, whole, parts, err
}

func (t *session) take(ctx context.Context, n *night.Night, digest [sha256.Size]byte) (Outcome, error) {
	own, whole, parts, err := t.there(ctx, &n.Header)
	if err != nil {
		return "", err
	}
	outcome, old := Added, own.seqs
	switch {
	case own.seqs != nil && bytes.Equal(own.digest, digest[:]), whole.seqs != nil:
		return Known, nil
	case n.Shard.Count == 0 && parts.seqs != nil: // merged, after its shards were taken in
		old = append(old, parts.seqs...)
		own.results = max(own.results, parts.results)
	}
	if old != nil {
		if outcome = Replaced; len(n.Results) < own.results {
			return Kept, nil
		}
		if err := t.another(ctx, n, own.seqs); err != nil {
			return "", err
		}
		if err := t.drop(ctx, old); err != nil {
			return "", err
		}
	}
	w := &writing{session: t, night: n}
	return outcome, w.write(ctx, old, digest[:])
}

// another refuses to replace a night by one of another machine that bears the same ID. A
// shard may be run again elsewhere.
func (t *session) another(ctx context.Context, n *night.Night, seqs []int64) error {
	if n.Shard.Count > 0 || len(seqs) == 0 {
		return nil
	}
	nights, _, err := t.nights(ctx, n.Suite)
	if err != nil {
		return err
	}
	for _, old := range nights {
		if old.Seq != seqs[0] || old.Started.Equal(n.Started) {
			continue
		}
		for _, m := range old.Machines {
			if m.Host == n.Machine.Host || slices.ContainsFunc(n.Others, func(o night.Machine) bool { return o.Host == m.Host }) {
				return nil
			}
		}
		return &Error{Where: t.s.where, Msg: fmt.Sprintf("night %s of %s is there from another machine, %s, and this one is from %s", n.ID, n.Suite, old.Machines[0].Host, n.Machine.Host),
			Remedy: "give the runs of each machine names of their own: verify suite --run NAME"}
	}
	return nil
}

// drop takes nights out, and leaves what others may share.
func (t *session) drop(ctx context.Context, seqs []int64) error {
	for _, table := range []string{"points WHERE night", "results WHERE night", "nights WHERE seq"} {
		if err := t.exec(ctx, "DELETE FROM "+table+" IN "+in(seqs)); err != nil {
			return err
		}
	}
	return nil
}

// writing is a night that is being written.
type writing struct {
	*session
	night    *night.Night
	seq      int64
	texts    map[[sha256.Size]byte]int64
	checks   map[string]int64
	legs     map[legKey]int64
	machines []int64 // by their number in results
}

// write writes it all, under the first of the numbers that are free, or a new one.
func (w *writing) write(ctx context.Context, free []int64, digest []byte) error {
	parts, err := w.encode()
	if err != nil {
		return err
	}
	if err := w.putTexts(ctx, parts); err != nil {
		return err
	}
	if err := w.putMachines(ctx); err != nil {
		return err
	}
	if err := w.putNight(ctx, free, parts, digest); err != nil {
		return err
	}
	if err := w.putChecks(ctx); err != nil {
		return err
	}
	if err := w.putLegs(ctx); err != nil {
		return err
	}
	if err := w.putResults(ctx, parts); err != nil {
		return err
	}
	return w.putPoints(ctx)
}

// encoded are the texts of a night: of its header, then four of each result.
type encoded struct {
	header, checks string
	results        [][4]string // summary, files, uncovered, rest
}

// encode also refuses what the tables have no room for.
func (w *writing) encode() (*encoded, error) {
	var errs []error
	text := func(v any) string {
		s, err := textOf(v)
		errs = append(errs, err)
		return s
	}
	n := w.night
	e := &encoded{header: text(headerOf(&n.Header)), checks: text(n.Checks)}
	seen := make(map[string]bool, len(n.Results))
	for i := range n.Results {
		r := &n.Results[i]
		if seen[r.Check] {
			return nil, fmt.Errorf("check %s has two results", r.Check)
		}
		seen[r.Check] = true
		legs := make(map[legKey]bool, len(r.Legs))
		for j := range r.Legs {
			key := keyOf(r.Check, &r.Legs[j])
			if legs[key] {
				return nil, fmt.Errorf("check %s has two legs %s", r.Check, key.name)
			}
			legs[key] = true
		}
		e.results = append(e.results, [4]string{text(r.Summary), text(r.Files), text(r.Uncovered), text(restOf(r))})
	}
	return e, errors.Join(errs...)
}

// putNight writes the night's own row.
func (w *writing) putNight(ctx context.Context, free []int64, e *encoded, digest []byte) error {
	n := w.night
	others, err := textOf(w.machines[1:])
	if err != nil {
		return err
	}
	var ending any
	if n.End != nil {
		if ending, err = textOf(n.End); err != nil {
			return err
		}
	}
	counts := n.Counts()
	columns := "suite, id, shard, shards, started, commit_id, machine, others, header, checks, ending, consistent, inconsistent, unstable, unanswered, missing, digest"
	values := []any{n.Suite, n.ID, n.Shard.Index, n.Shard.Count, n.Started.Format(time.RFC3339Nano), n.Commit, w.machines[0], others, e.header, w.texts[digestOf(e.checks)], ending,
		counts[verify.Consistent], counts[verify.Inconsistent], counts[verify.Unstable], counts[verify.Unanswered], len(n.Missing()) + n.Unassigned(), digest}
	marks := "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?"
	if free != nil { // in its old place among the nights
		columns, marks, values = columns+", seq", marks+", ?", append(values, free[0])
	}
	return w.row(ctx, "INSERT INTO nights ("+columns+") VALUES ("+marks+") RETURNING seq", values...).Scan(&w.seq)
}

func (w *writing) putResults(ctx context.Context, e *encoded) error {
	var rows []any
	for i := range w.night.Results {
		r := &w.night.Results[i]
		machine := w.machines[0]
		if r.Machine > 0 && r.Machine < len(w.machines) { // as in Night.MachineOf
			machine = w.machines[r.Machine]
		}
		rows = append(rows, w.seq, w.checks[r.Check], i, machine, string(r.Verdict))
		for _, text := range e.results[i] {
			rows = append(rows, w.texts[digestOf(text)])
		}
		rows = append(rows, nanoseconds(r.Started), r.Seconds, r.Peak)
	}
	return w.insert(ctx, "INSERT INTO results (night, check_id, place, machine, verdict, summary, files, uncovered, rest, started, seconds, peak)", 12, rows, "")
}

func (w *writing) putPoints(ctx context.Context) error {
	var rows []any
	for i := range w.night.Results {
		r := &w.night.Results[i]
		for j := range r.Legs {
			l := &r.Legs[j]
			var same any
			if l.Same != nil {
				same = 0
				if *l.Same {
					same = 1
				}
			}
			rows = append(rows, w.seq, w.legs[keyOf(r.Check, l)], same, number(l.MaxAbs), number(l.MaxRel), number(l.Share), l.P50, l.Peak)
		}
	}
	return w.insert(ctx, "INSERT INTO points (night, leg, same, max_abs, max_rel, share, p50, peak)", 8, rows, "")
}

// putMachines finds or adds the machines of the night.
func (w *writing) putMachines(ctx context.Context) error {
	for _, m := range append([]night.Machine{w.night.Machine}, w.night.Others...) {
		body, err := textOf(m)
		if err != nil {
			return err
		}
		digest := digestOf(body)
		if err := w.exec(ctx, "INSERT INTO machines (host, hardware, libtorch, digest, body) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
			m.Host, history.NewMachine(m).Hardware, m.Libtorch, digest[:], body); err != nil {
			return err
		}
		var id int64
		if err := w.row(ctx, "SELECT id FROM machines WHERE digest = ?", digest[:]).Scan(&id); err != nil {
			return err
		}
		w.machines = append(w.machines, id)
	}
	return nil
}
