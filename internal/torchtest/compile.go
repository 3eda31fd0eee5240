package torchtest

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed06459138/torchgo/internal/ctorch"
	"github.com/seed06459138/torchgo/torch"
)

// Compiler builds shared libraries against the libtorch in use.
type Compiler struct {
	Folder string // where it works; of the test
	t      testing.TB
	flags  []string
}

// NewCompiler needs libtorch, and a C++ compiler at the first use.
func NewCompiler(t testing.TB) *Compiler {
	t.Helper()
	Require(t)
	build, err := torch.Version()
	check(t, err)
	libtorch := filepath.Dir(filepath.Dir(build.LibtorchPath))
	standard := "-std=c++20"
	for _, old := range []string{"2.4.", "2.5.", "2.6.", "2.7.", "2.8."} {
		if strings.HasPrefix(build.Libtorch, old) {
			standard = "-std=c++17"
		}
	}
	abi := 0
	if build.CXX11ABI {
		abi = 1
	}
	return &Compiler{t.TempDir(), t, []string{
		standard, fmt.Sprintf("-D_GLIBCXX_USE_CXX11_ABI=%d", abi), "-O0", "-fPIC", "-shared",
		"-isystem", filepath.Join(libtorch, "include"), "-L" + filepath.Join(libtorch, "lib"), "-L.",
	}}
}

// Library compiles source to NAME.so in the compiler's folder; link is what stands
// behind the source.
func (c *Compiler) Library(name, source string, link ...string) string {
	c.t.Helper()
	program := os.Getenv("CXX")
	if program == "" {
		program = "c++"
	}
	check(c.t, os.WriteFile(filepath.Join(c.Folder, name+".cpp"), []byte(source), 0o600))
	args := append(append([]string{name + ".cpp", "-o", name + ".so"}, c.flags...), link...)
	cmd := exec.Command(program, args...)
	cmd.Dir = c.Folder
	output, err := cmd.CombinedOutput()
	if err != nil {
		c.t.Fatalf("%v\n%s", err, output)
	}
	return filepath.Join(c.Folder, name+".so")
}

const sharpen = `
#include <ATen/core/Tensor.h>
#include <torch/library.h>

static at::Tensor sharpen(const at::Tensor &x, double by) { return x.mul(by); }

TORCH_LIBRARY(customlib, m) { m.def("sharpen(Tensor x, float by=2.0) -> Tensor", sharpen); }
`

// Sharpen gives a library with the operator customlib::sharpen(Tensor x, float
// by=2.0), linked as CMake links with TORCH_LIBRARIES. Compiling it takes ten
// seconds, so it is kept in the cache folder.
func Sharpen(t testing.TB) string {
	t.Helper()
	c := NewCompiler(t)
	cache, err := ctorch.CacheDir()
	check(t, err)
	key := sha256.Sum256(fmt.Append(nil, sharpen, c.flags))
	kept := filepath.Join(cache, "test", fmt.Sprintf("sharpen-%x.so", key[:8]))
	if _, err := os.Stat(kept); err == nil {
		return kept
	}
	// libtorch.so holds nothing, and is not among the files that we have.
	c.Library("libtorch", "", "-Wl,-soname,libtorch.so")
	made := c.Library("sharpen", sharpen, "-Wl,--no-as-needed", "-ltorch", "-ltorch_cpu", "-lc10")
	check(t, os.MkdirAll(filepath.Dir(kept), 0o755))
	data, err := os.ReadFile(made)
	check(t, err)
	beside := fmt.Sprintf("%s.%d", kept, os.Getpid())
	check(t, os.WriteFile(beside, data, 0o755))
	check(t, os.Rename(beside, kept))
	return kept
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
