package schedule

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seed06459138/torchgo/verify/night"
)

// ErrUnwritten says that results are in memory only.
var ErrUnwritten = errors.New("could not be written")

// keeper keeps results, in the journal and until it has them.
type keeper struct {
	journal Journal
	trouble func(text string)
	results []night.Result // of all sittings
	waiting []night.Result // those that the journal has not taken
	failed  error          // the first failure to write
	most    int            // results that waited at the same time

	again    time.Duration // how often they are offered once more
	patience time.Duration // how long at the end of the night
}

func newKeeper(journal Journal, trouble func(string), done []night.Result) *keeper {
	return &keeper{journal: journal, trouble: trouble, results: slices.Clone(done), again: 2 * time.Second, patience: time.Minute}
}

// add takes a result.
func (k *keeper) add(r night.Result) {
	k.results = append(k.results, r)
	k.waiting = append(k.waiting, r)
	k.flush()
}

// flush offers the journal what it has not taken.
func (k *keeper) flush() bool {
	for len(k.waiting) > 0 {
		if err := k.journal.Add(k.waiting[0]); err != nil {
			if k.failed == nil || k.most == 0 {
				k.trouble(fmt.Sprintf("%v; results are kept in memory, and written as soon as that is possible", err))
				k.failed = err
			}
			k.most = max(k.most, len(k.waiting))
			return false
		}
		k.waiting = k.waiting[1:]
	}
	return true
}

// finish writes the end. It waits for a disk that is full.
func (k *keeper) finish(ctx context.Context, end *night.End) error {
	deadline := time.Now().Add(k.patience)
	told := false
	for {
		if k.flush() {
			if k.failed != nil && !told {
				end.Notes = append(end.Notes, fmt.Sprintf("for a while up to %d results could not be written: %v", max(k.most, 1), k.failed))
				told = true
			}
			end.Ended = time.Now()
			if k.failed = k.journal.Finish(*end); k.failed == nil {
				return nil
			}
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%d results %w: %w", len(k.waiting), ErrUnwritten, k.failed)
		}
		k.trouble(fmt.Sprintf("waiting up to %v to write %d results: %v", time.Until(deadline).Round(time.Second), len(k.waiting), k.failed))
		select {
		case <-time.After(k.again):
		case <-ctx.Done():
			deadline = time.Time{}
		}
	}
}
