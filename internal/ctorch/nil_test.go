package ctorch

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestNoHandle calls the whole table without handles: a bug of a caller must be
// an error, never the end of the process.
func TestNoHandle(t *testing.T) {
	if err := Ensure(); err != nil {
		require.NotEqual(t, "1", os.Getenv("TORCH_REQUIRE"), "%v", err)
		t.Skip("libtorch is missing: ", err)
	}
	require.Greater(t, len(nilCalls), 20)
	for name, call := range nilCalls {
		t.Run(name, func(t *testing.T) {
			f := Take(call())
			if strings.HasSuffix(name, "_free") {
				assert.Nil(t, f)
				return
			}
			require.NotNil(t, f)
			// An older libtorch lacks what some of them need.
			assert.Contains(t, []int{CodeArgument, CodeNotImplemented}, f.Code, f.Message)
		})
	}
}
