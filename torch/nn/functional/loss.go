package functional

import (
	"fmt"
	"math"
	"slices"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/aten"
)

// Reduction is how the losses of single elements become one.
type Reduction int

// The reductions.
const (
	Mean Reduction = iota // their mean
	Sum                   // their sum
	None                  // they stay as they are
)

// code gives the number of at::Reduction.
func (r Reduction) code() *int64 {
	switch r {
	case Sum:
		return new(int64(2))
	case None:
		return new(int64(0))
	}
	return nil // the default of all losses
}

// of applies the reduction to a loss that no operator reduces.
func (r Reduction) of(x *torch.Tensor) (*torch.Tensor, error) {
	switch r {
	case Sum:
		return aten.Sum(x, nil)
	case None:
		return x, nil
	}
	return aten.Mean(x, nil)
}

// LossOptions are the options of losses that have no others.
type LossOptions struct{ Reduction Reduction }

// CrossEntropyOptions are the options of CrossEntropy.
type CrossEntropyOptions struct {
	Weight         *torch.Tensor // of each class
	IgnoreIndex    *int64        // targets that do not count; -100 unless given
	Reduction      Reduction
	LabelSmoothing float64
}

// CrossEntropy compares logits with classes (int64) or with their probabilities.
func CrossEntropy(logits, target *torch.Tensor, opts ...CrossEntropyOptions) (*torch.Tensor, error) {
	o := option(opts)
	return aten.CrossEntropyLoss(logits, target, &aten.CrossEntropyLossOptions{Weight: o.Weight, IgnoreIndex: o.IgnoreIndex, Reduction: o.Reduction.code(), LabelSmoothing: o.LabelSmoothing})
}

// NLLOptions are the options of NLL.
type NLLOptions struct {
	Weight      *torch.Tensor // of each class
	IgnoreIndex *int64        // targets that do not count; -100 unless given
	Reduction   Reduction
}

// NLL is the negative log likelihood: x holds logarithms of probabilities.
func NLL(x, target *torch.Tensor, opts ...NLLOptions) (*torch.Tensor, error) {
	o := option(opts)
	return aten.NllLossNd(x, target, &aten.NllLossNdOptions{Weight: o.Weight, IgnoreIndex: o.IgnoreIndex, Reduction: o.Reduction.code()})
}

// MSE is the squared error.
func MSE(x, target *torch.Tensor, opts ...LossOptions) (*torch.Tensor, error) {
	return aten.MseLoss(x, target, &aten.MseLossOptions{Reduction: option(opts).Reduction.code()})
}

// L1 is the absolute error.
func L1(x, target *torch.Tensor, opts ...LossOptions) (*torch.Tensor, error) {
	return aten.L1Loss(x, target, &aten.L1LossOptions{Reduction: option(opts).Reduction.code()})
}

// SmoothL1Options are the options of SmoothL1.
type SmoothL1Options struct {
	Reduction Reduction
	Beta      *float64 // where the square ends; 1 unless given
}

// SmoothL1 is the absolute error, and a square below Beta.
func SmoothL1(x, target *torch.Tensor, opts ...SmoothL1Options) (*torch.Tensor, error) {
	o := option(opts)
	return aten.SmoothL1Loss(x, target, &aten.SmoothL1LossOptions{Reduction: o.Reduction.code(), Beta: o.Beta})
}

// HuberOptions are the options of Huber.
type HuberOptions struct {
	Reduction Reduction
	Delta     *float64 // where the square ends; 1 unless given
}

// Huber is Huber's loss (1964).
func Huber(x, target *torch.Tensor, opts ...HuberOptions) (*torch.Tensor, error) {
	o := option(opts)
	return aten.HuberLoss(x, target, &aten.HuberLossOptions{Reduction: o.Reduction.code(), Delta: o.Delta})
}

// BCEOptions are the options of BCE.
type BCEOptions struct {
	Weight    *torch.Tensor // of each element of a batch
	Reduction Reduction
}

// alike refuses targets of another shape, which would be compared crosswise.
func alike(op string, x, target *torch.Tensor) error {
	if a, b := x.Shape(), target.Shape(); a != nil && b != nil && !slices.Equal(a, b) {
		return &torch.Error{Op: op, Code: torch.CodeValue, Msg: fmt.Sprintf("the target has the shape %v, the input %v", b, a)}
	}
	return nil
}

// BCE is the cross entropy of probabilities of two classes.
func BCE(x, target *torch.Tensor, opts ...BCEOptions) (*torch.Tensor, error) {
	if err := alike("binary cross entropy", x, target); err != nil {
		return nil, err
	}
	o := option(opts)
	return aten.BinaryCrossEntropy(x, target, &aten.BinaryCrossEntropyOptions{Weight: o.Weight, Reduction: o.Reduction.code()})
}

