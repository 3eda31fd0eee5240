package scripts

import (
	"debug/elf"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shim opens the shim that scripts/shim built in this checkout.
func shim(t *testing.T) *elf.File {
	t.Helper()
	f, err := elf.Open("../build/libtorchgo.so")
	if os.IsNotExist(err) && os.Getenv("TORCH_REQUIRE") != "1" {
		t.Skip("the shim has not been built: run make shim")
	}
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, f.Close()) })
	return f
}

func TestShimExportsOneSymbol(t *testing.T) {
	symbols, err := shim(t).DynamicSymbols()
	require.NoError(t, err)
	var exported []string
	for _, s := range symbols {
		if s.Section != elf.SHN_UNDEF {
			exported = append(exported, s.Name)
		}
	}
	assert.Equal(t, []string{"ts_get_table"}, exported)
}

func TestShimIsLinkedWithTheCPULibrariesAlone(t *testing.T) {
	f := shim(t)
	needed, err := f.ImportedLibraries()
	require.NoError(t, err)
	assert.Subset(t, []string{
		"libtorch_cpu.so", "libc10.so", "libstdc++.so.6", "libgcc_s.so.1", "libm.so.6", "libc.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1",
	}, needed)

	path, err := f.DynString(elf.DT_RPATH)
	require.NoError(t, err)
	require.Len(t, path, 1, "RPATH, which goes before LD_LIBRARY_PATH, not RUNPATH")
	assert.True(t, strings.HasPrefix(path[0], "$ORIGIN:/"), path[0])

	now, err := f.DynValue(elf.DT_FLAGS_1)
	require.NoError(t, err)
	require.Len(t, now, 1)
	assert.NotZero(t, elf.DynFlag1(now[0])&elf.DF_1_NOW, "what libtorch lacks is to be found when the shim is opened")
}

func TestAnUpToDateShimIsLeftAlone(t *testing.T) {
	shim(t)
	out, err := exec.Command("./shim").CombinedOutput()
	require.NoError(t, err, string(out))
	before, err := os.Stat("../build/libtorchgo.so")
	require.NoError(t, err)

	out, err = exec.Command("./shim").CombinedOutput()
	require.NoError(t, err)
	assert.Empty(t, string(out))
	after, err := os.Stat("../build/libtorchgo.so")
	require.NoError(t, err)
	assert.Equal(t, before.ModTime(), after.ModTime())
}
