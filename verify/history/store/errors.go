package store

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/seed06459138/torchgo/internal/layout"
)

// Error says why a history cannot be used. Nothing was changed when one is returned.
type Error struct {
	Where  string // path, or URL without its password
	Msg    string
	Remedy string // or ""
	Err    error  // the cause, or nil
}

// Error gives "where: what is wrong: cause; remedy".
func (e *Error) Error() string {
	return layout.Fault(e.Remedy, e.Where, e.Msg, layout.Said(e.Err))
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// What errors of a database are about, whichever it is.
var (
	ErrDamaged = errors.New("the database is damaged")
	ErrLocked  = errors.New("the database is locked")
	ErrFull    = errors.New("the disk is full")
	ErrNone    = errors.New("there is no history here")
)

// explain makes an Error of what a database said, with the remedy that is known.
func (s *Store) explain(doing string, err error) error {
	var known *Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	e := &Error{Where: s.where, Msg: doing, Err: err}
	if errors.Is(err, ErrNone) {
		e.Remedy = "take nights in with verify history import"
	}
	kind := s.dialect.kind(err)
	var syntax *json.SyntaxError
	var other *json.UnmarshalTypeError
	if errors.Is(err, ErrDamaged) || errors.As(err, &syntax) || errors.As(err, &other) {
		kind = ErrDamaged
	}
	switch kind {
	case ErrDamaged:
		if e.Err = err; !errors.Is(err, ErrDamaged) {
			e.Err = fmt.Errorf("%w (%w)", kind, err)
		}
		e.Remedy = "what can be read is saved by verify history export --db " + s.where + " --output saved.jsonl; then move the file aside and import saved.jsonl"
	case ErrLocked:
		e.Err = kind
		if who := s.dialect.holders(s); who != "" {
			e.Err = fmt.Errorf("%w by %s", kind, who)
		}
		e.Remedy = fmt.Sprintf("it was waited for %v; try again when that is done", patience)
	case ErrFull:
		e.Err = fmt.Errorf("%w (%w)", kind, err)
		e.Remedy = "nothing was changed; make room and import again"
	}
	return e
}
