package verify

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"

	"github.com/seed06459138/torchgo/internal/layout"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/dtype"
)

// output is one leaf of what a leg computed, copied out of libtorch.
type output struct {
	name  string // "", "[0].logits"
	dtype dtype.DType
	shape []int64
	data  []byte // row-major, little-endian
	text  string // of a leaf that is no number: a str quoted, "None"; else ""
}

// label gives the output a name also when it is the only one.
func (o output) label() string {
	if o.name == "" {
		return "output"
	}
	return o.name
}

// flatten lists the leaves of a result, depth first, each named by its place.
func flatten(v torch.Value) ([]output, error) {
	var all []output
	err := walk(v, "", &all)
	return all, err
}

func walk(v torch.Value, name string, all *[]output) error {
	switch v := v.(type) {
	case *torch.Tensor:
		data, err := v.Bytes()
		if err != nil {
			return fmt.Errorf("reading output %s: %w", name, err)
		}
		*all = append(*all, output{name: name, dtype: v.DType(), shape: v.Shape(), data: data})
	case torch.Tuple:
		return walkItems(v, name, all)
	case torch.List:
		return walkItems(v, name, all)
	case *torch.NamedTuple:
		return walkFields(v.Fields, name, all)
	case *torch.Object:
		return walkFields(v.Attributes, name, all)
	case *torch.Dict:
		for _, e := range v.Entries {
			if err := walk(e.Value, name+keyText(e.Key, name == ""), all); err != nil {
				return err
			}
		}
	default:
		*all = append(*all, plainOutput(v, name))
	}
	return nil
}

func walkItems(items []torch.Value, name string, all *[]output) error {
	for i, e := range items {
		if err := walk(e, name+"["+strconv.Itoa(i)+"]", all); err != nil {
			return err
		}
	}
	return nil
}

func walkFields(fields []torch.Field, name string, all *[]output) error {
	for _, f := range fields {
		if err := walk(f.Value, name+keyText(torch.String(f.Name), name == ""), all); err != nil {
			return err
		}
	}
	return nil
}

// keyText writes a key as a step of a name: ".logits", at the front "logits",
// and [3] or ["a b"] for keys that are no words.
func keyText(key torch.Value, front bool) string {
	word, ok := key.(torch.String)
	switch {
	case !ok:
		return fmt.Sprintf("[%v]", key)
	case !isWord(string(word)):
		return "[" + strconv.Quote(string(word)) + "]"
	case front:
		return string(word)
	}
	return "." + string(word)
}

func isWord(s string) bool {
	for i, r := range s {
		letter := r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}

// plainOutput makes an output of a value that is no tensor: numbers become
// scalars of the dtype that torch would give them.
func plainOutput(v torch.Value, name string) output {
	word := func(bits uint64) []byte { return binary.LittleEndian.AppendUint64(nil, bits) }
	o := output{name: name, dtype: dtype.Invalid}
	switch v := v.(type) {
	case torch.Bool:
		o.dtype, o.data = dtype.Bool, []byte{0}
		if v {
			o.data[0] = 1
		}
	case torch.Int:
		o.dtype, o.data = dtype.Int64, word(uint64(v))
	case torch.Float:
		o.dtype, o.data = dtype.Float64, word(math.Float64bits(float64(v)))
	case torch.Complex:
		o.dtype = dtype.Complex128
		o.data = append(word(math.Float64bits(real(complex128(v)))), word(math.Float64bits(imag(complex128(v))))...)
	case torch.String:
		o.text = strconv.Quote(string(v))
	case torch.None:
		o.text = "None"
	default:
		o.text = fmt.Sprint(v)
	}
	return o
}

// sameOutputs tells whether two results are the same, bit by bit.
func sameOutputs(a, b []output) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		x, y := a[i], b[i]
		if x.name != y.name || x.dtype != y.dtype || x.text != y.text || layout.Shape(x.shape) != layout.Shape(y.shape) || string(x.data) != string(y.data) {
			return false
		}
	}
	return true
}
