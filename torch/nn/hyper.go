package nn

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"

	"github.com/seed06459138/torchgo/torch/checkpoint"
)

// ErrHyper is matched by the error of hyper-parameters that do not fill a struct.
var ErrHyper = errors.New("the hyper-parameters do not fit the structure")

// Hyper-parameters are the fields of a struct, under the names of its fields as
// Python would write them (InputDim is input_dim), or under those of a tag:
// `nn:"lr"`. Their types are bool, string, integers, floats, slices and structs of
// these; a pointer is for one that may be missing, or None.

// DecodeHyper fills a struct of type H with the hyper-parameters of a checkpoint, a
// dict. One that is missing, or does not fit its field, is an error that matches
// ErrHyper and lists all of them, and those that no field took; without such an
// error those are passed over.
func DecodeHyper[H any](v checkpoint.Value) (H, error) {
	var hyper H
	d := hyperDecoder{}
	d.fill(reflect.ValueOf(&hyper).Elem(), v, "")
	if len(d.wrong) == 0 {
		return hyper, nil
	}
	text := strings.Join(d.wrong, ", ")
	if len(d.unused) > 0 {
		text += "; there is " + strings.Join(d.unused, ", ") + ", which " + reflect.TypeFor[H]().String() + " does not know"
	}
	return hyper, fmt.Errorf("%w: %s", ErrHyper, text)
}

type hyperDecoder struct{ wrong, unused []string }

func (d *hyperDecoder) complain(name, format string, args ...any) {
	d.wrong = append(d.wrong, strings.TrimSpace(name+" "+fmt.Sprintf(format, args...)))
}

func (d *hyperDecoder) fill(to reflect.Value, v checkpoint.Value, name string) {
	switch to.Kind() {
	case reflect.Pointer:
		if _, none := v.(checkpoint.None); none || v == nil {
			return
		}
		to.Set(reflect.New(to.Type().Elem()))
		d.fill(to.Elem(), v, name)
	case reflect.Struct:
		d.fillStruct(to, v, name)
	case reflect.Slice:
		d.fillSlice(to, v, name)
	default:
		if !assign(to, v) {
			d.complain(name, "is %s, not %s", describeValue(v), to.Type())
		}
	}
}

func (d *hyperDecoder) fillStruct(to reflect.Value, v checkpoint.Value, name string) {
	dict, ok := v.(*checkpoint.Dict)
	if !ok {
		if _, none := v.(checkpoint.None); !none && v != nil {
			d.complain(name, "is %s, not a dict", describeValue(v))
			return
		}
		dict = checkpoint.NewDict()
	}
	known := make(map[string]bool)
	for i := range to.NumField() {
		key, ok := hyperName(to.Type().Field(i))
		if !ok {
			continue
		}
		known[key] = true
		value, ok := dict.Get(key)
		switch {
		case ok:
			d.fill(to.Field(i), value, join(name, key))
		case to.Field(i).Kind() != reflect.Pointer:
			d.complain(join(name, key), "(%s) is missing", to.Field(i).Type())
		}
	}
	for key := range dict.All() {
		if text, ok := key.(checkpoint.String); ok && !known[string(text)] {
			d.unused = append(d.unused, join(name, string(text)))
		}
	}
}

func (d *hyperDecoder) fillSlice(to reflect.Value, v checkpoint.Value, name string) {
	var items []checkpoint.Value
	switch v := v.(type) {
	case *checkpoint.List:
		items = v.Items
	case *checkpoint.Tuple:
		items = v.Items
	case checkpoint.Size:
		for _, n := range v {
			items = append(items, checkpoint.Int(n))
		}
	default:
		d.complain(name, "is %s, not a list", describeValue(v))
		return
	}
	to.Set(reflect.MakeSlice(to.Type(), len(items), len(items)))
	for i, item := range items {
		d.fill(to.Index(i), item, fmt.Sprintf("%s[%d]", name, i))
	}
}

