package torch

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed06459138/torchgo/internal/ctorch"
)

// Load opens the shim at path, and libtorch with it. It is needed only when the
// shim is in none of the usual places, and must then come before everything
// else: there is one libtorch in a process, and it is never unloaded. Loading
// the same path again does nothing; another is ErrAlreadyLoaded.
func Load(path string) error { return ctorch.Load(path) }

// FindShim gives the path of the shim for a version of libtorch, such as "2.11.0",
// that scripts/shim built in the enclosing checkout or another one of this user. A
// path of a shim is given back as it is. Another process can be started with it as
// $TORCHGO_SHIM.
func FindShim(libtorch string) (string, error) {
	if !strings.Contains(libtorch, "/") && !strings.HasSuffix(libtorch, ".so") {
		return ctorch.FindShim(libtorch)
	}
	path, err := filepath.Abs(libtorch)
	if err == nil {
		_, err = os.Stat(path)
	}
	return path, err
}

// Open opens libtorch from the usual places, as the first call would. The order
// is $TORCHGO_SHIM, beside the executable, the build folder of the enclosing
// checkout, the user's cache folder. It takes a quarter of a second, so a
// program may want to begin it early, beside other work.
func Open() error { return ctorch.Ensure() }

// Build says which libtorch is in use and how the shim was built.
type Build struct {
	Libtorch     string // version, "2.15.0"
	LibtorchPath string // the libtorch_cpu.so in this process
	ShimPath     string // the shim in this process
	ShimFound    string // what made the loader take it: "$TORCHGO_SHIM", "the cache folder", …
	Compiler     string // that built the shim
	Source       string // where the build took libtorch from
	CXX11ABI     bool   // std::__cxx11, the only one since libtorch 2.6
	CPU          string // the kernels in use: "DEFAULT", "AVX2", "AVX512"
	Config       string // libtorch's own description of itself, several lines
}

// Version says which libtorch is in use, opening it if needed.
func Version() (Build, error) {
	if err := ctorch.Ensure(); err != nil {
		return Build{}, err
	}
	var info ctorch.BuildInfo
	if err := WrapError("version", ctorch.BuildRead(&info)); err != nil {
		return Build{}, err
	}
	path, where := ctorch.Loaded()
	if real := ctorch.GoString(info.ShimPath); real != "" {
		path = real
	}
	return Build{
		Libtorch:     ctorch.GoString(info.LibtorchVersion),
		LibtorchPath: ctorch.GoString(info.LibtorchPath),
		ShimPath:     path,
		ShimFound:    where,
		Compiler:     ctorch.GoString(info.Compiler),
		Source:       ctorch.GoString(info.Source),
		CXX11ABI:     info.Cxx11ABI != 0,
		CPU:          ctorch.GoString(info.CPUCapability),
		Config:       strings.TrimSpace(ctorch.GoString(info.Config)),
	}, nil
}

// LiveHandles counts the tensors, modules, methods and objects that are not freed yet.
// A test that ends with more than it began with has forgotten a Close.
func LiveHandles() int64 {
	return ctorch.Live(ctorch.KindTensor) + ctorch.Live(ctorch.KindModule) + ctorch.Live(ctorch.KindMethod) + ctorch.Live(ctorch.KindObject)
}

// String gives one line.
func (b Build) String() string {
	return fmt.Sprintf("libtorch %s (%s kernels, %s)", b.Libtorch, b.CPU, b.LibtorchPath)
}
