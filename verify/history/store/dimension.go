package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"strings"
)

// putTexts finds or adds the texts of a night.
func (w *writing) putTexts(ctx context.Context, e *encoded) error {
	w.texts = make(map[[sha256.Size]byte]int64)
	var rows []any
	var digests [][sha256.Size]byte
	add := func(text string) {
		digest := digestOf(text)
		if _, there := w.texts[digest]; there {
			return
		}
		w.texts[digest] = 0
		digests = append(digests, digest)
		rows = append(rows, digest[:], text)
	}
	add(e.checks)
	for _, r := range e.results {
		for _, text := range r {
			add(text)
		}
	}
	// Those that are there are not sent again: they are most, and long.
	if err := w.findTexts(ctx, digests); err != nil {
		return err
	}
	var missing []any
	var absent [][sha256.Size]byte
	for i, digest := range digests {
		if w.texts[digest] == 0 {
			missing, absent = append(missing, rows[2*i], rows[2*i+1]), append(absent, digest)
		}
	}
	if err := w.insert(ctx, "INSERT INTO texts (digest, body)", 2, missing, ""); err != nil {
		return err
	}
	return w.findTexts(ctx, absent)
}

func (w *writing) findTexts(ctx context.Context, digests [][sha256.Size]byte) error {
	const most = 500
	for ; len(digests) > 0; digests = digests[min(most, len(digests)):] {
		part := digests[:min(most, len(digests))]
		args := make([]any, len(part))
		for i := range part {
			args[i] = part[i][:]
		}
		marks := strings.TrimSuffix(strings.Repeat("?, ", len(part)), ", ")
		if err := w.each(ctx, func(rows *sql.Rows) error {
			var id int64
			var digest []byte
			if err := rows.Scan(&id, &digest); err != nil {
				return err
			}
			w.texts[[sha256.Size]byte(digest)] = id
			return nil
		}, "SELECT id, digest FROM texts WHERE digest IN ("+marks+")", args...); err != nil {
			return err
		}
	}
	return nil
}

// putChecks finds or adds the checks of a night.
func (w *writing) putChecks(ctx context.Context) error {
	find := func() error {
		w.checks = make(map[string]int64)
		return w.each(ctx, func(rows *sql.Rows) error {
			var id int64
			var name string
			err := rows.Scan(&id, &name)
			w.checks[name] = id
			return err
		}, "SELECT id, name FROM checks WHERE suite = ?", w.night.Suite)
	}
	if err := find(); err != nil {
		return err
	}
	var missing []any
	for i := range w.night.Results {
		if name := w.night.Results[i].Check; w.checks[name] == 0 {
			missing = append(missing, w.night.Suite, name, w.seq)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if err := w.insert(ctx, "INSERT INTO checks (suite, name, since)", 3, missing, ""); err != nil {
		return err
	}
	return find()
}

// putLegs finds or adds the legs of a night.
func (w *writing) putLegs(ctx context.Context) error {
	find := func() error {
		w.legs = make(map[legKey]int64)
		return w.each(ctx, func(rows *sql.Rows) error {
			var id int64
			var key legKey
			err := rows.Scan(&id, &key.check, &key.name, &key.kind, &key.device, &key.libtorch)
			w.legs[key] = id
			return err
		}, "SELECT l.id, c.name, l.name, l.kind, l.device, l.libtorch FROM legs l JOIN checks c ON c.id = l.check_id WHERE c.suite = ?", w.night.Suite)
	}
	if err := find(); err != nil {
		return err
	}
	var missing []any
	for i := range w.night.Results {
		r := &w.night.Results[i]
		for j := range r.Legs {
			key := keyOf(r.Check, &r.Legs[j])
			if w.legs[key] == 0 {
				w.legs[key] = -1 // once
				missing = append(missing, w.checks[r.Check], key.name, key.kind, key.device, key.libtorch)
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if err := w.insert(ctx, "INSERT INTO legs (check_id, name, kind, device, libtorch)", 5, missing, ""); err != nil {
		return err
	}
	return find()
}
