package nn

import (
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/nn/functional"
)

// Losses need not be made: nn.CrossEntropyLoss{} is one with PyTorch's defaults.
// Their fields are the options of the function of package functional. Weights that are
// to move with the loss, and stand in its state_dict as they do in Python's, are buffers,
// which Init makes:
//
//	nn.CrossEntropyLoss{Weight: nn.NewBuffer(initializer.Values(0.2, 0.8), 2)}
//
// Without one, a tensor among the options is taken, which stays the caller's.

// weigh puts a buffer in the place of an option, if there is one.
func weigh(option **torch.Tensor, b *Buffer) {
	if b != nil {
		*option = b.Tensor
	}
}

// CrossEntropyLoss compares logits with classes, or with their probabilities.
type CrossEntropyLoss struct {
	functional.CrossEntropyOptions
	Weight *Buffer // of each class; nil without
}

// Forward gives functional.CrossEntropy of its arguments.
func (l CrossEntropyLoss) Forward(x, target *torch.Tensor) (*torch.Tensor, error) {
	o := l.CrossEntropyOptions
	weigh(&o.Weight, l.Weight)
	return functional.CrossEntropy(x, target, o)
}

// NLLLoss compares logarithms of probabilities with classes.
type NLLLoss struct {
	functional.NLLOptions
	Weight *Buffer // of each class; nil without
}

// Forward gives functional.NLL of its arguments.
func (l NLLLoss) Forward(x, target *torch.Tensor) (*torch.Tensor, error) {
	o := l.NLLOptions
	weigh(&o.Weight, l.Weight)
	return functional.NLL(x, target, o)
}

// MSELoss compares two tensors by the squared error.
type MSELoss struct{ functional.LossOptions }

// Forward gives functional.MSE of its arguments.
func (l MSELoss) Forward(x, target *torch.Tensor) (*torch.Tensor, error) {
	return functional.MSE(x, target, l.LossOptions)
}

// L1Loss compares two tensors by the absolute error.
type L1Loss struct{ functional.LossOptions }

// Forward gives functional.L1 of its arguments.
func (l L1Loss) Forward(x, target *torch.Tensor) (*torch.Tensor, error) {
	return functional.L1(x, target, l.LossOptions)
}

// SmoothL1Loss compares two tensors by the absolute error, and a square where it is small.
type SmoothL1Loss struct{ functional.SmoothL1Options }

// Forward gives functional.SmoothL1 of its arguments.
func (l SmoothL1Loss) Forward(x, target *torch.Tensor) (*torch.Tensor, error) {
	return functional.SmoothL1(x, target, l.SmoothL1Options)
}

// HuberLoss compares two tensors by Huber's loss.
type HuberLoss struct{ functional.HuberOptions }

// Forward gives functional.Huber of its arguments.
func (l HuberLoss) Forward(x, target *torch.Tensor) (*torch.Tensor, error) {
	return functional.Huber(x, target, l.HuberOptions)
}

// BCELoss compares probabilities of two classes.
type BCELoss struct {
	functional.BCEOptions
	Weight *Buffer // of each element of a batch; nil without
}

// Forward gives functional.BCE of its arguments.
func (l BCELoss) Forward(x, target *torch.Tensor) (*torch.Tensor, error) {
	o := l.BCEOptions
	weigh(&o.Weight, l.Weight)
	return functional.BCE(x, target, o)
}

// BCEWithLogitsLoss compares logits of two classes.
type BCEWithLogitsLoss struct {
	functional.BCEWithLogitsOptions
	Weight    *Buffer // of each element of a batch; nil without
	PosWeight *Buffer // of what is in the class; nil without
}

// Forward gives functional.BCEWithLogits of its arguments.
func (l BCEWithLogitsLoss) Forward(x, target *torch.Tensor) (*torch.Tensor, error) {
	o := l.BCEWithLogitsOptions
	weigh(&o.Weight, l.Weight)
	weigh(&o.PosWeight, l.PosWeight)
	return functional.BCEWithLogits(x, target, o)
}

// KLDivLoss compares logarithms of probabilities with probabilities.
type KLDivLoss struct{ functional.KLDivOptions }

