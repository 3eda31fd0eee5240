package verify

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
)

func TestCUDAScenario(t *testing.T) {
	torchtest.RequireCUDA(t)
	spec := scenario("safe_model_save", "model_state.pt")
	spec.Device = torch.CUDA(0)
	report, err := Run(t.Context(), spec)
	if assert.NoError(t, err) {
		assert.Equal(t, 0, report.ExitCode())
	}
}
