package data

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"runtime/debug"

	"github.com/seed06459138/torchgo/torch"
)

// Options say how a Loader goes through a dataset.
type Options struct {
	Batch    int    // samples in a batch; 1 unless set
	Shuffle  bool   // go through the samples in another order in each epoch
	Seed     uint64 // of these orders, and of what Request.Rand gives
	DropLast bool   // leave out the last batch when it is not full

	Workers  int // goroutines that read batches; GOMAXPROCS unless set
	Prefetch int // batches that are read ahead; twice as many as workers unless set

	Device torch.Device // that batches are on; the zero value is the CPU
	Pin    bool         // pass through page-locked memory on the way to a GPU
}

// Loader goes through a dataset in batches, as torch.utils.data.DataLoader does. It
// is safe for concurrent use as far as the dataset is.
type Loader[B Batch] struct {
	dataset Dataset[B]
	options Options
}

// NewLoader makes a Loader. Options that make no sense are an error of type *Error.
func NewLoader[B Batch](d Dataset[B], o Options) (*Loader[B], error) {
	for _, c := range []struct {
		name  string
		value *int
		unset int
	}{
		{"samples in a batch", &o.Batch, 1},
		{"workers", &o.Workers, runtime.GOMAXPROCS(0)},
		{"batches read ahead", &o.Prefetch, 0},
	} {
		if *c.value < 0 {
			return nil, &Error{Msg: fmt.Sprintf("%d %s are not possible", *c.value, c.name)}
		}
		if *c.value == 0 {
			*c.value = c.unset
		}
	}
	if o.Prefetch == 0 {
		o.Prefetch = 2 * o.Workers
	}
	if n := d.Len(); n < 0 || n > mostSamples {
		return nil, &Error{Msg: fmt.Sprintf("a dataset of %d samples", n), Remedy: fmt.Sprintf("give at most %d", mostSamples)}
	}
	return &Loader[B]{d, o}, nil
}

// Len tells how many batches an epoch has.
func (l *Loader[B]) Len() int {
	n := l.dataset.Len()
	if l.options.DropLast {
		return n / l.options.Batch
	}
	return (n + l.options.Batch - 1) / l.options.Batch
}

// Epoch goes through the batches of an epoch, counted from 0, once. It may begin with
// any epoch: what was trained before does not matter.
//
// The tensors of a batch are in a scope of their own, which is closed when the body of
// the loop ends: with it goes all that was computed from them, unless Scope.Keep
// takes it out. An error of the dataset, or that of ctx, comes in the place of the next
// batch and is the last thing that comes. Leaving the loop ends what was being read ahead; a
// panic of the dataset is one of the loop, with a *PanicError.
func (l *Loader[B]) Epoch(ctx context.Context, epoch int) iter.Seq2[B, error] {
	return l.EpochFrom(ctx, epoch, 0)
}

// EpochFrom is Epoch from a batch on, counted from 0, for a training that stopped before
// it. Those before it are not read.
func (l *Loader[B]) EpochFrom(ctx context.Context, epoch, batch int) iter.Seq2[B, error] {
	return func(yield func(B, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		requests := l.requests(epoch)
		requests = requests[min(max(batch, 0), len(requests)):]
		r := l.start(ctx, requests)
		defer r.drain()
		defer cancel()
		left := len(requests)
		for reply := range r.replies {
			got := <-reply
			left--
			if got.panicked != nil {
				panic(got.panicked)
			}
			if got.err == nil {
				// What was read ahead is not gone through: it may be minutes of training.
				if got.err = context.Cause(ctx); got.err != nil {
					free(got.batch)
				}
			}
			if got.err != nil {
				var none B
				yield(none, got.err)
				return
			}
			if !l.hand(got.batch, yield) {
				return
			}
		}
		if left > 0 { // only the end of ctx can be why
			var none B
			yield(none, context.Cause(ctx))
		}
	}
}

// hand gives a batch to the body of the loop.
func (l *Loader[B]) hand(batch B, yield func(B, error) bool) bool {
	scope := torch.NewScope()
	defer scope.Close()
	for _, place := range batch.Tensors() {
		scope.Add(*place)
	}
	return yield(batch, nil)
}

// got is what became of a batch.
type got[B Batch] struct {
	batch    B
	err      error
	panicked *PanicError
}

// PanicError is what a loop panics with when a goroutine that read for it did.
type PanicError struct {
	Value any    // of the goroutine's panic
	Stack []byte // where that was
}

// Error gives both.
func (p *PanicError) Error() string {
	return fmt.Sprintf("%v, in a goroutine that read a batch\n\n%s", p.Value, p.Stack)
}

// reading is an epoch that is being read.
type reading[B Batch] struct {
	replies chan chan got[B] // one for each batch, in their order
}

// start lets workers read batches. They are taken up in their order, and only as many as
// may be read ahead.
func (l *Loader[B]) start(ctx context.Context, requests []Request) *reading[B] {
	type job struct {
		request Request
		reply   chan got[B]
	}
	r := &reading[B]{replies: make(chan chan got[B], l.options.Prefetch)}
	jobs := make(chan job)
	for range min(l.options.Workers, len(requests)) {
		go func() {
			for j := range jobs {
				j.reply <- l.read(ctx, j.request)
			}
		}()
	}
	go func() {
		defer close(r.replies)
		defer close(jobs)
		for _, request := range requests {
			reply := make(chan got[B], 1)
			select {
			case r.replies <- reply:
			case <-ctx.Done():
				return
			}
			jobs <- job{request, reply}
		}
	}()
	return r
}

// drain waits for what is being read, and frees it.
func (r *reading[B]) drain() {
	for reply := range r.replies {
		if got := <-reply; got.err == nil && got.panicked == nil {
			free(got.batch)
		}
	}
}

func free[B Batch](batch B) {
	for _, place := range batch.Tensors() {
		(*place).Close()
	}
}

// requests cuts the order of an epoch into batches.
func (l *Loader[B]) requests(epoch int) []Request {
	order := ordered(l.dataset.Len())
	if l.options.Shuffle {
		order = shuffled(len(order), l.options.Seed, max(epoch, 0))
	}
	all := make([]Request, l.Len())
	for i := range all {
		begin := i * l.options.Batch
		all[i] = Request{order[begin:min(begin+l.options.Batch, len(order))], epoch, l.options.Seed}
	}
	return all
}

// read reads a batch and moves it to its device.
func (l *Loader[B]) read(ctx context.Context, r Request) (g got[B]) {
	defer func() {
		if v := recover(); v != nil {
			g.panicked = &PanicError{v, debug.Stack()}
		}
	}()
	if g.err = context.Cause(ctx); g.err != nil {
		return g
	}
	if g.batch, g.err = l.dataset.Batch(ctx, r); g.err != nil || l.options.Device == torch.CPU {
		return g
	}
	if g.err = l.move(g.batch); g.err != nil {
		free(g.batch)
	}
	return g
}

// move puts copies on the device into the places of tensors.
func (l *Loader[B]) move(batch B) error {
	for _, place := range batch.Tensors() {
		t := *place
		if l.options.Pin {
			v, err := torch.Call("aten::pin_memory", t)
			if err != nil {
				return err
			}
			t.Close()
			t = v.(*torch.Tensor)
			*place = t
		}
		moved, err := t.To(l.options.Device)
		if err != nil {
			return err
		}
		t.Close()
		*place = moved
	}
	return nil
}
