//go:build !cgo

package store

import "errors"

// errNoLite says why there is no SQLite.
var errNoLite = errors.New("this program was built without cgo, which SQLite needs: build it where there is a C compiler, or name a PostgreSQL database")

func (lite) kind(error) error { return nil }
