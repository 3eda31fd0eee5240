package jit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"unsafe"

	"github.com/seed06459138/torchgo/internal/ctorch"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
)

// ErrNotTorchScript says that a file is of another kind.
var ErrNotTorchScript = errors.New("not a TorchScript archive")

// LoadError says which file could not be loaded, and why. It unwraps to the
// cause: a *torch.Error, ErrNotTorchScript, or an error of the file system.
type LoadError struct {
	Path string // as given; "" for bytes
	Err  error
}

// Error names the file.
func (e *LoadError) Error() string {
	if e.Path == "" {
		return e.Err.Error()
	}
	return e.Path + ": " + e.Err.Error()
}

// Unwrap gives the cause.
func (e *LoadError) Unwrap() error { return e.Err }

// Load reads a TorchScript file. The module is the caller's, to be closed.
func Load(path string, opts ...Option) (*Module, error) {
	if ctorch.HasNUL(path) {
		return nil, &LoadError{path, fs.ErrInvalid}
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return nil, &LoadError{path, err}
	case info.IsDir():
		return nil, &LoadError{path, fmt.Errorf("%w but a folder", ErrNotTorchScript)}
	}
	var lying *checkpoint.File
	m, err := load(opts, func(o *options, out **ctorch.Module) *ctorch.Error {
		if o.mapped && o.device == torch.CPU {
			if lying = mapModule(path, out); lying != nil {
				return nil
			}
		}
		return ctorch.ModuleLoad(ctorch.CString(path), int32(o.device.Type), int32(o.device.Index), out)
	})
	if err != nil {
		err = missing(err, func() (*checkpoint.File, error) { return checkpoint.Open(path) })
		return nil, &LoadError{path, explain(err, func() checkpoint.Kind { return checkpoint.Sniff(path) })}
	}
	m.file = lying
	return m, nil
}

// LoadBytes reads a TorchScript archive from memory, which it does not keep.
func LoadBytes(data []byte, opts ...Option) (*Module, error) {
	m, err := load(opts, func(o *options, out **ctorch.Module) *ctorch.Error {
		return ctorch.ModuleLoadBytes(unsafe.Pointer(unsafe.SliceData(data)), len(data), int32(o.device.Type), int32(o.device.Index), out)
	})
	if err != nil {
		return nil, &LoadError{"", missing(err, func() (*checkpoint.File, error) {
			return checkpoint.OpenReader("module", bytes.NewReader(data), int64(len(data)))
		})}
	}
	return m, nil
}

// LoadFS reads a TorchScript file of a file system, such as an embed.FS.
func LoadFS(fsys fs.FS, name string, opts ...Option) (*Module, error) {
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return nil, &LoadError{name, err}
	}
	m, err := LoadBytes(data, opts...)
	var le *LoadError
	if errors.As(err, &le) {
		le.Path = name
	}
	return m, err
}

// LoadReader reads a TorchScript archive from r to its end.
func LoadReader(r io.Reader, opts ...Option) (*Module, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, &LoadError{"", err}
	}
	return LoadBytes(data, opts...)
}

func load(opts []Option, read func(*options, **ctorch.Module) *ctorch.Error) (*Module, error) {
	o := collect(opts)
	if err := ctorch.Ensure(); err != nil {
		return nil, err
	}
	var native *ctorch.Module
	if err := torch.Crossing("load", func() *ctorch.Error { return read(o, &native) }); err != nil {
		return nil, err
	}
	m, err := adopt(native, o.settings).execute()
	if err != nil {
		return nil, err
	}
	if err := m.settle(o.keepTraining); err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

// settle notes the training flags and clears them.
func (m *Module) settle(keepTraining bool) error {
	all, err := m.Modules()
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.Training {
			m.training = append(m.training, s.Name)
		}
	}
	if keepTraining || len(m.training) == 0 {
		return nil
	}
	return m.SetTraining(false)
}

// explain says what a file is that libtorch could not load.
func explain(err error, sniff func() checkpoint.Kind) error {
	var failure *torch.Error
	if !errors.As(err, &failure) || failure.Code == torch.CodeCompile || failure.Code == torch.CodeDevice {
		return err
	}
	switch kind := sniff(); kind {
	case checkpoint.KindScript, checkpoint.KindUnknown:
		return err
	case checkpoint.KindTorch, checkpoint.KindLegacy:
		return fmt.Errorf("%w but a %s, as torch.save writes: a state_dict has no code; save the module with torch.jit.save (%w)", ErrNotTorchScript, kind, err)
	default:
		return fmt.Errorf("%w but: %s (%w)", ErrNotTorchScript, kind, err)
	}
}
