package nn

import (
	"fmt"
	"slices"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/aten"
)

// RecurrentOptions are the options of NewRNN, NewLSTM and NewGRU.
type RecurrentOptions struct {
	Layers        int64 // 1 unless given
	NoBias        bool
	BatchFirst    bool // batch × time × features, instead of time × batch × features
	Dropout       float64
	Bidirectional bool
	ReLU          bool  // of RNN, instead of tanh
	Projection    int64 // of LSTM: the size that hidden states are projected to (proj_size)
}

// recurrent is what recurrent networks have in common.
type recurrent struct {
	Mode
	options       RecurrentOptions
	input, hidden int64
	weights       []Member // in the order of the operators
}

func newRecurrent(gates, input, hidden int64, opts []RecurrentOptions) recurrent {
	r := recurrent{options: option(opts), input: input, hidden: hidden}
	r.options.Layers = nonzero(r.options.Layers, 1)
	fill, out := uniformOf(hidden), r.out()
	for layer := range r.options.Layers {
		for direction := range r.directions() {
			suffix := fmt.Sprintf("_l%d", layer)
			if direction == 1 {
				suffix += "_reverse"
			}
			in := input
			if layer > 0 {
				in = out * r.directions()
			}
			add := func(name string, shape ...int64) {
				r.weights = append(r.weights, Member{name + suffix, NewParameter(fill, shape...)})
			}
			add("weight_ih", gates*hidden, in)
			add("weight_hh", gates*hidden, out)
			if !r.options.NoBias {
				add("bias_ih", gates*hidden)
				add("bias_hh", gates*hidden)
			}
			if r.options.Projection > 0 {
				add("weight_hr", r.options.Projection, hidden)
			}
		}
	}
	return r
}

// out is the size of a hidden state.
func (r *recurrent) out() int64 { return nonzero(r.options.Projection, r.hidden) }

func (r *recurrent) directions() int64 {
	if r.options.Bidirectional {
		return 2
	}
	return 1
}

// Members lists the weights: weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, ….
func (r *recurrent) Members() []Member { return r.weights }

func (r *recurrent) tensors() []*torch.Tensor {
	list := make([]*torch.Tensor, len(r.weights))
	for i, m := range r.weights {
		list[i] = m.Value.(*Parameter).Tensor
	}
	return list
}

// state gives the shape of a state of a size for a batch.
func (r *recurrent) state(x *torch.Tensor, size int64) []int64 {
	batch := x.Shape()[1]
	if r.options.BatchFirst {
		batch = x.Shape()[0]
	}
	return []int64{r.options.Layers * r.directions(), batch, size}
}

// fits refuses a batch that the operators would read beyond.
func (r *recurrent) fits(x *torch.Tensor, states []*torch.Tensor, sizes []int64) error {
	const op = "a recurrent network"
	if n := x.Shape()[2]; n != r.input {
		return refuse(op, "the input has %d features, not %d", n, r.input)
	}
	for i, s := range states {
		if s.Closed() {
			return fmt.Errorf("%s: a state is a tensor %w", op, torch.ErrClosed)
		}
		if want := r.state(x, sizes[i]); !slices.Equal(s.Shape(), want) {
			return refuse(op, "a state has the shape %v, not %v", s.Shape(), want)
		}
	}
	return nil
}

