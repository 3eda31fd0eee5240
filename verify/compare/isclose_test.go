package compare

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// recorded is one case of testdata/isclose.json, which scripts/fixtures/isclose.py writes.
type recorded struct {
	DType     string   `json:"dtype"`
	RTol      float64  `json:"rtol"`
	ATol      float64  `json:"atol"`
	EqualNaN  bool     `json:"equal_nan"`
	Got, Want []byte   // base64
	Close     string   `json:"close"`
	MaxAbs    *float64 `json:"max_abs"`
}

func readRecorded(t *testing.T) []recorded {
	t.Helper()
	raw, err := os.ReadFile("testdata/isclose.json")
	require.NoError(t, err)
	var cases []recorded
	require.NoError(t, json.Unmarshal(raw, &cases))
	require.NotEmpty(t, cases)
	return cases
}

// Every element, alone and among the others, is close exactly when torch.isclose says so.
func TestCloseAsTorch(t *testing.T) {
	for i, c := range readRecorded(t) {
		d, err := dtype.Parse(c.DType)
		require.NoError(t, err)
		tol := Tolerance{RTol: c.RTol, ATol: c.ATol, EqualNaN: c.EqualNaN}
		t.Run(fmt.Sprintf("%d %v rtol=%g atol=%g", i, d, c.RTol, c.ATol), func(t *testing.T) {
			n, size := len(c.Close), d.Size()
			require.Equal(t, n*size, len(c.Got))
			mismatches := 0
			for i := range n {
				got := Tensor{DType: d, Data: c.Got[i*size : (i+1)*size]}
				want := Tensor{DType: d, Data: c.Want[i*size : (i+1)*size]}
				s := compare(t, got, want, tol)
				wantClose := c.Close[i] == '1'
				assert.Equal(t, wantClose, s.Close, "element %d: got %v, want %v", i, scalarAt(got, 0), scalarAt(want, 0))
				if !wantClose {
					mismatches++
				}
			}
			shape := []int64{int64(n)}
			s := compare(t, Tensor{d, shape, c.Got}, Tensor{d, shape, c.Want}, tol)
			assert.Equal(t, int64(mismatches), s.Mismatches)
			if c.MaxAbs != nil && *c.MaxAbs < 1e38 { // where torch overflows we don't
				assert.Equal(t, *c.MaxAbs, s.MaxAbs)
			}
		})
	}
}
