package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// Store is a history of nights. It is safe for concurrent use, by several processes too.
type Store struct {
	db      *sql.DB
	dialect dialect
	where   string
}

// Open opens a history: the path of a SQLite file, or postgres://user@host/database.
// One that is not there is an error that ErrNone matches. Errors are of type *Error.
func Open(ctx context.Context, where string) (*Store, error) { return open(ctx, where, false) }

// Create opens a history as Open does, and makes it where there is none.
func Create(ctx context.Context, where string) (*Store, error) { return open(ctx, where, true) }

func open(ctx context.Context, where string, create bool) (*Store, error) {
	s := &Store{where: where, dialect: lite{}}
	if isURL(where) {
		s.where, s.dialect = redacted(where), postgres{}
	}
	db, err := s.dialect.open(where, create)
	if err != nil {
		return nil, s.explain("cannot be opened", err)
	}
	s.db = db
	if err := s.prepare(ctx, create); err != nil {
		_ = db.Close() // the first error is the one to tell
		return nil, s.explain("cannot be opened", err)
	}
	return s, nil
}

// isURL tells a server from a file.
func isURL(where string) bool {
	return strings.HasPrefix(where, "postgres://") || strings.HasPrefix(where, "postgresql://")
}

// Close closes the database.
func (s *Store) Close() error { return s.db.Close() }

// Where names the database, without a password.
func (s *Store) Where() string { return s.where }

// session is a transaction.
type session struct {
	conn *sql.Conn
	s    *Store
}

// write runs f in a transaction of its own, which is undone when f fails.
func (s *Store) write(ctx context.Context, f func(*session) error) error {
	return s.transact(ctx, s.dialect.begin(), f)
}

// read runs f on the database as it is now.
func (s *Store) read(ctx context.Context, f func(*session) error) error {
	return s.transact(ctx, s.dialect.read(), f)
}

func (s *Store) transact(ctx context.Context, begin string, f func(*session) error) (err error) {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if _, err := conn.ExecContext(ctx, begin); err != nil {
		return err
	}
	ended := false
	defer func() {
		if !ended { // also when the context was cancelled, which must not stop this
			_, _ = conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		}
	}()
	t := &session{conn, s}
	if begin == s.dialect.begin() {
		if err := s.dialect.lock(ctx, conn); err != nil {
			return err
		}
	}
	if err := f(t); err != nil {
		return err
	}
	if _, err := conn.ExecContext(ctx, "COMMIT"); err != nil {
		return err
	}
	ended = true
	return nil
}

func (t *session) exec(ctx context.Context, query string, args ...any) error {
	_, err := t.conn.ExecContext(ctx, t.s.dialect.rebind(query), args...)
	return err
}

func (t *session) row(ctx context.Context, query string, args ...any) *sql.Row {
	return t.conn.QueryRowContext(ctx, t.s.dialect.rebind(query), args...)
}

// each calls f on every row.
func (t *session) each(ctx context.Context, f func(*sql.Rows) error, query string, args ...any) error {
	rows, err := t.conn.QueryContext(ctx, t.s.dialect.rebind(query), args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// mostArguments is what one statement may have: SQLite takes 32766.
const mostArguments = 30000

// insert writes rows, many in a statement: "INSERT INTO t (a, b)", then each row's
// values, then what follows.
func (t *session) insert(ctx context.Context, into string, width int, values []any, after string) error {
	marks := "(" + strings.TrimSuffix(strings.Repeat("?, ", width), ", ") + ")"
	most := min(500, mostArguments/width)
	for len(values) > 0 {
		n := min(most, len(values)/width)
		query := into + " VALUES " + strings.TrimSuffix(strings.Repeat(marks+", ", n), ", ") + " " + after
		if err := t.exec(ctx, query, values[:n*width]...); err != nil {
			return err
		}
		values = values[n*width:]
	}
	return nil
}

// in writes numbers for a condition "x IN (…)". They are ours, never a user's text.
func in(numbers []int64) string {
	if len(numbers) == 0 {
		return "(NULL)"
	}
	return "(" + strings.Trim(strings.Join(strings.Fields(fmt.Sprint(numbers)), ", "), "[]") + ")"
}
