package nn

import (
	"fmt"
	"math"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/aten"
	"github.com/seed06459138/torchgo/torch/dtype"
	"github.com/seed06459138/torchgo/torch/nn/initializer"
)

// AttentionOptions are the options of NewMultiheadAttention.
type AttentionOptions struct {
	Dropout            float64 // of the attention weights
	NoBias             bool
	BiasKV             bool  // a trained key and value at the end (add_bias_kv)
	ZeroAttention      bool  // a key and value of zeros at the end (add_zero_attn)
	KeySize, ValueSize int64 // features of keys and values; those of queries unless given
	BatchFirst         bool  // batch × length × features, instead of length × batch × features
}

// MultiheadAttention is the attention of Vaswani et al. (2017).
type MultiheadAttention struct {
	Mode
	QProjWeight, KProjWeight, VProjWeight *Parameter // where keys or values are of other sizes
	InProjWeight                          *Parameter // else all three
	InProjBias                            *Parameter
	BiasK, BiasV                          *Parameter
	OutProj                               *Linear

	options         AttentionOptions
	features, heads int64
}

// NewMultiheadAttention makes an attention of so many heads, which share the features.
func NewMultiheadAttention(features, heads int64, opts ...AttentionOptions) *MultiheadAttention {
	o := option(opts)
	m := &MultiheadAttention{options: o, features: features, heads: heads, OutProj: NewLinear(features, features, LinearOptions{NoBias: o.NoBias})}
	m.OutProj.class = "NonDynamicallyQuantizableLinear"
	key, value := nonzero(o.KeySize, features), nonzero(o.ValueSize, features)
	if key == features && value == features {
		m.InProjWeight = NewParameter(nil, 3*features, features)
	} else {
		m.QProjWeight, m.KProjWeight, m.VProjWeight = NewParameter(nil, features, features), NewParameter(nil, features, key), NewParameter(nil, features, value)
	}
	if !o.NoBias {
		m.InProjBias = NewParameter(nil, 3*features)
	}
	if o.BiasKV {
		m.BiasK, m.BiasV = NewParameter(nil, 1, 1, features), NewParameter(nil, 1, 1, features)
	}
	return m
}

// Initialize fills the weights as PyTorch does, which is after those of OutProj.
func (m *MultiheadAttention) Initialize() error {
	for _, p := range []*Parameter{m.InProjWeight, m.QProjWeight, m.KProjWeight, m.VProjWeight} {
		if p == nil {
			continue
		}
		if err := initializer.XavierUniform(p.Tensor, 1); err != nil {
			return err
		}
	}
	if m.OutProj.Bias != nil {
		if err := initializer.Zeros(m.OutProj.Bias.Tensor); err != nil {
			return err
		}
	}
	for _, p := range []*Parameter{m.BiasK, m.BiasV} {
		if p == nil {
			continue
		}
		if err := initializer.XavierNormal(p.Tensor, 1); err != nil {
			return err
		}
	}
	return nil
}

// AttentionMask says what may be attended to; nil is everything.
type AttentionMask struct {
	// Attention is query length × key length, or the same for each batch · heads:
	// of bools, where true forbids, or of floats to be added.
	Attention *torch.Tensor
	// KeyPadding is batch × key length, where true, or minus infinity, forbids.
	KeyPadding *torch.Tensor
	// Causal says that Attention forbids what comes later, so that faster kernels can
	// be used. It has an effect in ForwardFast.
	Causal bool
}

// Forward gives the output and the attention weights, batch × query length × key
// length, averaged over the heads.
func (m *MultiheadAttention) Forward(query, key, value *torch.Tensor, masks ...AttentionMask) (y, weights *torch.Tensor, err error) {
	return m.attend(query, key, value, option(masks), true)
}

// ForwardFast gives the output alone, by the fused kernels of libtorch
// (need_weights=False).
func (m *MultiheadAttention) ForwardFast(query, key, value *torch.Tensor, masks ...AttentionMask) (*torch.Tensor, error) {
	y, _, err := m.attend(query, key, value, option(masks), false)
	return y, err
}

// attention is one call: what was made of its arguments so far.
type attention struct {
	m                       *MultiheadAttention
	batch, targets, sources int64
	q, k, v                 *torch.Tensor
	mask                    *torch.Tensor
}

func (m *MultiheadAttention) attend(query, key, value *torch.Tensor, mask AttentionMask, weigh bool) (y, weights *torch.Tensor, err error) {
	const op = "MultiheadAttention"
	if m.heads < 1 || m.features%m.heads != 0 {
		return nil, nil, &torch.Error{Op: op, Code: torch.CodeArgument, Msg: fmt.Sprintf("%d features are no multiple of %d heads", m.features, m.heads)}
	}
	for _, x := range []*torch.Tensor{query, key, value} {
		if err := expect(x, op, 3); err != nil {
			return nil, nil, err
		}
	}
	if m.options.BatchFirst {
		if query, key, value, err = timeFirst(query, key, value); err != nil {
			return nil, nil, err
		}
	}
	shape := query.Shape()
	a := &attention{m: m, targets: shape[0], batch: shape[1]}
	if err := a.project(query, key, value); err != nil {
		return nil, nil, err
	}
	if err := a.extend(&mask); err != nil {
		return nil, nil, err
	}
	if err := a.merge(mask); err != nil {
		return nil, nil, err
	}
	if weigh {
		y, weights, err = a.weighed()
	} else {
		y, err = a.fused(mask.Causal && mask.KeyPadding == nil)
	}
	if err == nil && m.options.BatchFirst {
		y, err = aten.TransposeInt(y, 0, 1)
	}
	return y, weights, err
}

