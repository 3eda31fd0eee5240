package data

import (
	"context"
	"math/rand/v2"

	"github.com/seed06459138/torchgo/internal/layout"
	"github.com/seed06459138/torchgo/torch"
)

// Batch is some samples, as tensors.
type Batch interface {
	// Tensors gives where the batch keeps its tensors, so that a Loader can move them
	// to a device and free them.
	Tensors() []**torch.Tensor
}

// Dataset is a number of samples, which are read in batches by their indices.
type Dataset[B Batch] interface {
	// Len tells how many samples there are; it does not change.
	Len() int

	// Batch reads samples into tensors on the CPU, which become the caller's. Several
	// goroutines call it at once.
	Batch(ctx context.Context, r Request) (B, error)
}

// Request asks a Dataset for samples.
type Request struct {
	Indices []int // of the samples, in their order in the batch
	Epoch   int
	Seed    uint64
}

// Rand gives the numbers by which the i-th sample asked for is varied: random crops,
// flips. They depend on the sample, the epoch and the seed, not on the batch that it
// is in, nor on the goroutine that reads it.
func (r Request) Rand(i int) *rand.Rand {
	return rand.New(rand.NewPCG(r.Seed, uint64(r.Epoch)<<32|uint64(uint32(r.Indices[i]))))
}

// Pair is a batch of inputs and what they should give. The first dimension of both
// counts the samples.
type Pair struct{ X, Y *torch.Tensor }

// Tensors gives both.
func (p *Pair) Tensors() []**torch.Tensor { return []**torch.Tensor{&p.X, &p.Y} }

// Tensors is a dataset of samples in memory: row i of X, and what it should give, row
// i of Y. The tensors stay the caller's, and must not be closed while the dataset is
// in use. It is torch.utils.data.TensorDataset.
type Tensors struct{ X, Y *torch.Tensor }

// Len tells how many rows both have; the fewer where they differ, which Batch refuses.
func (t *Tensors) Len() int {
	x, y := t.X.Shape(), t.Y.Shape()
	if len(x) == 0 || len(y) == 0 {
		return 0
	}
	return int(min(x[0], y[0]))
}

// Close closes both tensors.
func (t *Tensors) Close() {
	t.X.Close()
	t.Y.Close()
}

// Batch copies rows.
func (t *Tensors) Batch(_ context.Context, r Request) (*Pair, error) {
	if x, y := t.X.Shape(), t.Y.Shape(); len(x) == 0 || len(y) == 0 || x[0] != y[0] {
		return nil, &Error{Msg: "the inputs and what they should give are not equally many", Remedy: "give tensors whose first dimensions are equal"}
	}
	rows := make([]int64, len(r.Indices))
	for i, index := range r.Indices {
		rows[i] = int64(index)
	}
	index, err := torch.FromSlice(rows)
	if err != nil {
		return nil, err
	}
	defer index.Close()
	p := &Pair{}
	if p.X, err = selectRows(t.X, index); err != nil {
		return nil, err
	}
	if p.Y, err = selectRows(t.Y, index); err != nil {
		p.X.Close()
		return nil, err
	}
	return p, nil
}

// selectRows copies rows, which are nobody's but the caller's, whatever scope t is in.
func selectRows(t, rows *torch.Tensor) (*torch.Tensor, error) {
	v, err := torch.Call("aten::index_select", t, torch.Int(0), rows)
	if err != nil {
		return nil, err
	}
	return v.(*torch.Tensor), nil
}

// Error says what is wrong with a dataset, an option or a file.
type Error struct {
	Path   string // or ""
	Msg    string // what is wrong, in words
	Remedy string // what to do about it, or ""
	Err    error  // the cause, or nil
}

// Error gives "path: what is wrong: cause; remedy".
func (e *Error) Error() string {
	return layout.Fault(e.Remedy, e.Path, e.Msg, layout.Said(e.Err))
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }
