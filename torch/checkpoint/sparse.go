package checkpoint

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// sparse rebuilds (layout, (indices, values, size[, coalesced])) or, compressed,
// (layout, (compressed, plain, values, size)), and checks every index.
func (m *machine) sparse(args []Value) (Value, error) {
	a := arguments{items: args}
	layout, ok := a.next().(Layout)
	if !ok {
		a.fail("a sparse tensor without its layout")
	}
	parts, ok := a.next().(*Tuple)
	if !ok {
		a.fail("a sparse tensor without its parts")
	}
	if err := a.done(); err != nil {
		return nil, err
	}
	return m.sparseParts(layout, arguments{items: parts.Items})
}

func (m *machine) sparseParts(layout Layout, a arguments) (*Tensor, error) {
	s := &Sparse{Layout: layout}
	var shape []int64
	if layout == "torch.sparse_coo" {
		s.Indices, s.Values, shape = a.tensor(), a.tensor(), a.ints()
		if len(a.items) > 0 {
			if _, unknown := a.items[0].(None); unknown {
				a.next()
			} else {
				s.Coalesced = a.bool()
			}
		}
	} else {
		s.Compressed, s.Plain, s.Values, shape = a.tensor(), a.tensor(), a.tensor(), a.ints()
	}
	if err := a.done(); err != nil {
		return nil, err
	}
	numel, err := countElements(shape)
	if err != nil {
		return nil, err
	}
	for _, part := range []*Tensor{s.Indices, s.Compressed, s.Plain, s.Values} {
		if part != nil && part.storage == nil {
			return nil, fail(ErrTensor, "a sparse tensor made of tensors without data")
		}
	}
	if m.later != nil {
		*m.later = append(*m.later, func() error { return s.check(shape) })
	} else if err := s.check(shape); err != nil {
		return nil, err
	}
	return &Tensor{dtype: s.Values.dtype, shape: shape, numel: numel, Sparse: s, Device: s.Values.Device}, nil
}

// check compares every index with the shape.
func (s *Sparse) check(shape []int64) error {
	switch s.Layout {
	case "torch.sparse_coo":
		return s.checkCOO(shape)
	case "torch.sparse_csr", "torch.sparse_bsr":
		return s.checkCompressed(shape, 0)
	case "torch.sparse_csc", "torch.sparse_bsc":
		return s.checkCompressed(shape, 1)
	}
	return fail(ErrTensor, "%s is not a sparse layout", s.Layout)
}

// checkCOO checks sparse dimensions × entries indices against the shape.
func (s *Sparse) checkCOO(shape []int64) error {
	at, values := s.Indices.shape, s.Values.shape
	if s.Indices.dtype != dtype.Int64 || len(at) != 2 || len(values) == 0 || values[0] != at[1] {
		return fail(ErrTensor, "sparse indices of shape %v and %s for values of shape %v", at, s.Indices.dtype, values)
	}
	dims := at[0]
	if dims > int64(len(shape)) || !slices.Equal(values[1:], shape[dims:]) {
		return fail(ErrTensor, "sparse indices of shape %v and values of shape %v for a tensor of shape %v", at, values, shape)
	}
	indices, err := s.Indices.indices()
	if err != nil {
		return err
	}
	entries := int(at[1])
	for d := range int(dims) {
		for _, i := range indices[d*entries : (d+1)*entries] {
			if i < 0 || i >= shape[d] {
				return fail(ErrTensor, "sparse index %d in a dimension of %d", i, shape[d])
			}
		}
	}
	return nil
}

// checkCompressed checks row or column pointers and the indices in them. axis 0
// compresses rows, 1 columns; blocks, where the layout has them, are the last
// dimensions of the values.
func (s *Sparse) checkCompressed(shape []int64, axis int) error {
	pointers, plain, values := s.Compressed.shape, s.Plain.shape, s.Values.shape
	batch := len(pointers) - 1
	kind := s.Compressed.dtype
	blocked := s.Layout == "torch.sparse_bsr" || s.Layout == "torch.sparse_bsc"
	blocks := 0
	if blocked {
		blocks = 2
	}
	if batch < 0 || kind != dtype.Int64 && kind != dtype.Int32 || s.Plain.dtype != kind ||
		len(plain) != batch+1 || len(values) < batch+1+blocks || len(shape) != len(values)+1-blocks ||
		!slices.Equal(pointers[:batch], shape[:batch]) || !slices.Equal(plain[:batch], shape[:batch]) ||
		!slices.Equal(values[:batch+1], plain) {
		return fail(ErrTensor, "%s parts of shapes %v, %v, %v for a tensor of shape %v", s.Layout, pointers, plain, values, shape)
	}
	sides := [2]int64{shape[batch], shape[batch+1]}
	if blocked {
		for i := range sides {
			block := values[batch+1+i]
			if block <= 0 || sides[i]%block != 0 {
				return fail(ErrTensor, "%s blocks of shape %v do not tile shape %v", s.Layout, values[batch+1:batch+3], shape)
			}
			sides[i] /= block
		}
	}
	if !slices.Equal(values[batch+1+blocks:], shape[batch+2:]) {
		return fail(ErrTensor, "%s values of shape %v for a tensor of shape %v", s.Layout, values, shape)
	}
	if pointers[batch]-1 != sides[axis] {
		return fail(ErrTensor, "%d pointers for %d compressed rows or columns", pointers[batch], sides[axis])
	}
	compressed, err := s.Compressed.indices()
	if err != nil {
		return err
	}
	indices, err := s.Plain.indices()
	if err != nil {
		return err
	}
	rows, entries := int(pointers[batch]), int(plain[batch])
	for n := 0; n*rows < len(compressed); n++ {
		if err := checkPointers(compressed[n*rows:(n+1)*rows], int64(entries)); err != nil {
			return err
		}
	}
	for _, i := range indices {
		if i < 0 || i >= sides[1-axis] {
			return fail(ErrTensor, "sparse index %d in a dimension of %d", i, sides[1-axis])
		}
	}
	return nil
}

// checkPointers demands pointers that rise from 0 to the number of entries.
func checkPointers(pointers []int64, entries int64) error {
	if pointers[0] != 0 || pointers[len(pointers)-1] != entries {
		return fail(ErrTensor, "sparse pointers run from %d to %d over %d entries", pointers[0], pointers[len(pointers)-1], entries)
	}
	for i := 1; i < len(pointers); i++ {
		if pointers[i] < pointers[i-1] {
			return fail(ErrTensor, "sparse pointers fall from %d to %d", pointers[i-1], pointers[i])
		}
	}
	return nil
}

// indices returns the elements of an integer tensor. It refuses a view that
// repeats elements, so that the memory stays within that of the file.
func (t *Tensor) indices() ([]int64, error) {
	if hi, lo := bits.Mul64(uint64(t.numel), uint64(t.dtype.Size())); hi != 0 || lo > math.MaxInt64 || int64(lo) > t.storage.size {
		return nil, fail(ErrTensor, "sparse indices that repeat the elements of their storage")
	}
	raw, err := t.Bytes()
	if err != nil {
		return nil, err
	}
	out := make([]int64, t.numel)
	for i := range out {
		if t.dtype == dtype.Int64 {
			out[i] = int64(binary.LittleEndian.Uint64(raw[8*i:]))
		} else {
			out[i] = int64(int32(binary.LittleEndian.Uint32(raw[4*i:])))
		}
	}
	return out, nil
}
