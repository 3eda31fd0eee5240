package verify

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
)

// With Keep, a model alone is a check: what it computes is handed over.
func TestKeep(t *testing.T) {
	torchtest.Require(t)
	whole := scenario("safe_model_save", "model_state.pt")
	var kept []Kept
	spec := Spec{Scripted: whole.Scripted, Inputs: whole.Inputs, Keep: func(k Kept) error {
		kept = append(kept, k)
		return nil
	}}
	report, err := Run(t.Context(), spec)
	require.NoError(t, err)
	assert.Equal(t, "consistent: TorchScript computes the same each time", report.Summary)
	require.Len(t, kept, 1)
	assert.Equal(t, "given", kept[0].Set)
	assert.Equal(t, "scripted", kept[0].Leg)
	assert.Equal(t, "cpu", kept[0].Device)
	assert.Equal(t, []int64{1, 4}, kept[0].Inputs[0].Shape)
	assert.Equal(t, []int64{1, 2}, kept[0].Outputs[0].Shape)

	// Of a whole check it is what computes, not what was recorded.
	whole.Keep = spec.Keep
	_, err = Run(t.Context(), whole)
	require.NoError(t, err)
	require.Len(t, kept, 2)
	assert.Equal(t, "scripted", kept[1].Leg)

	spec.Keep = func(Kept) error { return errors.New("no room") }
	_, err = Run(t.Context(), spec)
	assert.EqualError(t, err, "no room")
	spec.Keep = nil
	_, err = Run(t.Context(), spec)
	assert.ErrorContains(t, err, "nothing to compare the TorchScript file with")
}
