package notice

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// What a spool keeps of messages that nobody took, for each receiver.
const (
	mostMessages = 100
	mostBytes    = 16 << 20
	mostAge      = 14 * 24 * time.Hour
)

// Spool is a folder for messages that could not be sent. One process at a time uses
// it. The zero Spool keeps nothing.
type Spool struct{ path string }

// NewSpool gives the spool in a folder, which is made when it is needed.
func NewSpool(path string) Spool { return Spool{path} }

// Sent says what became of the messages for a receiver.
type Sent struct {
	Sent  int      // messages, with those of earlier nights
	Kept  int      // for the next time
	Notes []string // what a reader must know: why some are kept, that some were dropped
}

// Send sends what earlier nights have left and then body, in that order, within a
// minute. What is not taken is kept for the next time, except what the receiver says
// is wrong; beyond 100 messages, 16 MiB or 14 days the oldest are dropped. An error is
// one of the folder: body was then tried all the same.
func (s Spool) Send(ctx context.Context, h *Hook, body []byte) (Sent, error) {
	ctx, cancel := context.WithTimeout(ctx, h.limit)
	defer cancel()
	if s.path == "" {
		return direct(ctx, h, body, "")
	}
	q, err := s.queue(h)
	if err != nil {
		sent, _ := direct(ctx, h, body, "; it is lost")
		return sent, err
	}
	defer q.close()
	var sent Sent
	if err := q.add(body); err != nil {
		sent, _ = direct(ctx, h, body, "; it is lost")
		return sent, fmt.Errorf("the spool %s: %w", s.path, reason(err))
	}
	return sent, q.flush(ctx, h, &sent)
}

// direct sends one message without a spool.
func direct(ctx context.Context, h *Hook, body []byte, otherwise string) (Sent, error) {
	if err := h.post(ctx, body); err != nil {
		return Sent{Notes: []string{err.Error() + otherwise}}, nil
	}
	return Sent{Sent: 1}, nil
}

// queue is the part of a spool for one receiver, locked.
type queue struct {
	folder string
	lock   *os.File
}

// queue opens the part for a receiver. Its name says nothing of the address.
func (s Spool) queue(h *Hook) (*queue, error) {
	sum := sha256.Sum256([]byte(h.url.String()))
	q := &queue{folder: filepath.Join(s.path, hex.EncodeToString(sum[:8]))}
	if err := os.MkdirAll(q.folder, 0o700); err != nil {
		return nil, fmt.Errorf("the spool %s: %w", s.path, reason(err))
	}
	var err error
	if q.lock, err = os.OpenFile(filepath.Join(q.folder, "lock"), os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return nil, fmt.Errorf("the spool %s: %w", s.path, reason(err))
	}
	if err := syscall.Flock(int(q.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		q.close()
		return nil, fmt.Errorf("the spool %s is in use by another process", s.path)
	}
	return q, nil
}

func (q *queue) close() { _ = q.lock.Close() } // nothing is written to it

// message is one that waits.
type message struct {
	path  string
	bytes int64
	made  time.Time
}

// messages lists what waits, the oldest first: names begin with a number that grows,
// whatever the clock does.
func (q *queue) messages() (all []message, err error) {
	entries, err := os.ReadDir(q.folder)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".json" {
			continue
		}
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		all = append(all, message{filepath.Join(q.folder, e.Name()), info.Size(), info.ModTime()})
	}
	slices.SortFunc(all, func(a, b message) int { return cmp.Compare(a.path, b.path) })
	return all, nil
}

// add keeps a message behind the others.
func (q *queue) add(body []byte) error {
	all, err := q.messages()
	if err != nil {
		return err
	}
	next := 1
	if len(all) > 0 {
		last := strings.TrimSuffix(filepath.Base(all[len(all)-1].path), ".json")
		if _, err := fmt.Sscanf(last, "%d", &next); err != nil {
			return err
		}
		next++
	}
	path := filepath.Join(q.folder, fmt.Sprintf("%012d.json", next))
	making := path + ".tmp"
	if err := os.WriteFile(making, body, 0o600); err != nil {
		return errors.Join(err, gone(os.Remove(making)))
	}
	return os.Rename(making, path)
}

// flush sends what waits until one is not taken.
func (q *queue) flush(ctx context.Context, h *Hook, sent *Sent) error {
	all, err := q.messages()
	if err != nil {
		return err
	}
	all, err = q.bound(all, time.Now(), sent)
	if err != nil {
		return err
	}
	for i, m := range all {
		body, err := os.ReadFile(m.path)
		if err != nil {
			return reason(err)
		}
		err = h.post(ctx, body)
		var refused *refusal
		switch {
		case err == nil:
			sent.Sent++
		case errors.As(err, &refused) && refused.forGood():
			sent.Notes = append(sent.Notes, err.Error()+"; the message is dropped")
		default:
			sent.Kept = len(all) - i
			sent.Notes = append(sent.Notes, fmt.Sprintf("%v; %d kept for the next time", err, sent.Kept))
			return nil
		}
		if err := os.Remove(m.path); err != nil {
			return err
		}
	}
	return nil
}

// bound drops what is too old or too much. The newest message always stays.
func (q *queue) bound(all []message, now time.Time, sent *Sent) ([]message, error) {
	var total int64
	for _, m := range all {
		total += m.bytes
	}
	dropped := 0
	for len(all) > 1 && (len(all) > mostMessages || total > mostBytes || now.Sub(all[0].made) > mostAge) {
		if err := os.Remove(all[0].path); err != nil {
			return nil, err
		}
		total -= all[0].bytes
		all = all[1:]
		dropped++
	}
	if dropped > 0 {
		sent.Notes = append(sent.Notes, fmt.Sprintf("the spool was full: the %d oldest messages were dropped", dropped))
	}
	return all, nil
}

// gone takes what is not there for removed.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// reason takes the path out of an error, which says it already.
func reason(err error) error {
	var cause *fs.PathError
	if errors.As(err, &cause) {
		return cause.Err
	}
	return err
}
