package main

import (
	"strings"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/aten"
	"github.com/seed06459138/torchgo/torch/nn"
	"github.com/seed06459138/torchgo/torch/nn/functional"
)

// Hyper are the hyper-parameters. The vocabulary is among them, so that a checkpoint
// alone is enough to write on.
type Hyper struct {
	Vocabulary     string // each character once
	Hidden, Layers int64
	LR             float64
}

// CharLSTM guesses the next character.
type CharLSTM struct {
	Embedding *nn.Embedding
	LSTM      *nn.LSTM
	Head      *nn.Linear
}

func init() {
	err := nn.Register("charlstm", "v1", func(h Hyper) (*CharLSTM, error) {
		characters := int64(len([]rune(h.Vocabulary)))
		return &CharLSTM{nn.NewEmbedding(characters, h.Hidden),
			nn.NewLSTM(h.Hidden, h.Hidden, nn.RecurrentOptions{Layers: h.Layers, BatchFirst: true}), nn.NewLinear(h.Hidden, characters)}, nil
	})
	if err != nil {
		panic(err) // it is registered twice
	}
}

// Forward gives scores of what comes next, [n, time, characters], and the state at the
// end, for characters int64 [n, time] and the state that they begin with, or nil.
func (m *CharLSTM) Forward(x *torch.Tensor, state *nn.LSTMState) (*torch.Tensor, *nn.LSTMState, error) {
	x, err := m.Embedding.Forward(x)
	if err != nil {
		return nil, nil, err
	}
	y, state, err := m.LSTM.Forward(x, state)
	if err != nil {
		return nil, nil, err
	}
	y, err = m.Head.Forward(y)
	return y, state, err
}

// loss is that of guessing y, which is x one character later.
func (m *CharLSTM) loss(x, y *torch.Tensor) (*torch.Tensor, error) {
	scores, _, err := m.Forward(x, nil)
	if err != nil {
		return nil, err
	}
	if scores, err = aten.FlattenUsingInts(scores, &aten.FlattenOptions{StartDim: 0, EndDim: new(int64(1))}); err != nil {
		return nil, err
	}
	if y, err = aten.FlattenUsingInts(y, nil); err != nil {
		return nil, err
	}
	return functional.CrossEntropy(scores, y)
}

// numbers are the places of a text's characters in a vocabulary.
func numbers(text string, vocabulary []rune) []int64 {
	place := make(map[rune]int64)
	for i, r := range vocabulary {
		place[r] = int64(i)
	}
	all := make([]int64, 0, len(text))
	for _, r := range text {
		all = append(all, place[r])
	}
	return all
}

// write goes on from a text by so many characters, each drawn by how likely the model
// holds it to be.
func (m *CharLSTM) write(begin string, vocabulary []rune, count int) (string, error) {
	nn.Eval(m)
	defer nn.Train(m)
	device := m.Head.Weight.Device()
	var text strings.Builder
	err := torch.InScope(func(s *torch.Scope) error {
		var state *nn.LSTMState
		next := numbers(begin, vocabulary)
		for range count {
			host, err := torch.FromSlice(next, 1, int64(len(next)))
			if err != nil {
				return err
			}
			x, err := s.Add(host).To(device)
			if err != nil {
				return err
			}
			scores, after, err := m.Forward(x, state)
			if err != nil {
				return err
			}
			last, err := nn.Pipe(scores,
				func(y *torch.Tensor) (*torch.Tensor, error) { return aten.SelectInt(y, 1, -1) },
				func(y *torch.Tensor) (*torch.Tensor, error) { return functional.Softmax(y, -1) },
				func(p *torch.Tensor) (*torch.Tensor, error) { return aten.Multinomial(p, 1, nil) })
			if err != nil {
				return err
			}
			if next, err = torch.Slice[int64](last); err != nil {
				return err
			}
			text.WriteRune(vocabulary[next[0]])
			state = after
		}
		return nil
	}, torch.NoGrad)
	return text.String(), err
}