// assign puts a plain value into a field that can hold it exactly.
func assign(to reflect.Value, v checkpoint.Value) bool {
	switch v := v.(type) {
	case checkpoint.Bool:
		if to.Kind() == reflect.Bool {
			to.SetBool(bool(v))
			return true
		}
	case checkpoint.String:
		if to.Kind() == reflect.String {
			to.SetString(string(v))
			return true
		}
	case checkpoint.Int:
		switch {
		case to.CanInt() && !to.OverflowInt(int64(v)):
			to.SetInt(int64(v))
			return true
		case to.CanUint() && v >= 0 && !to.OverflowUint(uint64(v)):
			to.SetUint(uint64(v))
			return true
		case to.CanFloat():
			to.SetFloat(float64(v))
			return true
		}
	case checkpoint.Float:
		if to.CanFloat() {
			to.SetFloat(float64(v))
			return true
		}
		if to.CanInt() && float64(v) == math.Trunc(float64(v)) && math.Abs(float64(v)) < 1<<53 {
			to.SetInt(int64(v))
			return true
		}
	}
	return false
}

func hyperName(f reflect.StructField) (string, bool) {
	tag := f.Tag.Get("nn")
	if !f.IsExported() || tag == "-" {
		return "", false
	}
	if tag != "" {
		return tag, true
	}
	return pythonName(f.Name), true
}

// EncodeHyper gives a struct of hyper-parameters as the dict that a checkpoint holds.
func EncodeHyper(hyper any) (*checkpoint.Dict, error) {
	v, err := encodeHyper(reflect.ValueOf(hyper))
	if err != nil {
		return nil, err
	}
	d, ok := v.(*checkpoint.Dict)
	if !ok {
		return nil, fmt.Errorf("%w: %T is no struct", ErrHyper, hyper)
	}
	return d, nil
}

func encodeHyper(v reflect.Value) (checkpoint.Value, error) {
	switch {
	case !v.IsValid():
		return checkpoint.None{}, nil
	case v.Kind() == reflect.Pointer:
		return encodeHyper(v.Elem())
	case v.Kind() == reflect.Bool:
		return checkpoint.Bool(v.Bool()), nil
	case v.Kind() == reflect.String:
		return checkpoint.String(v.String()), nil
	case v.CanInt():
		return checkpoint.Int(v.Int()), nil
	case v.CanUint() && v.Uint() <= math.MaxInt64:
		return checkpoint.Int(int64(v.Uint())), nil
	case v.CanFloat():
		return checkpoint.Float(v.Float()), nil
	case v.Kind() == reflect.Slice:
		list := &checkpoint.List{}
		for i := range v.Len() {
			item, err := encodeHyper(v.Index(i))
			if err != nil {
				return nil, err
			}
			list.Items = append(list.Items, item)
		}
		return list, nil
	case v.Kind() == reflect.Struct:
		d := checkpoint.NewDict()
		for i := range v.NumField() {
			key, ok := hyperName(v.Type().Field(i))
			if !ok {
				continue
			}
			value, err := encodeHyper(v.Field(i))
			if err != nil {
				return nil, err
			}
			if err := d.Set(checkpoint.String(key), value); err != nil {
				return nil, err
			}
		}
		return d, nil
	}
	return nil, fmt.Errorf("%w: a field of type %s has no place in a checkpoint", ErrHyper, v.Type())
}

// describeValue names a value as Python would write it.
func describeValue(v checkpoint.Value) string {
	switch v := v.(type) {
	case nil, checkpoint.None:
		return "None"
	case checkpoint.Bool:
		return pyBool(bool(v))
	case checkpoint.String:
		return fmt.Sprintf("the str %q", string(v))
	case checkpoint.Int, checkpoint.Float:
		return fmt.Sprint(v)
	case *checkpoint.List:
		return "a list"
	case *checkpoint.Dict:
		return "a dict"
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", v), "*checkpoint.")
}
