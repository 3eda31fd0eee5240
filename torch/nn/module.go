package nn

import (
	"fmt"
	"iter"
	"reflect"
	"slices"

	"github.com/seed06459138/torchgo/torch"
)

// Layer is a module that makes one tensor of one.
type Layer interface {
	Forward(x *torch.Tensor) (*torch.Tensor, error)
}

// Func is a function as a Layer: nn.Func(functional.ReLU).
type Func func(x *torch.Tensor) (*torch.Tensor, error)

// Forward calls f.
func (f Func) Forward(x *torch.Tensor) (*torch.Tensor, error) { return f(x) }

// Pipe passes x through steps, each of which takes what the one before it gave:
//
//	y, err := nn.Pipe(x, m.FC1.Forward, functional.Tanh, m.FC2.Forward)
//
// What lies between is closed with the scope that x is in.
func Pipe(x *torch.Tensor, steps ...func(*torch.Tensor) (*torch.Tensor, error)) (*torch.Tensor, error) {
	var err error
	for i, step := range steps {
		if x, err = step(x); err != nil {
			return nil, fmt.Errorf("step %d: %w", i, err)
		}
	}
	return x, nil
}

// Initializer is a module that fills its own parameters, after Init has made and
// filled what is in it.
type Initializer interface{ Initialize() error }

// copying is a module that may begin as a copy of another one.
type copying interface {
	// original gives that one, which is made before; nil for none.
	original() any
}

// Init makes the parameters and buffers of a module, which is a pointer to a struct,
// on the CPU, and fills them, in the order of its fields: after torch.ManualSeed
// with the numbers that Python's constructors give, if the fields stand in the order
// in which Python makes them. It returns the module.
//
//	model, err := nn.Init(&MyModel{…})
//
// When it fails, some tensors may have been made; Close closes them.
func Init[M any](module M) (M, error) {
	if reflect.ValueOf(module).Kind() != reflect.Pointer {
		return module, fmt.Errorf("nn: Init of a %T: give a pointer to a struct", module)
	}
	if err := torch.Open(); err != nil {
		return module, err
	}
	done := make(map[any]bool)
	var build func(name string, value any) error
	build = func(name string, value any) error {
		var err error
		switch v := value.(type) {
		case *Parameter:
			if !done[v] {
				done[v] = true
				err = v.make()
			}
		case *Buffer:
			if !done[v] {
				done[v] = true
				err = v.make()
			}
		default:
			if key, ok := identity(v); ok {
				if done[key] {
					return nil
				}
				done[key] = true
			}
			if c, ok := v.(copying); ok && c.original() != nil {
				err = copyState(c.original(), v)
				break
			}
			for _, e := range members(v) {
				if err := build(join(name, e.Name), e.Value); err != nil {
					return err
				}
			}
			if own, ok := v.(Initializer); ok {
				err = own.Initialize()
			}
		}
		if err != nil {
			return fmt.Errorf("initialise %s: %w", orRoot(name), err)
		}
		return nil
	}
	return module, build("", module)
}

func copyState(from, to any) error {
	state, err := StateDict(from)
	if err != nil {
		return err
	}
	return LoadStateDict(to, state)
}

func orRoot(name string) string {
	if name == "" {
		return "the module"
	}
	return name
}

// NamedParameters gives the parameters of a module and of all modules in it, each
// once, under its first name, in Python's order.
func NamedParameters(module any) iter.Seq2[string, *Parameter] {
	return func(yield func(string, *Parameter) bool) {
		seen := make(map[*Parameter]bool)
		for _, e := range entries(module) {
			if e.parameter == nil || seen[e.parameter] {
				continue
			}
			seen[e.parameter] = true
			if !yield(e.name, e.parameter) {
				return
			}
		}
	}
}

// NamedBuffers gives the buffers likewise, those that are not saved too.
func NamedBuffers(module any) iter.Seq2[string, *Buffer] {
	return func(yield func(string, *Buffer) bool) {
		seen := make(map[*Buffer]bool)
		for _, e := range entries(module) {
			if e.buffer == nil || seen[e.buffer] {
				continue
			}
			seen[e.buffer] = true
			if !yield(e.name, e.buffer) {
				return
			}
		}
	}
}

// Parameters lists the parameters of modules, as an optimiser takes them.
func Parameters(modules ...any) []*Parameter {
	var list []*Parameter
	seen := make(map[*Parameter]bool)
	for _, m := range modules {
		for _, p := range NamedParameters(m) {
			if !seen[p] {
				seen[p] = true
				list = append(list, p)
			}
		}
	}
	return list
}

