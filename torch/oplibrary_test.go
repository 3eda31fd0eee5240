package torch_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
)

func TestLoadOpLibrary(t *testing.T) {
	path := torchtest.Sharpen(t)
	x, err := torch.FromSlice([]float32{1, 2})
	require.NoError(t, err)
	defer x.Close()
	if _, err = torch.Schema("customlib::sharpen"); err != nil { // with -count, it stayed from before
		require.ErrorIs(t, err, torch.CodeNoOperator)
	}

	for range 2 { // the second time does nothing
		require.NoError(t, torch.LoadOpLibrary(path))
	}
	y, err := torch.Call("customlib::sharpen", x)
	require.NoError(t, err)
	defer torch.CloseAll(y)
	values, err := torch.Slice[float32](y.(*torch.Tensor))
	require.NoError(t, err)
	assert.Equal(t, []float32{2, 4}, values)
	schema, err := torch.Schema("customlib::sharpen")
	require.NoError(t, err)
	assert.Equal(t, "customlib::sharpen(Tensor x, float by=2.) -> Tensor", schema)

	// Another file with the same operators would end the process.
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	second := filepath.Join(t.TempDir(), "second.so")
	require.NoError(t, os.WriteFile(second, data, 0o600))
	err = torch.LoadOpLibrary(second)
	var failure *torch.OpLibraryError
	require.ErrorAs(t, err, &failure)
	assert.Contains(t, err.Error(), "namespace customlib")
	assert.NotContains(t, err.Error(), "\n")
	require.ErrorIs(t, err, torch.CodeRuntime)
}

func TestLibrariesThatCannotBeLoaded(t *testing.T) {
	c := torchtest.NewCompiler(t)
	const there, needs = "int absent() { return 1; }", "int absent(); int present() { return absent(); }"
	// Nothing says at run time where these lie.
	c.Library("libabsent", there, "-Wl,-soname,libabsent.so.1")
	c.Library("libtorch_python", there, "-Wl,-soname,libtorch_python.so")
	c.Library("libtorch_cuda", there, "-Wl,-soname,libtorch_cuda.so.none")
	cases := []struct {
		name, path, missing string
		want                []string
	}{
		{"no such file", filepath.Join(c.Folder, "none.so"), "", []string{"no such file"}},
		{"a folder", c.Folder, "", []string{"folder"}},
		{"a NUL byte", "a\x00b", "", []string{"invalid"}},
		{"a text", filepath.Join("..", "README.md"), "", []string{"invalid ELF header"}},
		{"a library is missing", c.Library("lacking", needs, "-labsent"), "libabsent.so.1", []string{"libabsent.so.1", "LD_LIBRARY_PATH"}},
		{"an extension of Python", c.Library("extension", needs, "-ltorch_python"), "libtorch_python.so", []string{"extension of Python", "-ltorch_cpu"}},
		{"without CUDA", c.Library("device", needs, "-ltorch_cuda"), "libtorch_cuda.so.none", []string{"needs CUDA", "LIBTORCH=DIR"}},
		{"for another libtorch", c.Library("undefined", needs), "", []string{"undefined symbol", "built for another libtorch", "_GLIBCXX_USE_CXX11_ABI="}},
		{"throws", c.Library("throws", "#include <stdexcept>\nstatic struct X { X() { throw std::runtime_error(\"not today\"); } } x;"), "", []string{"not today"}},
		{"aborts", c.Library("aborts", "#include <stdlib.h>\nstatic struct X { X() { abort(); } } x;"), "", []string{"Aborted"}},
		{"crashes", c.Library("crashes", "static struct X { X() { *(volatile int *)0 = 1; } } x;"), "", []string{"Segmentation fault"}},
	}
	for _, k := range cases {
		t.Run(k.name, func(t *testing.T) {
			err := torch.LoadOpLibrary(k.path)
			var failure *torch.OpLibraryError
			require.ErrorAs(t, err, &failure)
			assert.Equal(t, k.path, failure.Path)
			assert.Equal(t, k.missing, failure.Missing)
			for _, word := range k.want {
				assert.Contains(t, err.Error(), word)
			}
			assert.NotContains(t, err.Error(), "\n")
		})
	}
	require.ErrorIs(t, torch.LoadOpLibrary(filepath.Join(c.Folder, "none.so")), fs.ErrNotExist)
}
