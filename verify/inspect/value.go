package inspect

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/seed06459138/torchgo/internal/layout"
	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/dtype"
)

// typeOf names the type of a value as Python does.
func typeOf(v checkpoint.Value) string {
	switch v := v.(type) {
	case checkpoint.None:
		return "None"
	case checkpoint.Bool:
		return "bool"
	case checkpoint.Int, *checkpoint.Big:
		return "int"
	case checkpoint.Float:
		return "float"
	case checkpoint.Complex:
		return "complex"
	case checkpoint.String:
		return "str"
	case checkpoint.Bytes:
		return "bytes"
	case *checkpoint.ByteArray:
		return "bytearray"
	case *checkpoint.List:
		return "list"
	case *checkpoint.Tuple:
		return "tuple"
	case *checkpoint.Dict:
		return [...]string{checkpoint.PlainDict: "dict", checkpoint.OrderedDict: "OrderedDict", checkpoint.CounterDict: "Counter"}[v.Kind]
	case *checkpoint.Set:
		if v.Frozen {
			return "frozenset"
		}
		return "set"
	case checkpoint.Size:
		return "torch.Size"
	case checkpoint.DType:
		return "torch.dtype"
	case checkpoint.Device:
		return "torch.device"
	case checkpoint.Layout:
		return "torch.layout"
	case checkpoint.QScheme:
		return "torch.qscheme"
	case *checkpoint.Tensor:
		return "torch.Tensor"
	case *checkpoint.Storage:
		return "torch.UntypedStorage"
	case *checkpoint.Array:
		return "numpy.ndarray"
	case *checkpoint.Scalar:
		return "numpy." + v.DType.String()
	case *checkpoint.NumpyDType:
		return "numpy.dtype"
	case *checkpoint.Object:
		return printable(v.Class)
	}
	return "type"
}

// textOf writes a value that is no container, as Python does, and not at length.
func textOf(v checkpoint.Value) string {
	switch v := v.(type) {
	case checkpoint.None:
		return "None"
	case checkpoint.Bool:
		if v {
			return "True"
		}
		return "False"
	case checkpoint.Int:
		return strconv.FormatInt(int64(v), 10)
	case checkpoint.Float:
		return floatText(float64(v))
	case checkpoint.Complex:
		return strings.Replace(fmt.Sprint(complex128(v)), "i)", "j)", 1)
	case checkpoint.String:
		return quoted(string(v))
	case checkpoint.Bytes:
		return "b" + quoted(string(v))
	case *checkpoint.ByteArray:
		return "b" + quoted(string(v.Data))
	case checkpoint.DType:
		return "torch." + v.DType.String()
	case checkpoint.Device:
		return printable(string(v))
	case checkpoint.Layout:
		return printable(string(v))
	case checkpoint.QScheme:
		return printable(string(v))
	case *checkpoint.Tensor:
		return v.DType().String() + " " + layout.Shape(v.Shape())
	case *checkpoint.Storage:
		return layout.Size(v.Size())
	case *checkpoint.Array:
		return v.DType().String() + " " + layout.Shape(v.Shape())
	case *checkpoint.Scalar:
		return scalarText(v)
	case *checkpoint.NumpyDType:
		return v.DType.String()
	case fmt.Stringer: // Size, *Big, *Global
		return printable(v.String())
	}
	return ""
}

// floatText writes a number as Python does: a float has a point or an exponent.
func floatText(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 0):
		return strings.ToLower(strings.TrimPrefix(fmt.Sprint(f), "+"))
	}
	format := byte('f')
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		format = 'e'
	}
	text := strconv.FormatFloat(f, format, -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return text
}

// scalarText writes a numpy scalar of the usual types, the bytes of another.
func scalarText(s *checkpoint.Scalar) string {
	t, err := checkpoint.TensorFromBytes(s.DType, nil, []byte(s.Data))
	if err == nil {
		switch s.DType {
		case dtype.Float64:
			return onlyElement(t, func(f float64) string { return floatText(f) })
		case dtype.Float32:
			return onlyElement(t, func(f float32) string { return strconv.FormatFloat(float64(f), 'g', -1, 32) })
		case dtype.Int64:
			return onlyElement(t, func(n int64) string { return strconv.FormatInt(n, 10) })
		case dtype.Int32:
			return onlyElement(t, func(n int32) string { return strconv.Itoa(int(n)) })
		case dtype.Bool:
			return onlyElement(t, func(b bool) string { return textOf(checkpoint.Bool(b)) })
		}
	}
	return fmt.Sprintf("0x%x", s.Data)
}

func onlyElement[T dtype.Element](t *checkpoint.Tensor, text func(T) string) string {
	elements, err := checkpoint.Slice[T](t)
	if err != nil || len(elements) != 1 {
		return ""
	}
	return text(elements[0])
}

// longestText is how many bytes of a text are shown.
const longestText = 200

// quoted writes a text as a string literal, cut where it is long.
func quoted(text string) string {
	if len(text) > longestText {
		return fmt.Sprintf("%q… (%d bytes)", text[:longestText], len(text))
	}
	return strconv.Quote(text)
}

// printable writes a name without control characters, cut where it is long.
func printable(text string) string {
	q := quoted(text)
	if len(text) > longestText {
		return q
	}
	return q[1 : len(q)-1]
}
