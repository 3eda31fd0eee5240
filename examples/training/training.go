package training

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/data"
	"github.com/seed06459138/torchgo/torch/train"
)

// Training is a model that is trained on batches of a loader.
type Training[M, H any, B data.Batch] struct {
	Run    *train.Run[M, H]
	Loader *data.Loader[B]
	// Step makes a step on a batch, usually by Run.Step, and gives its loss.
	Step func(batch B) (float64, error)
	// EpochEnd is called after the batches of each epoch, nil for nothing. What it gives is
	// told and plotted beside the loss.
	EpochEnd func(ctx context.Context) ([]Number, error)
}

// Number is something that was measured of an epoch.
type Number struct {
	Name  string
	Value float64
}

// Go trains until there are as many epochs as the settings say. After an epoch it saves
// a checkpoint, if this one's turn has come, and plots the losses. When ctx ends it
// stops before the next batch, and saves; the training then goes on with that one, and the
// same numbers as if it had never stopped.
func (t *Training[M, H, B]) Go(ctx context.Context, s Settings) error {
	curves, err := readCurves(t.Run.Extra)
	if err != nil {
		return err
	}
	if err := t.samePlace(); err != nil {
		return err
	}
	keeper := s.keeper()
	if t.Run.Epoch >= s.Epochs {
		fmt.Fprintf(s.Out, "%d epochs are trained; -epochs asks for more\n", t.Run.Epoch)
	}
	for t.Run.Epoch < s.Epochs {
		began := time.Now()
		loss, err := t.epoch(ctx, s)
		if err != nil {
			return t.stopped(s, err)
		}
		numbers := []Number{{train.LossName, loss}}
		if t.EpochEnd != nil {
			more, err := t.EpochEnd(ctx)
			if err != nil {
				return t.stopped(s, errors.Join(err, t.keepPlace(ctx, s)))
			}
			numbers = append(numbers, more...)
		}
		t.Run.EndEpoch(loss)
		curves.add(t.Run.Epoch, numbers)
		t.Run.Extra = curves.put(t.Run.Extra)
		save := keeper.Save
		if t.Run.Epoch == s.Epochs {
			save = keeper.SaveNow // what the training came to, whether it is its turn or not
		}
		if _, err := save(t.Run); err != nil {
			return err
		}
		if err := curves.plot(s.Dir); err != nil {
			return err
		}
		fmt.Fprintf(s.Out, "epoch %d of %d: %s, %.1f s\n", t.Run.Epoch, s.Epochs, told(numbers), time.Since(began).Seconds())
	}
	return nil
}

func told(numbers []Number) string {
	parts := make([]string, len(numbers))
	for i, n := range numbers {
		parts[i] = fmt.Sprintf("%s %.4f", n.Name, n.Value)
	}
	return strings.Join(parts, ", ")
}

// stopped says where a training ended that did not come to its end, and how to go on.
func (t *Training[M, H, B]) stopped(s Settings, err error) error {
	path, none := s.keeper().Latest()
	switch {
	case none != nil:
		return fmt.Errorf("stopped in epoch %d, before a checkpoint was saved: %w", t.Run.Epoch+1, err)
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("stopped in epoch %d; the same command goes on from %s: %w", t.Run.Epoch+1, path, err)
	}
	return fmt.Errorf("stopped in epoch %d: %w; the last checkpoint is %s", t.Run.Epoch+1, err, path)
}

// keepPlace saves what was trained of an epoch when ctx has ended. It is for the moment
// between two batches.
func (t *Training[M, H, B]) keepPlace(ctx context.Context, s Settings) error {
	if ctx.Err() == nil || t.Run.Batch == 0 {
		return nil
	}
	if t.Run.Extra == nil {
		t.Run.Extra = checkpoint.NewDict()
	}
	_ = t.Run.Extra.Set(checkpoint.String(batchesKey), checkpoint.Int(t.Loader.Len())) // a string can be hashed
	_, err := s.keeper().SaveNow(t.Run)
	return err
}

// batchesKey is where a checkpoint within an epoch tells how many batches that has.
const batchesKey = "batches_per_epoch"

// samePlace refuses to go on within an epoch of other batches: their numbers would be
// those of other samples.
func (t *Training[M, H, B]) samePlace() error {
	if t.Run.Batch == 0 {
		return nil
	}
	if v, _ := t.Run.Extra.Get(batchesKey); v != checkpoint.Int(t.Loader.Len()) {
		return fmt.Errorf("the training stopped within an epoch of %v batches, and now an epoch has %d: give the same -batch and the same data, or another -out", v, t.Loader.Len())
	}
	return nil
}

// epoch goes through the batches that are left and gives the mean of all losses.
func (t *Training[M, H, B]) epoch(ctx context.Context, s Settings) (float64, error) {
	title := fmt.Sprintf("epoch %d/%d", t.Run.Epoch+1, s.Epochs)
	bar := s.bar(t.Loader.Len(), title)
	if t.Loader.Len() == 0 {
		return math.NaN(), errors.New("there are fewer samples than one batch takes; give a smaller -batch, or more data")
	}
	if err := bar.Set64(t.Run.Batch); err != nil {
		return 0, err
	}
	skipped := 0
	for batch, err := range t.Loader.EpochFrom(ctx, int(t.Run.Epoch), int(t.Run.Batch)) {
		if err != nil {
			return 0, errors.Join(err, t.keepPlace(ctx, s), bar.Clear())
		}
		loss, err := t.Step(batch)
		switch {
		case err == nil:
			t.Run.EndBatch(loss)
			skipped = 0
		case skipped < s.Skip && mendable(err):
			skipped++
			t.Run.Batch++
			fmt.Fprintf(s.Out, "epoch %d, batch %d is passed over: %v\n", t.Run.Epoch+1, t.Run.Batch, err)
		default:
			return 0, errors.Join(fmt.Errorf("batch %d: %w", t.Run.Batch+1, err), bar.Clear())
		}
		bar.Describe(fmt.Sprintf("%s, loss %.4f", title, loss))
		if err := bar.Add(1); err != nil {
			return 0, err
		}
	}
	loss := t.Run.Mean(train.LossName)
	if math.IsNaN(loss) {
		return loss, errors.New("all batches of the epoch were passed over")
	}
	return loss, nil
}

// bar is that of an epoch. Lines that are longer than the terminal would stay on it.
func (s *Settings) bar(batches int, title string) *progressbar.ProgressBar {
	options := []progressbar.Option{progressbar.OptionSetWriter(s.Progress), progressbar.OptionSetDescription(title),
		progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100 * time.Millisecond)}
	if s.Narrow {
		options = append(options, progressbar.OptionSetWidth(4), progressbar.OptionSetElapsedTime(false), progressbar.OptionSetPredictTime(false))
	} else {
		options = append(options, progressbar.OptionSetWidth(12), progressbar.OptionShowCount(), progressbar.OptionShowIts())
	}
	return progressbar.NewOptions(batches, options...)
}

// mendable tells whether the error is that of a loss that is not finite while all
// parameters are: the next batch may do better.
func mendable(err error) bool {
	var broken *train.NonFiniteError
	return errors.As(err, &broken) && len(broken.Parameters) == 0
}
