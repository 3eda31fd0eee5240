package verify

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/seed06459138/torchgo/torch/checkpoint"
)

// savedSet says where inputs on which legs differ were saved.
type savedSet struct {
	path, smallest string
	batch          int64
}

// mostSaved bounds how many sets of inputs are saved: one is enough to look into.
const mostSaved = 10

// saveFailing saves the inputs of the current round, and the smallest part of their
// batch on which legs still differ.
func (r *run) saveFailing(ctx context.Context) error {
	if r.spec.SaveFailing == "" || r.savedSets == mostSaved {
		return nil
	}
	r.savedSets++
	if err := os.MkdirAll(r.spec.SaveFailing, 0o777); err != nil {
		return &Error{Path: r.spec.SaveFailing, Msg: "cannot be made", Remedy: "name a folder that you may write to", Err: err}
	}
	path := filepath.Join(r.spec.SaveFailing, fileName(r.round.name))
	var err error
	if r.round.saved.path, err = r.round.inputs.save(path); err != nil {
		return err
	}
	small, batch, err := r.shrink(ctx)
	if err != nil || small == nil {
		return err
	}
	r.round.saved.batch = batch
	r.round.saved.smallest, err = small.save(path + ".smallest")
	return err
}

// fileName makes a name of a file of that of a set.
func fileName(set string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', c == '_':
			return c
		}
		return '-'
	}, set)
}

// save writes the inputs as an npz file that --input reads, or as safetensors where
// numpy lacks a type of them; path has no ending.
func (in *inputs) save(path string) (string, error) {
	var all []checkpoint.NamedTensor
	state := checkpoint.NewState()
	for i, a := range in.arrays {
		t, err := checkpoint.TensorFromBytes(a.DType, a.Shape, a.Data)
		if err != nil {
			return "", &Error{Path: path, Msg: "cannot be written", Err: err}
		}
		name := in.argumentName(i)
		if name == "" {
			name = "arr_" + strconv.Itoa(i)
		}
		all = append(all, checkpoint.NamedTensor{Name: name, Tensor: t})
		if err := state.Add(name, t); err != nil {
			return "", &Error{Path: path, Msg: "cannot be written", Err: err}
		}
	}
	full := path + ".npz"
	err := checkpoint.WriteNPZ(full, all)
	if errors.Is(err, checkpoint.ErrUnsupported) {
		full = path + ".safetensors"
		err = checkpoint.SaveSafetensors(full, state, nil)
	}
	if err != nil {
		return "", &Error{Path: full, Msg: "cannot be written", Remedy: "name a folder that you may write to", Err: err}
	}
	return full, nil
}

// shrink looks for the smallest part of the batch on which the legs that differ
// still do: half of it again and again, and single rows where neither half will do.
// It gives nil when the batch is one row, or no part differs.
func (r *run) shrink(ctx context.Context) (*inputs, int64, error) {
	size, ok := r.round.inputs.batch()
	if !ok || size < 2 {
		return nil, 0, nil
	}
	var best *inputs
	low, high := int64(0), size
	try := func(from, to int64) (bool, error) {
		part := r.round.inputs.rows(from, to)
		if err := ctx.Err(); err != nil {
			return false, err
		}
		if !r.differOn(ctx, part) {
			return false, nil
		}
		best, low, high = part, from, to
		return true, nil
	}
	for high-low > 1 {
		half := low + (high-low)/2
		found, err := try(low, half)
		if !found && err == nil {
			found, err = try(half, high)
		}
		if err != nil {
			return nil, 0, err
		}
		if found {
			continue
		}
		for row := range min(high-low, mostRowsTried) {
			if found, err = try(low+row, low+row+1); err != nil {
				return nil, 0, err
			}
			if found {
				break
			}
		}
		break
	}
	return best, high - low, nil
}

// mostRowsTried bounds how many rows are tried alone.
const mostRowsTried = 64

// batch gives the first dimension of the first array that has one.
func (in *inputs) batch() (int64, bool) {
	for _, a := range in.arrays {
		if len(a.Shape) > 0 {
			return a.Shape[0], true
		}
	}
	return 0, false
}

// rows gives some rows of the batch; what has another first dimension stays whole.
func (in *inputs) rows(from, to int64) *inputs {
	size, _ := in.batch()
	part := &inputs{arrays: slices.Clone(in.arrays), signature: in.signature}
	for i, a := range part.arrays {
		if len(a.Shape) == 0 || a.Shape[0] != size {
			continue
		}
		row := int64(len(a.Data)) / size
		a.Shape = slices.Clone(a.Shape)
		a.Shape[0] = to - from
		a.Data = a.Data[from*row : to*row]
		part.arrays[i] = a
	}
	return part
}

// differOn tells whether a leg that differs in this round does so on other inputs.
func (r *run) differOn(ctx context.Context, in *inputs) bool {
	want, failed := r.computeAgain(ctx, r.round.reference, in)
	if failed != nil {
		return false
	}
	for _, c := range r.comparisons {
		if c.Same == nil || *c.Same {
			continue
		}
		for _, l := range r.legs {
			if l.entry().Name != c.Leg {
				continue
			}
			got, failed := r.computeAgain(ctx, l, in)
			if failed != nil {
				if r.failed[l] != nil {
					return true
				}
				continue
			}
			if again, _ := compareOutputs("", got, want, r.demands(), r.lenient(l)); !*again.Same {
				return true
			}
		}
	}
	return false
}

// computeAgain gives what a leg computes of other inputs.
func (r *run) computeAgain(ctx context.Context, l leg, in *inputs) ([]output, error) {
	again, ok := l.(repeater)
	if !ok {
		return nil, errNothingComputed
	}
	if len(r.writesOf(l)) > 0 {
		out, _, err := l.again(ctx, in)
		return out, err
	}
	return again.repeat(ctx, in, modeRepeated)
}

// errNothingComputed is of legs that hold recorded outputs.
var errNothingComputed = errors.New("recorded outputs are those of their own inputs")
