package jit

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/seed06459138/torchgo/torch"
)

// Unmarshal stores a value in what dst points to, as encoding/json does:
//
//	var out struct {
//		Scores []float32
//		Boxes  [][4]float32 `torch:"boxes_xyxy"`
//		Label  *string      // Optional[str]
//		Hidden *torch.Tensor
//	}
//	err := jit.Unmarshal(v, &out)
//
// What a Go type takes:
//
//   - a struct: a NamedTuple, Object or Dict with string keys, by names; a Tuple by
//     position, which needs as many elements as there are exported fields. A field
//     takes the name in its tag, else the one equal to its own, letters' case and
//     underscores aside; `torch:"-"` leaves it out. A value that lacks a field is
//     an error, unless the field is a pointer; fields that the struct lacks are
//     passed over.
//   - a slice or array: a List, Tuple, or a Tensor along its first dimension: a
//     tensor of two dimensions fits [][]float32. An array must have the length.
//   - a map: a Dict, or the names and values of a NamedTuple or Object.
//   - a pointer: None as nil, else what it points to.
//   - a number: an Int, a Float or a Tensor with one element, if it fits: what
//     overflows is an error, as is a Float for an integer; float32 rounds. A
//     complex number takes any. A bool takes a Bool, a string a String.
//   - a type that is a torch.Value, as *torch.Tensor and torch.Device are, or an
//     interface: the value itself.
//
// A *torch.Tensor or *torch.Object in dst is the very one in v: it has one owner,
// who closes it once, through v or through dst. Elements that went into slices
// and numbers are copies. On an error, which names the place in v, dst may be
// filled in part.
func Unmarshal(v torch.Value, dst any) error {
	to := reflect.ValueOf(dst)
	if to.Kind() != reflect.Pointer || to.IsNil() {
		return &torch.Error{Op: opUnmarshal, Code: torch.CodeArgument, Msg: fmt.Sprintf("the destination is %T, not a pointer to a variable", dst)}
	}
	if v == nil {
		return &torch.Error{Op: opUnmarshal, Code: torch.CodeArgument, Msg: "the value is nil"}
	}
	return store(v, to.Elem(), "")
}

const opUnmarshal = "unmarshal"

// misfit is the error of a value that does not fit; path names its place.
func misfit(code torch.Code, path, format string, args ...any) error {
	if path == "" {
		path = "the value"
	}
	return &torch.Error{Op: opUnmarshal, Code: code, Msg: strings.TrimPrefix(path, ".") + ": " + fmt.Sprintf(format, args...)}
}

func store(v torch.Value, to reflect.Value, path string) error {
	if reflect.TypeOf(v).AssignableTo(to.Type()) {
		to.Set(reflect.ValueOf(v))
		return nil
	}
	if _, none := v.(torch.None); none {
		switch to.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
			to.SetZero()
			return nil
		}
	}
	switch to.Kind() {
	case reflect.Pointer:
		made := reflect.New(to.Type().Elem())
		if err := store(v, made.Elem(), path); err != nil {
			return err
		}
		to.Set(made)
		return nil
	case reflect.Struct:
		return storeStruct(v, to, path)
	case reflect.Map:
		return storeMap(v, to, path)
	case reflect.Slice, reflect.Array:
		return storeItems(v, to, path)
	case reflect.Bool:
		if b, ok := scalar(v).(torch.Bool); ok {
			to.SetBool(bool(b))
			return nil
		}
	case reflect.String:
		if s, ok := v.(torch.String); ok {
			to.SetString(string(s))
			return nil
		}
	default:
		return storeNumber(scalar(v), to, path)
	}
	return unfit(v, to, path)
}

// unfit says that a kind of value has no place in a type.
func unfit(v torch.Value, to reflect.Value, path string) error {
	return misfit(torch.CodeType, path, "%s does not fit %s", describe(v), to.Type())
}

// scalar gives the element of a tensor that has one, else the value as it is.
func scalar(v torch.Value) torch.Value {
	if t, ok := v.(*torch.Tensor); ok && t.Numel() == 1 {
		if item, err := t.Item(); err == nil {
			return item
		}
	}
	return v
}

func storeNumber(v torch.Value, to reflect.Value, path string) error {
	switch kind := to.Kind(); v := v.(type) {
	case torch.Int:
		switch {
		case to.CanInt() && !to.OverflowInt(int64(v)):
			to.SetInt(int64(v))
		case to.CanUint() && v >= 0 && !to.OverflowUint(uint64(v)):
			to.SetUint(uint64(v))
		case to.CanFloat():
			to.SetFloat(float64(v))
		case to.CanComplex():
			to.SetComplex(complex(float64(v), 0))
		case to.CanInt() || to.CanUint():
			return misfit(torch.CodeValue, path, "%d overflows %s", int64(v), to.Type())
		default:
			return unfit(v, to, path)
		}
		return nil
	case torch.Float:
		x := float64(v)
		switch {
		case to.CanFloat() && (math.IsInf(x, 0) || !to.OverflowFloat(x)):
			to.SetFloat(x)
		case to.CanComplex():
			to.SetComplex(complex(x, 0))
		case to.CanFloat():
			return misfit(torch.CodeValue, path, "%g overflows %s", x, to.Type())
		default:
			return unfit(v, to, path)
		}
		return nil
	case torch.Complex:
		if kind != reflect.Complex64 && kind != reflect.Complex128 {
			return unfit(v, to, path)
		}
		to.SetComplex(complex128(v))
		return nil
	default:
		return unfit(v, to, path)
	}
}

