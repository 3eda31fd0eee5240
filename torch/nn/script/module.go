package script

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/nn"
)

// Module is a TorchScript module as a module of package nn, whose Forward takes one
// tensor and gives one. Forward may be called from several goroutines at once if the
// code writes to no buffers; what changes the module must not run beside it.
type Module struct {
	nn.Mode // that nn.Train and nn.Eval set; the next call goes by it

	scripted   *jit.Module
	members    []nn.Member
	mu         sync.Mutex
	inTraining bool // the mode that scripted is in
}

// Load loads a file with its parameters to be trained, those that were saved frozen
// aside, in training mode. opts are those of jit.Load: OnDevice puts it where it is to be
// trained, since nn.To cannot. The module is the caller's, to be closed; nn.Close alone
// closes the handles of the parameters.
func Load(path string, opts ...jit.Option) (*Module, error) {
	scripted, err := jit.Load(path, append(slices.Clone(opts), jit.Recorded(), jit.KeepTraining())...)
	if err != nil {
		return nil, err
	}
	m := &Module{scripted: scripted}
	if err := m.list(); err != nil {
		m.Close()
		return nil, err
	}
	if err := m.SetTraining(true); err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

// list makes members of the parameters and buffers. Loading made them in inference mode,
// which gradients cannot be recorded through: the module gets copies. A tensor that
// stands under several names stays one under each.
func (m *Module) list() error {
	tensors, err := m.scripted.Tensors()
	if err != nil {
		return err
	}
	defer func() {
		for _, t := range tensors {
			t.Tensor.Close()
		}
	}()
	for i, t := range tensors {
		if t.Role != jit.Parameter && t.Role != jit.Buffer {
			continue
		}
		member, err := m.member(tensors[:i], t)
		if err != nil {
			return fmt.Errorf("%s: %w", t.Name, err)
		}
		m.members = append(m.members, nn.Member{Name: t.Name, Value: member})
	}
	return nil
}

// member puts a copy of a tensor into its place, or that of the same tensor before it.
func (m *Module) member(before []jit.NamedTensor, t jit.NamedTensor) (any, error) {
	for _, other := range before {
		if other.Role == t.Role && other.Tensor.SameStorage(t.Tensor) && slices.Equal(other.Tensor.Shape(), t.Tensor.Shape()) &&
			slices.Equal(other.Tensor.Strides(), t.Tensor.Strides()) {
			i := slices.IndexFunc(m.members, func(e nn.Member) bool { return e.Name == other.Name })
			value := m.members[i].Value
			return value, m.scripted.SetAttribute(t.Name, tensorOf(value))
		}
	}
	own, err := t.Tensor.Clone()
	if err != nil {
		return nil, err
	}
	var value any = nn.BufferOf(own)
	if t.Role == jit.Parameter {
		value = nn.ParameterOf(own)
		if err := own.SetRequiresGrad(t.Tensor.RequiresGrad()); err != nil {
			own.Close()
			return nil, err
		}
	}
	if err := m.scripted.SetAttribute(t.Name, own); err != nil {
		own.Close()
		return nil, err
	}
	return value, nil
}

func tensorOf(member any) *torch.Tensor {
	if p, ok := member.(*nn.Parameter); ok {
		return p.Tensor
	}
	return member.(*nn.Buffer).Tensor
}

// Members lists the parameters and buffers under their names in the state_dict, in the
// file's order.
func (m *Module) Members() []nn.Member { return m.members }

// Forward calls the method forward, and records it.
func (m *Module) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	if err := m.follow(); err != nil {
		return nil, err
	}
	return m.scripted.Forward(x)
}

// follow puts the scripted module into the mode that was set.
func (m *Module) follow() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.inTraining == m.Training() {
		return nil
	}
	if err := m.scripted.SetTraining(m.Training()); err != nil {
		return err
	}
	m.inTraining = m.Training()
	return nil
}

// SetTraining puts the module into training, or into evaluation, as nn.Train and nn.Eval
// do, and tells what is in the way of that.
func (m *Module) SetTraining(on bool) error {
	if on {
		nn.Train(m)
	} else {
		nn.Eval(m)
	}
	return m.follow()
}

// Save writes the module as TorchScript, in evaluation mode, in which it is left.
func (m *Module) Save(path string) error {
	if err := m.SetTraining(false); err != nil {
		return err
	}
	return m.scripted.Save(path)
}

// Scripted gives the TorchScript module, which shares everything with this one, in the
// mode of its last call.
func (m *Module) Scripted() *jit.Module { return m.scripted }

// Describe names the parameters and buffers, for nn.Print.
func (m *Module) Describe() string {
	names := make([]string, len(m.members))
	for i, e := range m.members {
		names[i] = e.Name
	}
	return strings.Join(names, ", ")
}

// Close closes everything. Closing again does nothing.
func (m *Module) Close() {
	nn.Close(m)
	m.scripted.Close()
}
