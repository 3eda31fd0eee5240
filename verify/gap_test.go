package verify

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
)

func TestGapOverwritesAndRestores(t *testing.T) {
	torchtest.Require(t)
	base, err := torch.FromSlice([]float32{1, 2, 3, 4}, 4, 1)
	require.NoError(t, err)
	defer base.Close()
	view := func(op string, args ...torch.Value) *torch.Tensor {
		v, err := torch.Call(op, append([]torch.Value{base}, args...)...)
		require.NoError(t, err)
		return v.(*torch.Tensor)
	}
	whole := view("aten::alias")
	turned := view("aten::t")
	wide := view("aten::expand", torch.List{torch.Int(4), torch.Int(3)}) // a stride of 0
	for _, c := range []struct {
		name string
		t    *torch.Tensor
	}{{"contiguous", whole}, {"transposed", turned}, {"expanded", wide}} {
		t.Run(c.name, func(t *testing.T) {
			defer c.t.Close()
			g, err := newGap(jit.NamedTensor{Name: "x", Role: jit.Attribute, Tensor: c.t}, 0)
			defer func() { g.close() }()
			require.NoError(t, err)
			assert.True(t, g.overwritable())
			assert.True(t, g.touches(base))
			require.NoError(t, g.poison(0))
			values, err := torch.Slice[float32](c.t)
			require.NoError(t, err)
			for _, v := range values {
				assert.True(t, math.IsNaN(float64(v)))
			}
			require.NoError(t, g.restore())
			back, err := torch.Slice[float32](base)
			require.NoError(t, err)
			assert.Equal(t, []float32{1, 2, 3, 4}, back)
		})
	}
}

func TestGapOfSeveralViews(t *testing.T) {
	torchtest.Require(t)
	base, err := torch.FromSlice([]int64{5, 6, 7, 8})
	require.NoError(t, err)
	defer base.Close()
	g, err := newGap(jit.NamedTensor{Name: "all", Role: jit.Attribute, Tensor: base}, 0)
	require.NoError(t, err)
	defer g.close()
	v, err := torch.Call("aten::slice.Tensor", base, torch.Int(0), torch.Int(1), torch.Int(3))
	require.NoError(t, err)
	part := v.(*torch.Tensor)
	defer part.Close()
	require.True(t, g.touches(part))
	require.NoError(t, g.add(jit.NamedTensor{Name: "part", Role: jit.Attribute, Tensor: part}, 1))

	require.NoError(t, g.poison(0))
	values, err := torch.Slice[int64](base)
	require.NoError(t, err)
	assert.Equal(t, []int64{6, 7, 8, 9}, values, "each member's values are made of the file's")
	require.NoError(t, g.restore())
	values, err = torch.Slice[int64](base)
	require.NoError(t, err)
	assert.Equal(t, []int64{5, 6, 7, 8}, values)
	assert.Equal(t, "integer", g.report.Values)
}
