package inspect

import (
	"encoding/json"
	"io"
)

// Schema names the format of the JSON, which docs/inspect.schema.json describes.
const Schema = "torchgo.verify.inspect/1"

// Report says what one file holds, or in what two differ. Every field is always
// written; lists are never null.
type Report struct {
	Schema     string      `json:"schema"`
	Files      []File      `json:"files"`
	Difference *Difference `json:"difference"` // nil for one file, or when one of two can't be read
}

// File describes one file.
type File struct {
	Path     string            `json:"path"`
	Kind     string            `json:"kind"`     // "TorchScript archive"
	Bytes    int64             `json:"bytes"`    // of the file
	SHA256   string            `json:"sha256"`   // of its bytes; "" when they can't be read
	Version  int               `json:"version"`  // of the zip layout; 0 for other kinds
	Problem  string            `json:"problem"`  // why it can't be used, and what to do; "" when it can
	Metadata map[string]string `json:"metadata"` // of safetensors

	Totals    Totals   `json:"totals"`
	State     *State   `json:"state"`      // the state_dict; nil when there is none, or several and no key
	StateKeys []string `json:"state_keys"` // of several state_dicts, when none was chosen
	Tensors   []Tensor `json:"tensors"`
	Values    *Value   `json:"values"` // the whole object; nil when the file can't be read
	Script    *Script  `json:"script"` // of TorchScript; else nil
}

// Totals sum up the tensors of a file.
type Totals struct {
	Tensors  int            `json:"tensors"`
	Elements int64          `json:"elements"`
	Bytes    int64          `json:"bytes"`    // of the elements, shared ones each time
	Storages int64          `json:"storages"` // bytes of what they lie in, shared ones once
	DTypes   map[string]int `json:"dtypes"`   // how many tensors there are of each
}

// State is the state_dict that was found: in TorchScript, the parameters and
// buffers.
type State struct {
	Key     string `json:"key"`     // where in the file; "" for the whole of it
	Prefix  string `json:"prefix"`  // "module." when all names begin with it
	Tensors int    `json:"tensors"` // how many
	Hash    string `json:"hash"`    // of names and content, whatever the layout; "" when it can't be had
}

// Tensor describes one tensor.
type Tensor struct {
	Name         string  `json:"name"` // its path: "model_state_dict.fc.weight", "CONSTANTS.c0"
	Role         string  `json:"role"` // of TorchScript: parameter, buffer, attribute, constant; else "" or parameter
	DType        string  `json:"dtype"`
	Shape        []int64 `json:"shape"`
	Layout       string  `json:"layout"`      // "torch.strided"
	Bytes        int64   `json:"bytes"`       // of its elements
	Device       string  `json:"device"`      // where it lived
	SharedWith   string  `json:"shared_with"` // the first other tensor in the same memory, or ""
	RequiresGrad bool    `json:"requires_grad"`
	Class        string  `json:"class"` // of a subclass of torch.Tensor
	Hash         string  `json:"hash"`  // of dtype, shape and elements; "" when it has none of its own
}

// Value is a node of the tree of plain values. Tensors are counted in it and
// described in File.Tensors.
type Value struct {
	Name    string  `json:"name"`    // key, attribute or index; "" at the root
	Type    string  `json:"type"`    // as Python calls it: "dict", "float"
	Text    string  `json:"text"`    // the value in a line; "" for what has entries
	Length  int     `json:"length"`  // entries
	Tensors int     `json:"tensors"` // of them, those that are tensors
	Omitted int     `json:"omitted"` // of them, those left out here for their number or depth
	Values  []Value `json:"values"`
}

// Script is what a TorchScript archive holds beside tensors.
type Script struct {
	Modules    []Module    `json:"modules"`
	Methods    []Method    `json:"methods"`
	Code       []Code      `json:"code"`
	ExtraFiles []ExtraFile `json:"extra_files"`
}

// Module is one module of the tree, root first.
type Module struct {
	Name     string `json:"name"` // "" for the root, else "net.0"
	Class    string `json:"class"`
	Training bool   `json:"training"` // the mode that it was saved in
}

// Method is a method of a class, or a function.
type Method struct {
	Class     string `json:"class"`     // "" for a function
	Signature string `json:"signature"` // "forward(self, x: Tensor) -> Tensor"
}

// Code is one file of TorchScript code.
type Code struct {
	Name  string `json:"name"`
	Lines int    `json:"lines"`
	Text  string `json:"text"`
}

// ExtraFile is what torch.jit.save was given beside the module.
type ExtraFile struct {
	Name  string `json:"name"`
	Bytes int    `json:"bytes"`
}

// WriteJSON writes the report as indented JSON, in the format that Schema names.
func (r *Report) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(r)
}

// ExitCode is 0 for one file or two equal ones, 1 for two that differ, and 2 when
// a file can't be read or used.
func (r *Report) ExitCode() int {
	for _, f := range r.Files {
		if f.Problem != "" {
			return 2
		}
	}
	if r.Difference != nil && !r.Difference.Equal {
		return 1
	}
	return 0
}
