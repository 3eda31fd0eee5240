package aoti

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"unsafe"

	"github.com/seed06459138/torchgo/internal/ctorch"
	"github.com/seed06459138/torchgo/torch"
)

// LoadError says which package could not be loaded, and why. It unwraps to the
// cause: a *torch.Error, ErrNotPackage, or an error of the file system.
type LoadError struct {
	Path string
	Err  error
}

// Error names the file.
func (e *LoadError) Error() string { return e.Path + ": " + e.Err.Error() }

// Unwrap gives the cause.
func (e *LoadError) Unwrap() error { return e.Err }

// Option changes how Load loads.
type Option func(*options)

type options struct {
	device *torch.Device
	model  string
}

// OnDevice says which device the package must run on: it is an error if that is
// of another type than the one it was compiled for. Without it the package runs
// on the first of the type it was compiled for.
func OnDevice(d torch.Device) Option { return func(o *options) { o.device = &d } }

// Model names the model, in a package of several. Without it that is "model",
// as torch names the only one.
func Model(name string) Option { return func(o *options) { o.model = name } }

// Package is a compiled model. Its methods may be called from any goroutine;
// calls wait for one another.
type Package struct {
	handle   ctorch.Handle
	inputs   int
	results  spec
	metadata map[string]string
	device   torch.Device
}

// Load loads a package. It is the caller's, to be closed. Errors are a
// *LoadError; of torch.CodeNotImplemented before libtorch 2.6.
func Load(path string, opts ...Option) (*Package, error) {
	o := options{model: "model"}
	for _, opt := range opts {
		opt(&o)
	}
	p, err := load(path, &o)
	if err != nil {
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return nil, &LoadError{path, err}
	}
	return p, nil
}

func load(path string, o *options) (*Package, error) {
	if ctorch.HasNUL(path) || ctorch.HasNUL(o.model) {
		return nil, fs.ErrInvalid
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%w but a folder", ErrNotPackage)
	}
	c, err := readContent(path, o.model)
	if err != nil {
		return nil, err
	}
	if err := ctorch.Ensure(); err != nil {
		return nil, err
	}
	device, err := c.place(o.device)
	if err != nil {
		return nil, err
	}
	// libtorch takes a name without a slash for one in its own folders.
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	var native *ctorch.Package
	if err := torch.Crossing("load a package", func() *ctorch.Error {
		return ctorch.PackageLoad(ctorch.CString(absolute), ctorch.CString(o.model), int32(device.Type), int32(device.Index), &native)
	}); err != nil {
		return nil, err
	}
	p := &Package{metadata: c.metadata, device: device}
	p.handle.Adopt(ctorch.KindPackage, unsafe.Pointer(native), info.Size())
	if err := p.readSpec(native); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// place finds the device to run on, and refuses what would end the process here.
func (c *content) place(want *torch.Device) (torch.Device, error) {
	machine := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[runtime.GOARCH]
	if made := c.metadata["AOTI_MACHINE"]; made != "" && made != machine {
		return torch.Device{}, fmt.Errorf("it was compiled for %s, this is %s", made, machine)
	}
	build, err := torch.Version()
	if err != nil {
		return torch.Device{}, err
	}
	if isa := c.metadata["AOTI_CPU_ISA"]; strings.Contains(isa, "AVX512") && !strings.Contains(build.CPU, "AVX512") {
		return torch.Device{}, fmt.Errorf("it was compiled for processors with %s, and this one has %s at most", isa, build.CPU)
	}
	if !c.checked {
		return torch.Device{}, fmt.Errorf("its code was compiled without checks of its inputs; compile it again with %s=1 in the environment", checkMark)
	}
	device, err := torch.ParseDevice(c.metadata["AOTI_DEVICE_KEY"])
	if err != nil {
		return device, fmt.Errorf("it was compiled for the device %q, which torchgo does not run on", c.metadata["AOTI_DEVICE_KEY"])
	}
	if want != nil {
		if want.Type != device.Type {
			return device, fmt.Errorf("it was compiled for %s, and cannot run on %s", device.Type, want)
		}
		device = *want
	}
	return device, nil
}

func (p *Package) readSpec(native *ctorch.Package) error {
	var values *ctorch.Values
	if err := torch.Crossing("describe a package", func() *ctorch.Error { return ctorch.PackageSpec(native, &values) }); err != nil {
		return err
	}
	texts, _ := torch.DecodeValues(values).(torch.List)
	if len(texts) != 2 {
		return fmt.Errorf("it tells %d structures, of arguments and results, where 2 belong", len(texts))
	}
	var specs [2]spec
	for i, text := range texts {
		s, _ := text.(torch.String)
		var err error
		if specs[i], err = parseSpec(string(s)); err != nil {
			return fmt.Errorf("its structure of arguments or results: %w", err)
		}
	}
	p.inputs, p.results = specs[0].leaves(), specs[1]
	return nil
}

// Inputs gives the number of tensors that Run takes.
func (p *Package) Inputs() int { return p.inputs }

// Device tells where the model runs, and its inputs must be.
func (p *Package) Device() torch.Device { return p.device }

// Metadata gives what the package says of itself, under AOTInductor's keys, such
// as AOTI_CPU_ISA.
func (p *Package) Metadata() map[string]string { return maps.Clone(p.metadata) }

// Run computes the results for tensors: all that the arguments hold, in order.
// They must be on the package's device, contiguous, and of the dtypes and shapes
// that it was exported for; others are an error of torch.CodeRuntime. Tensors in
// the results are the caller's, to be closed; named tuples come as tuples.
func (p *Package) Run(x ...*torch.Tensor) (torch.Value, error) {
	const op = "run a package"
	if p == nil {
		return nil, &torch.Error{Op: op, Code: torch.CodeArgument, Msg: "the package is nil"}
	}
	if len(x) != p.inputs {
		return nil, &torch.Error{Op: op, Code: torch.CodeArgument, Msg: fmt.Sprintf("it takes %d tensors, %d were given", p.inputs, len(x))}
	}
	native := p.handle.Acquire()
	if native == nil {
		return nil, fmt.Errorf("%s: package %w", op, torch.ErrClosed)
	}
	defer p.handle.Release()
	args := make([]torch.Value, len(x))
	for i, t := range x {
		args[i] = t
	}
	result, err := torch.Invoke(op, args, func(in *ctorch.Value, n int, out *ctorch.Value, capacity int, more **ctorch.Values) *ctorch.Error {
		return ctorch.PackageCall((*ctorch.Package)(native), in, n, 0, out, capacity, more)
	})
	if err != nil {
		return nil, err
	}
	leaves, _ := result.(torch.List)
	if len(leaves) != p.results.leaves() {
		return leaves, nil // None among the results is no tensor, and its place is not told
	}
	return p.results.build(&leaves), nil
}

// Close frees the model, now or when the last call on it ends. Closing again, or
// closing nil, does nothing.
func (p *Package) Close() {
	if p != nil {
		p.handle.Close()
	}
}