// Count counts the elements of all parameters.
func Count(module any) int64 {
	total := int64(0)
	for _, p := range NamedParameters(module) {
		n := int64(1)
		for _, s := range p.Size() {
			n *= s
		}
		total += n
	}
	return total
}

// Apply calls f for every module in a module, in the order of Python's apply: for those
// in it, from the first to the last, and then for itself. So a function that draws
// numbers draws Python's. What stands in two modules is come to twice.
func Apply(module any, f func(module any) error) error {
	var path []any // from the root to here, so that one that contains itself ends
	var walk func(m any) error
	walk = func(m any) error {
		key, ok := identity(m)
		if ok && slices.Contains(path, key) {
			return nil
		}
		path = append(path, key)
		seen := make(map[any]bool)
		for _, e := range members(m) {
			if !isModule(e.Value) {
				continue
			}
			if key, ok := identity(e.Value); ok {
				if seen[key] {
					continue
				}
				seen[key] = true
			}
			if err := walk(e.Value); err != nil {
				return err
			}
		}
		path = path[:len(path)-1]
		return f(m)
	}
	return walk(module)
}

// Close closes the tensors of a module. Closing again does nothing.
func Close(module any) {
	for _, e := range entries(module) {
		if e.parameter != nil {
			e.parameter.Close()
		} else {
			e.buffer.Close()
		}
	}
}

// SetRequiresGrad lets all parameters of a module be trained, or freezes them.
func SetRequiresGrad(module any, on bool) error {
	for name, p := range NamedParameters(module) {
		if err := p.SetRequiresGrad(on); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// ZeroGrad removes the gradients of all parameters.
func ZeroGrad(module any) error {
	var list []*torch.Tensor
	for _, p := range Parameters(module) {
		list = append(list, p.Tensor)
	}
	return torch.ZeroGrad(list...)
}

// To puts the parameters, with their gradients, and the buffers of a module on a
// device. It must not run beside Forward.
func To(module any, device torch.Device) error { return move(module, &device, nil) }

// ToDType converts those that have floating-point elements to another dtype. It
// must not run beside Forward.
func ToDType(module any, d torch.DType) error { return move(module, nil, &d) }

func move(module any, device *torch.Device, d *torch.DType) error {
	for name, p := range NamedParameters(module) {
		if err := p.move(device, d); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	for name, b := range NamedBuffers(module) {
		t, err := convert(b.Tensor, device, d)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if t != nil && b.held {
			t.Close()
			return fmt.Errorf("%s: %w", name, ErrHeld)
		}
		if t != nil {
			b.put(t)
		}
	}
	return nil
}

func (p *Parameter) move(device *torch.Device, d *torch.DType) error {
	t, err := convert(p.Tensor, device, d)
	if err != nil || t == nil {
		return err
	}
	if p.held {
		t.Close()
		return ErrHeld
	}
	grad, err := p.Grad()
	if err != nil {
		t.Close()
		return err
	}
	if err := p.put(t, p.RequiresGrad()); err != nil || grad == nil {
		return err
	}
	defer grad.Close()
	moved, err := convert(grad, device, d)
	if err != nil {
		return err
	}
	defer moved.Close()
	return p.SetGrad(moved)
}

// Mode is embedded in modules that compute otherwise in training than in
// evaluation. Its zero value is training, as modules begin in Python.
type Mode struct{ evaluating bool }

// Training tells whether the module is in training.
func (m *Mode) Training() bool { return !m.evaluating }

// Train puts a module, and all modules in it, into training. It must not run beside
// Forward.
func Train(module any) { setTraining(module, true) }

// Eval puts them into evaluation.
func Eval(module any) { setTraining(module, false) }

func setTraining(module any, on bool) {
	for _, m := range Modules(module) {
		if v := embedded(reflect.ValueOf(m)); v.IsValid() {
			setModes(v, on)
		}
	}
}

var modeType = reflect.TypeFor[Mode]()

// setModes sets every Mode that a struct embeds: it may embed one beside another module
// that has its own.
func setModes(v reflect.Value, on bool) {
	if v.Type() == modeType {
		if v.CanAddr() {
			v.Addr().Interface().(*Mode).evaluating = !on
		}
		return
	}
	for _, f := range fieldsOf(v.Type()) {
		if !f.promoted {
			continue
		}
		if inner := embedded(v.Field(f.index)); inner.IsValid() {
			setModes(inner, on)
		}
	}
}