// timeFirst transposes tensors; those that are the same stay so.
func timeFirst(query, key, value *torch.Tensor) (q, k, v *torch.Tensor, err error) {
	if q, err = aten.TransposeInt(query, 0, 1); err != nil {
		return nil, nil, nil, err
	}
	if k = q; key != query {
		if k, err = aten.TransposeInt(key, 0, 1); err != nil {
			return nil, nil, nil, err
		}
	}
	switch value {
	case key:
		return q, k, k, nil
	case query:
		return q, k, q, nil
	}
	v, err = aten.TransposeInt(value, 0, 1)
	return q, k, v, err
}

// project makes queries, keys and values of the arguments.
func (a *attention) project(query, key, value *torch.Tensor) error {
	m := a.m
	if m.InProjWeight != nil && query == key && key == value {
		return a.projectSelf(query)
	}
	weights := []*torch.Tensor{tensorOf(m.QProjWeight), tensorOf(m.KProjWeight), tensorOf(m.VProjWeight)}
	var err error
	if m.InProjWeight != nil {
		if weights, err = aten.Chunk(m.InProjWeight.Tensor, 3, nil); err != nil {
			return err
		}
		defer closeAll(weights)
	}
	biases := make([]*torch.Tensor, 3)
	if m.InProjBias != nil {
		if biases, err = aten.Chunk(m.InProjBias.Tensor, 3, nil); err != nil {
			return err
		}
		defer closeAll(biases)
	}
	for i, to := range []**torch.Tensor{&a.q, &a.k, &a.v} {
		x := []*torch.Tensor{query, key, value}[i]
		if *to, err = aten.Linear(x, weights[i], &aten.LinearOptions{Bias: biases[i]}); err != nil {
			return err
		}
	}
	return nil
}

// projectSelf makes all three of one tensor by one product.
func (a *attention) projectSelf(x *torch.Tensor) error {
	all, err := aten.Linear(x, a.m.InProjWeight.Tensor, &aten.LinearOptions{Bias: tensorOf(a.m.InProjBias)})
	if err != nil {
		return err
	}
	all, err = Pipe(all,
		func(y *torch.Tensor) (*torch.Tensor, error) {
			return aten.UnflattenInt(y, -1, []int64{3, a.m.features})
		},
		func(y *torch.Tensor) (*torch.Tensor, error) { return aten.Unsqueeze(y, 0) },
		func(y *torch.Tensor) (*torch.Tensor, error) { return aten.TransposeInt(y, 0, -2) },
		func(y *torch.Tensor) (*torch.Tensor, error) { return aten.SqueezeDim(y, -2) },
		(*torch.Tensor).Contiguous)
	if err != nil {
		return err
	}
	for i, to := range []**torch.Tensor{&a.q, &a.k, &a.v} {
		if *to, err = aten.SelectInt(all, 0, int64(i)); err != nil {
			return err
		}
	}
	return nil
}

func closeAll(list []*torch.Tensor) {
	for _, t := range list {
		t.Close()
	}
}

// extend adds keys and values at the end, which every query may attend to.
func (a *attention) extend(mask *AttentionMask) error {
	var more [][2]func() (*torch.Tensor, error)
	if a.m.BiasK != nil {
		more = append(more, [2]func() (*torch.Tensor, error){a.repeated(a.m.BiasK), a.repeated(a.m.BiasV)})
	}
	if a.m.options.ZeroAttention {
		zeros := func() (*torch.Tensor, error) {
			return aten.NewZeros(a.k, []int64{1, a.batch, a.m.features}, nil)
		}
		more = append(more, [2]func() (*torch.Tensor, error){zeros, zeros})
	}
	for _, both := range more {
		for i, to := range []**torch.Tensor{&a.k, &a.v} {
			one, err := both[i]()
			if err != nil {
				return err
			}
			longer, err := aten.Cat([]*torch.Tensor{*to, one}, nil)
			if err != nil {
				return err
			}
			*to = longer
		}
		for _, m := range []**torch.Tensor{&mask.Attention, &mask.KeyPadding} {
			if *m == nil {
				continue
			}
			longer, err := aten.Pad(*m, []int64{0, 1}, nil)
			if err != nil {
				return err
			}
			*m = longer
		}
	}
	a.sources = a.k.Shape()[0]
	return nil
}

func (a *attention) repeated(p *Parameter) func() (*torch.Tensor, error) {
	return func() (*torch.Tensor, error) {
		// Computed from a key, so that it joins its scope.
		zeros, err := aten.NewZeros(a.k, []int64{1, a.batch, a.m.features}, nil)
		if err != nil {
			return nil, err
		}
		return aten.AddTensor(zeros, p.Tensor, nil)
	}
}