// Forward gives functional.KLDiv of its arguments.
func (l KLDivLoss) Forward(x, target *torch.Tensor) (*torch.Tensor, error) {
	return functional.KLDiv(x, target, l.KLDivOptions)
}

// HingeEmbeddingLoss compares distances with 1 or -1.
type HingeEmbeddingLoss struct{ functional.MarginOptions }

// Forward gives functional.HingeEmbedding of its arguments.
func (l HingeEmbeddingLoss) Forward(x, target *torch.Tensor) (*torch.Tensor, error) {
	return functional.HingeEmbedding(x, target, l.MarginOptions)
}

// MultiMarginLoss compares scores with classes.
type MultiMarginLoss struct {
	functional.MultiMarginOptions
	Weight *Buffer // of each class; nil without
}

// Forward gives functional.MultiMargin of its arguments.
func (l MultiMarginLoss) Forward(x, target *torch.Tensor) (*torch.Tensor, error) {
	o := l.MultiMarginOptions
	weigh(&o.Weight, l.Weight)
	return functional.MultiMargin(x, target, o)
}

// MultiLabelMarginLoss compares scores with several classes.
type MultiLabelMarginLoss struct{ functional.LossOptions }

// Forward gives functional.MultiLabelMargin of its arguments.
func (l MultiLabelMarginLoss) Forward(x, target *torch.Tensor) (*torch.Tensor, error) {
	return functional.MultiLabelMargin(x, target, l.LossOptions)
}

// SoftMarginLoss compares scores with 1 or -1.
type SoftMarginLoss struct{ functional.LossOptions }

// Forward gives functional.SoftMargin of its arguments.
func (l SoftMarginLoss) Forward(x, target *torch.Tensor) (*torch.Tensor, error) {
	return functional.SoftMargin(x, target, l.LossOptions)
}

// PoissonNLLLoss compares logarithms of rates with counts.
type PoissonNLLLoss struct{ functional.PoissonNLLOptions }

// Forward gives functional.PoissonNLL of its arguments.
func (l PoissonNLLLoss) Forward(x, target *torch.Tensor) (*torch.Tensor, error) {
	return functional.PoissonNLL(x, target, l.PoissonNLLOptions)
}

// CosineEmbeddingLoss is functional.CosineEmbedding.
type CosineEmbeddingLoss struct{ functional.MarginOptions }

// Forward gives functional.CosineEmbedding of its arguments.
func (l CosineEmbeddingLoss) Forward(x1, x2, target *torch.Tensor) (*torch.Tensor, error) {
	return functional.CosineEmbedding(x1, x2, target, l.MarginOptions)
}

// MarginRankingLoss is functional.MarginRanking.
type MarginRankingLoss struct{ functional.MarginOptions }

// Forward gives functional.MarginRanking of its arguments.
func (l MarginRankingLoss) Forward(x1, x2, target *torch.Tensor) (*torch.Tensor, error) {
	return functional.MarginRanking(x1, x2, target, l.MarginOptions)
}

// TripletMarginLoss is functional.TripletMargin.
type TripletMarginLoss struct {
	functional.TripletMarginOptions
}

// Forward gives functional.TripletMargin of its arguments.
func (l TripletMarginLoss) Forward(anchor, positive, negative *torch.Tensor) (*torch.Tensor, error) {
	return functional.TripletMargin(anchor, positive, negative, l.TripletMarginOptions)
}

// GaussianNLLLoss is functional.GaussianNLL.
type GaussianNLLLoss struct{ functional.GaussianNLLOptions }

// Forward gives functional.GaussianNLL of its arguments.
func (l GaussianNLLLoss) Forward(x, target, variance *torch.Tensor) (*torch.Tensor, error) {
	return functional.GaussianNLL(x, target, variance, l.GaussianNLLOptions)
}

// CTCLoss is functional.CTC.
type CTCLoss struct{ functional.CTCOptions }

// Forward gives functional.CTC of its arguments.
func (l CTCLoss) Forward(x, targets, inputLengths, targetLengths *torch.Tensor) (*torch.Tensor, error) {
	return functional.CTC(x, targets, inputLengths, targetLengths, l.CTCOptions)
}
