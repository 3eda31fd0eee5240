package inputs

import (
	"fmt"
	"iter"
	"math"
	"slices"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// Plan says which sets of inputs to make.
type Plan struct {
	Fields []Field // the arguments, in their order
	Ranges []Range // the last that names a field is its own
	Seed   uint64
	Random int // sets of random numbers
	Edges  []Edge
}

// Field is one argument.
type Field struct {
	Name  string
	DType dtype.DType
	Shape []int64
}

// Range bounds random numbers: Low ≤ x < High.
type Range struct {
	Name      string // of the field; "" is every field that no other range names
	Low, High float64
}

// Set is what a model is given at once.
type Set struct {
	Name   string // "random 1", "zeros", "batch=7"
	Arrays []Array
}

// Array is one input: elements in row-major order, little-endian.
type Array struct {
	Field
	Data []byte
}

// most bounds one array: a shape that was mistyped should not take all memory.
const most = 1 << 34

// Check finds what is wrong with a plan.
func (p *Plan) Check() error {
	if p.Random < 0 {
		return fmt.Errorf("%d random sets are not possible", p.Random)
	}
	for _, f := range p.Fields {
		if _, ok := writers[f.DType]; !ok {
			return fmt.Errorf("the input %s: random numbers can't be made of the type %v", f.Name, f.DType)
		}
		size := int64(f.DType.Size())
		for _, d := range f.Shape {
			if d < 0 {
				return fmt.Errorf("the input %s has the negative dimension %d", f.Name, d)
			}
			if size *= max(d, 1); size > most {
				return fmt.Errorf("the input %s of shape %v is larger than %d bytes", f.Name, f.Shape, int64(most))
			}
		}
		if err := p.rangeOf(f).check(f); err != nil {
			return err
		}
	}
	for _, r := range p.Ranges {
		if r.Name != "" && !slices.ContainsFunc(p.Fields, func(f Field) bool { return f.Name == r.Name }) {
			return fmt.Errorf("there is a range for %s, which is no input", r.Name)
		}
	}
	batch, batched := p.Batch()
	for _, e := range p.Edges {
		switch {
		case !slices.Contains(kinds, e.Kind):
			return fmt.Errorf("there is no edge case %q", e.Kind)
		case e.Kind == batchKind && (e.Batch < 0 || e.Batch > 1<<30):
			return fmt.Errorf("a batch of %d is not possible", e.Batch)
		case e.Kind == batchKind && !batched:
			return fmt.Errorf("no input has a dimension to make a batch of %d of", e.Batch)
		}
		if e.Kind == batchKind {
			for _, f := range p.Fields {
				if f.inBatch(batch) && int64(f.DType.Size())*numel(f.withBatch(e.Batch).Shape) > most {
					return fmt.Errorf("the input %s of a batch of %d is larger than %d bytes", f.Name, e.Batch, int64(most))
				}
			}
		}
	}
	return nil
}

// check finds what is wrong with a range for a field.
func (r Range) check(f Field) error {
	least, greatest, bounded := bounds(f.DType)
	whole := r.Low == math.Trunc(r.Low) && r.High == math.Trunc(r.High)
	switch {
	case !(r.Low < r.High) || math.IsInf(r.High-r.Low, 0):
		return fmt.Errorf("the range %v:%v of %s is empty or has no end", r.Low, r.High, f.Name)
	case f.DType.IsInteger() && !whole:
		return fmt.Errorf("the range %v:%v of %s, which is %v, has no whole bounds", r.Low, r.High, f.Name, f.DType)
	case bounded && (r.Low < least || r.High-1 > greatest):
		return fmt.Errorf("the range %v:%v of %s goes beyond what %v holds", r.Low, r.High, f.Name, f.DType)
	}
	return nil
}

// rangeOf gives the range of a field.
func (p *Plan) rangeOf(f Field) Range {
	own := Range{f.Name, -1, 1}
	if f.DType.IsInteger() || f.DType == dtype.Bool {
		own.Low, own.High = 0, 2
	}
	for _, name := range []string{"", f.Name} {
		for _, r := range p.Ranges {
			if r.Name == name {
				own.Low, own.High = r.Low, r.High
			}
		}
	}
	return own
}

// Batch gives the batch: the first dimension of the first field that has one. Every
// field with the same first dimension takes part in it.
func (p *Plan) Batch() (size int64, ok bool) {
	for _, f := range p.Fields {
		if len(f.Shape) > 0 {
			return f.Shape[0], true
		}
	}
	return 0, false
}

func (f Field) inBatch(size int64) bool { return len(f.Shape) > 0 && f.Shape[0] == size }

func (f Field) withBatch(size int64) Field {
	f.Shape = slices.Clone(f.Shape)
	f.Shape[0] = size
	return f
}

func numel(shape []int64) int64 {
	n := int64(1)
	for _, d := range shape {
		n *= d
	}
	return n
}

// Sets makes the sets of a plan that Check accepts, one after the other: the random
// ones first, then the edge cases in their order.
func (p *Plan) Sets() iter.Seq[Set] {
	return func(yield func(Set) bool) {
		for i := range p.Random {
			set := Set{Name: fmt.Sprintf("random %d", i+1)}
			for a, f := range p.Fields {
				set.Arrays = append(set.Arrays, p.random(f, i, a))
			}
			if !yield(set) {
				return
			}
		}
		for _, e := range p.Edges {
			if !yield(p.edge(e)) {
				return
			}
		}
	}
}

// random makes one argument of a set.
func (p *Plan) random(f Field, set, argument int) Array {
	s, r, write := newStream(p.Seed, set, argument), p.rangeOf(f), writers[f.DType]
	n := numel(f.Shape)
	data := make([]byte, 0, n*int64(f.DType.Size()))
	for i := range uint64(n) {
		data = write(data, s, i, r)
	}
	return Array{f, data}
}
