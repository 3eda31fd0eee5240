package onnx

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/seed06459138/torchgo/internal/layout"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/verify"
)

// Options say how a model is run. The zero value runs it on the CPU as it would
// be run in production.
type Options struct {
	Device torch.Device // the CPU, or a GPU that the library has a provider for
	Plain  bool         // without optimising the graph
	// Threads is how many threads an operator may take; 0 leaves that to ONNX Runtime.
	Threads int
}

// Session is a model that was loaded. One goroutine at a time may use it.
type Session struct {
	path    string
	model   *model
	native  native
	library string
	version string // of the library
	options Options
}

// Open loads a model. Weights that lie in files beside it are found there. It
// gives a *LibraryError when ONNX Runtime is not there, else a *verify.Error.
func Open(path string, options Options) (*Session, error) {
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, &verify.Error{Err: err}
	}
	m, err := parseModel(file)
	if err != nil {
		what := "is no ONNX model"
		if kind := checkpoint.Sniff(path); kind != checkpoint.KindUnknown && kind != checkpoint.KindONNX {
			return nil, &verify.Error{Path: path, Msg: what + ": it is " + kind.String(), Remedy: "give what torch.onnx.export wrote"}
		}
		return nil, &verify.Error{Path: path, Msg: what, Remedy: "copy it again, or give what torch.onnx.export wrote", Err: err}
	}
	if err := m.check(path); err != nil {
		return nil, err
	}
	s := &Session{path: path, model: m, options: options}
	if s.library, s.version, err = load(); err != nil {
		return nil, err
	}
	suffix, names := m.fetch()
	file = append(file, suffix...)
	if s.native, err = newNative(file, filepath.Dir(path), m, names, options); err != nil {
		var known *verify.Error
		if errors.As(err, &known) {
			known.Path = path
			return nil, known
		}
		return nil, &verify.Error{Path: path, Msg: "ONNX Runtime " + s.version + " cannot load it", Err: err}
	}
	return s, nil
}

// check refuses models that no arrays can be got from or put into.
func (m *model) check(path string) error {
	if version, ok := m.opsets[""]; ok && version < oldestOpset {
		return &verify.Error{Path: path, Msg: fmt.Sprintf("is of opset %d, the oldest that can be run is %d", version, oldestOpset),
			Remedy: "convert it with onnx.version_converter"}
	}
	if len(m.outputs) == 0 {
		return &verify.Error{Path: path, Msg: "its graph has no outputs"}
	}
	for _, p := range m.outputs {
		_, known := elements[p.element]
		if p.kind != "" || !known && p.element != 0 || p.element == 14 || p.element == 15 {
			return &verify.Error{Path: path, Msg: "its output " + p.String() + " is no tensor that can be compared", Remedy: "export a model whose outputs are tensors"}
		}
	}
	for _, p := range m.inputs {
		if _, known := elements[p.element]; p.kind != "" || !known || p.element == elementString {
			return &verify.Error{Path: path, Msg: "its input " + p.String() + " is no tensor that an array can fill", Remedy: "export a model whose inputs are tensors of numbers"}
		}
	}
	return nil
}

// Run computes the outputs, in the order and under the names of the file. The
// arrays are put to the inputs by name when each has the name of one, else in
// their order; types and shapes must be those that the file tells. The end of
// ctx stops the run between two operators.
func (s *Session) Run(ctx context.Context, in []verify.Array) ([]verify.Array, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	bound, err := s.model.bind(in)
	if err != nil {
		err.Path = s.path
		return nil, err
	}
	out, failed := s.native.run(ctx, s.model, bound)
	switch {
	case failed == nil:
		return out, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	}
	return nil, &verify.Error{Path: s.path, Msg: "ONNX Runtime " + s.version + " failed on it", Err: failed}
}

// bind orders the arrays as the inputs and checks them.
func (m *model) bind(in []verify.Array) ([]verify.Array, *verify.Error) {
	if len(in) != len(m.inputs) {
		return nil, &verify.Error{Msg: fmt.Sprintf("takes %s, %d given: %s", layout.Count(len(m.inputs), "input"), len(in), signature(m.inputs))}
	}
	bound := in
	if byName := m.sortByName(in); byName != nil {
		bound = byName
	}
	for i, p := range m.inputs {
		a := bound[i]
		if want := elements[p.element]; a.DType != want || !p.takes(a.Shape) {
			return nil, &verify.Error{Msg: fmt.Sprintf("its input %s does not take %s %s", p, a.DType, layout.Shape(a.Shape)),
				Remedy: "give inputs as it takes them, or export it with dynamic_shapes"}
		}
		if size := int64(a.DType.Size()); int64(len(a.Data)) != size*count(a.Shape) {
			return nil, &verify.Error{Msg: fmt.Sprintf("input %s has %d bytes, %s %s takes %d", p.name, len(a.Data), a.DType, layout.Shape(a.Shape), size*count(a.Shape))}
		}
	}
	return bound, nil
}

// sortByName gives the arrays in the order of the inputs, nil unless each is named as one.
func (m *model) sortByName(in []verify.Array) []verify.Array {
	named := make(map[string]verify.Array, len(in))
	for _, a := range in {
		named[a.Name] = a
	}
	sorted := make([]verify.Array, 0, len(in))
	for _, p := range m.inputs {
		a, ok := named[p.name]
		if !ok {
			return nil
		}
		sorted = append(sorted, a)
	}
	return sorted
}

// Describe tells what runs: "runtime", "library", "providers", "opset", and
// "producer" if the file says who wrote it.
func (s *Session) Describe() map[string]string {
	d := map[string]string{
		"runtime":   "ONNX Runtime " + s.version,
		"library":   s.library,
		"providers": providers(s.options),
		"opset":     s.model.opsetText(),
	}
	if s.model.producer != "" {
		d["producer"] = s.model.producer
	}
	if s.options.Plain {
		d["optimisation"] = "off"
	}
	return d
}

// Close gives the model's memory back. It may be called more than once.
func (s *Session) Close() error {
	if s == nil {
		return nil
	}
	return s.native.close()
}

// providers names the execution providers, the first choice first.
func providers(o Options) string {
	if o.Device == torch.CPU {
		return "CPUExecutionProvider"
	}
	return "CUDAExecutionProvider, CPUExecutionProvider"
}

// count gives the number of elements.
func count(shape []int64) int64 {
	n := int64(1)
	for _, d := range shape {
		n *= d
	}
	return n
}

// Device gives the device that the session was opened for. ONNX Runtime may leave
// single nodes of a graph to the CPU.
func (s *Session) Device() torch.Device { return s.options.Device }
