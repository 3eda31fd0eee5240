package train

import (
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
// neither among the last nor among the best.
type Keeper struct {
	Dir   string
	Every int64 // epochs from one checkpoint to the next; 1 unless given
	Last  int   // how many of the last are kept; 1 unless given
	Best  int   // how many with the least loss are kept besides
}

// Saver is a run, whatever its types are.
type Saver interface {
	Save(path string) error
	Progress() (epoch int64, loss float64)
}

const (
	keptPrefix = "epoch-"
	keptSuffix = ".pt"
)

// kept is a checkpoint in the folder.
type kept struct {
	path  string
	epoch int64
	loss  float64
}

// Save saves the run if this epoch is one of those that are saved, and then removes
// what is no longer to be kept. It gives the path of the new file, or "".
func (k Keeper) Save(r Saver) (string, error) {
	epoch, _ := r.Progress()
	if epoch < 1 || epoch%max(1, k.Every) != 0 {
		return "", nil
	}
	if err := os.MkdirAll(k.Dir, 0o755); err != nil {
		return "", err
	}
	path := filepath.Join(k.Dir, fmt.Sprintf("%s%06d%s", keptPrefix, epoch-1, keptSuffix))
	if err := r.Save(path); err != nil {
		return "", err
	}
	return path, k.prune()
}

// prune removes all but the last and the best. What can't be read is left alone.
func (k Keeper) prune() error {
	list, err := k.list()
	if err != nil {
		return err
	}
	keep := make(map[string]bool)
	for _, c := range list[max(0, len(list)-max(1, k.Last)):] {
		keep[c.path] = true
	}
	if k.Best > 0 {
		for i := range list {
			if list[i].loss, err = lossOf(list[i].path); err != nil {
				keep[list[i].path] = true
				list[i].loss = math.Inf(1)
			}
		}
		best := slices.Clone(list)
		slices.SortStableFunc(best, func(a, b kept) int {
			switch {
			case a.loss < b.loss:
				return -1
			case a.loss > b.loss:
				return 1
			}
			return 0
		})
		for _, c := range best[:min(k.Best, len(best))] {
			keep[c.path] = true
		}
	}
	for _, c := range list {
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
		number, ok := strings.CutPrefix(e.Name(), keptPrefix)
		number, too := strings.CutSuffix(number, keptSuffix)
		epoch, err := strconv.ParseInt(number, 10, 64)
		if !ok || !too || err != nil || !e.Type().IsRegular() {
			continue
		}
		list = append(list, kept{path: filepath.Join(k.Dir, e.Name()), epoch: epoch})
	}
	slices.SortFunc(list, func(a, b kept) int { return int(a.epoch - b.epoch) })
	return list, nil
}

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
