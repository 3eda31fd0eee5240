package store

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
	"time"
)

// patience is how long a lock is waited for.
var patience = 10 * time.Second

// dialect is what databases do not have in common. SQL is written with ? for arguments,
// and with {words} in the schema.
type dialect interface {
	open(where string, create bool) (*sql.DB, error)
	rebind(query string) string
	words() *strings.Replacer // of the schema
	begin() string            // a transaction that writes, the only one at a time
	read() string             // one that sees the database as it is now
	lock(ctx context.Context, c *sql.Conn) error
	kind(err error) error // ErrDamaged, ErrLocked, ErrFull, ErrNone or nil
	holders(s *Store) string
	tables() string // a query that counts the tables named torchgo_history
	size() string   // a query of the bytes that the database takes
	shrink() string // a statement that gives room back, or ""
}

// rebind numbers the arguments, $1, $2, …, as PostgreSQL wants.
func rebind(query string) string {
	var b strings.Builder
	n := 0
	for _, r := range query {
		if r == '?' {
			n++
			b.WriteString("$" + strconv.Itoa(n))
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
