package nn

import (
	"fmt"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/aten"
	"github.com/seed06459138/torchgo/torch/nn/initializer"
)

// EmbeddingOptions are the options of NewEmbedding and NewEmbeddingBag.
type EmbeddingOptions struct {
	PaddingIdx      *int64   // a row that begins with zeros and is not trained; negative from the end
	MaxNorm         *float64 // rows that are longer are scaled down when they are looked up
	NormType        float64  // of MaxNorm; 2 unless given
	ScaleGradByFreq bool     // divide gradients by how often a row was looked up
	Sparse          bool     // give sparse gradients, which optim.SGD takes
	Bag             BagMode  // of NewEmbeddingBag
	LastOffset      bool     // of NewEmbeddingBag: offsets end with the number of indices
}

// BagMode is what an EmbeddingBag makes of the rows of a bag.
type BagMode int64

// The modes of bags; the zero value is the mean, as in PyTorch.
const (
	BagMean BagMode = iota
	BagSum
	BagMax
)

// String gives the name as in Python.
func (m BagMode) String() string { return [...]string{"mean", "sum", "max"}[m] }

// table is what embeddings have in common.
type table struct {
	Weight *Parameter // rows × dimensions

	options EmbeddingOptions
	padding *int64 // counted from the beginning
}

func newTable(rows, dimensions int64, opts []EmbeddingOptions) table {
	t := table{options: option(opts)}
	if p := t.options.PaddingIdx; p != nil {
		t.padding = new(*p)
		if *p < 0 {
			*t.padding += rows
		}
	}
	t.Weight = NewParameter(t.fill, rows, dimensions)
	return t
}

// fill draws normal numbers.
func (e *table) fill(t *torch.Tensor) error { return initializer.Normal(t, 0, 1) }

// Initialize puts zeros into the row of the padding.
func (e *table) Initialize() error {
	if e.padding == nil {
		return nil
	}
	if rows := e.Weight.Size()[0]; *e.padding < 0 || *e.padding >= rows {
		return refuse("embedding", "row %d is to be the padding of a table of %d", *e.options.PaddingIdx, rows)
	}
	bare, err := e.Weight.Detach()
	if err != nil {
		return err
	}
	defer bare.Close()
	row, err := aten.SelectInt(bare, 0, *e.padding)
	if err != nil {
		return err
	}
	defer row.Close()
	return initializer.Zeros(row)
}

// renormalise scales down the rows that are looked up and too long.
func (e *table) renormalise(indices *torch.Tensor) error {
	if e.options.MaxNorm == nil {
		return nil
	}
	bare, err := e.Weight.Detach()
	if err != nil {
		return err
	}
	defer bare.Close()
	return aten.EmbeddingRenormInPlace(bare, indices, *e.options.MaxNorm, nonzero(e.options.NormType, 2))
}

// sizes tells of the table, and norms of what is done to rows.
func (e *table) sizes() string {
	size := e.Weight.Size()
	return fmt.Sprintf("%d, %d", size[0], size[1])
}

func (e *table) norms() string {
	text := ""
	if e.options.MaxNorm != nil {
		text += ", max_norm=" + pyFloat(*e.options.MaxNorm)
	}
	if n := nonzero(e.options.NormType, 2); n != 2 {
		text += ", norm_type=" + pyFloat(n)
	}
	if e.options.ScaleGradByFreq {
		text += ", scale_grad_by_freq=True"
	}
	return text
}

func (e *table) paddingOf() string {
	if e.padding == nil {
		return ""
	}
	return fmt.Sprintf(", padding_idx=%d", *e.padding)
}

// Describe tells what it was made with.
func (e *table) Describe() string {
	text := e.sizes() + e.paddingOf() + e.norms()
	if e.options.Sparse {
		text += ", sparse=True"
	}
	return text
}

// Embedding gives rows of a table by their index.
type Embedding struct{ table }

// NewEmbedding makes a table of so many rows.
func NewEmbedding(rows, dimensions int64, opts ...EmbeddingOptions) *Embedding {
	return &Embedding{newTable(rows, dimensions, opts)}
}

// Forward takes indices (int64 or int32) of any shape. With MaxNorm it writes the
// weight, and must not run beside itself.
func (e *Embedding) Forward(indices *torch.Tensor) (*torch.Tensor, error) {
	if err := e.renormalise(indices); err != nil {
		return nil, err
	}
	return aten.Embedding(e.Weight.Tensor, indices, &aten.EmbeddingOptions{PaddingIdx: e.padding, ScaleGradByFreq: e.options.ScaleGradByFreq, Sparse: e.options.Sparse})
}

// EmbeddingBag gives one row for each bag of indices: their mean, sum or maximum.
type EmbeddingBag struct{ table }

// NewEmbeddingBag makes a table of so many rows.
func NewEmbeddingBag(rows, dimensions int64, opts ...EmbeddingOptions) *EmbeddingBag {
	return &EmbeddingBag{newTable(rows, dimensions, opts)}
}

// bagCodes are the numbers that ATen gives the modes.
var bagCodes = [...]int64{BagMean: 1, BagSum: 0, BagMax: 2}

// Forward takes bags as rows of a matrix of indices, with offsets nil, or one after
// the other with offsets where each begins. weights, which may be nil, are factors
// of the rows, for sums alone.
func (e *EmbeddingBag) Forward(indices, offsets, weights *torch.Tensor) (*torch.Tensor, error) {
	if err := e.renormalise(indices); err != nil {
		return nil, err
	}
	if shape := indices.Shape(); len(shape) == 2 && offsets == nil {
		var err error
		if indices, err = indices.Reshape(-1); err != nil {
			return nil, err
		}
		if weights != nil {
			if weights, err = weights.Reshape(-1); err != nil {
				return nil, err
			}
		}
		begins := make([]int64, shape[0])
		for i := range begins {
			begins[i] = int64(i) * shape[1]
		}
		if offsets, err = torch.FromSlice(begins); err != nil {
			return nil, err
		}
		defer offsets.Close()
		if indices.Device() != torch.CPU {
			moved, err := offsets.To(indices.Device())
			if err != nil {
				return nil, err
			}
			defer moved.Close()
			offsets = moved
		}
	}
	if offsets == nil {
		return nil, &torch.Error{Op: "EmbeddingBag", Code: torch.CodeArgument, Msg: "indices of one dimension need offsets"}
	}
	y, a, b, c, err := aten.EmbeddingBagPaddingIdx(e.Weight.Tensor, indices, offsets, e.options.ScaleGradByFreq, bagCodes[e.options.Bag], e.options.Sparse, weights, e.options.LastOffset, e.padding)
	if err != nil {
		return nil, err
	}
	for _, t := range []*torch.Tensor{a, b, c} {
		t.Close()
	}
	return y, nil
}

// Describe tells what it was made with.
func (e *EmbeddingBag) Describe() string {
	return fmt.Sprintf("%s%s, mode='%s'%s", e.sizes(), e.norms(), e.options.Bag, e.paddingOf())
}
