package torch_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
)

// gradcheck compares the gradients of the weighted sum of what f gives with
// central differences, in float64, as torch.autograd.gradcheck does.
func gradcheck(t *testing.T, shapes [][]int64, f func(x []*torch.Tensor) []torch.Value) {
	t.Helper()
	const step, tolerance = 1e-6, 1e-6
	seed := 0.3
	inputs := make([][]float64, len(shapes))
	for i, shape := range shapes {
		n := int64(1)
		for _, s := range shape {
			n *= s
		}
		inputs[i] = make([]float64, n)
		for k := range inputs[i] {
			// Positive, distinct, off the kinks of relu and the like.
			seed = math.Mod(seed*997.13+0.171, 1)
			inputs[i][k] = 0.1 + 0.8*seed
		}
	}
	// Each call has operators of its own, so that nothing is shared with the graph.
	loss := func(record bool) (float64, [][]float64) {
		s := torch.NewScope()
		defer s.Close()
		x := make([]*torch.Tensor, len(inputs))
		for i, data := range inputs {
			var err error
			x[i], err = torch.FromSlice(data, shapes[i]...)
			require.NoError(t, err)
			s.Add(x[i])
			if record {
				require.NoError(t, x[i].SetRequiresGrad(true))
			}
		}
		call := f(x)
		v, err := torch.Call(string(call[0].(torch.String)), call[1:]...)
		require.NoError(t, err)
		y := torch.Tensors(v)[0]
		weights, err := torch.Call("aten::arange", torch.Int(max(1, y.Numel())), torch.Int(torch.Float64))
		require.NoError(t, err)
		w := s.Add(weights.(*torch.Tensor))
		w, err = w.Reshape(y.Shape()...)
		require.NoError(t, err)
		w2, err := torch.Call("aten::add.Scalar", w, torch.Int(1))
		require.NoError(t, err)
		product, err := torch.Call("aten::mul.Tensor", y, w2)
		require.NoError(t, err)
		sum, err := torch.Call("aten::sum", product)
		require.NoError(t, err)
		total := sum.(*torch.Tensor)
		value, err := total.Float64()
		require.NoError(t, err)
		if !record {
			return value, nil
		}
		require.NoError(t, total.Backward())
		grads := make([][]float64, len(x))
		for i := range x {
			grads[i] = grad(t, x[i])
		}
		return value, grads
	}
	_, analytic := loss(true)
	for i := range inputs {
		require.Len(t, analytic[i], len(inputs[i]))
		for k := range inputs[i] {
			was := inputs[i][k]
			inputs[i][k] = was + step
			above, _ := loss(false)
			inputs[i][k] = was - step
			below, _ := loss(false)
			inputs[i][k] = was
			numeric := (above - below) / (2 * step)
			assert.InDelta(t, numeric, analytic[i][k], tolerance*max(1, math.Abs(numeric)), "input %d, element %d", i, k)
		}
	}
}