func storeItems(v torch.Value, to reflect.Value, path string) error {
	var items []torch.Value
	switch v := v.(type) {
	case torch.List:
		items = v
	case torch.Tuple:
		items = v
	case *torch.Tensor:
		return storeTensor(v, to, path)
	default:
		return unfit(v, to, path)
	}
	if err := resize(to, len(items), path); err != nil {
		return err
	}
	for i, item := range items {
		if err := store(item, to.Index(i), path+"["+strconv.Itoa(i)+"]"); err != nil {
			return err
		}
	}
	return nil
}

// resize makes a new slice of n elements; an array must have them.
func resize(to reflect.Value, n int, path string) error {
	switch {
	case to.Kind() == reflect.Slice:
		to.Set(reflect.MakeSlice(to.Type(), n, n))
	case to.Len() != n:
		return misfit(torch.CodeType, path, "%d elements do not fit %s", n, to.Type())
	}
	return nil
}

func storeMap(v torch.Value, to reflect.Value, path string) error {
	var entries []torch.Entry
	switch v := v.(type) {
	case *torch.Dict:
		entries = v.Entries
	default:
		fields, ok := fieldsOf(v)
		if !ok {
			return unfit(v, to, path)
		}
		for _, f := range fields {
			entries = append(entries, torch.Entry{Key: torch.String(f.Name), Value: f.Value})
		}
	}
	made := reflect.MakeMapWithSize(to.Type(), len(entries))
	for _, e := range entries {
		place := path + "[" + literal(e.Key) + "]"
		key, value := reflect.New(to.Type().Key()).Elem(), reflect.New(to.Type().Elem()).Elem()
		if err := store(e.Key, key, place+" as a key"); err != nil {
			return err
		}
		if err := store(e.Value, value, place); err != nil {
			return err
		}
		if !key.Comparable() {
			return misfit(torch.CodeType, place, "%s as a key of a map", describe(e.Key))
		}
		made.SetMapIndex(key, value)
	}
	to.Set(made)
	return nil
}

func storeStruct(v torch.Value, to reflect.Value, path string) error {
	slots := slotsOf(to.Type())
	if tuple, ok := v.(torch.Tuple); ok {
		if len(tuple) != len(slots) {
			return misfit(torch.CodeType, path, "a tuple of %d does not fit the %d fields of %s", len(tuple), len(slots), to.Type())
		}
		for i, item := range tuple {
			if err := store(item, to.Field(slots[i].index), path+"["+strconv.Itoa(i)+"]"); err != nil {
				return err
			}
		}
		return nil
	}
	fields, ok := fieldsOf(v)
	if !ok {
		return unfit(v, to, path)
	}
	for _, slot := range slots {
		i := slices.IndexFunc(fields, func(f torch.Field) bool { return f.Name == slot.name })
		if i < 0 && !slot.tagged {
			i = slices.IndexFunc(fields, func(f torch.Field) bool { return plain(f.Name) == plain(slot.name) })
		}
		field := to.Field(slot.index)
		if i < 0 {
			if field.Kind() == reflect.Pointer {
				field.SetZero()
				continue
			}
			return misfit(torch.CodeType, path, "%s has no %s for %s", describe(v), slot.name, to.Type())
		}
		if err := store(fields[i].Value, field, path+"."+fields[i].Name); err != nil {
			return err
		}
	}
	return nil
}

// slot is a field of a struct that takes part.
type slot struct {
	index  int
	name   string
	tagged bool
}

// slotsOf lists the exported fields of a struct, but for those tagged "-".
func slotsOf(t reflect.Type) []slot {
	var all []slot
	for i := range t.NumField() {
		f := t.Field(i)
		name := f.Tag.Get("torch")
		if !f.IsExported() || name == "-" {
			continue
		}
		if name == "" {
			all = append(all, slot{i, f.Name, false})
			continue
		}
		all = append(all, slot{i, name, true})
	}
	return all
}

// plain is a name as Go and Python have it in common: ClassIDs and class_ids.
func plain(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }

// fieldsOf gives the named parts of a value that has such.
func fieldsOf(v torch.Value) ([]torch.Field, bool) {
	switch v := v.(type) {
	case *torch.NamedTuple:
		return v.Fields, true
	case *torch.Object:
		return v.Attributes, true
	case *torch.Dict:
		fields := make([]torch.Field, len(v.Entries))
		for i, e := range v.Entries {
			name, ok := e.Key.(torch.String)
			if !ok {
				return nil, false
			}
			fields[i] = torch.Field{Name: string(name), Value: e.Value}
		}
		return fields, true
	}
	return nil, false
}

// describe says what a value is, in errors.
func describe(v torch.Value) string {
	switch v := v.(type) {
	case *torch.Tensor:
		if element := v.DType(); element >= 0 {
			return fmt.Sprintf("a tensor of %s%v", element, v.Shape())
		}
		return "a closed tensor"
	case torch.Int, torch.Float, torch.Bool, torch.None, torch.Device:
		return literal(v)
	}
	return "a " + strings.TrimPrefix(reflect.TypeOf(v).String(), "*")
}
