package verify

import (
	"errors"
	"fmt"

	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/dtype"
	"github.com/seed06459138/torchgo/verify/compare"
)

// What this file holds travels between a program and its workers, which are the same
// program: it is no format for anybody else.

// wireSpec is a Spec whose tolerances may be infinite.
type wireSpec struct {
	Spec       Spec
	Tolerance  *wireTolerance
	Tolerances []wireTolerance
}

type wireTolerance struct {
	Output     string
	RTol, ATol Number
	EqualNaN   bool
	ULP        uint64
	ByDType    bool
	GPU        bool
}

func sendTolerance(output string, t compare.Tolerance) wireTolerance {
	return wireTolerance{output, Number(t.RTol), Number(t.ATol), t.EqualNaN, t.ULP, t.ByDType, t.GPU}
}

func (w wireTolerance) receive() compare.Tolerance {
	return compare.Tolerance{RTol: float64(w.RTol), ATol: float64(w.ATol), EqualNaN: w.EqualNaN, ULP: w.ULP, ByDType: w.ByDType, GPU: w.GPU}
}

func sendSpec(s Spec) wireSpec {
	w := wireSpec{Spec: s}
	if s.Tolerance != nil {
		t := sendTolerance("", *s.Tolerance)
		w.Tolerance, w.Spec.Tolerance = &t, nil
	}
	for _, t := range s.Tolerances {
		w.Tolerances = append(w.Tolerances, sendTolerance(t.Output, t.Tolerance))
	}
	w.Spec.Tolerances = nil
	return w
}

func (w wireSpec) receive() Spec {
	s := w.Spec
	if w.Tolerance != nil {
		t := w.Tolerance.receive()
		s.Tolerance = &t
	}
	for _, t := range w.Tolerances {
		s.Tolerances = append(s.Tolerances, OutputTolerance{t.Output, t.receive()})
	}
	return s
}

// wireArray is an input or an output, whose elements stand behind the header.
type wireArray struct {
	Name  string
	DType dtype.DType
	Shape []int64
	Text  string
	Size  int
	Path  string // of the file that an input is from
}

func sendOutputs(all []output) (heads []wireArray, data [][]byte) {
	for _, o := range all {
		heads = append(heads, wireArray{Name: o.name, DType: o.dtype, Shape: o.shape, Text: o.text, Size: len(o.data)})
		data = append(data, o.data)
	}
	return heads, data
}

func receiveOutputs(heads []wireArray, data []byte) ([]output, error) {
	all := make([]output, len(heads))
	for i, h := range heads {
		part, err := h.cut(&data)
		if err != nil {
			return nil, err
		}
		all[i] = output{name: h.Name, dtype: h.DType, shape: h.Shape, data: part, text: h.Text}
	}
	return all, nil
}

// cut takes the elements off the front of data.
func (a wireArray) cut(data *[]byte) ([]byte, error) {
	if a.Size < 0 || a.Size > len(*data) {
		return nil, fmt.Errorf("%d bytes of %s are missing", a.Size-len(*data), a.Name)
	}
	part := (*data)[:a.Size:a.Size]
	*data = (*data)[a.Size:]
	return part, nil
}

// wireInputs are what a leg is run on.
type wireInputs struct {
	Arrays    []wireArray
	Signature *wireSignature
}

func sendInputs(in *inputs) (w wireInputs, data [][]byte) {
	for _, a := range in.arrays {
		w.Arrays = append(w.Arrays, wireArray{Name: a.Name, DType: a.DType, Shape: a.Shape, Size: len(a.Data), Path: a.path})
		data = append(data, a.Data)
	}
	if in.signature != nil {
		s := sendSignature(*in.signature)
		w.Signature = &s
	}
	return w, data
}

func (w wireInputs) receive(data []byte) (*inputs, error) {
	in := &inputs{}
	for _, a := range w.Arrays {
		part, err := a.cut(&data)
		if err != nil {
			return nil, err
		}
		in.arrays = append(in.arrays, namedArray{Array{Name: a.Name, DType: a.DType, Shape: a.Shape, Data: part}, a.Path})
	}
	if w.Signature != nil {
		s := w.Signature.receive()
		in.signature = &s
	}
	return in, nil
}

// wireSignature is a signature.
type wireSignature struct {
	Name, Schema string
	Arguments    []wireArgument
	Results      []string
}

type wireArgument struct {
	Name, Type string
	Default    *wireDefault
}

// wireDefault is the default of an argument: of its fields at most one is set, None
// has none.
type wireDefault struct {
	Bool   *bool         `json:",omitempty"`
	Int    *int64        `json:",omitempty"`
	Float  *Number       `json:",omitempty"`
	String *string       `json:",omitempty"`
	Device *torch.Device `json:",omitempty"`
	List   []wireDefault `json:",omitempty"`
	Tuple  []wireDefault `json:",omitempty"`
	Empty  bool          `json:",omitempty"` // a list without elements
	Other  bool          `json:",omitempty"` // a value that cannot be written
}