// run runs the network on a batch, or on one sequence that it makes a batch of.
func (r *recurrent) run(x *torch.Tensor, states []*torch.Tensor, sizes []int64, call func(x *torch.Tensor, states []*torch.Tensor) ([]*torch.Tensor, error)) ([]*torch.Tensor, error) {
	if err := expect(x, "a recurrent network", 2, 3); err != nil {
		return nil, err
	}
	one := x.Dim() == 2
	at := int64(1)
	if r.options.BatchFirst {
		at = 0
	}
	var err error
	if one {
		if x, err = aten.Unsqueeze(x, at); err != nil {
			return nil, err
		}
	}
	first := make([]*torch.Tensor, len(states))
	for i, s := range states {
		switch {
		case s == nil:
			first[i], err = aten.NewZeros(x, r.state(x, sizes[i]), nil) // in the scope of x
		case one:
			first[i], err = aten.Unsqueeze(s, 1)
		default:
			first[i] = s
		}
		if err != nil {
			return nil, err
		}
	}
	if err := r.fits(x, first, sizes); err != nil {
		return nil, err
	}
	out, err := call(x, first)
	if err != nil || !one {
		return out, err
	}
	for i, y := range out {
		dim := at
		if i > 0 {
			dim = 1
		}
		if out[i], err = aten.SqueezeDim(y, dim); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Describe tells what it was made with.
func (r *recurrent) Describe() string {
	text := fmt.Sprintf("%d, %d", r.input, r.hidden)
	if r.options.Projection > 0 {
		text += fmt.Sprintf(", proj_size=%d", r.options.Projection)
	}
	if r.options.Layers != 1 {
		text += fmt.Sprintf(", num_layers=%d", r.options.Layers)
	}
	if r.options.NoBias {
		text += ", bias=False"
	}
	if r.options.BatchFirst {
		text += ", batch_first=True"
	}
	if r.options.Dropout != 0 {
		text += ", dropout=" + pyFloat(r.options.Dropout)
	}
	if r.options.Bidirectional {
		text += ", bidirectional=True"
	}
	return text
}

// RNN is a network of Elman's, of tanh or ReLU.
type RNN struct{ recurrent }

// NewRNN makes a network from input features to hidden ones.
func NewRNN(input, hidden int64, opts ...RecurrentOptions) *RNN {
	return &RNN{newRecurrent(1, input, hidden, opts)}
}

// Forward takes a sequence, and the hidden state of (layers · directions) × batch ×
// hidden that it begins with, zeros for nil. It gives the last layer's output at
// each step, and the state at the end.
func (r *RNN) Forward(x, h *torch.Tensor) (y, last *torch.Tensor, err error) {
	op := aten.RnnTanhInput
	if r.options.ReLU {
		op = aten.RnnReluInput
	}
	return r.simple(x, h, op)
}

// simpleOperator is an operator of networks whose state is one tensor.
type simpleOperator func(input, hx *torch.Tensor, params []*torch.Tensor, hasBiases bool, numLayers int64, dropout float64, train, bidirectional, batchFirst bool) (*torch.Tensor, *torch.Tensor, error)

func (r *recurrent) simple(x, h *torch.Tensor, op simpleOperator) (y, last *torch.Tensor, err error) {
	o := r.options
	out, err := r.run(x, []*torch.Tensor{h}, []int64{r.hidden}, func(x *torch.Tensor, s []*torch.Tensor) ([]*torch.Tensor, error) {
		y, last, err := op(x, s[0], r.tensors(), !o.NoBias, o.Layers, o.Dropout, r.Training(), o.Bidirectional, o.BatchFirst)
		return []*torch.Tensor{y, last}, err
	})
	if err != nil {
		return nil, nil, err
	}
	return out[0], out[1], nil
}

// GRU is a network of gated recurrent units.
type GRU struct{ recurrent }

// NewGRU makes a network from input features to hidden ones.
func NewGRU(input, hidden int64, opts ...RecurrentOptions) *GRU {
	return &GRU{newRecurrent(3, input, hidden, opts)}
}

// Forward is RNN's.
func (r *GRU) Forward(x, h *torch.Tensor) (y, last *torch.Tensor, err error) {
	return r.simple(x, h, aten.GruInput)
}

// LSTM is a network of long short-term memory.
type LSTM struct{ recurrent }

// LSTMState is the state of an LSTM: its output and its cells, each of (layers ·
// directions) × batch × hidden.
type LSTMState struct{ H, C *torch.Tensor }

// NewLSTM makes a network from input features to hidden ones.
func NewLSTM(input, hidden int64, opts ...RecurrentOptions) *LSTM {
	return &LSTM{newRecurrent(4, input, hidden, opts)}
}

// Forward takes a sequence and the state that it begins with, zeros for nil. It
// gives the last layer's output at each step, and the state at the end.
func (r *LSTM) Forward(x *torch.Tensor, state *LSTMState) (*torch.Tensor, *LSTMState, error) {
	if state == nil {
		state = &LSTMState{}
	}
	o := r.options
	out, err := r.run(x, []*torch.Tensor{state.H, state.C}, []int64{r.out(), r.hidden}, func(x *torch.Tensor, s []*torch.Tensor) ([]*torch.Tensor, error) {
		y, h, c, err := aten.LstmInput(x, s, r.tensors(), !o.NoBias, o.Layers, o.Dropout, r.Training(), o.Bidirectional, o.BatchFirst)
		return []*torch.Tensor{y, h, c}, err
	})
	if err != nil {
		return nil, nil, err
	}
	return out[0], &LSTMState{out[1], out[2]}, nil
}
