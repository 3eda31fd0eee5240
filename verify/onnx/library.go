package onnx

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed06459138/torchgo/internal/ctorch"
)

// libraryName is the name under which scripts/onnxruntime leaves the library.
const libraryName = "libonnxruntime.so"

// ErrNoCgo says that the program was built without cgo and can never call ONNX Runtime.
var ErrNoCgo = errors.New("built without cgo: ONNX Runtime cannot be called; build with CGO_ENABLED=1 and a C compiler")

// LibraryError says where ONNX Runtime was looked for and why each place would
// not do. It is one line.
type LibraryError struct {
	Tried []Attempt
}

// Attempt is one place that was tried.
type Attempt struct {
	Path  string
	Where string // what made it a candidate: "$TORCHGO_ONNXRUNTIME", "the cache folder", …
	Err   error
}

// Error lists the places and the remedy.
func (e *LibraryError) Error() string {
	parts := make([]string, len(e.Tried))
	for i, a := range e.Tried {
		reason := a.Err.Error()
		if errors.Is(a.Err, os.ErrNotExist) {
			reason = "not there"
		}
		parts[i] = a.Path + " (" + a.Where + "): " + reason
	}
	return "cannot load ONNX Runtime; tried " + strings.Join(parts, ", ") +
		"; run 'make onnxruntime' in a checkout of torchgo, or set TORCHGO_ONNXRUNTIME to a " + libraryName + " of 1.24 or newer"
}

// Unwrap gives the single reasons.
func (e *LibraryError) Unwrap() []error {
	errs := make([]error, len(e.Tried))
	for i, a := range e.Tried {
		errs[i] = a.Err
	}
	return errs
}

// places lists where the library may be, in the order in which they are tried. A
// place that the user named is the only one: falling back would hide a typo.
func places() []Attempt {
	if p := os.Getenv("TORCHGO_ONNXRUNTIME"); p != "" {
		return []Attempt{{Path: p, Where: "$TORCHGO_ONNXRUNTIME"}}
	}
	var all []Attempt
	if exe, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(exe); err == nil {
			exe = real
		}
		all = append(all, Attempt{Path: filepath.Join(filepath.Dir(exe), libraryName), Where: "beside the executable"})
	}
	if cache, err := ctorch.CacheDir(); err == nil {
		all = append(all, Attempt{Path: filepath.Join(cache, "onnxruntime", libraryName), Where: "the cache folder"})
	}
	return all
}

// search opens the first place that will do.
func search(open func(path string) error) (string, error) {
	failed := &LibraryError{}
	for _, a := range places() {
		// The library finds its provider libraries beside itself, not beside a link to it.
		path, err := filepath.EvalSymlinks(a.Path)
		if err == nil {
			err = open(path)
		}
		if err == nil {
			return path, nil
		}
		a.Err = err
		failed.Tried = append(failed.Tried, a)
	}
	return "", failed
}
