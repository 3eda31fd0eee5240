package nn

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
)

// Module is a structure that a state_dict fills and that computes.
type Module interface {
	// Forward runs the module. The result's tensors are the caller's, to be closed.
	// It may be called from several goroutines at once.
	Forward(args ...torch.Value) (torch.Value, error)

	// LoadState takes the parameters and buffers from a state_dict, all of them:
	// a missing, unexpected or misshapen tensor is an error that names it. It must
	// not run beside Forward.
	LoadState(state *checkpoint.State) error

	// Close frees the module's tensors.
	Close() error
}

// Build makes the structure from the hyper-parameters that a checkpoint holds,
// usually a *checkpoint.Dict, with its parameters not yet loaded.
type Build func(hyper checkpoint.Value) (Module, error)

// Key is what a checkpoint names a structure by: model_name and model_version.
type Key struct{ Name, Version string }

// String gives "name version".
func (k Key) String() string { return strings.TrimSpace(k.Name + " " + k.Version) }

var (
	// ErrUnknown is matched by the error of a structure that is not registered.
	ErrUnknown = errors.New("no such structure is registered")

	// ErrDuplicate is matched by the error of a second registration.
	ErrDuplicate = errors.New("a structure of that name and version is registered already")
)

var registry struct {
	mu     sync.RWMutex
	builds map[Key]Build
}

// Register makes a structure known under a name and version, usually from an
// init function of the package that defines it.
func Register(name, version string, build Build) error {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	key := Key{name, version}
	if _, ok := registry.builds[key]; ok {
		return fmt.Errorf("%w: %s", ErrDuplicate, key)
	}
	if registry.builds == nil {
		registry.builds = make(map[Key]Build)
	}
	registry.builds[key] = build
	return nil
}

// Lookup finds a registered structure. The error of an unknown one lists those
// that are registered.
func Lookup(name, version string) (Build, error) {
	registry.mu.RLock()
	defer registry.mu.RUnlock()
	key := Key{name, version}
	if build, ok := registry.builds[key]; ok {
		return build, nil
	}
	known := slices.SortedFunc(maps.Keys(registry.builds), func(a, b Key) int { return strings.Compare(a.String(), b.String()) })
	if len(known) == 0 {
		return nil, fmt.Errorf("%w: %s; none is", ErrUnknown, key)
	}
	names := make([]string, len(known))
	for i, k := range known {
		names[i] = k.String()
	}
	return nil, fmt.Errorf("%w: %s; registered are %s", ErrUnknown, key, strings.Join(names, ", "))
}
