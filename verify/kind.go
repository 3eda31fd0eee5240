package verify

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/dtype"
)

// Array is one input or output of a Runner: elements in row-major order,
// little-endian.
type Array struct {
	Name  string // of the argument, or of the output: "", "[0].logits"
	DType dtype.DType
	Shape []int64
	Data  []byte
	Text  string // of a leaf that is no number, whose DType is dtype.Invalid: a str quoted, "None"
}

// Runner computes outputs from inputs: what a leg of an added kind does. One
// goroutine uses it.
type Runner interface {
	// Run computes the outputs. The inputs are the caller's, and must not be written.
	Run(ctx context.Context, in []Array) ([]Array, error)

	// Describe says for the report what computes: "providers": "CPUExecutionProvider".
	Describe() map[string]string

	// Close frees what Open got.
	Close() error
}

// Commenting is a Runner that knows something of the files of a check, as that they
// are others than before.
type Commenting interface {
	Comment(files []File) []Finding
}

// Placed is a Runner that knows on which device it computes. Of others reports claim
// none.
type Placed interface {
	Device() torch.Device
}

// Kind makes the runners of one kind of leg.
type Kind struct {
	Name    string   // "onnx", as in --leg NAME=onnx:FILE
	Label   string   // as people say it: "ONNX"
	Options []string // the options that Open understands, without those that every leg has

	// Recorded says that the runners look outputs up which were computed before: other
	// legs are held against them, they are not timed, and their device is where that was.
	Recorded bool

	// Libtorch says that its runners compute with libtorch, of which there may be
	// another version in a child process.
	Libtorch bool

	// Open gets the leg with the device and the threads of the check filled in.
	Open func(ctx context.Context, leg LegSpec) (Runner, error)
}

var added = struct {
	sync.RWMutex
	kinds map[string]Kind
}{kinds: make(map[string]Kind)}

// RegisterKind adds a kind of leg. It is for init functions; a name that is taken
// already is a mistake in the program, and panics.
func RegisterKind(k Kind) {
	added.Lock()
	defer added.Unlock()
	if _, taken := added.kinds[k.Name]; taken || slices.Contains(ownKinds, k.Name) {
		panic("verify: the kind of leg " + k.Name + " is registered twice")
	}
	added.kinds[k.Name] = k
}

// Kinds names the kinds of legs there are.
func Kinds() []string {
	added.RLock()
	defer added.RUnlock()
	return slices.Sorted(slices.Values(slices.Concat(ownKinds, slices.Collect(maps.Keys(added.kinds)))))
}

func addedKind(name string) (Kind, bool) {
	added.RLock()
	defer added.RUnlock()
	k, ok := added.kinds[name]
	return k, ok
}

// runnerLeg is a leg of an added kind.
type runnerLeg struct {
	report Leg
	spec   LegSpec
	kind   Kind
	runner Runner
}

func newRunnerLeg(spec LegSpec, kind Kind) *runnerLeg {
	return &runnerLeg{spec: spec, kind: kind, report: Leg{Name: spec.Name, Kind: spec.Kind, Label: spec.label(kind.Label), Path: spec.File, Structure: kind.Label}}
}

func (l *runnerLeg) entry() *Leg { return &l.report }

func (l *runnerLeg) load(ctx context.Context) (err error) {
	if l.runner, err = l.kind.Open(ctx, l.spec); err != nil {
		return err
	}
	var parts []string
	about := l.runner.Describe()
	for _, key := range slices.Sorted(maps.Keys(about)) {
		parts = append(parts, key+" "+about[key])
	}
	if len(parts) > 0 {
		l.report.Structure = fmt.Sprintf("%s (%s)", l.kind.Label, strings.Join(parts, ", "))
	}
	return nil
}

func (l *runnerLeg) run(ctx context.Context, in *inputs) ([]output, error) {
	out, err := l.runner.Run(ctx, in.given())
	if err != nil {
		return nil, err
	}
	all := make([]output, len(out))
	for i, a := range out {
		all[i] = a.output()
	}
	return all, nil
}

func (l *runnerLeg) model() *jit.Module { return nil }

func (l *runnerLeg) repeat(ctx context.Context, in *inputs, _ string) ([]output, error) {
	return l.run(ctx, in)
}

func (l *runnerLeg) again(context.Context, *inputs) ([]output, bool, error) {
	return nil, false, nil
}

func (l *runnerLeg) close() {
	if l.runner != nil {
		_ = l.runner.Close() // the outputs are here; there is nobody to tell
	}
}
