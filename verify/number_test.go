package verify

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNumberJSON(t *testing.T) {
	for _, c := range []struct {
		value float64
		want  string
	}{
		{0, "0"}, {1e-5, "0.00001"}, {1.5e-300, "1.5e-300"}, {-2, "-2"},
		{math.NaN(), `"NaN"`}, {math.Inf(1), `"Infinity"`}, {math.Inf(-1), `"-Infinity"`},
	} {
		t.Run(c.want, func(t *testing.T) {
			data, err := json.Marshal(Number(c.value))
			require.NoError(t, err)
			assert.Equal(t, c.want, string(data))
			var back Number
			require.NoError(t, json.Unmarshal(data, &back))
			assert.Equal(t, math.Float64bits(c.value), math.Float64bits(float64(back)))
		})
	}
	var n Number
	assert.Error(t, json.Unmarshal([]byte(`"big"`), &n))
}
