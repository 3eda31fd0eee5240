package nn_test

import (
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/nn"
	"github.com/seed06459138/torchgo/torch/nn/functional"
	"github.com/seed06459138/torchgo/torch/nn/initializer"
)

type tensors = []*torch.Tensor

// evaluated puts a module into evaluation.
func evaluated[M any](m M) M {
	nn.Eval(m)
	return m
}

// moduleCases are the modules that scripts/fixtures/nn_modules.py recorded.
func moduleCases() []moduleCase {
	embeddings := func(opts nn.EmbeddingOptions) *nn.EmbeddingBag { return nn.NewEmbeddingBag(7, 3, opts) }
	bag := func(m *nn.EmbeddingBag) func(tensors) (tensors, error) {
		return func(x tensors) (tensors, error) {
			if len(x) == 1 {
				return one(m.Forward(x[0], nil, nil))
			}
			return one(m.Forward(x[0], x[1], nil))
		}
	}
	type recurrent interface {
		Forward(x, h *torch.Tensor) (*torch.Tensor, *torch.Tensor, error)
	}
	sequence := func(m recurrent) func(tensors) (tensors, error) {
		return func(x tensors) (tensors, error) {
			y, h, err := m.Forward(x[0], append(x, nil)[1])
			return tensors{y, h}, err
		}
	}
	memory := func(m *nn.LSTM) func(tensors) (tensors, error) {
		return func(x tensors) (tensors, error) {
			y, state, err := m.Forward(x[0], nil)
			if err != nil {
				return nil, err
			}
			return tensors{y, state.H, state.C}, nil
		}
	}
	type two interface {
		Forward(a, b *torch.Tensor) (*torch.Tensor, error)
	}
	pair := func(m two) func(tensors) (tensors, error) {
		return func(x tensors) (tensors, error) { return one(m.Forward(x[0], x[1])) }
	}
	attention := func(m *nn.MultiheadAttention) func(tensors) (tensors, error) {
		return func(x tensors) (tensors, error) {
			y, w, err := m.Forward(x[0], x[1], x[2])
			return tensors{y, w}, err
		}
	}
	type masked interface {
		Forward(x *torch.Tensor, masks ...nn.AttentionMask) (*torch.Tensor, error)
	}
	encoder := func(m masked) func(tensors) (tensors, error) {
		return func(x tensors) (tensors, error) { return one(m.Forward(x[0])) }
	}
	of := func(name string, m any, forward func(tensors) (tensors, error)) moduleCase {
		return moduleCase{name, m, forward}
	}
	layer := func(name string, m nn.Layer) moduleCase { return moduleCase{name: name, module: m} }

	bilinear := nn.NewBilinear(3, 4, 2)
	plainBag, sumBag, maxBag := nn.NewEmbeddingBag(7, 3), embeddings(nn.EmbeddingOptions{Bag: nn.BagSum}), embeddings(nn.EmbeddingOptions{Bag: nn.BagMax})
	rnn, relu := nn.NewRNN(3, 4), nn.NewRNN(3, 4, nn.RecurrentOptions{Layers: 2, ReLU: true, Bidirectional: true, NoBias: true, BatchFirst: true})
	lstm, deep := nn.NewLSTM(3, 4), nn.NewLSTM(3, 4, nn.RecurrentOptions{Layers: 2, Bidirectional: true, BatchFirst: true, Dropout: 0.2})
	projected, gru := nn.NewLSTM(3, 4, nn.RecurrentOptions{Projection: 2}), nn.NewGRU(3, 4, nn.RecurrentOptions{Layers: 2})
	rnnCell, lstmCell, gruCell := nn.NewRNNCell(3, 4), nn.NewLSTMCell(3, 4), nn.NewGRUCell(3, 4)
	attend := nn.NewMultiheadAttention(6, 2)
	others := nn.NewMultiheadAttention(6, 2, nn.AttentionOptions{KeySize: 3, ValueSize: 4, BatchFirst: true, BiasKV: true})
	encode := nn.NewTransformerEncoderLayer(6, 2, nn.EncoderLayerOptions{Hidden: 8, BatchFirst: true})
	first := nn.NewTransformerEncoderLayer(6, 2, nn.EncoderLayerOptions{Hidden: 8, Dropout: new(0.0), Activation: functional.GELU, NormFirst: true})
	stack := nn.NewTransformerEncoder(nn.NewTransformerEncoderLayer(6, 2, nn.EncoderLayerOptions{Hidden: 8, Dropout: new(0.2)}), 2, nn.NewLayerNorm([]int64{6}))
	similar, distant := nn.CosineSimilarity{}, nn.PairwiseDistance{}

	return []moduleCase{
		layer("Linear", nn.NewLinear(5, 3)),
		layer("Linear without bias", nn.NewLinear(5, 3, nn.LinearOptions{NoBias: true})),
		of("Bilinear", bilinear, pair(bilinear)),
		layer("Identity", &nn.Identity{}),
		layer("Flatten", &nn.Flatten{}),
		layer("Unflatten", &nn.Unflatten{Dim: 1, Sizes: []int64{2, 3}}),
		layer("Sequential", nn.NewSequential(nn.NewLinear(4, 8), nn.ReLU{}, nn.NewLinear(8, 2))),
		layer("Embedding", nn.NewEmbedding(7, 3)),
		layer("Embedding with padding", nn.NewEmbedding(7, 3, nn.EmbeddingOptions{PaddingIdx: new(int64(2)), ScaleGradByFreq: true})),
		layer("Embedding with max_norm", nn.NewEmbedding(7, 3, nn.EmbeddingOptions{MaxNorm: new(0.5)})),
		of("EmbeddingBag", plainBag, bag(plainBag)),
		of("EmbeddingBag sum", sumBag, bag(sumBag)),
		of("EmbeddingBag max", maxBag, bag(maxBag)),
		layer("Conv1d", nn.NewConv1d(2, 4, 3)),
		layer("Conv2d", nn.NewConv2d(2, 4, 3, nn.ConvOptions{Stride: 2, Padding: 1})),
		layer("Conv2d uneven", nn.NewConv2d(2, 4, 0, nn.ConvOptions{Kernel: []int64{1, 3}, Strides: []int64{2, 1}, Paddings: []int64{0, 1}, Dilations: []int64{1, 2}, Groups: 2, NoBias: true})),
		layer("Conv2d same", nn.NewConv2d(2, 3, 3, nn.ConvOptions{Same: true})),
		layer("Conv2d reflect", nn.NewConv2d(2, 3, 3, nn.ConvOptions{Padding: 1, PaddingMode: nn.PadReflect})),
		layer("Conv2d circular", nn.NewConv2d(2, 3, 3, nn.ConvOptions{Paddings: []int64{2, 1}, PaddingMode: nn.PadCircular})),
		layer("Conv3d", nn.NewConv3d(1, 2, 2)),
		layer("ConvTranspose1d", nn.NewConvTranspose1d(2, 3, 3, nn.ConvOptions{Stride: 2})),
		layer("ConvTranspose2d", nn.NewConvTranspose2d(2, 4, 3, nn.ConvOptions{Stride: 2, Padding: 1, OutputPadding: 1, Groups: 2})),
		layer("ConvTranspose3d", nn.NewConvTranspose3d(1, 2, 2)),
		layer("MaxPool1d", nn.NewMaxPool1d(2)),
		layer("MaxPool2d", nn.NewMaxPool2d(3, nn.PoolOptions{Stride: 2, Padding: 1})),
		layer("MaxPool2d ceil", nn.NewMaxPool2d(0, nn.PoolOptions{Kernel: []int64{2, 3}, CeilMode: true})),
		layer("MaxPool3d", nn.NewMaxPool3d(2)),
		layer("AvgPool1d", nn.NewAvgPool1d(3, nn.PoolOptions{Stride: 2})),
		layer("AvgPool2d", nn.NewAvgPool2d(3, nn.PoolOptions{Stride: 2, Padding: 1, ExcludePadding: true})),
		layer("AvgPool3d", nn.NewAvgPool3d(2)),
		layer("LPPool1d", nn.NewLPPool1d(2, 3)),
		layer("LPPool2d", nn.NewLPPool2d(2, 2)),
		layer("AdaptiveAvgPool1d", nn.NewAdaptiveAvgPool1d(3)),
		layer("AdaptiveAvgPool2d", nn.NewAdaptiveAvgPool2d(2, 3)),
		layer("AdaptiveAvgPool3d", nn.NewAdaptiveAvgPool3d(2)),
		layer("AdaptiveMaxPool1d", nn.NewAdaptiveMaxPool1d(3)),
		layer("AdaptiveMaxPool2d", nn.NewAdaptiveMaxPool2d(2)),
		layer("AdaptiveMaxPool3d", nn.NewAdaptiveMaxPool3d(2)),
		layer("BatchNorm1d", nn.NewBatchNorm1d(3)),
		layer("BatchNorm1d without affine", nn.NewBatchNorm1d(3, nn.NormOptions{NoAffine: true, Cumulative: true})),
		layer("BatchNorm1d without statistics", nn.NewBatchNorm1d(3, nn.NormOptions{NoStatistics: true})),
		layer("BatchNorm2d", nn.NewBatchNorm2d(3, nn.NormOptions{Eps: 1e-3, Momentum: new(0.2)})),
		layer("BatchNorm2d in evaluation", evaluated(nn.NewBatchNorm2d(3))),
		layer("BatchNorm3d", nn.NewBatchNorm3d(2)),
		layer("LayerNorm", nn.NewLayerNorm([]int64{5})),
		layer("LayerNorm of two", nn.NewLayerNorm([]int64{3, 5}, nn.LayerNormOptions{NoAffine: true})),
		layer("GroupNorm", nn.NewGroupNorm(2, 4)),
		layer("InstanceNorm1d", nn.NewInstanceNorm1d(3)),
		layer("InstanceNorm2d", nn.NewInstanceNorm2d(3, nn.NormOptions{Affine: true, Statistics: true})),
		layer("InstanceNorm3d", nn.NewInstanceNorm3d(2)),
		layer("RMSNorm", nn.NewRMSNorm([]int64{5})),
		layer("LocalResponseNorm", &nn.LocalResponseNorm{Size: 3}),
		layer("Dropout", nn.NewDropout(0.3)),
		layer("Dropout in evaluation", evaluated(nn.NewDropout(0.3))),
		layer("Dropout1d", nn.NewDropout1d(0.3)),
		layer("Dropout2d", nn.NewDropout2d(0.3)),
		layer("Dropout3d", nn.NewDropout3d(0.3)),
		layer("AlphaDropout", nn.NewAlphaDropout(0.3)),
		of("RNN", rnn, sequence(rnn)),
		of("RNN relu", relu, sequence(relu)),
		of("LSTM", lstm, memory(lstm)),
		of("LSTM deep", deep, memory(deep)),
		of("LSTM projected", projected, memory(projected)),
		of("GRU", gru, sequence(gru)),
		of("RNNCell", rnnCell, pair(rnnCell)),
		of("LSTMCell", lstmCell, func(x tensors) (tensors, error) {
			state, err := lstmCell.Forward(x[0], nil)
			if err != nil {
				return nil, err
			}
			return tensors{state.H, state.C}, nil
		}),
		of("GRUCell", gruCell, pair(gruCell)),
		of("MultiheadAttention", attend, attention(attend)),
		of("MultiheadAttention other dimensions", others, attention(others)),
		of("TransformerEncoderLayer", encode, encoder(encode)),
		of("TransformerEncoderLayer norm first", first, encoder(first)),
		of("TransformerEncoder", stack, encoder(stack)),
		layer("ReLU", &nn.ReLU{}), layer("ReLU6", &nn.ReLU6{}), layer("Sigmoid", &nn.Sigmoid{}), layer("Tanh", &nn.Tanh{}), layer("SiLU", &nn.SiLU{}),
		layer("Mish", &nn.Mish{}), layer("SELU", &nn.SELU{}), layer("Hardswish", &nn.Hardswish{}), layer("Hardsigmoid", &nn.Hardsigmoid{}),
		layer("LogSigmoid", &nn.LogSigmoid{}), layer("Softsign", &nn.Softsign{}), layer("Tanhshrink", &nn.Tanhshrink{}), layer("GELU", &nn.GELU{}),
		layer("GELU tanh", &nn.GELU{Tanh: true}), layer("LeakyReLU", &nn.LeakyReLU{}), layer("LeakyReLU 0.2", &nn.LeakyReLU{Slope: new(0.2)}),
		layer("ELU", &nn.ELU{}), layer("CELU", &nn.CELU{Alpha: new(0.5)}), layer("Softplus", &nn.Softplus{}), layer("Hardtanh", &nn.Hardtanh{}),
		layer("Hardshrink", &nn.Hardshrink{}), layer("Softshrink", &nn.Softshrink{}), layer("Threshold", &nn.Threshold{Above: 0.1, Value: 20.5}),
		layer("PReLU", nn.NewPReLU(4)), layer("GLU", &nn.GLU{}), layer("Softmax", &nn.Softmax{Dim: 1}), layer("Softmin", &nn.Softmin{Dim: 1}),
		layer("LogSoftmax", &nn.LogSoftmax{Dim: 1}),
		layer("ZeroPad1d", nn.NewZeroPad1d(1)), layer("ZeroPad2d", nn.NewZeroPad2d(1, 0, 2, 1)), layer("ConstantPad2d", nn.NewConstantPad2d(3.5, 1)),
		layer("ReflectionPad1d", nn.NewReflectionPad1d(2)), layer("ReflectionPad2d", nn.NewReflectionPad2d(1)),
		layer("ReplicationPad2d", nn.NewReplicationPad2d(1, 2, 0, 1)), layer("CircularPad2d", nn.NewCircularPad2d(1)),
		layer("Upsample", &nn.Upsample{Scale: 2}),
		layer("Upsample bilinear", &nn.Upsample{Size: []int64{5, 4}, Mode: nn.InterpolateBilinear, AlignCorners: true}),
		layer("PixelShuffle", &nn.PixelShuffle{Factor: 2}), layer("PixelUnshuffle", &nn.PixelUnshuffle{Factor: 2}),
		of("CosineSimilarity", &similar, pair(similar)), of("PairwiseDistance", &distant, pair(distant)),
	}
}

