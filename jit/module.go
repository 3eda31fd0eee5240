package jit

import (
	"fmt"
	"sync"
	"unsafe"

	"github.com/seed06459138/torchgo/internal/ctorch"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
)

// Module is a TorchScript module. See the package's doc for which methods may
// run at once.
type Module struct {
	handle   ctorch.Handle
	training []string
	settings settings
	file     *checkpoint.File // that a Mapped module lies in, else nil; closed when the last tensor goes
	turn     chan struct{}    // of its methods
	methods  methods
}

// methods keeps the handles of methods that were called.
type methods struct {
	mu     sync.RWMutex
	byName map[string]*Method
	closed bool
}

func adopt(native *ctorch.Module, s settings) *Module {
	m := &Module{settings: s}
	if s.serialized {
		m.turn = make(chan struct{}, 1)
	}
	m.methods.byName = make(map[string]*Method)
	m.handle.Adopt(ctorch.KindModule, unsafe.Pointer(native), 0)
	return m
}

// Close frees the module, now or when the last call on it ends; calls that come
// later return torch.ErrClosed. Closing again, or closing nil, does nothing.
// Tensors that Tensors gave stay good.
func (m *Module) Close() {
	if m == nil {
		return
	}
	m.methods.mu.Lock()
	m.methods.closed = true
	byName := m.methods.byName
	m.methods.byName = nil
	m.methods.mu.Unlock()
	for _, method := range byName {
		method.handle.Close()
	}
	m.handle.Close()
}

// with calls body with the native module, which lives until body returns.
func (m *Module) with(op string, body func(*ctorch.Module) *ctorch.Error) error {
	p, err := m.acquire(op)
	if err != nil {
		return err
	}
	defer m.handle.Release()
	return torch.Crossing(op, func() *ctorch.Error { return body(p) })
}

// acquire gives the native module, which lives until it is released.
func (m *Module) acquire(op string) (*ctorch.Module, error) {
	if m == nil {
		return nil, &torch.Error{Op: op, Code: torch.CodeArgument, Msg: "the module is nil"}
	}
	p := m.handle.Acquire()
	if p == nil {
		return nil, fmt.Errorf("%s: module %w", op, torch.ErrClosed)
	}
	return (*ctorch.Module)(p), nil
}

// list calls a native function that gives a list of tuples.
func (m *Module) list(op string, body func(*ctorch.Module, **ctorch.Values) *ctorch.Error) (torch.List, error) {
	var values *ctorch.Values
	if err := m.with(op, func(p *ctorch.Module) *ctorch.Error { return body(p, &values) }); err != nil {
		return nil, err
	}
	list, _ := torch.DecodeValues(values).(torch.List)
	return list, nil
}

// Clone copies the module with its parameters, buffers and attributes. Methods
// and the constants in their graphs are shared with the original, settings such
// as Serialized are taken over. The clone is the caller's, to be closed.
func (m *Module) Clone() (*Module, error) {
	var native *ctorch.Module
	if err := m.with("clone", func(p *ctorch.Module) *ctorch.Error { return ctorch.ModuleClone(p, &native) }); err != nil {
		return nil, err
	}
	c := adopt(native, m.settings)
	c.training = append(c.training, m.training...)
	return c, nil
}

// SetTraining puts the whole tree into training or evaluation mode. It must not
// run beside calls.
func (m *Module) SetTraining(on bool) error {
	var flag int32
	if on {
		flag = 1
	}
	return m.with("set the training mode", func(p *ctorch.Module) *ctorch.Error { return ctorch.ModuleTrain(p, flag) })
}

// TrainingFlags names the submodules that were saved in training mode; the
// module itself is "". They were put into evaluation mode unless KeepTraining
// was given.
func (m *Module) TrainingFlags() []string { return append([]string(nil), m.training...) }