// merge makes one mask of floats, batch × (1 or heads) × targets × sources, of both.
func (a *attention) merge(mask AttentionMask) error {
	var err error
	if mask.Attention != nil {
		if a.mask, err = a.additive(mask.Attention); err != nil {
			return err
		}
		shape := []int64{1, 1, a.targets, a.sources}
		if mask.Attention.Dim() == 3 {
			shape = []int64{a.batch, a.m.heads, a.targets, a.sources}
		}
		if a.mask, err = a.mask.Reshape(shape...); err != nil {
			return err
		}
	}
	if mask.KeyPadding == nil {
		return nil
	}
	padding, err := a.additive(mask.KeyPadding)
	if err != nil {
		return err
	}
	if padding, err = padding.Reshape(a.batch, 1, 1, a.sources); err != nil {
		return err
	}
	if a.mask == nil {
		a.mask = padding
		return nil
	}
	a.mask, err = aten.AddTensor(a.mask, padding, nil)
	return err
}

// additive makes floats of bools, minus infinity where one is true.
func (a *attention) additive(mask *torch.Tensor) (*torch.Tensor, error) {
	if mask.DType() != dtype.Bool {
		return mask, nil
	}
	zeros, err := aten.NewZeros(a.q, mask.Shape(), nil)
	if err != nil {
		return nil, err
	}
	return aten.MaskedFillScalar(zeros, mask, torch.Float(math.Inf(-1)))
}

// heads takes time × batch × features apart: batch × heads × time × features of a head.
func (a *attention) heads(x *torch.Tensor, length int64) (*torch.Tensor, error) {
	return Pipe(x,
		func(y *torch.Tensor) (*torch.Tensor, error) {
			return y.Reshape(length, a.batch*a.m.heads, a.m.features/a.m.heads)
		},
		func(y *torch.Tensor) (*torch.Tensor, error) { return aten.TransposeInt(y, 0, 1) },
		func(y *torch.Tensor) (*torch.Tensor, error) {
			return y.Reshape(a.batch, a.m.heads, length, a.m.features/a.m.heads)
		})
}

func (a *attention) split() (q, k, v *torch.Tensor, err error) {
	if q, err = a.heads(a.q, a.targets); err != nil {
		return nil, nil, nil, err
	}
	if k, err = a.heads(a.k, a.sources); err != nil {
		return nil, nil, nil, err
	}
	v, err = a.heads(a.v, a.sources)
	return q, k, v, err
}

// joined puts the heads together again and projects them.
func (a *attention) joined(y *torch.Tensor) (*torch.Tensor, error) {
	return Pipe(y,
		func(y *torch.Tensor) (*torch.Tensor, error) { return aten.Permute(y, []int64{2, 0, 1, 3}) },
		func(y *torch.Tensor) (*torch.Tensor, error) { return y.Reshape(a.targets*a.batch, a.m.features) },
		a.m.OutProj.Forward,
		func(y *torch.Tensor) (*torch.Tensor, error) { return y.Reshape(a.targets, a.batch, a.m.features) })
}

func (a *attention) dropout() float64 {
	if a.m.Training() {
		return a.m.options.Dropout
	}
	return 0
}

func (a *attention) fused(causal bool) (*torch.Tensor, error) {
	q, k, v, err := a.split()
	if err != nil {
		return nil, err
	}
	o := &aten.ScaledDotProductAttentionOptions{AttnMask: a.mask, DropoutP: a.dropout()}
	if causal {
		o.AttnMask, o.IsCausal = nil, true
	}
	y, err := aten.ScaledDotProductAttention(q, k, v, o)
	if err != nil {
		return nil, err
	}
	return a.joined(y)
}

func (a *attention) weighed() (y, weights *torch.Tensor, err error) {
	q, k, v, err := a.split()
	if err != nil {
		return nil, nil, err
	}
	scaled, err := aten.MulScalar(q, torch.Float(math.Sqrt(1/float64(a.m.features/a.m.heads))))
	if err != nil {
		return nil, nil, err
	}
	turned, err := aten.TransposeInt(k, -2, -1)
	if err != nil {
		return nil, nil, err
	}
	scores, err := aten.Matmul(scaled, turned)
	if err != nil {
		return nil, nil, err
	}
	if a.mask != nil {
		if scores, err = aten.AddTensor(scores, a.mask, nil); err != nil {
			return nil, nil, err
		}
	}
	if weights, err = aten.SoftmaxInt(scores, -1, nil); err != nil {
		return nil, nil, err
	}
	if p := a.dropout(); p > 0 {
		if weights, err = aten.Dropout(weights, p, true); err != nil {
			return nil, nil, err
		}
	}
	if y, err = aten.Matmul(weights, v); err != nil {
		return nil, nil, err
	}
	if y, err = a.joined(y); err != nil {
		return nil, nil, err
	}
	weights, err = aten.MeanDim(weights, []int64{1}, nil)
	return y, weights, err
}
