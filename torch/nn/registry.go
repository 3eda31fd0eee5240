package nn

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
)

// Key is what a checkpoint names a structure by: model_name and model_version.
type Key struct{ Name, Version string }

// String gives "name version".
func (k Key) String() string { return strings.TrimSpace(k.Name + " " + k.Version) }

var (
	// ErrUnknown is matched by the error of a structure that is not registered.
	ErrUnknown = errors.New("no such structure is registered")

	// ErrDuplicate is matched by the error of a second registration.
	ErrDuplicate = errors.New("a structure of that name and version is registered already")

	// ErrForward is matched by the error of a structure that can't be called with
	// what it was given.
	ErrForward = errors.New("the structure cannot be called so")
)

// Build makes a registered structure from the hyper-parameters that a checkpoint
// holds, usually a *checkpoint.Dict, with its parameters not yet made.
type Build func(hyper checkpoint.Value) (*Structure, error)

// Structure is a module whose type is not known to who uses it.
type Structure struct {
	// Module is the module itself, a pointer to a struct.
	Module any
	// Hyper is what it was built from, a struct.
	Hyper any
}

var registry struct {
	mu     sync.RWMutex
	builds map[Key]Build
}

// Register makes a structure known under a name and version, usually from an init
// function of the package that defines it:
//
//	nn.Register("mymodel", "v1", func(h Hyper) (*MyModel, error) { … })
//
// build declares the module, a pointer to a struct, without making its parameters.
// H is a struct of hyper-parameters; see DecodeHyper.
func Register[H, M any](name, version string, build func(H) (M, error)) error {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	key := Key{name, version}
	if _, ok := registry.builds[key]; ok {
		return fmt.Errorf("%w: %s", ErrDuplicate, key)
	}
	if registry.builds == nil {
		registry.builds = make(map[Key]Build)
	}
	registry.builds[key] = func(v checkpoint.Value) (*Structure, error) {
		hyper, err := DecodeHyper[H](v)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		module, err := build(hyper)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		return &Structure{Module: module, Hyper: hyper}, nil
	}
	return nil
}

// Lookup finds a registered structure. The error of an unknown one lists those
// that are registered, and what is near.
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
	near, least := "", max(2, len(key.String())/3)
	for i, k := range known {
		names[i] = k.String()
		if d := distance(strings.ToLower(key.String()), strings.ToLower(names[i])); d <= least {
			near, least = names[i], d-1
		}
	}
	text := "registered are " + strings.Join(names, ", ")
	if near != "" {
		text += "; is " + near + " meant?"
	}
	return nil, fmt.Errorf("%w: %s; %s", ErrUnknown, key, text)
}

// distance counts the letters to be changed, added or removed between two words.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for i := range row {
		row[i] = i
	}
	for i := range len(a) {
		before := row[0]
		row[0]++
		for k := range len(b) {
			cost := before
			if a[i] != b[k] {
				cost++
			}
			before = row[k+1]
			row[k+1] = min(cost, before+1, row[k]+1)
		}
	}
	return row[len(b)]
}

// LoadState takes parameters and buffers from a state_dict, all of them, and puts
// the module into evaluation. It must not run beside Forward.
func (s *Structure) LoadState(state *checkpoint.State) error {
	if err := LoadStateDict(s.Module, state); err != nil {
		return err
	}
	Eval(s.Module)
	return nil
}

// Close closes the module's tensors.
func (s *Structure) Close() { Close(s.Module) }

var (
	errorType  = reflect.TypeFor[error]()
	tensorType = reflect.TypeFor[*torch.Tensor]()
)

// Forward calls the module's method Forward, which must take tensors and give
// tensors and an error. Several results are a Tuple. They are the caller's, to be
// closed. Without a graph, since nothing is trained here.
func (s *Structure) Forward(args ...torch.Value) (torch.Value, error) {
	forward := reflect.ValueOf(s.Module).MethodByName("Forward")
	if !forward.IsValid() {
		return nil, fmt.Errorf("%w: a %T has no method Forward", ErrForward, s.Module)
	}
	t := forward.Type()
	if t.NumOut() < 2 || t.Out(t.NumOut()-1) != errorType {
		return nil, fmt.Errorf("%w: Forward of a %T gives no error", ErrForward, s.Module)
	}
	if t.NumIn() != len(args) || t.IsVariadic() {
		return nil, fmt.Errorf("%w: Forward of a %T takes %d arguments, %d were given", ErrForward, s.Module, t.NumIn(), len(args))
	}
	quiet := torch.NewScope(torch.NoGrad)
	defer quiet.Close()
	in := make([]reflect.Value, len(args))
	for i, a := range args {
		x, ok := a.(*torch.Tensor)
		if !ok || t.In(i) != tensorType {
			return nil, fmt.Errorf("%w: argument %d is a %T, and Forward takes a %s", ErrForward, i, a, t.In(i))
		}
		// Under a handle of its own, so that the caller's tensor stays in its scope.
		own, err := x.Detach()
		if err != nil {
			return nil, err
		}
		in[i] = reflect.ValueOf(quiet.Add(own))
	}
	out := forward.Call(in)
	if err, _ := out[len(out)-1].Interface().(error); err != nil {
		return nil, err
	}
	var results torch.Tuple
	for _, v := range out[:len(out)-1] {
		y, ok := v.Interface().(*torch.Tensor)
		if !ok {
			return nil, fmt.Errorf("%w: Forward of a %T gives a %s", ErrForward, s.Module, v.Type())
		}
		quiet.Keep(y)
		results = append(results, y)
	}
	if len(results) == 1 {
		return results[0], nil
	}
	return results, nil
}
