package nn

import (
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/aten"
	"github.com/seed06459138/torchgo/torch/nn/functional"
)

// EncoderLayerOptions are the options of NewTransformerEncoderLayer.
type EncoderLayerOptions struct {
	Hidden     int64    // features between the two linear layers (dim_feedforward); 2048 unless given
	Dropout    *float64 // 0.1 unless given
	Activation Func     // functional.ReLU unless given
	Eps        float64  // of the norms; 1e-5 unless given
	BatchFirst bool     // batch × length × features, instead of length × batch × features
	NormFirst  bool     // norms before attention and feedforward, not after
	NoBias     bool
}

// TransformerEncoderLayer is self-attention and a feedforward network, each with a
// residual connection and a norm (Vaswani et al., 2017).
type TransformerEncoderLayer struct {
	SelfAttn     *MultiheadAttention
	Linear1      *Linear
	Dropout      *Dropout
	Linear2      *Linear
	Norm1, Norm2 *LayerNorm
	Dropout1     *Dropout
	Dropout2     *Dropout

	features, heads int64
	options         EncoderLayerOptions
	first           *TransformerEncoderLayer // of the stack that it is in, which it begins as a copy of
}

// NewTransformerEncoderLayer makes a layer of so many features and heads.
func NewTransformerEncoderLayer(features, heads int64, opts ...EncoderLayerOptions) *TransformerEncoderLayer {
	o := option(opts)
	if o.Activation == nil {
		o.Activation = functional.ReLU
	}
	hidden, p := nonzero(o.Hidden, 2048), or(o.Dropout, 0.1)
	bias, norm := LinearOptions{NoBias: o.NoBias}, LayerNormOptions{Eps: o.Eps, NoBias: o.NoBias}
	return &TransformerEncoderLayer{features: features, heads: heads, options: o,
		SelfAttn: NewMultiheadAttention(features, heads, AttentionOptions{Dropout: p, NoBias: o.NoBias, BatchFirst: o.BatchFirst}),
		Linear1:  NewLinear(features, hidden, bias), Dropout: NewDropout(p), Linear2: NewLinear(hidden, features, bias),
		Norm1: NewLayerNorm([]int64{features}, norm), Norm2: NewLayerNorm([]int64{features}, norm), Dropout1: NewDropout(p), Dropout2: NewDropout(p)}
}

// original gives the first layer of the stack: in Python all are copies of one.
func (l *TransformerEncoderLayer) original() any {
	if l.first == nil {
		return nil
	}
	return l.first
}

// Forward takes a batch of sequences.
func (l *TransformerEncoderLayer) Forward(x *torch.Tensor, masks ...AttentionMask) (*torch.Tensor, error) {
	attend := func(x *torch.Tensor) (*torch.Tensor, error) {
		y, err := l.SelfAttn.ForwardFast(x, x, x, masks...)
		if err != nil {
			return nil, err
		}
		return l.Dropout1.Forward(y)
	}
	feed := func(x *torch.Tensor) (*torch.Tensor, error) {
		return Pipe(x, l.Linear1.Forward, l.options.Activation, l.Dropout.Forward, l.Linear2.Forward, l.Dropout2.Forward)
	}
	if l.options.NormFirst {
		return Pipe(x, residual(l.Norm1.Forward, attend), residual(l.Norm2.Forward, feed))
	}
	return Pipe(x, residual(attend), l.Norm1.Forward, residual(feed), l.Norm2.Forward)
}

// residual adds what steps make of a tensor to it.
func residual(steps ...func(*torch.Tensor) (*torch.Tensor, error)) Func {
	return func(x *torch.Tensor) (*torch.Tensor, error) {
		y, err := Pipe(x, steps...)
		if err != nil {
			return nil, err
		}
		return aten.AddTensor(x, y, nil)
	}
}

// TransformerEncoder is a stack of layers, which begin with equal weights.
type TransformerEncoder struct {
	Layers []*TransformerEncoderLayer
	Norm   *LayerNorm // after the last; nil without one
}

// NewTransformerEncoder makes a stack of n layers like one; norm may be nil.
func NewTransformerEncoder(like *TransformerEncoderLayer, n int, norm *LayerNorm) *TransformerEncoder {
	e := &TransformerEncoder{Norm: norm}
	for i := range n {
		e.Layers = append(e.Layers, NewTransformerEncoderLayer(like.features, like.heads, like.options))
		if i > 0 {
			e.Layers[i].first = e.Layers[0]
		}
	}
	return e
}

// Forward takes a batch of sequences.
func (e *TransformerEncoder) Forward(x *torch.Tensor, masks ...AttentionMask) (*torch.Tensor, error) {
	var err error
	for _, l := range e.Layers {
		if x, err = l.Forward(x, masks...); err != nil {
			return nil, err
		}
	}
	if e.Norm == nil {
		return x, nil
	}
	return e.Norm.Forward(x)
}
