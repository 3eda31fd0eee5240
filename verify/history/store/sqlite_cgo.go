//go:build cgo

package store

import (
	"errors"

	"github.com/mattn/go-sqlite3"
)

// errNoLite says why there is no SQLite.
var errNoLite error

func (lite) kind(err error) error {
	var known sqlite3.Error
	if !errors.As(err, &known) {
		return nil
	}
	switch known.Code {
	case sqlite3.ErrCorrupt, sqlite3.ErrNotADB:
		return ErrDamaged
	case sqlite3.ErrBusy, sqlite3.ErrLocked:
		return ErrLocked
	case sqlite3.ErrFull:
		return ErrFull
	}
	return nil
}