func sendSignature(s jit.Signature) wireSignature {
	w := wireSignature{Name: s.Name, Schema: s.Schema, Results: s.Results}
	for _, a := range s.Arguments {
		arg := wireArgument{Name: a.Name, Type: a.Type}
		if a.Default != nil {
			d := sendDefault(a.Default)
			arg.Default = &d
		}
		w.Arguments = append(w.Arguments, arg)
	}
	return w
}

func (w wireSignature) receive() jit.Signature {
	s := jit.Signature{Name: w.Name, Schema: w.Schema, Results: w.Results}
	for _, a := range w.Arguments {
		arg := jit.Argument{Name: a.Name, Type: a.Type}
		if a.Default != nil {
			arg.Default = a.Default.receive()
		}
		s.Arguments = append(s.Arguments, arg)
	}
	return s
}

func sendDefault(v torch.Value) (d wireDefault) {
	items := func(values []torch.Value) (all []wireDefault) {
		for _, v := range values {
			all = append(all, sendDefault(v))
		}
		return all
	}
	switch v := v.(type) {
	case torch.None:
	case torch.Bool:
		d.Bool = (*bool)(&v)
	case torch.Int:
		d.Int = (*int64)(&v)
	case torch.Float:
		n := Number(v)
		d.Float = &n
	case torch.String:
		d.String = (*string)(&v)
	case torch.Device:
		d.Device = &v
	case torch.List:
		d.List, d.Empty = items(v), len(v) == 0
	case torch.Tuple:
		d.Tuple = items(v)
	default:
		d.Other = true
	}
	return d
}

func (d wireDefault) receive() torch.Value {
	items := func(all []wireDefault) (values []torch.Value) {
		for _, one := range all {
			values = append(values, one.receive())
		}
		return values
	}
	switch {
	case d.Bool != nil:
		return torch.Bool(*d.Bool)
	case d.Int != nil:
		return torch.Int(*d.Int)
	case d.Float != nil:
		return torch.Float(*d.Float)
	case d.String != nil:
		return torch.String(*d.String)
	case d.Device != nil:
		return *d.Device
	case d.List != nil, d.Empty:
		return torch.List(items(d.List))
	case d.Tuple != nil:
		return torch.Tuple(items(d.Tuple))
	case d.Other:
		return &torch.Object{} // which is written as …
	}
	return torch.None{}
}

// wireFacts are the facts about a module, all of them.
type wireFacts struct {
	Methods  []wireSignature
	Training []string
	Holds    string
	Weight   string
	Writes   []string
	Draws    string
	Devices  []jit.DeviceConstant
}

func sendFacts(f facts) (*wireFacts, error) {
	methods, err := f.signatures()
	if err != nil {
		return nil, err
	}
	w := &wireFacts{Training: f.training(), Weight: f.firstWeight(), Writes: f.writes(), Draws: f.draws()}
	for _, m := range methods {
		w.Methods = append(w.Methods, sendSignature(m))
	}
	w.Devices, _ = f.devices() // what cannot be read explains nothing
	w.Holds, err = f.holds()
	return w, err
}

func (w *wireFacts) signatures() ([]jit.Signature, error) {
	all := make([]jit.Signature, len(w.Methods))
	for i, m := range w.Methods {
		all[i] = m.receive()
	}
	return all, nil
}

func (w *wireFacts) training() []string                     { return w.Training }
func (w *wireFacts) holds() (string, error)                 { return w.Holds, nil }
func (w *wireFacts) firstWeight() string                    { return w.Weight }
func (w *wireFacts) writes() []string                       { return w.Writes }
func (w *wireFacts) draws() string                          { return w.Draws }
func (w *wireFacts) devices() ([]jit.DeviceConstant, error) { return w.Devices, nil }

// wireError is an error, as far as reports tell of it.
type wireError struct {
	Text  string
	Own   *Error  `json:",omitempty"` // without its cause
	Load  *string `json:",omitempty"` // the file of a jit.LoadError
	Torch *torch.Error
	Cause *wireError
}

func sendError(err error) *wireError {
	if err == nil {
		return nil
	}
	w := &wireError{Text: err.Error()}
	var own *Error
	var load *jit.LoadError
	switch {
	case errors.As(err, &own):
		plain := *own
		plain.Err = nil
		w.Own, w.Cause = &plain, sendError(own.Err)
	case errors.As(err, &load):
		w.Load, w.Cause = &load.Path, sendError(load.Err)
	case errors.As(err, &w.Torch):
	}
	return w
}

func (w *wireError) receive() error {
	switch {
	case w == nil:
		return nil
	case w.Own != nil:
		own := *w.Own
		own.Err = w.Cause.receive()
		return &own
	case w.Load != nil:
		return &jit.LoadError{Path: *w.Load, Err: w.Cause.receive()}
	case w.Torch != nil && w.Torch.Error() == w.Text:
		return w.Torch
	case w.Torch != nil:
		return &distantError{w.Text, w.Torch}
	}
	return errors.New(w.Text)
}

// distantError is an error of another process, with libtorch's as its cause.
type distantError struct {
	text  string
	cause *torch.Error
}

func (e *distantError) Error() string { return e.text }

func (e *distantError) Unwrap() error { return e.cause }
