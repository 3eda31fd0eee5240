package jit

import (
	"fmt"
	"reflect"
	"strconv"

	"github.com/seed06459138/torchgo/torch"
)

// compare gives the greatest absolute difference between two results, and an error
// when it exceeds the tolerance, or when they are of different kinds.
func (t *trial) compare(got, want torch.Value) (float64, error) {
	c := comparison{rtol: t.tolerance[0], atol: t.tolerance[1]}
	err := c.values(got, want, "the result")
	return c.apart, err
}

type comparison struct{ rtol, atol, apart float64 }

func (c *comparison) values(got, want torch.Value, place string) error {
	differ := func(format string, args ...any) error {
		return &torch.Error{Op: "compare runners", Code: torch.CodeValue, Msg: place + ": " + fmt.Sprintf(format, args...)}
	}
	if reflect.TypeOf(got) != reflect.TypeOf(want) {
		return differ("%s, not %s", describe(got), describe(want))
	}
	if x, ok := got.(*torch.Tensor); ok {
		return c.tensors(x, want.(*torch.Tensor), differ)
	}
	a, b := children(got), children(want)
	if len(a) != len(b) {
		return differ("%d elements, not %d", len(a), len(b))
	}
	for i := range a {
		if err := c.values(a[i], b[i], place+"["+strconv.Itoa(i)+"]"); err != nil {
			return err
		}
	}
	switch got.(type) {
	case torch.List, torch.Tuple, *torch.NamedTuple, *torch.Dict, *torch.Object:
		return nil
	}
	if got != want {
		return differ("%s, not %s", literal(got), literal(want))
	}
	return nil
}

// children lists what is in a value, keys before their values.
func children(v torch.Value) []torch.Value {
	switch v := v.(type) {
	case torch.List:
		return v
	case torch.Tuple:
		return v
	case *torch.Dict:
		var all []torch.Value
		for _, e := range v.Entries {
			all = append(all, e.Key, e.Value)
		}
		return all
	}
	var all []torch.Value
	fields, _ := fieldsOf(v)
	for _, f := range fields {
		all = append(all, f.Value)
	}
	return all
}

func (c *comparison) tensors(got, want *torch.Tensor, differ func(string, ...any) error) error {
	if describe(got) != describe(want) {
		return differ("%s, not %s", describe(got), describe(want))
	}
	if got.Numel() == 0 {
		return nil
	}
	wide := torch.Float64
	if got.DType().IsComplex() {
		wide = torch.Complex128
	}
	s := torch.NewScope()
	defer s.Close()
	x, err := got.ToDType(wide)
	if err != nil {
		return err
	}
	y, err := want.ToDType(wide)
	if err != nil {
		x.Close()
		return err
	}
	apart, err := distance(s.Add(x), s.Add(y))
	if err != nil {
		return err
	}
	c.apart = max(c.apart, apart)
	near, err := x.AllClose(y, c.rtol, c.atol, true)
	if err == nil && !near {
		err = differ("differs by %.3g, more than the tolerance allows", apart)
	}
	return err
}

// distance gives the greatest absolute difference; NaN has none to anything. What is
// made on the way is in the scope of the tensors.
func distance(x, y *torch.Tensor) (float64, error) {
	var v torch.Value = x
	for _, step := range []struct {
		operator string
		args     []torch.Value
	}{{"aten::sub.Tensor", []torch.Value{y}}, {"aten::abs", nil}, {"aten::nan_to_num", []torch.Value{torch.Float(0)}}, {"aten::max", nil}} {
		var err error
		if v, err = torch.Call(step.operator, append([]torch.Value{v}, step.args...)...); err != nil {
			return 0, err
		}
	}
	return v.(*torch.Tensor).Float64()
}
