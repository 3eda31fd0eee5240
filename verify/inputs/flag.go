package inputs

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// ParseField reads NAME=SHAPE[:DTYPE] as of the flag --shape: x=1x3x224x224:float32.
// The dtype is float32 when it is left out; an empty shape is a scalar.
func ParseField(text string) (Field, error) {
	name, rest, ok := strings.Cut(text, "=")
	if !ok || name == "" {
		return Field{}, fmt.Errorf("the shape %q names no input; write x=1x3x224x224:float32", text)
	}
	shape, element, typed := strings.Cut(rest, ":")
	f := Field{Name: name, DType: dtype.Float32, Shape: []int64{}}
	if typed {
		d, err := dtype.Parse(element)
		if err != nil {
			return Field{}, fmt.Errorf("the shape %q: %w", text, err)
		}
		f.DType = d
	}
	if shape == "" {
		return f, nil
	}
	for size := range strings.SplitSeq(shape, "x") {
		n, err := strconv.ParseInt(size, 10, 64)
		if err != nil || n < 0 {
			return Field{}, fmt.Errorf("the shape %q has the dimension %q; write x=1x3x224x224:float32", text, size)
		}
		f.Shape = append(f.Shape, n)
	}
	return f, nil
}

// ParseRange reads [NAME=]LOW:HIGH as of the flag --range: x=-1:1, ids=0:30522.
func ParseRange(text string) (Range, error) {
	var r Range
	name, rest, named := strings.Cut(text, "=")
	if !named {
		name, rest = "", text
	}
	low, high, ok := strings.Cut(rest, ":")
	var errs [2]error
	r.Name = name
	r.Low, errs[0] = strconv.ParseFloat(low, 64)
	r.High, errs[1] = strconv.ParseFloat(high, 64)
	switch {
	case !ok, errs[0] != nil, errs[1] != nil, named && name == "":
		return Range{}, fmt.Errorf("the range %q can't be read; write x=-1:1, or -1:1 for all inputs", text)
	case !(r.Low < r.High):
		return Range{}, fmt.Errorf("the range %q is empty: it takes in the first bound and not the second", text)
	}
	return r, nil
}

// String writes the field as ParseField reads it.
func (f Field) String() string {
	sizes := make([]string, len(f.Shape))
	for i, d := range f.Shape {
		sizes[i] = strconv.FormatInt(d, 10)
	}
	return fmt.Sprintf("%s=%s:%v", f.Name, strings.Join(sizes, "x"), f.DType)
}

// String writes the range as ParseRange reads it.
func (r Range) String() string {
	text := fmt.Sprintf("%v:%v", r.Low, r.High)
	if r.Name != "" {
		return r.Name + "=" + text
	}
	return text
}
