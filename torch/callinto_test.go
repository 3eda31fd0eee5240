package torch_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
)

func TestCallIntoReplacesWhatTheTensorHeld(t *testing.T) {
	torchtest.Require(t)
	x, err := torch.FromSlice([]float32{1, 2})
	require.NoError(t, err)
	defer x.Close()
	live := torch.LiveHandles()
	y := new(torch.Tensor)
	defer y.Close()
	for _, operator := range []string{"aten::add.Tensor", "aten::atan2"} { // the short way, and with boxes
		require.NoError(t, torch.CallInto(y, operator, x, x))
		require.NoError(t, torch.CallInto(y, operator, x, x))
	}
	require.NoError(t, torch.CallInto(y, "aten::add.Tensor", x, x))
	got, err := torch.Slice[float32](y)
	require.NoError(t, err)
	assert.Equal(t, []float32{2, 4}, got)
	assert.Equal(t, live+1, torch.LiveHandles())

	for name, c := range map[string]struct {
		call func() error
		want error
	}{
		"nil result":     {func() error { return torch.CallInto(nil, "aten::neg", x) }, torch.CodeArgument},
		"result is used": {func() error { return torch.CallInto(y, "aten::neg", y) }, torch.CodeArgument},
		"no such":        {func() error { return torch.CallInto(y, "aten::nothing", x) }, torch.CodeNoOperator},
		"several":        {func() error { return torch.CallInto(y, "aten::sort", x) }, torch.CodeType},
		"a wrong shape":  {func() error { return torch.CallInto(y, "aten::view", x, torch.List{torch.Int(3)}) }, torch.CodeRuntime},
	} {
		t.Run(name, func(t *testing.T) {
			assert.ErrorIs(t, c.call(), c.want)
			kept, err := torch.Slice[float32](y)
			require.NoError(t, err)
			assert.Equal(t, []float32{2, 4}, kept)
		})
	}
}

func TestOperatorsThatCrashAreRefused(t *testing.T) {
	torchtest.Require(t)
	for _, name := range []string{"aten::quantized_lstm_cell", "aten::quantized_gru_cell", "aten::quantized_rnn_relu_cell", "aten::quantized_rnn_tanh_cell"} {
		_, err := torch.Call(name)
		assert.ErrorIs(t, err, torch.CodeNotImplemented, name)
	}
}
