package aten

import (
	"fmt"

	"github.com/seed06459138/torchgo/torch"
)

// results are what an operator gave. A wrapper takes each by its type; end, which
// is called last, closes everything when one was not as the wrapper's schema says.
type results struct {
	values []torch.Value
	err    error
}

// call makes the call of an operator with n results.
func call(args *torch.Arguments, n int) results {
	v, err := args.Call()
	if err != nil {
		return results{err: err}
	}
	values := []torch.Value{v}
	if several, ok := v.(torch.Tuple); ok && n > 1 {
		values = several
	}
	r := results{values: values}
	if len(values) != n {
		r.err = &torch.Error{Op: args.Name(), Code: torch.CodeType, Msg: fmt.Sprintf("gives %d results in this libtorch, not %d", len(values), n)}
	}
	return r
}

// as gives result i as a T.
func as[T torch.Value](r *results, i int) T {
	var none T
	if r.err != nil {
		return none
	}
	v, ok := r.values[i].(T)
	if !ok {
		r.fail(i)
		return none
	}
	return v
}

func (r *results) fail(i int) {
	r.err = &torch.Error{Op: "read results", Code: torch.CodeType, Msg: fmt.Sprintf("result %d is a %T in this libtorch", i, r.values[i])}
}

// tensor gives a tensor; nil for one that is undefined in C++.
func (r *results) tensor(i int) *torch.Tensor {
	if r.err == nil {
		if _, undefined := r.values[i].(torch.None); undefined {
			return nil
		}
	}
	return as[*torch.Tensor](r, i)
}

func (r *results) tensors(i int) []*torch.Tensor {
	list := as[torch.List](r, i)
	tensors := make([]*torch.Tensor, len(list))
	for k, v := range list {
		if t, ok := v.(*torch.Tensor); ok {
			tensors[k] = t
		} else if _, undefined := v.(torch.None); !undefined {
			r.fail(i)
		}
	}
	return tensors
}

func (r *results) number(i int) torch.Number { return as[torch.Number](r, i) }
func (r *results) dtype(i int) torch.DType   { return torch.DType(as[torch.Int](r, i)) }
func (r *results) integer(i int) int64       { return int64(as[torch.Int](r, i)) }
func (r *results) float(i int) float64       { return float64(as[torch.Float](r, i)) }
func (r *results) boolean(i int) bool        { return bool(as[torch.Bool](r, i)) }

// end gives the error of the call or of what it gave.
func (r *results) end() error {
	if r.err != nil {
		torch.CloseAll(r.values...)
	}
	return r.err
}
