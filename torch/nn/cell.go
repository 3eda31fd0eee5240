package nn

import (
	"fmt"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/aten"
)

// CellOptions are the options of recurrent cells.
type CellOptions struct {
	NoBias bool
	ReLU   bool // of RNNCell, instead of tanh
}

// cell is what recurrent cells have in common: one step of one layer.
type cell struct {
	WeightIH *Parameter `nn:"weight_ih"`
	WeightHH *Parameter `nn:"weight_hh"`
	BiasIH   *Parameter `nn:"bias_ih"`
	BiasHH   *Parameter `nn:"bias_hh"`

	input, hidden int64
	options       CellOptions
}

func newCell(gates, input, hidden int64, opts []CellOptions) cell {
	fill := uniformOf(hidden)
	c := cell{input: input, hidden: hidden, options: option(opts), WeightIH: NewParameter(fill, gates*hidden, input), WeightHH: NewParameter(fill, gates*hidden, hidden)}
	if !c.options.NoBias {
		c.BiasIH, c.BiasHH = NewParameter(fill, gates*hidden), NewParameter(fill, gates*hidden)
	}
	return c
}

// zeros makes a first state, which joins the scope of x.
func (c *cell) zeros(x *torch.Tensor) (*torch.Tensor, error) {
	if err := expect(x, "a recurrent cell", 1, 2); err != nil {
		return nil, err
	}
	shape := x.Shape()
	shape[len(shape)-1] = c.hidden
	return aten.NewZeros(x, shape, nil)
}

// Describe tells what it was made with.
func (c *cell) Describe() string {
	text := fmt.Sprintf("%d, %d", c.input, c.hidden)
	if c.options.NoBias {
		text += ", bias=False"
	}
	if c.options.ReLU {
		text += ", nonlinearity=relu"
	}
	return text
}

// RNNCell is one step of an RNN.
type RNNCell struct{ cell }

// NewRNNCell makes a cell from input features to hidden ones.
func NewRNNCell(input, hidden int64, opts ...CellOptions) *RNNCell {
	return &RNNCell{newCell(1, input, hidden, opts)}
}

// Forward takes batch × features and the state before, zeros for nil.
func (c *RNNCell) Forward(x, h *torch.Tensor) (*torch.Tensor, error) {
	if h == nil {
		var err error
		if h, err = c.zeros(x); err != nil {
			return nil, err
		}
	}
	if c.options.ReLU {
		return aten.RnnReluCell(x, h, c.WeightIH.Tensor, c.WeightHH.Tensor, &aten.RnnReluCellOptions{BIh: tensorOf(c.BiasIH), BHh: tensorOf(c.BiasHH)})
	}
	return aten.RnnTanhCell(x, h, c.WeightIH.Tensor, c.WeightHH.Tensor, &aten.RnnTanhCellOptions{BIh: tensorOf(c.BiasIH), BHh: tensorOf(c.BiasHH)})
}

// GRUCell is one step of a GRU.
type GRUCell struct{ cell }

// NewGRUCell makes a cell from input features to hidden ones.
func NewGRUCell(input, hidden int64, opts ...CellOptions) *GRUCell {
	return &GRUCell{newCell(3, input, hidden, opts)}
}

// Forward takes batch × features and the state before, zeros for nil.
func (c *GRUCell) Forward(x, h *torch.Tensor) (*torch.Tensor, error) {
	if h == nil {
		var err error
		if h, err = c.zeros(x); err != nil {
			return nil, err
		}
	}
	return aten.GruCell(x, h, c.WeightIH.Tensor, c.WeightHH.Tensor, &aten.GruCellOptions{BIh: tensorOf(c.BiasIH), BHh: tensorOf(c.BiasHH)})
}

// LSTMCell is one step of an LSTM.
type LSTMCell struct{ cell }

// NewLSTMCell makes a cell from input features to hidden ones.
func NewLSTMCell(input, hidden int64, opts ...CellOptions) *LSTMCell {
	return &LSTMCell{newCell(4, input, hidden, opts)}
}

// Forward takes batch × features and the state before, zeros for nil; it gives the
// state after, whose H is the output.
func (c *LSTMCell) Forward(x *torch.Tensor, state *LSTMState) (*LSTMState, error) {
	if state == nil {
		zeros, err := c.zeros(x)
		if err != nil {
			return nil, err
		}
		state = &LSTMState{zeros, zeros}
	}
	h, cells, err := aten.LstmCell(x, []*torch.Tensor{state.H, state.C}, c.WeightIH.Tensor, c.WeightHH.Tensor, &aten.LstmCellOptions{BIh: tensorOf(c.BiasIH), BHh: tensorOf(c.BiasHH)})
	if err != nil {
		return nil, err
	}
	return &LSTMState{h, cells}, nil
}
