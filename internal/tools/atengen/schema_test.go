package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParse(t *testing.T) {
	s, err := parse(`aten::max_pool.dim_out(Tensor(a) self, SymInt[2]? size, float[]? scale=None, str mode="a", *, int[1] pad=[0, 0], Tensor(a!)[] out) -> (Tensor(a!) values, Tensor(b -> *)[] indices)`)
	require.NoError(t, err)
	assert.Equal(t, "aten::max_pool.dim_out", s.full)
	assert.Equal(t, "max_pool", s.base)
	assert.Equal(t, "dim_out", s.overload)
	assert.Equal(t, []argument{
		{kind: "Tensor", name: "self", alias: "a"},
		{kind: "int[]?", name: "size"},
		{kind: "float[]?", name: "scale", fallback: "None", optional: true},
		{kind: "str", name: "mode", fallback: `"a"`, optional: true},
		{kind: "int[]", name: "pad", fallback: "[0, 0]", optional: true},
		{kind: "Tensor[]", name: "out", alias: "a", written: true},
	}, s.arguments)
	assert.Equal(t, []argument{
		{kind: "Tensor", name: "values", alias: "a", written: true},
		{kind: "Tensor[]", name: "indices", alias: "b"},
	}, s.results)
	for _, wrong := range []string{"", "aten::add", "aten::add(Tensor) -> Tensor", "add(Tensor self) -> Tensor"} {
		_, err := parse(wrong)
		assert.Error(t, err, wrong)
	}
}

func TestNamesAndRules(t *testing.T) {
	for _, c := range []struct{ schema, name, why string }{
		{"aten::add.Tensor(Tensor self) -> Tensor", "AddTensor", ""},
		{"aten::add_.Tensor(Tensor(a!) self) -> Tensor(a!)", "AddTensorInPlace", ""},
		{"aten::sum.dim_IntList(Tensor self) -> Tensor", "SumDimIntList", ""},
		{"aten::mT(Tensor(a) self) -> Tensor(a)", "MT", ""},
		{"aten::to.dtype(Tensor self) -> Tensor", "ToDType", ""},
		{"aten::_softmax(Tensor self) -> Tensor", "Softmax", "private"},
		{"aten::linalg__powsum(Tensor self) -> Tensor", "LinalgPowsum", "private"},
		{"aten::gelu_backward(Tensor self) -> Tensor", "GeluBackward", "derivatives"},
		{"aten::requires_grad_(Tensor(a!) self) -> Tensor(a!)", "RequiresGradInPlace", "bookkeeping"},
		{"aten::cudnn_convolution(Tensor self) -> Tensor", "CudnnConvolution", "backend"},
		{"aten::set_.source_Storage(Tensor(a!) self, Storage source) -> Tensor(a!)", "SetSourceStorageInPlace", "no form in Go"},
		{"aten::rand.generator(SymInt[] size, *, Generator? generator) -> Tensor", "RandGenerator", "generator"},
		{"aten::rand(SymInt[] size, *, Generator? generator=None) -> Tensor", "Rand", ""},
	} {
		s, err := parse(c.schema)
		require.NoError(t, err)
		assert.Equal(t, c.name, goName(s))
		if c.why == "" {
			assert.Empty(t, omitted(s), c.schema)
		} else {
			assert.Contains(t, omitted(s), c.why, c.schema)
		}
	}
	for name, want := range map[string]string{"self": "self", "grad_output": "gradOutput", "A": "a", "range": "rangeValue", "LU": "lu", "padIdx": "padIdx", "bin_edges": "binEdges", "dtype": "dtype"} {
		assert.Equal(t, want, lower(name))
	}
}

// TestOptionsAreShared holds that one struct serves the overloads and variants of
// an operator that have the same defaults, and is named for the first of them.
func TestOptionsAreShared(t *testing.T) {
	all, err := readSchemas(filepath.Join("..", "..", "..", "torch", "aten"))
	require.NoError(t, err)
	wrappers, err := wrap(all)
	require.NoError(t, err)
	named := make(map[string]string)
	for _, w := range wrappers {
		if w.options != nil {
			named[w.name] = w.options.name
		}
	}
	assert.Equal(t, "AddOptions", named["AddTensor"])
	assert.Equal(t, "AddOptions", named["AddTensorInPlace"])
	assert.Equal(t, "AddOptions", named["AddOut"])
	assert.Equal(t, "SumOptions", named["Sum"])
	assert.Equal(t, "SumDimIntListOptions", named["SumIntListOut"])
	assert.Empty(t, named["Relu"])
}
