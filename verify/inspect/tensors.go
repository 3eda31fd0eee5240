package inspect

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/seed06459138/torchgo/torch/checkpoint"
)

// namedTensor is a tensor and its place in the file.
type namedTensor struct {
	name, role string
	*checkpoint.Tensor
}

// tensorsOf lists the tensors below a value by their paths, each container once.
func tensorsOf(root checkpoint.Value) []namedTensor {
	var out []namedTensor
	seen := make(map[checkpoint.Value]bool)
	var visit func(path string, v checkpoint.Value)
	visit = func(path string, v checkpoint.Value) {
		if t, ok := v.(*checkpoint.Tensor); ok {
			role := ""
			if t.Parameter {
				role = "parameter"
			}
			if path == "" {
				path = nameOfArray
			}
			out = append(out, namedTensor{path, role, t})
			return
		}
		if !isContainer(v) || seen[v] {
			return
		}
		seen[v] = true
		for _, e := range entriesOf(v) {
			visit(join(path, e.name), e.value)
		}
	}
	visit("", root)
	return out
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// list describes the tensors, without their hashes, and sums them up.
func (i *inspection) list(named []namedTensor) {
	first := make(map[*checkpoint.Storage]int) // the first tensor in each
	for n, t := range named {
		one := Tensor{Name: t.name, Role: t.role, DType: t.DType().String(), Shape: append([]int64{}, t.Shape()...), Layout: string(t.Layout()),
			Bytes: bytesOf(t.Tensor), Device: t.Device, RequiresGrad: t.RequiresGrad, Class: t.Class}
		if s := t.Storage(); s != nil {
			if other, shared := first[s]; shared {
				one.SharedWith = named[other].name
				if i.Tensors[other].SharedWith == "" {
					i.Tensors[other].SharedWith = t.name
				}
			} else {
				first[s] = n
				i.Totals.Storages += s.Size()
			}
		} else {
			i.Totals.Storages += one.Bytes
		}
		i.Tensors = append(i.Tensors, one)
		i.Totals.Tensors++
		i.Totals.Elements += t.Numel()
		i.Totals.Bytes += one.Bytes
		i.Totals.DTypes[one.DType]++
	}
}

// bytesOf counts the bytes that a tensor's elements take; those of a sparse one
// are its parts, a meta one has none.
func bytesOf(t *checkpoint.Tensor) int64 {
	switch {
	case t.Meta():
		return 0
	case t.Sparse == nil:
		return t.ByteSize()
	}
	total := int64(0)
	for _, part := range []*checkpoint.Tensor{t.Sparse.Indices, t.Sparse.Compressed, t.Sparse.Plain, t.Sparse.Values} {
		if part != nil {
			total += part.ByteSize()
		}
	}
	return total
}

// hash fills in the hashes of the file, of every tensor and of the state.
func (i *inspection) hash(ctx context.Context, named []namedTensor) (err error) {
	var whole sync.WaitGroup
	whole.Go(func() { i.SHA256, err = i.file.SHA256() })
	errs := make([]error, len(named))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(named)) {
		workers.Go(func() {
			for n := next.Add(1) - 1; n < int64(len(named)) && ctx.Err() == nil; n = next.Add(1) - 1 {
				if named[n].Meta() {
					continue
				}
				h, err := named[n].Hash()
				if errs[n] = hashable(err); err == nil {
					i.Tensors[n].Hash = h.String()
				}
			}
		})
	}
	workers.Wait()
	whole.Wait()
	for _, err := range append(errs, err) {
		i.problem(err)
	}
	if i.State != nil && ctx.Err() == nil {
		h, err := i.state.Hash()
		i.problem(hashable(err))
		if err == nil {
			i.State.Hash = h.String()
		}
	}
	return ctx.Err()
}

// hashable forgives that a tensor has no hash because it has no bytes of its own,
// or more than may be copied: that is nothing wrong with the file.
func hashable(err error) error {
	if errors.Is(err, checkpoint.ErrUnsupported) || errors.Is(err, checkpoint.ErrLimit) {
		return nil
	}
	return err
}