// BCEWithLogitsOptions are the options of BCEWithLogits.
type BCEWithLogitsOptions struct {
	Weight    *torch.Tensor // of each element of a batch
	PosWeight *torch.Tensor // of what is in the class
	Reduction Reduction
}

// BCEWithLogits is BCE of sigmoid(x).
func BCEWithLogits(x, target *torch.Tensor, opts ...BCEWithLogitsOptions) (*torch.Tensor, error) {
	if err := alike("binary cross entropy", x, target); err != nil {
		return nil, err
	}
	o := option(opts)
	return aten.BinaryCrossEntropyWithLogits(x, target, &aten.BinaryCrossEntropyWithLogitsOptions{Weight: o.Weight, PosWeight: o.PosWeight, Reduction: o.Reduction.code()})
}

// KLDivOptions are the options of KLDiv.
type KLDivOptions struct {
	Reduction Reduction
	BatchMean bool // divide the sum by the size of the batch, which the mathematics want
	LogTarget bool // target holds logarithms too
}

// KLDiv is the Kullback-Leibler divergence of x, logarithms of probabilities, from
// target.
func KLDiv(x, target *torch.Tensor, opts ...KLDivOptions) (*torch.Tensor, error) {
	o := option(opts)
	reduction := o.Reduction
	if o.BatchMean {
		reduction = Sum
	}
	loss, err := aten.KlDiv(x, target, &aten.KlDivOptions{Reduction: reduction.code(), LogTarget: o.LogTarget})
	if err != nil || !o.BatchMean {
		return loss, err
	}
	batch := int64(1)
	if shape := x.Shape(); len(shape) > 0 {
		batch = shape[0]
	}
	return aten.DivScalar(loss, torch.Int(batch))
}

// MarginOptions are the options of losses with a margin; what it is unless given
// stands at each.
type MarginOptions struct {
	Margin    *float64
	Reduction Reduction
}

func (o *MarginOptions) or(margin float64) float64 {
	if o.Margin != nil {
		return *o.Margin
	}
	return margin
}

// CosineEmbedding compares the angle of pairs with target: 1 alike, -1 not. The
// margin is 0.
func CosineEmbedding(x1, x2, target *torch.Tensor, opts ...MarginOptions) (*torch.Tensor, error) {
	o := option(opts)
	return aten.CosineEmbeddingLoss(x1, x2, target, &aten.CosineEmbeddingLossOptions{Margin: o.or(0), Reduction: o.Reduction.code()})
}

// HingeEmbedding compares distances with target: 1 alike, -1 not. The margin is 1.
func HingeEmbedding(x, target *torch.Tensor, opts ...MarginOptions) (*torch.Tensor, error) {
	o := option(opts)
	return aten.HingeEmbeddingLoss(x, target, &aten.HingeEmbeddingLossOptions{Margin: new(o.or(1)), Reduction: o.Reduction.code()})
}

// MarginRanking wants x1 above x2 where target is 1, else below. The margin is 0.
func MarginRanking(x1, x2, target *torch.Tensor, opts ...MarginOptions) (*torch.Tensor, error) {
	o := option(opts)
	return aten.MarginRankingLoss(x1, x2, target, &aten.MarginRankingLossOptions{Margin: o.or(0), Reduction: o.Reduction.code()})
}

// MultiMarginOptions are the options of MultiMargin.
type MultiMarginOptions struct {
	P         int64 // the exponent, 1 or 2; 1 unless given
	Margin    *float64
	Weight    *torch.Tensor // of each class
	Reduction Reduction
}

// MultiMargin wants the class of target above the others by a margin, 1 unless given.
func MultiMargin(x, target *torch.Tensor, opts ...MultiMarginOptions) (*torch.Tensor, error) {
	o := option(opts)
	with := &aten.MultiMarginLossOptions{Weight: o.Weight, Reduction: o.Reduction.code()}
	if o.P != 0 {
		with.P = torch.Int(o.P)
	}
	if o.Margin != nil {
		with.Margin = torch.Float(*o.Margin)
	}
	return aten.MultiMarginLoss(x, target, with)
}

// MultiLabelMargin is MultiMargin of several classes; target ends with -1.
func MultiLabelMargin(x, target *torch.Tensor, opts ...LossOptions) (*torch.Tensor, error) {
	return aten.MultilabelMarginLoss(x, target, &aten.MultilabelMarginLossOptions{Reduction: option(opts).Reduction.code()})
}

// SoftMargin is the logistic loss of target 1 or -1.
func SoftMargin(x, target *torch.Tensor, opts ...LossOptions) (*torch.Tensor, error) {
	return aten.SoftMarginLoss(x, target, &aten.SoftMarginLossOptions{Reduction: option(opts).Reduction.code()})
}

