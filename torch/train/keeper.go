package train

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/seed06459138/torchgo/torch/checkpoint"
)

// ErrNone is matched by the error of a folder without a checkpoint that can be read.
var ErrNone = errors.New("there is no whole checkpoint")

// Keeper saves checkpoints of a run into a folder, and removes those that are
// neither among the last nor among the best. One of an epoch that had only begun is
// removed when another follows.
type Keeper struct {
	Dir   string
	Every int64 // epochs from one checkpoint to the next; 1 unless given
	Last  int   // how many of the last are kept; 1 unless given
	Best  int   // how many with the least loss, as EndEpoch was told, are kept besides
}

// Saver is a run, whatever its types are.
type Saver interface {
	Save(path string) error
	Progress() (epoch, batch int64) // that are next
}

const (
	keptPrefix = "epoch-"
	keptBatch  = "-batch-"
	keptSuffix = ".pt"
)

// kept is a checkpoint in the folder, with the epoch and the batch that are next.
type kept struct {
	path         string
	epoch, batch int64
	loss         float64
}

// Save saves the run if this epoch is one of those that are saved, and then removes
// what is no longer to be kept. It gives the path of the new file, or "".
func (k Keeper) Save(r Saver) (string, error) {
	if epoch, _ := r.Progress(); epoch < 1 || epoch%max(1, k.Every) != 0 {
		return "", nil
	}
	return k.SaveNow(r)
}

// SaveNow is Save of any epoch, and within one: for what Ctrl-C interrupts, say.
func (k Keeper) SaveNow(r Saver) (string, error) {
	if err := os.MkdirAll(k.Dir, 0o755); err != nil {
		return "", err
	}
	epoch, batch := r.Progress()
	name := fmt.Sprintf("%s%06d%s", keptPrefix, epoch-1, keptSuffix) // it is called after the epoch that it ends
	if batch > 0 {
		name = fmt.Sprintf("%s%06d%s%06d%s", keptPrefix, epoch, keptBatch, batch, keptSuffix)
	}
	path := filepath.Join(k.Dir, name)
	if err := r.Save(path); err != nil {
		return "", err
	}
	return path, k.prune()
}

// prune removes all but the last and the best. What can't be read is left alone.
func (k Keeper) prune() error {
	all, err := k.list()
	if err != nil {
		return err
	}
	keep := make(map[string]bool)
	if len(all) > 0 {
		keep[all[len(all)-1].path] = true
	}
	whole := slices.DeleteFunc(slices.Clone(all), func(c kept) bool { return c.batch > 0 })
	for _, c := range whole[max(0, len(whole)-max(1, k.Last)):] {
		keep[c.path] = true
	}
	if k.Best > 0 {
		for i := range whole {
			if whole[i].loss, err = lossOf(whole[i].path); err != nil {
				keep[whole[i].path] = true
			}
			if err != nil || math.IsNaN(whole[i].loss) {
				whole[i].loss = math.Inf(1)
			}
		}
		slices.SortStableFunc(whole, func(a, b kept) int { return cmp.Compare(a.loss, b.loss) })
		for _, c := range whole[:min(k.Best, len(whole))] {
			keep[c.path] = true
		}
	}
	for _, c := range all {
		if keep[c.path] {
			continue
		}
		if err := os.Remove(c.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// list finds the checkpoints, the oldest first.
func (k Keeper) list() ([]kept, error) {
	entries, err := os.ReadDir(k.Dir)
	if err != nil {
		return nil, err
	}
	var list []kept
	for _, e := range entries {
		if c, ok := readName(e.Name()); ok && e.Type().IsRegular() {
			c.path = filepath.Join(k.Dir, e.Name())
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b kept) int {
		return cmp.Or(cmp.Compare(a.epoch, b.epoch), cmp.Compare(a.batch, b.batch))
	})
	return list, nil
}

// readName tells from the name of a checkpoint what is next.
func readName(name string) (kept, bool) {
	name, ok := strings.CutPrefix(name, keptPrefix)
	name, too := strings.CutSuffix(name, keptSuffix)
	first, second, within := strings.Cut(name, keptBatch)
	epoch, err := strconv.ParseInt(first, 10, 64)
	if !ok || !too || err != nil {
		return kept{}, false
	}
	if !within {
		return kept{epoch: epoch + 1}, true
	}
	batch, err := strconv.ParseInt(second, 10, 64)
	return kept{epoch: epoch, batch: batch}, err == nil && batch > 0
}

// lossOf reads the loss of a checkpoint; NaN where it has none.
func lossOf(path string) (float64, error) {
	f, err := checkpoint.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	c, err := f.Checkpoint()
	if err != nil {
		return 0, err
	}
	if slices.Contains(c.Missing, "train_loss") {
		return math.NaN(), nil
	}
	return c.TrainLoss, nil
}

// Latest gives the path of the last checkpoint in the folder that can be read. One
// that is damaged is passed over; without any the error matches ErrNone and says
// what is wrong with those that are there.
func (k Keeper) Latest() (string, error) {
	list, err := k.list()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	var wrong []error
	for i := len(list) - 1; i >= 0; i-- {
		if _, err := lossOf(list[i].path); err != nil {
			wrong = append(wrong, err)
			continue
		}
		return list[i].path, nil
	}
	return "", errors.Join(append([]error{fmt.Errorf("%s: %w", k.Dir, ErrNone)}, wrong...)...)
}