// lossCases are the losses that it recorded.
func lossCases() []moduleCase {
	weight := func(values ...float32) *nn.Buffer {
		return nn.NewBuffer(initializer.Values(values...), int64(len(values)))
	}
	type loss2 interface {
		Forward(x, target *torch.Tensor) (*torch.Tensor, error)
	}
	type loss3 interface {
		Forward(a, b, c *torch.Tensor) (*torch.Tensor, error)
	}
	two := func(name string, l loss2) moduleCase {
		return moduleCase{name, l, func(x tensors) (tensors, error) { return one(l.Forward(x[0], x[1])) }}
	}
	three := func(name string, l loss3) moduleCase {
		return moduleCase{name, l, func(x tensors) (tensors, error) { return one(l.Forward(x[0], x[1], x[2])) }}
	}
	return []moduleCase{
		two("CrossEntropyLoss", &nn.CrossEntropyLoss{}),
		two("CrossEntropyLoss smoothed", &nn.CrossEntropyLoss{Weight: weight(0.2, 0.3, 0.5), CrossEntropyOptions: functional.CrossEntropyOptions{LabelSmoothing: 0.1, Reduction: functional.Sum}}),
		two("CrossEntropyLoss ignoring", &nn.CrossEntropyLoss{CrossEntropyOptions: functional.CrossEntropyOptions{IgnoreIndex: new(int64(1)), Reduction: functional.None}}),
		two("NLLLoss", &nn.NLLLoss{}), two("NLLLoss weighted", &nn.NLLLoss{Weight: weight(0.2, 0.3, 0.5)}),
		two("MSELoss", &nn.MSELoss{}), two("MSELoss sum", &nn.MSELoss{LossOptions: functional.LossOptions{Reduction: functional.Sum}}),
		two("L1Loss", &nn.L1Loss{}), two("SmoothL1Loss", &nn.SmoothL1Loss{SmoothL1Options: functional.SmoothL1Options{Beta: new(0.5)}}),
		two("HuberLoss", &nn.HuberLoss{HuberOptions: functional.HuberOptions{Delta: new(0.5)}}),
		two("BCELoss", &nn.BCELoss{}), two("BCELoss weighted", &nn.BCELoss{Weight: weight(1, 2, 3)}),
		two("BCEWithLogitsLoss", &nn.BCEWithLogitsLoss{PosWeight: weight(1, 2, 3)}),
		two("BCEWithLogitsLoss weighted", &nn.BCEWithLogitsLoss{Weight: weight(0.5, 2, 1), PosWeight: weight(1, 2, 3)}),
		two("KLDivLoss", &nn.KLDivLoss{KLDivOptions: functional.KLDivOptions{BatchMean: true}}), two("HingeEmbeddingLoss", &nn.HingeEmbeddingLoss{}),
		two("MultiMarginLoss", &nn.MultiMarginLoss{MultiMarginOptions: functional.MultiMarginOptions{P: 2, Margin: new(0.5)}}),
		two("MultiMarginLoss weighted", &nn.MultiMarginLoss{Weight: weight(0.2, 0.3, 0.5)}),
		two("MultiLabelMarginLoss", &nn.MultiLabelMarginLoss{}), two("SoftMarginLoss", &nn.SoftMarginLoss{}),
		two("PoissonNLLLoss", &nn.PoissonNLLLoss{PoissonNLLOptions: functional.PoissonNLLOptions{Full: true}}),
		three("CosineEmbeddingLoss", &nn.CosineEmbeddingLoss{MarginOptions: functional.MarginOptions{Margin: new(0.1)}}),
		three("MarginRankingLoss", &nn.MarginRankingLoss{MarginOptions: functional.MarginOptions{Margin: new(0.1)}}),
		three("TripletMarginLoss", &nn.TripletMarginLoss{TripletMarginOptions: functional.TripletMarginOptions{Swap: true}}),
		three("GaussianNLLLoss", &nn.GaussianNLLLoss{GaussianNLLOptions: functional.GaussianNLLOptions{Full: true}}),
		{"CTCLoss", &nn.CTCLoss{}, func(x tensors) (tensors, error) { return one(nn.CTCLoss{}.Forward(x[0], x[1], x[2], x[3])) }},
	}
}
