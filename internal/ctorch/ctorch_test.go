package ctorch

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files anew")

// The table is append-only: a Go binary may meet a shim that is newer than it.
func TestTableOnlyGrows(t *testing.T) {
	src, err := os.ReadFile("zts_table.h")
	require.NoError(t, err)
	var now []string
	for _, m := range regexp.MustCompile(`(?m)^  (.+\(\*.+\)\(.*\));$`).FindAllStringSubmatch(string(src), -1) {
		now = append(now, m[1])
	}
	require.NotEmpty(t, now)
	golden := filepath.Join("testdata", "signatures.txt")
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(strings.Join(now, "\n")+"\n"), 0o644))
	}
	text, err := os.ReadFile(golden)
	require.NoError(t, err)
	then := strings.Split(strings.TrimSpace(string(text)), "\n")
	require.GreaterOrEqual(t, len(now), len(then), "a function was removed: raise TS_ABI, and run with -update")
	assert.Equal(t, then, now[:len(then)], "a signature or its place changed: raise TS_ABI, and run with -update")
	assert.Len(t, then, len(now), "functions were added: run with -update")
}

func TestLoadErrorNamesEveryPlace(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none.so")
	broken := filepath.Join(t.TempDir(), ShimName)
	require.NoError(t, os.WriteFile(broken, []byte("not a library"), 0o600))
	err := load([]Attempt{{Path: missing, Where: "beside the executable"}, {Path: broken, Where: "the cache folder"}})
	require.ErrorIs(t, err, ErrNotLoaded)
	if !HasCgo {
		require.ErrorIs(t, err, ErrNoCgo)
		return
	}
	require.ErrorIs(t, err, os.ErrNotExist)
	var le *LoadError
	require.ErrorAs(t, err, &le)
	require.Len(t, le.Tried, 2)
	for _, part := range []string{missing + " (beside the executable): not there", broken + " (the cache folder): ", "make shim", "TORCHGO_SHIM"} {
		assert.Contains(t, err.Error(), part)
	}
}

func TestForeignLibraryIsRefused(t *testing.T) {
	if !HasCgo {
		t.Skip("there is no loader without cgo")
	}
	candidates, err := filepath.Glob("/lib*/*/libm.so.6")
	require.NoError(t, err)
	if len(candidates) == 0 {
		t.Skip("no libm.so.6 found to try")
	}
	err = load([]Attempt{{Path: candidates[0], Where: "test"}})
	require.ErrorIs(t, err, ErrNotLoaded)
	assert.Contains(t, err.Error(), "not a torchgo shim")
}

func TestCandidates(t *testing.T) {
	t.Setenv("TORCHGO_SHIM", "/some/where.so")
	assert.Equal(t, []Attempt{{Path: "/some/where.so", Where: "$TORCHGO_SHIM"}}, candidates(), "a place that the user named is the only one")

	t.Setenv("TORCHGO_SHIM", "")
	t.Setenv("TORCHGO_CACHE", "/some/cache")
	places := candidates()
	require.Len(t, places, 3)
	assert.Equal(t, "beside the executable", places[0].Where)
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(root, "build", ShimName), places[1].Path, "from any folder of the checkout")
	assert.Equal(t, "/some/cache/shim/abi1/"+ShimName, places[2].Path)
}

func TestHandleIsFreedOnce(t *testing.T) {
	var h Handle
	assert.Nil(t, h.Acquire(), "a handle that was never set")
	h.Close()
	h.Close()
	assert.True(t, h.Closed())
	assert.Nil(t, h.Acquire())
}

func TestErrorsAreDistinct(t *testing.T) {
	assert.False(t, errors.Is(ErrNoCgo, ErrNotLoaded))
	assert.Nil(t, Take(nil))
}
