package verify

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/torch/dtype"
)

func findingsOf(r *Report, code Code) (found []Finding) {
	for _, f := range r.Findings {
		if f.Code == code {
			found = append(found, f)
		}
	}
	return found
}

// TestRoundingIsToldFromWrongNumbers compares a deep product in float16 with the
// same in float32, and then one that is off.
func TestRoundingIsToldFromWrongNumbers(t *testing.T) {
	const source = "def forward(self, x: Tensor) -> Tensor:\n    y = torch.sin(x)\n    for i in range(20):\n        y = torch.tanh(y * 1.01 + 0.1)\n    return y\n"
	spec := compiledSpec(t, source)
	half := dtype.Float16
	spec.Legs[0].DType = &half
	r, err := Run(t.Context(), spec)
	require.NoError(t, err)
	assert.Equal(t, Inconsistent, r.Verdict, "the default tolerance is that of float32")
	suggested := findingsOf(r, ToleranceSuggested)
	require.Len(t, suggested, 1, "%v", r.Findings)
	assert.Contains(t, suggested[0].Text, "rounding to float16 explains the difference")
	assert.Regexp(t, `^--atol [0-9.e-]+ accepts it$`, suggested[0].Remedy)
	require.NotNil(t, r.Truth)
	require.Len(t, r.Truth.Outputs, 1)
	truth := r.Truth.Outputs[0]
	assert.Equal(t, "float16", truth.Unit)
	assert.Positive(t, float64(truth.Moves))
	require.Len(t, truth.Legs, 2)
	assert.Less(t, float64(truth.Legs[0].MaxAbs), 1e-6, "float32")
	assert.Greater(t, float64(truth.Legs[1].MaxAbs), 1e-5, "float16")

	other := compiledSpec(t, "def forward(self, x: Tensor) -> Tensor:\n    return torch.tanh(x) + 0.01\n")
	right := compiledSpec(t, "def forward(self, x: Tensor) -> Tensor:\n    return torch.tanh(x)\n")
	right.Legs[0].File = other.Scripted
	r, err = Run(t.Context(), right)
	require.NoError(t, err)
	far := findingsOf(r, FarFromTruth)
	require.Len(t, far, 1)
	assert.Contains(t, far[0].Text, "other is 0.01 from the result in float64, more than rounding to float32 explains")
	assert.Empty(t, findingsOf(r, ToleranceSuggested))
}

func TestTheSuggestedToleranceIsAccepted(t *testing.T) {
	spec := compiledSpec(t, "def forward(self, x: Tensor) -> Tensor:\n    return torch.exp(x * 1.7)\n")
	half := dtype.BFloat16
	spec.Legs[0].DType = &half
	r, err := Run(t.Context(), spec)
	require.NoError(t, err)
	require.Len(t, findingsOf(r, ToleranceSuggested), 1)
	needed := float64(r.Comparisons[0].Outputs[0].NeededATol)
	tol := spec.tolerance()
	tol.ATol = roundUp(2 * needed)
	spec.Tolerance = &tol
	r, err = Run(t.Context(), spec)
	require.NoError(t, err)
	assert.Equal(t, Consistent, r.Verdict, r.Summary)
	assert.Nil(t, r.Truth)
}

func TestRoundUp(t *testing.T) {
	for x, want := range map[float64]float64{0.00123: 0.002, 0.002: 0.002, 9.1: 10, 1: 1, 0: 0} {
		assert.InEpsilon(t, want+1, roundUp(x)+1, 1e-12)
	}
	assert.True(t, math.IsInf(roundUp(math.Inf(1)), 1))
}
