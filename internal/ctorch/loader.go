package ctorch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
)

// ShimName is the file name of the shim.
const ShimName = "libtorchgo.so"

var (
	// ErrNotLoaded is matched by every error that says that the shim, or the
	// libtorch behind it, could not be opened.
	ErrNotLoaded = errors.New("libtorch is not loaded")

	// ErrNoCgo says that the program was built without cgo and can never call libtorch.
	ErrNoCgo = errors.New("built without cgo: libtorch cannot be called; build with CGO_ENABLED=1 and a C compiler")

	// ErrAlreadyLoaded says that another shim is in use: one libtorch per process.
	ErrAlreadyLoaded = errors.New("another libtorch is already loaded in this process")
)

// LoadError says where the shim was looked for and why each place would not do.
// It matches ErrNotLoaded.
type LoadError struct {
	Tried []Attempt
}

// Attempt is one place that was tried.
type Attempt struct {
	Path  string
	Where string // what made it a candidate: "$TORCHGO_SHIM", "beside the executable", …
	Err   error
}

// Error lists the places, one to a line, and the remedy.
func (e *LoadError) Error() string {
	var b strings.Builder
	b.WriteString("cannot load libtorch; tried")
	for _, a := range e.Tried {
		reason := a.Err.Error()
		if errors.Is(a.Err, os.ErrNotExist) {
			reason = "not there"
		}
		fmt.Fprintf(&b, "\n  %s (%s): %s", a.Path, a.Where, reason)
	}
	b.WriteString("\nrun 'make shim' in a checkout of torchgo, or set TORCHGO_SHIM to a " + ShimName)
	return b.String()
}

// Unwrap makes errors.Is(err, ErrNotLoaded) hold, and gives the single reasons.
func (e *LoadError) Unwrap() []error {
	errs := []error{ErrNotLoaded}
	for _, a := range e.Tried {
		errs = append(errs, a.Err)
	}
	return errs
}

var loader struct {
	ready atomic.Bool
	mu    sync.Mutex
	path  string
	where string
	err   error // of the first search, kept: a search is not repeated per call
}

// Ensure opens the shim if that has not been done. It is cheap once it is open,
// safe for concurrent use, and returns the same error each time when it failed.
func Ensure() error {
	if loader.ready.Load() {
		return nil
	}
	loader.mu.Lock()
	defer loader.mu.Unlock()
	if loader.ready.Load() || loader.err != nil {
		return loader.err
	}
	loader.err = load(candidates())
	return loader.err
}

// Load opens the shim at path. It must come before every other use of libtorch;
// a later call with the same path does nothing, with another it is ErrAlreadyLoaded.
func Load(path string) error {
	loader.mu.Lock()
	defer loader.mu.Unlock()
	if loader.ready.Load() {
		if path == loader.path {
			return nil
		}
		return fmt.Errorf("%w: %s; call torch.Load before anything else", ErrAlreadyLoaded, loader.path)
	}
	loader.err = load([]Attempt{{Path: path, Where: "torch.Load"}})
	return loader.err
}

// Loaded tells which shim is open and why that one; empty when none is.
func Loaded() (path, where string) {
	loader.mu.Lock()
	defer loader.mu.Unlock()
	return loader.path, loader.where
}

func load(places []Attempt) error {
	if !HasCgo {
		return fmt.Errorf("%w: %w", ErrNotLoaded, ErrNoCgo)
	}
	failed := &LoadError{}
	for _, a := range places {
		// Asked for here, since dlopen would call a missing dependency "no such file" as well.
		if _, err := os.Stat(a.Path); err != nil {
			a.Err = err
		} else if a.Err = open(a.Path); a.Err == nil {
			loader.path, loader.where = a.Path, a.Where
			// libtorch would make a thread for each processor of the host, whatever the
			// cgroup allows. It refuses when another user of libtorch has set it already.
			Take(SettingWrite(SettingInterOp, int64(runtime.GOMAXPROCS(0))))
			loader.ready.Store(true)
			settleAfterCollections()
			return nil
		}
		failed.Tried = append(failed.Tried, a)
	}
	return failed
}

// candidates lists the places of the shim in the order in which they are tried.
// A place that the user named is the only one: falling back would hide a typo.
func candidates() []Attempt {
	if p := os.Getenv("TORCHGO_SHIM"); p != "" {
		return []Attempt{{Path: p, Where: "$TORCHGO_SHIM"}}
	}
	var places []Attempt
	if exe, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(exe); err == nil {
			exe = real
		}
		places = append(places, Attempt{Path: filepath.Join(filepath.Dir(exe), ShimName), Where: "beside the executable"})
	}
	if root, ok := checkout(); ok {
		places = append(places, Attempt{Path: filepath.Join(root, "build", ShimName), Where: "the checkout's build folder"})
	}
	if cache, err := CacheDir(); err == nil {
		places = append(places, Attempt{Path: filepath.Join(cache, "shim", fmt.Sprintf("abi%d", ABI), ShimName), Where: "the cache folder"})
	}
	return places
}

// FindShim gives the path of the shim that scripts/shim built for a version of
// libtorch: of the enclosing checkout, or in the cache folder.
func FindShim(version string) (string, error) {
	failed := &ShimError{Version: version}
	try := func(path string, fits func() bool) bool {
		failed.Tried = append(failed.Tried, path)
		_, err := os.Stat(path)
		return err == nil && fits()
	}
	always := func() bool { return true }
	if root, ok := checkout(); ok {
		build := filepath.Join(root, "build")
		if path := filepath.Join(build, version, ShimName); try(path, always) {
			return path, nil
		}
		// The default one may be of that version; scripts/shim notes which it is.
		if path := filepath.Join(build, ShimName); try(path, func() bool { return notedVersion(build) == version }) {
			return path, nil
		}
	}
	if cache, err := CacheDir(); err == nil {
		if path := filepath.Join(cache, "shim", fmt.Sprintf("abi%d", ABI), version, ShimName); try(path, always) {
			return path, nil
		}
	}
	return "", failed
}

// notedVersion reads the version of libtorch, without what stands behind a plus,
// that the shim in a build folder was made for.
func notedVersion(build string) string {
	text, err := os.ReadFile(filepath.Join(build, "libtorch.txt"))
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if version, ok := strings.CutPrefix(line, "version="); ok {
			version, _, _ = strings.Cut(strings.TrimSpace(version), "+")
			return version
		}
	}
	return ""
}

// ShimError says that there is no shim for a version of libtorch.
type ShimError struct {
	Version string
	Tried   []string // the paths
}

// Error gives one line, with the remedy.
func (e *ShimError) Error() string {
	return fmt.Sprintf("no shim is built for libtorch %s (looked for %s); run 'scripts/shim %s' in a checkout of torchgo",
		e.Version, strings.Join(e.Tried, ", "), e.Version)
}

// Unwrap makes errors.Is(err, ErrNotLoaded) hold.
func (e *ShimError) Unwrap() error { return ErrNotLoaded }

// CacheDir is the folder in which scripts/ puts libtorch and the shim:
// $TORCHGO_CACHE, or torchgo in the user's cache folder.
func CacheDir() (string, error) {
	if dir := os.Getenv("TORCHGO_CACHE"); dir != "" {
		return dir, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "torchgo"), nil
}

// checkout finds the checkout of torchgo that encloses the working folder.
func checkout() (string, bool) {
	dir, err := os.Getwd()
	if err != nil {
		return "", false
	}
	for {
		mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(mod), "module github.com/seed06459138/torchgo\n") {
			return dir, true
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", false
		}
		dir = parent
	}
}