// TripletMarginOptions are the options of TripletMargin.
type TripletMarginOptions struct {
	Margin, P, Eps *float64 // 1, 2 and 1e-6 unless given
	Swap           bool     // take the distance of positive and negative if it is smaller
	Reduction      Reduction
}

// TripletMargin wants anchor closer to positive than to negative by a margin.
func TripletMargin(anchor, positive, negative *torch.Tensor, opts ...TripletMarginOptions) (*torch.Tensor, error) {
	o := option(opts)
	return aten.TripletMarginLoss(anchor, positive, negative, &aten.TripletMarginLossOptions{Margin: o.Margin, P: o.P, Eps: o.Eps, Swap: o.Swap, Reduction: o.Reduction.code()})
}

// PoissonNLLOptions are the options of PoissonNLL.
type PoissonNLLOptions struct {
	Rates     bool // x holds rates, not their logarithms (log_input=False)
	Full      bool // add Stirling's term
	Eps       *float64
	Reduction Reduction
}

// PoissonNLL is the negative log likelihood of counts.
func PoissonNLL(x, target *torch.Tensor, opts ...PoissonNLLOptions) (*torch.Tensor, error) {
	o := option(opts)
	reduction := int64(1)
	if code := o.Reduction.code(); code != nil {
		reduction = *code
	}
	eps := 1e-8
	if o.Eps != nil {
		eps = *o.Eps
	}
	return aten.PoissonNllLoss(x, target, !o.Rates, o.Full, eps, reduction)
}

// GaussianNLLOptions are the options of GaussianNLL.
type GaussianNLLOptions struct {
	Full      bool // add the constant term
	Eps       *float64
	Reduction Reduction
}

// GaussianNLL is the negative log likelihood of normal numbers with means x and
// variances variance, which must be of x's shape.
func GaussianNLL(x, target, variance *torch.Tensor, opts ...GaussianNLLOptions) (*torch.Tensor, error) {
	o := option(opts)
	eps := 1e-6
	if o.Eps != nil {
		eps = *o.Eps
	}
	if err := notNegative(variance); err != nil {
		return nil, err
	}
	// The bound must not have a part in the gradient: written where nothing is recorded.
	v, err := aten.Clone(variance, nil)
	if err != nil {
		return nil, err
	}
	bare, err := v.Detach()
	if err != nil {
		return nil, err
	}
	defer bare.Close()
	if err := aten.ClampMinInPlace(bare, torch.Float(eps)); err != nil {
		return nil, err
	}
	logarithm, err := aten.Log(v)
	if err != nil {
		return nil, err
	}
	difference, err := aten.SubTensor(x, target, nil)
	if err != nil {
		return nil, err
	}
	square, err := aten.PowTensorScalar(difference, torch.Int(2))
	if err != nil {
		return nil, err
	}
	scaled, err := aten.DivTensor(square, v)
	if err != nil {
		return nil, err
	}
	sum, err := aten.AddTensor(logarithm, scaled, nil)
	if err != nil {
		return nil, err
	}
	loss, err := aten.MulScalar(sum, torch.Float(0.5))
	if err != nil {
		return nil, err
	}
	if o.Full {
		if loss, err = aten.AddScalar(loss, torch.Float(0.5*math.Log(2*math.Pi)), nil); err != nil {
			return nil, err
		}
	}
	return o.Reduction.of(loss)
}

func notNegative(variance *torch.Tensor) error {
	return torch.InScope(func(s *torch.Scope) error {
		bare, err := variance.Detach()
		if err != nil {
			return err
		}
		below, err := aten.LtScalar(s.Add(bare), torch.Int(0))
		if err != nil {
			return err
		}
		found, err := aten.Any(below)
		if err != nil {
			return err
		}
		if v, err := found.Float64(); err != nil || v == 0 {
			return err
		}
		return &torch.Error{Op: "Gaussian negative log likelihood", Code: torch.CodeValue, Msg: "a variance is less than 0"}
	})
}

// CTCOptions are the options of CTC.
type CTCOptions struct {
	Blank        int64
	ZeroInfinity bool // losses that are infinite count as zero
	Reduction    Reduction
}

// CTC is the connectionist temporal classification loss: x holds logarithms of
// probabilities, time × batch × classes.
func CTC(x, targets, inputLengths, targetLengths *torch.Tensor, opts ...CTCOptions) (*torch.Tensor, error) {
	o := option(opts)
	return aten.CtcLossTensor(x, targets, inputLengths, targetLengths, &aten.CtcLossOptions{Blank: o.Blank, ZeroInfinity: o.ZeroInfinity, Reduction: o.Reduction.code()})
}
