package jit

import (
	"unsafe"

	"github.com/seed06459138/torchgo/internal/ctorch"
	"github.com/seed06459138/torchgo/torch"
)

// Option changes how a module is loaded or run.
type Option func(*options)

type options struct {
	device       torch.Device
	keepTraining bool
	mapped       bool
	settings     settings
}

// settings are those options that stay with a module and go on to its copies.
type settings struct {
	executor   Executor
	fusion     []Fusion // nil: libtorch's own
	serialized bool

	unsynchronized bool
	recorded       bool
}

func collect(opts []Option) *options {
	o := &options{}
	for _, set := range opts {
		set(o)
	}
	return o
}

// OnDevice puts every parameter, buffer and constant of a module that is loaded on d.
func OnDevice(d torch.Device) Option { return func(o *options) { o.device = d } }

// KeepTraining leaves submodules that were saved in training mode in that mode.
func KeepTraining() Option { return func(o *options) { o.keepTraining = true } }

// Serialized makes calls on the module run one at a time, whichever of its methods
// they call: for modules that write to their own buffers or attributes (Mutates
// tells which do). The others wait, in any order; Run stops waiting when its
// context ends. Copies of the module are serialized each for itself.
func Serialized() Option { return func(o *options) { o.settings.serialized = true } }

// Unsynchronized lets calls of a module on a GPU return as soon as their work was
// given to the default stream. Results may be passed to other calls at once, and
// read by Bytes and Slice, which wait; an error of the GPU comes with a later call
// or with torch.Device.Synchronize. Without it a call ends when its work is done,
// its errors are its own, and calls of several threads overlap.
func Unsynchronized() Option { return func(o *options) { o.settings.unsynchronized = true } }

// Recorded lets calls of the module record gradients for those of its parameters and
// arguments that require grad, so that it can be trained; see package
// torch/nn/script. Without it calls run in inference mode, which is faster.
func Recorded() Option { return func(o *options) { o.settings.recorded = true } }

// Executor says how the graphs of a module are executed.
type Executor int

// The executors.
const (
	// ProfilingExecutor is libtorch's own choice: the first call of a method
	// profiles it, the second compiles it for the shapes that were seen, and later
	// ones again for new shapes, as Fusing says.
	ProfilingExecutor Executor = iota
	// SimpleExecutor optimises a graph once, at its first call, whatever the shapes,
	// and fuses nothing.
	SimpleExecutor
	// Interpreter runs graphs as they were written, as CallUnoptimized does.
	Interpreter
)

// ExecutedBy chooses the executor of the module and of what Freeze and
// OptimizeForInference make of it. Other modules are not affected.
func ExecutedBy(e Executor) Option { return func(o *options) { o.settings.executor = e } }

// Fusion is one step of a fusion strategy: how many times a graph may be compiled
// in one way.
type Fusion struct {
	Dynamic bool // for any sizes rather than for those that were seen
	Times   int  // at most 1000
}

// Fusing sets the fusion strategy of the profiling executor, step after step, for
// the module and for what Freeze and OptimizeForInference make of it. libtorch's
// own is Fusing(Fusion{Times: 2}, Fusion{Dynamic: true, Times: 10}); Fusing with no
// steps makes no specialised code. Other modules are not affected.
func Fusing(steps ...Fusion) Option {
	return func(o *options) { o.settings.fusion = append([]Fusion{}, steps...) }
}

// flags are those of every call.
func (s settings) flags() (flags uint32) {
	if s.executor == Interpreter {
		flags |= ctorch.CallNoOptimize
	}
	if s.unsynchronized {
		flags |= ctorch.CallAsync
	}
	if s.recorded {
		flags |= ctorch.CallGrad
	}
	return flags
}

// execute puts the settings into force on a module whose methods nobody has looked
// up yet. When that fails it closes the module.
func (m *Module) execute() (*Module, error) {
	s := m.settings
	if s.executor != SimpleExecutor && s.fusion == nil {
		return m, nil
	}
	const op = "set the executor"
	pairs, n := make([]int64, 0, 2*len(s.fusion)), int32(-1)
	if s.fusion != nil {
		n = int32(len(s.fusion))
	}
	for _, step := range s.fusion {
		if step.Times < 0 || step.Times > 1000 {
			m.Close()
			return nil, &torch.Error{Op: op, Code: torch.CodeArgument, Msg: "a step of a fusion strategy compiles 0 to 1000 times"}
		}
		var dynamic int64
		if step.Dynamic {
			dynamic = 1
		}
		pairs = append(pairs, dynamic, int64(step.Times))
	}
	var simple int32
	if s.executor == SimpleExecutor {
		simple = 1
	}
	if err := m.with(op, func(p *ctorch.Module) *ctorch.Error {
		return ctorch.ModuleExecutor(p, simple, unsafe.SliceData(pairs), n)
	}); err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}