func TestGradientsOfOperators(t *testing.T) {
	torchtest.Require(t)
	integers := func(list ...int64) torch.List {
		var l torch.List
		for _, v := range list {
			l = append(l, torch.Int(v))
		}
		return l
	}
	type shapes = [][]int64
	pair, vector := shapes{{2, 3}, {2, 3}}, shapes{{2, 3}}
	for _, c := range []struct {
		name   string // of the operator
		shapes shapes
		rest   []torch.Value // arguments after the tensors
	}{
		{"aten::add.Tensor", shapes{{2, 3}, {3}}, nil}, {"aten::sub.Tensor", pair, nil}, {"aten::mul.Tensor", shapes{{2, 1}, {2, 3}}, nil},
		{"aten::div.Tensor", pair, nil}, {"aten::pow.Tensor_Tensor", pair, nil}, {"aten::atan2", pair, nil}, {"aten::maximum", pair, nil},
		{"aten::neg", vector, nil}, {"aten::exp", vector, nil}, {"aten::log", vector, nil}, {"aten::sqrt", vector, nil}, {"aten::rsqrt", vector, nil},
		{"aten::sin", vector, nil}, {"aten::cos", vector, nil}, {"aten::tan", vector, nil}, {"aten::asin", vector, nil}, {"aten::erf", vector, nil},
		{"aten::abs", vector, nil}, {"aten::tanh", vector, nil}, {"aten::sigmoid", vector, nil}, {"aten::relu", vector, nil}, {"aten::gelu", vector, nil},
		{"aten::silu", vector, nil}, {"aten::elu", vector, nil}, {"aten::softplus", vector, nil}, {"aten::leaky_relu", vector, nil}, {"aten::hardswish", vector, nil},
		{"aten::mish", vector, nil}, {"aten::prelu", shapes{{2, 3}, {3}}, nil}, {"aten::log_sigmoid", vector, nil},
		{"aten::softmax.int", vector, []torch.Value{torch.Int(1)}}, {"aten::log_softmax.int", vector, []torch.Value{torch.Int(1)}},
		{"aten::sum.dim_IntList", vector, []torch.Value{integers(0)}}, {"aten::mean.dim", vector, []torch.Value{integers(1)}}, {"aten::prod", vector, nil},
		{"aten::var.correction", vector, []torch.Value{integers(1)}}, {"aten::logsumexp", vector, []torch.Value{integers(1)}},
		{"aten::max.dim", vector, []torch.Value{torch.Int(1)}}, {"aten::norm.Scalar", vector, nil}, {"aten::cumsum", vector, []torch.Value{torch.Int(1)}},
		{"aten::matmul", shapes{{2, 3}, {3, 2}}, nil}, {"aten::bmm", shapes{{2, 2, 3}, {2, 3, 2}}, nil}, {"aten::linear", shapes{{2, 3}, {4, 3}, {4}}, nil},
		{"aten::bilinear", shapes{{2, 3}, {2, 2}, {4, 3, 2}, {4}}, nil}, {"aten::einsum", nil, nil},
		{"aten::conv1d", shapes{{1, 2, 5}, {3, 2, 3}, {3}}, nil}, {"aten::conv2d", shapes{{1, 2, 4, 4}, {2, 2, 3, 3}, {2}}, nil},
		{"aten::conv3d", shapes{{1, 1, 3, 3, 3}, {2, 1, 2, 2, 2}, {2}}, nil}, {"aten::conv_transpose2d.input", shapes{{1, 2, 3, 3}, {2, 2, 2, 2}, {2}}, nil},
		{"aten::max_pool2d", shapes{{1, 1, 4, 4}}, []torch.Value{integers(2, 2)}}, {"aten::avg_pool2d", shapes{{1, 1, 4, 4}}, []torch.Value{integers(2, 2)}},
		{"aten::adaptive_avg_pool2d", shapes{{1, 1, 4, 4}}, []torch.Value{integers(3, 3)}},
		{"aten::layer_norm", nil, nil}, {"aten::group_norm", shapes{{2, 4, 2}}, []torch.Value{torch.Int(2)}},
		{"aten::transpose.int", vector, []torch.Value{torch.Int(0), torch.Int(1)}}, {"aten::permute", vector, []torch.Value{integers(1, 0)}},
		{"aten::reshape", vector, []torch.Value{integers(6)}}, {"aten::select.int", vector, []torch.Value{torch.Int(0), torch.Int(1)}},
		{"aten::narrow", vector, []torch.Value{torch.Int(1), torch.Int(1), torch.Int(2)}}, {"aten::expand", shapes{{2, 1}}, []torch.Value{integers(2, 3)}},
		{"aten::cat", nil, nil}, {"aten::stack", nil, nil}, {"aten::flip", vector, []torch.Value{integers(1)}}, {"aten::constant_pad_nd", vector, []torch.Value{integers(1, 1)}},
		{"aten::mse_loss", pair, nil}, {"aten::l1_loss", pair, nil}, {"aten::smooth_l1_loss", pair, nil}, {"aten::huber_loss", pair, nil},
		{"aten::binary_cross_entropy", pair, nil}, {"aten::binary_cross_entropy_with_logits", pair, nil}, {"aten::kl_div", pair, nil},
		{"aten::cosine_similarity", pair, nil}, {"aten::scaled_dot_product_attention", shapes{{1, 2, 3}, {1, 2, 3}, {1, 2, 3}}, nil},
		{"aten::linalg_inv", shapes{{3, 3}}, nil}, {"aten::linalg_det", shapes{{3, 3}}, nil}, {"aten::upsample_bilinear2d", shapes{{1, 1, 2, 2}}, []torch.Value{integers(3, 3), torch.Bool(false)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			plainly := func(x []*torch.Tensor) []torch.Value {
				args := []torch.Value{torch.String(c.name)}
				for _, t := range x {
					args = append(args, t)
				}
				return append(args, c.rest...)
			}
			list := func(x []*torch.Tensor, rest ...torch.Value) []torch.Value {
				return append([]torch.Value{torch.String(c.name), torch.List{x[0], x[1]}}, rest...)
			}
			switch c.name {
			case "aten::einsum":
				gradcheck(t, shapes{{2, 3}, {3, 2}}, func(x []*torch.Tensor) []torch.Value {
					return []torch.Value{torch.String(c.name), torch.String("ij,jk->ik"), torch.List{x[0], x[1]}}
				})
			case "aten::layer_norm":
				gradcheck(t, shapes{{2, 3}, {3}, {3}}, func(x []*torch.Tensor) []torch.Value {
					return []torch.Value{torch.String(c.name), x[0], integers(3), x[1], x[2]}
				})
			case "aten::cat", "aten::stack":
				gradcheck(t, pair, func(x []*torch.Tensor) []torch.Value { return list(x, torch.Int(1)) })
			default:
				gradcheck(t, c.shapes, plainly)
			}
		})
	}
}
