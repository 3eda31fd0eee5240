package train

import (
	"fmt"
	"math"

	"github.com/seed06459138/torchgo/torch/checkpoint"
)

// LossName is what EndBatch notes losses under.
const LossName = "loss"

// EndBatch notes that a batch is over, and its loss, so that Save keeps the place within
// the epoch; the loader goes on there:
//
//	for batch, err := range loader.EpochFrom(ctx, int(run.Epoch), int(run.Batch)) {
//		…
//		run.EndBatch(loss)
//	}
//	run.EndEpoch(run.Mean(train.LossName))
//
// With Random, what follows is then what would have followed, bit for bit. A batch that
// was passed over is counted by Batch alone.
func (r *Run[M, H]) EndBatch(loss float64) {
	r.Note(LossName, loss)
	r.Batch++
}

// EndEpoch notes that an epoch is over, and its loss.
func (r *Run[M, H]) EndEpoch(loss float64) {
	r.Loss = loss
	r.Epoch++
	r.Batch, r.means = 0, nil
}

// Progress tells the epoch and the batch in it that are next.
func (r *Run[M, H]) Progress() (epoch, batch int64) { return r.Epoch, r.Batch }

// Note adds a number to a mean over this epoch, such as that of a second loss.
func (r *Run[M, H]) Note(name string, value float64) { r.means.add(name, value, 1) }

// Mean gives the mean of what was noted in this epoch; NaN without anything.
func (r *Run[M, H]) Mean(name string) float64 {
	for _, m := range r.means {
		if m.name == name {
			return m.sum / float64(m.count)
		}
	}
	return math.NaN()
}

// means are sums by their names, in the order in which they began.
type means []mean

type mean struct {
	name  string
	sum   float64
	count int64
}

func (all *means) add(name string, sum float64, count int64) {
	for i := range *all {
		if m := &(*all)[i]; m.name == name {
			m.sum, m.count = m.sum+sum, m.count+count
			return
		}
	}
	*all = append(*all, mean{name, sum, count})
}

// soFar gives what a checkpoint keeps of an epoch that has begun; nil between epochs.
func (r *Run[M, H]) soFar() *checkpoint.Dict {
	if r.Batch == 0 {
		return nil
	}
	sums := checkpoint.NewDict()
	for _, m := range r.means {
		pair := &checkpoint.Tuple{Items: []checkpoint.Value{checkpoint.Float(m.sum), checkpoint.Int(m.count)}}
		_ = sums.Set(checkpoint.String(m.name), pair) // a string can be hashed
	}
	return checkpoint.NewDict(checkpoint.Entry{Key: checkpoint.String("batch"), Value: checkpoint.Int(r.Batch)},
		checkpoint.Entry{Key: checkpoint.String("sums"), Value: sums})
}

// takeSoFar takes it back.
func (r *Run[M, H]) takeSoFar(v checkpoint.Value) error {
	wrong := func(what string) error { return fmt.Errorf("%w: its %s %s", ErrIncomplete, soFarKey, what) }
	d, ok := v.(*checkpoint.Dict)
	if !ok {
		return wrong(fmt.Sprintf("is a %T, not a dict", v))
	}
	v, _ = d.Get("batch")
	batch, ok := v.(checkpoint.Int)
	if !ok || batch < 0 {
		return wrong("does not tell the batch")
	}
	v, _ = d.Get("sums")
	sums, ok := v.(*checkpoint.Dict)
	if !ok {
		return wrong("has no dict of sums")
	}
	var all means
	for k, v := range sums.All() {
		name, ok := k.(checkpoint.String)
		pair, isPair := v.(*checkpoint.Tuple)
		if !ok || !isPair || len(pair.Items) != 2 {
			return wrong(fmt.Sprintf("has sums of %v that are no pair", k))
		}
		sum, ok := pair.Items[0].(checkpoint.Float)
		count, too := pair.Items[1].(checkpoint.Int)
		if !ok || !too {
			return wrong(fmt.Sprintf("has sums of %v that are no numbers", k))
		}
		all.add(string(name), float64(sum), int64(count))
	}
	r.Batch, r.means = int64(batch), all
	return nil
}
