package jit_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
)

// What a module gives are inference tensors, which autograd refuses; a recorded
// call takes them all the same.
func TestFeaturesOfAModuleTrainWhatFollows(t *testing.T) {
	torchtest.Require(t)
	m, err := jit.Compile("def forward(self, x):\n    return x * 2\n")
	require.NoError(t, err)
	defer m.Close()
	s := torch.NewScope()
	defer s.Close()
	make := func(data ...float32) *torch.Tensor {
		x, err := torch.FromSlice(data)
		require.NoError(t, err)
		return s.Add(x)
	}
	w := make(1, 2)
	require.NoError(t, w.SetRequiresGrad(true))
	features, err := m.Forward(make(3, 4))
	require.NoError(t, err)

	for _, call := range [][]torch.Value{ // the short way, with boxes, and in a list
		{torch.String("aten::mul.Tensor"), w, features},
		{torch.String("aten::addcmul"), w, w, features},
		{torch.String("aten::stack"), torch.List{w, features}},
	} {
		require.NoError(t, torch.ZeroGrad(w))
		y, err := torch.Call(string(call[0].(torch.String)), call[1:]...)
		require.NoError(t, err)
		loss, err := torch.Call("aten::sum", y)
		require.NoError(t, err)
		require.NoError(t, loss.(*torch.Tensor).Backward())
		g, err := w.Grad()
		require.NoError(t, err)
		got, err := torch.Slice[float32](s.Add(g))
		require.NoError(t, err)
		assert.Equal(t, map[string][]float32{"aten::mul.Tensor": {6, 8}, "aten::addcmul": {7, 9}, "aten::stack": {1, 1}}[string(call[0].(torch.String))], got)
	}

	err = features.SetRequiresGrad(true)
	require.ErrorIs(t, err, torch.CodeArgument)
	assert.ErrorContains(t, err, "clone it first")
	_, err = torch.Call("aten::mul_.Tensor", features, w)
	require.Error(t, err, "history would be lost")
	v, err := torch.Call("aten::add_.Scalar", features, torch.Int(1))
	require.NoError(t, err, "without a graph they may be written to")
	torch.CloseAll(v)
	own, err := features.Clone()
	require.NoError(t, err)
	require.NoError(t, own.SetRequiresGrad(true))
}
