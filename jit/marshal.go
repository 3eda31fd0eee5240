package jit

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/seed06459138/torchgo/torch"
)

// Marshal makes a torch.Value of a Go value, such that Unmarshal gives the Go
// value back: numbers, strings and bools; slices and arrays as lists, maps as
// dicts in the order of their keys, structs as named tuples with the names that
// Unmarshal looks for, nil pointers as None. What is a torch.Value stays what it
// is; tensors keep their owner. The schema of what is called makes a list of
// floats of it, or a tuple. An error names the place in x.
func Marshal(x any) (torch.Value, error) { return marshal(reflect.ValueOf(x), "", 0) }

// maxNesting bounds how deep values may be nested, as calls do: a Go value may
// contain itself.
const maxNesting = 200

var valueType = reflect.TypeFor[torch.Value]()

func marshal(x reflect.Value, path string, depth int) (torch.Value, error) {
	refuse := func(format string, args ...any) (torch.Value, error) {
		place := strings.TrimPrefix(path, ".")
		if place == "" {
			place = "the value"
		}
		return nil, &torch.Error{Op: "marshal", Code: torch.CodeValue, Msg: place + ": " + fmt.Sprintf(format, args...)}
	}
	if depth > maxNesting {
		return refuse("nested deeper than %d", maxNesting)
	}
	if !x.IsValid() {
		return torch.None{}, nil
	}
	empty := (x.Kind() == reflect.Pointer || x.Kind() == reflect.Interface) && x.IsNil()
	if !empty && x.Type().Implements(valueType) && x.CanInterface() {
		return x.Interface().(torch.Value), nil
	}
	switch kind := x.Kind(); kind {
	case reflect.Pointer, reflect.Interface:
		if empty {
			return torch.None{}, nil
		}
		return marshal(x.Elem(), path, depth+1)
	case reflect.Bool:
		return torch.Bool(x.Bool()), nil
	case reflect.String:
		return torch.String(x.String()), nil
	case reflect.Float32, reflect.Float64:
		return torch.Float(x.Float()), nil
	case reflect.Complex64, reflect.Complex128:
		return torch.Complex(x.Complex()), nil
	case reflect.Slice, reflect.Array:
		list := make(torch.List, x.Len())
		for i := range list {
			v, err := marshal(x.Index(i), path+"["+strconv.Itoa(i)+"]", depth+1)
			if err != nil {
				return nil, err
			}
			list[i] = v
		}
		return list, nil
	case reflect.Map:
		return marshalMap(x, path, depth)
	case reflect.Struct:
		t := &torch.NamedTuple{Name: x.Type().Name()}
		for _, slot := range slotsOf(x.Type()) {
			v, err := marshal(x.Field(slot.index), path+"."+slot.name, depth+1)
			if err != nil {
				return nil, err
			}
			t.Fields = append(t.Fields, torch.Field{Name: slot.name, Value: v})
		}
		return t, nil
	}
	switch {
	case x.CanInt():
		return torch.Int(x.Int()), nil
	case x.CanUint() && x.Uint() <= math.MaxInt64:
		return torch.Int(x.Uint()), nil
	case x.CanUint():
		return refuse("%d overflows an int of 64 bits", x.Uint())
	}
	return refuse("%s has no form in TorchScript", x.Type())
}

func marshalMap(x reflect.Value, path string, depth int) (torch.Value, error) {
	dict := &torch.Dict{Entries: []torch.Entry{}}
	for _, k := range x.MapKeys() {
		key, err := marshal(k, path+" key", depth+1)
		if err != nil {
			return nil, err
		}
		v, err := marshal(x.MapIndex(k), path+"["+literal(key)+"]", depth+1)
		if err != nil {
			return nil, err
		}
		dict.Entries = append(dict.Entries, torch.Entry{Key: key, Value: v})
	}
	slices.SortFunc(dict.Entries, func(a, b torch.Entry) int { return compareKeys(a.Key, b.Key) })
	return dict, nil
}

// compareKeys orders the keys of one map: strings, ints or floats.
func compareKeys(a, b torch.Value) int {
	switch a := a.(type) {
	case torch.String:
		b, _ := b.(torch.String)
		return cmp.Compare(a, b)
	case torch.Int:
		b, _ := b.(torch.Int)
		return cmp.Compare(a, b)
	case torch.Float:
		b, _ := b.(torch.Float)
		return cmp.Compare(a, b)
	}
	return cmp.Compare(literal(a), literal(b))
}
