package verify

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/seed06459138/torchgo/internal/layout"
	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/dtype"
)

// inputs are the arrays that every leg gets, each time in tensors of its own: a
// model may write to its arguments.
type inputs struct {
	arrays    []namedArray
	signature *jit.Signature // nil when the method is that of a Go structure
}

// place says where a leg computes, and in what.
type place struct {
	device torch.Device
	cast   *dtype.DType // for floating-point tensors; nil leaves them
}

// newInputs puts the arrays into the order of the method's arguments, by name
// where an npz names them all, and checks their number.
func newInputs(arrays []namedArray, signature *jit.Signature) (*inputs, error) {
	in := &inputs{arrays: arrays, signature: signature}
	if signature == nil {
		return in, nil
	}
	in.sortByName()

	least := 0
	for _, a := range signature.Arguments {
		if a.Default == nil {
			least++
		}
	}
	if have, most := len(in.arrays), len(signature.Arguments); have < least || have > most {
		wants := layout.Count(least, "input")
		if most != least {
			wants = fmt.Sprintf("%d to %d inputs", least, most)
		}
		remedy := "give --input once for each, or one .npz"
		if most == 0 {
			remedy = "leave --input out"
		}
		return nil, &Error{Msg: fmt.Sprintf("%s takes %s, %d given: %s", signature.Name, wants, have, signature), Remedy: remedy}
	}
	for i, a := range in.arrays {
		if err := fitsArgument(a, signature.Arguments[i]); err != nil {
			return nil, err
		}
	}
	return in, nil
}

// sortByName orders the arrays as the arguments when each is named after one.
func (in *inputs) sortByName() {
	position := make(map[string]int, len(in.signature.Arguments))
	for i, a := range in.signature.Arguments {
		position[a.Name] = i
	}
	for _, a := range in.arrays {
		if _, ok := position[a.Name]; !ok {
			return
		}
	}
	slices.SortStableFunc(in.arrays, func(a, b namedArray) int { return position[a.Name] - position[b.Name] })
}

// fitsArgument tells whether an array can be passed as an argument at all.
func fitsArgument(a namedArray, arg jit.Argument) error {
	if isTensor(arg.Type) {
		return nil
	}
	if _, err := scalarOf(a.Array, plainType(arg.Type)); err != nil {
		return &Error{Msg: fmt.Sprintf("argument %s is %s: %v", arg.Name, arg.Type, err)}
	}
	return nil
}

func isTensor(schema string) bool { return plainType(schema) == "Tensor" }

// plainType takes Optional[…] and Tensor? apart.
func plainType(schema string) string {
	schema = strings.TrimSuffix(schema, "?")
	if inner, ok := strings.CutPrefix(schema, "Optional["); ok {
		return strings.TrimSuffix(inner, "]")
	}
	return schema
}

// argumentName gives the name under which an input is passed.
func (in *inputs) argumentName(i int) string {
	if in.signature != nil {
		return in.signature.Arguments[i].Name
	}
	return in.arrays[i].Name
}

// values makes the arguments of one call. The tensors are the caller's.
func (in *inputs) values(at place) ([]torch.Value, error) {
	args := make([]torch.Value, 0, len(in.arrays))
	for i, a := range in.arrays {
		v, err := in.value(i, a.Array, at)
		if err != nil {
			torch.CloseAll(args...)
			return nil, err
		}
		args = append(args, v)
	}
	return args, nil
}

func (in *inputs) value(i int, a Array, at place) (torch.Value, error) {
	if in.signature != nil && !isTensor(in.signature.Arguments[i].Type) {
		return scalarOf(a, plainType(in.signature.Arguments[i].Type))
	}
	t, err := torch.FromBytes(a.DType, a.Shape, a.Data)
	if err != nil {
		return nil, err
	}
	if at.cast != nil && a.DType.IsFloat() && a.DType != *at.cast {
		given := t
		defer given.Close()
		if t, err = given.ToDType(*at.cast); err != nil {
			return nil, err
		}
	}
	if at.device == torch.CPU {
		return t, nil
	}
	defer t.Close()
	return t.To(at.device)
}

// scalarOf makes the int, float or bool that an argument wants of an array of
// one element.
func scalarOf(a Array, want string) (torch.Value, error) {
	data, size := a.Data, a.DType.Size()
	if size == 0 || len(data) != size {
		return nil, fmt.Errorf("an array of %d elements does not fit", len(data)/max(1, size))
	}
	switch {
	case want == "bool" && a.DType == dtype.Bool:
		return torch.Bool(data[0] != 0), nil
	case want == "int" && a.DType.IsInteger():
		word := make([]byte, 8)
		copy(word, data)
		n := int64(binary.LittleEndian.Uint64(word))
		if signed := a.DType < dtype.Uint16 && a.DType != dtype.Uint8; signed {
			shift := 64 - 8*size
			n = n << shift >> shift
		}
		return torch.Int(n), nil
	case want == "float" && a.DType == dtype.Float64:
		return torch.Float(math.Float64frombits(binary.LittleEndian.Uint64(data))), nil
	case want == "float" && a.DType == dtype.Float32:
		return torch.Float(math.Float32frombits(binary.LittleEndian.Uint32(data))), nil
	case want == "int", want == "float", want == "bool":
		return nil, fmt.Errorf("an array of %s does not fit", a.DType)
	}
	return nil, fmt.Errorf("it cannot be given as an array")
}

// String tells what was given: "x.npy (float32 [1, 4])".
func (in *inputs) String() string {
	parts := make([]string, len(in.arrays))
	for i, a := range in.arrays {
		parts[i] = fmt.Sprintf("%s (%s %s)", a.path, a.DType, layout.Shape(a.Shape))
	}
	return strings.Join(parts, ", ")
}
