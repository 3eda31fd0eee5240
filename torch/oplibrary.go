package torch

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed06459138/torchgo/internal/ctorch"
	"github.com/seed06459138/torchgo/internal/layout"
)

// OpLibraryError says why a library of operators could not be loaded. It unwraps
// to the cause: an error of the file system, or an *Error with the words of the
// system's loader, or of the library's own initialisers.
type OpLibraryError struct {
	Path    string
	Missing string // the shared library that it needs and that was not found: "libtorch_python.so"; or ""
	Remedy  string // what to do about it, or ""
	Err     error
}

// Error gives one line, with the remedy.
func (e *OpLibraryError) Error() string {
	return layout.Fault(e.Remedy, "load the operators of "+e.Path, layout.Said(e.Err))
}

// Unwrap gives the cause.
func (e *OpLibraryError) Unwrap() error { return e.Err }

// LoadOpLibrary opens a shared library that registers operators (TORCH_LIBRARY in
// C++), as torch.ops.load_library does. Call and TorchScript files then know
// them. It stays open for good; loading it again does nothing.
//
// The library must be built against the libtorch that is in use, and without
// Python. One that would end the process while it registers its operators, say
// because another library has the same namespace, is an error: it is tried in a
// child process first. Failures are an *OpLibraryError.
func LoadOpLibrary(path string) error {
	if err := ctorch.Ensure(); err != nil {
		return err
	}
	fail := func(err error) error { return &OpLibraryError{Path: path, Err: err} }
	if ctorch.HasNUL(path) {
		return fail(fs.ErrInvalid)
	}
	// Absolute, since the loader looks elsewhere for a name without a slash.
	absolute, err := filepath.Abs(path)
	if err != nil {
		return fail(err)
	}
	info, err := os.Stat(absolute)
	switch {
	case err != nil:
		return fail(err.(*fs.PathError).Err)
	case info.IsDir():
		return fail(fmt.Errorf("%w: a folder", fs.ErrInvalid))
	}
	err = WrapError("dlopen", ctorch.LibraryOpen(ctorch.CString(absolute)))
	if err == nil {
		return nil
	}
	missing, remedy := diagnose(absolute, err.(*Error).Msg)
	return &OpLibraryError{Path: path, Missing: missing, Remedy: remedy, Err: err}
}

// diagnose tells from the loader's message, which begins with the name of the
// file that it speaks of, which library is missing, and what mends it.
func diagnose(path, message string) (missing, remedy string) {
	about, what, _ := strings.Cut(message, ": ")
	build, err := Version()
	if err != nil {
		return "", ""
	}
	headers := filepath.Dir(filepath.Dir(build.LibtorchPath))
	switch {
	case strings.HasPrefix(what, "undefined symbol"):
		return "", fmt.Sprintf("it was built for another libtorch, or with another C++ ABI: build it against libtorch %s in %s with -D_GLIBCXX_USE_CXX11_ABI=%d", build.Libtorch, headers, map[bool]int{true: 1}[build.CXX11ABI])
	case about == path || !strings.HasPrefix(what, "cannot open shared object file"):
		return "", ""
	case about == "libtorch_python.so" || strings.HasPrefix(about, "libpython"):
		return about, "it is an extension of Python: build it as a plain shared library, with -ltorch_cpu -lc10 and without pybind"
	case strings.Contains(about, "cuda") || strings.Contains(about, "cudnn") || strings.HasPrefix(about, "libcu"):
		return about, fmt.Sprintf("it needs CUDA, which the libtorch in %s lacks: build the library for the CPU, or the shim with LIBTORCH=DIR of a libtorch with CUDA", headers)
	}
	return about, fmt.Sprintf("put %s in a folder of LD_LIBRARY_PATH, or beside the library, linked with -Wl,-rpath,'$ORIGIN'", about)
}
