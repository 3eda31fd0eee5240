package inputs

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// Edge is a set of inputs that models are seldom tried with.
type Edge struct {
	Kind  string // zeros, ones, huge, denormal, nan, batch
	Batch int64  // of the kind batch
}

const batchKind = "batch"

// kinds are the kinds of edges. What a kind does not say anything about is random:
// the integers beside NaN, all values of another batch.
var kinds = []string{
	"zeros",    // 0 and false
	"ones",     // 1 and true
	"huge",     // floats of random sign, the square root of the greatest power of two of their type; integers at the upper end of their range
	"denormal", // floats of random sign that are not zero and less than the least normal number
	"nan",      // random floats, of which the first and one in eight are NaN
	batchKind,  // random numbers for another batch
}

// ParseEdges reads a list as of the flag --edge: "zeros,nan,empty-batch,batch=1/2/7".
func ParseEdges(text string) ([]Edge, error) {
	var all []Edge
	for word := range strings.SplitSeq(text, ",") {
		kind, sizes, sized := strings.Cut(word, "=")
		switch {
		case word == "empty-batch":
			all = append(all, Edge{batchKind, 0})
			continue
		case kind == batchKind && sized:
			for size := range strings.SplitSeq(sizes, "/") {
				n, err := strconv.ParseInt(size, 10, 64)
				if err != nil || n < 0 {
					return nil, fmt.Errorf("the edge case %s has the batch %q; write batch=1/2/7", word, size)
				}
				all = append(all, Edge{batchKind, n})
			}
			continue
		case !sized && word != batchKind && slices.Contains(kinds, word):
			all = append(all, Edge{Kind: word})
			continue
		}
		return nil, fmt.Errorf("there is no edge case %q; there are zeros, ones, huge, denormal, nan, empty-batch and batch=1/2/7", word)
	}
	return all, nil
}

// String writes the edge as ParseEdges reads it.
func (e Edge) String() string {
	switch {
	case e.Kind != batchKind:
		return e.Kind
	case e.Batch == 0:
		return "empty-batch"
	}
	return fmt.Sprintf("batch=%d", e.Batch)
}

// set numbers the edge among all sets that there can be.
func (e Edge) set() int {
	if e.Kind == batchKind {
		return 1<<31 + int(e.Batch)
	}
	for i, k := range kinds {
		if k == e.Kind {
			return 1<<32 - 1 - i
		}
	}
	return 0
}

// edge makes the set of an edge.
func (p *Plan) edge(e Edge) Set {
	set := Set{Name: e.String()}
	batch, _ := p.Batch()
	for i, f := range p.Fields {
		if e.Kind == batchKind && f.inBatch(batch) {
			f = f.withBatch(e.Batch)
		}
		if e.Kind == batchKind {
			set.Arrays = append(set.Arrays, p.random(f, e.set(), i))
		} else {
			set.Arrays = append(set.Arrays, p.special(f, e.Kind, e.set(), i))
		}
	}
	return set
}

// special makes one argument of a set of a kind other than batch.
func (p *Plan) special(f Field, kind string, set, argument int) Array {
	s, r, write := newStream(p.Seed, set, argument), p.rangeOf(f), writers[f.DType]
	part, isFloat := floatOf(f.DType)
	var data []byte
	for i := range uint64(numel(f.Shape)) {
		switch {
		case isFloat && part != f.DType:
			data = appendSpecial(data, kind, part, s, 2*i, r)
			if kind == "ones" {
				data = appendFloat(data, part, 0)
				continue
			}
			data = appendSpecial(data, kind, part, s, 2*i+1, r)
		case isFloat:
			data = appendSpecial(data, kind, part, s, i, r)
		case kind == "zeros":
			data = appendInteger(data, 0, f.DType.Size())
		case kind == "ones", kind == "huge" && f.DType == dtype.Bool:
			data = appendInteger(data, 1, f.DType.Size())
		case kind == "huge":
			data = appendInteger(data, uint64(int64(r.High-1)), f.DType.Size())
		default:
			data = write(data, s, i, r)
		}
	}
	return Array{f, data}
}

// appendSpecial appends a float of a kind. What is left to chance is of the bits of
// the element that unit does not use, or of all where there is no number to make.
func appendSpecial(to []byte, kind string, d dtype.DType, s *stream, i uint64, r Range) []byte {
	u := s.at(i)
	switch kind {
	case "zeros":
		return appendFloat(to, d, 0)
	case "ones":
		return appendFloat(to, d, 1)
	case "huge":
		return appendFloat(to, d, math.Copysign(math.Ldexp(1, layouts[d].half), float64(u&1)-0.5))
	case "denormal":
		bits := u>>1&(1<<layouts[d].fraction-1) | 1 // not zero
		return appendInteger(to, bits|u&1<<(8*d.Size()-1), d.Size())
	}
	if i == 0 || u&7 == 0 {
		return appendFloat(to, d, math.NaN())
	}
	return float(d)(to, s, i, r)
}

// layouts say of floats how many bits their fraction has, and half of their greatest
// exponent.
var layouts = map[dtype.DType]struct{ fraction, half int }{
	dtype.Float64: {52, 511}, dtype.Float32: {23, 63}, dtype.Float16: {10, 7}, dtype.BFloat16: {7, 63},
}
