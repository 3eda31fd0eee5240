package compare

import (
	"math"

	"github.com/seed06459138/torchgo/torch/dtype"
)

type integer interface {
	uint8 | int8 | uint16 | int16 | uint32 | int32 | uint64 | int64
}

// integers compares integers and, as 0 and 1, bools.
type integers[T integer] struct {
	arithmetic
	exact     bool
	got, want loader[T]
}

func newIntegers[T integer](tol Tolerance) *integers[T] {
	l := loader[T]{size: sizeOf[T]()}
	return &integers[T]{arithmetic: arithmeticOf(dtype.Float32, tol), exact: tol.exact(), got: l, want: l}
}

func newBools(tol Tolerance) *integers[uint8] {
	s := newIntegers[uint8](tol)
	truth := func(dst []uint8, raw []byte) {
		for i, b := range raw {
			dst[i] = min(b, 1)
		}
	}
	s.got.decode, s.want.decode = truth, truth
	return s
}

func sizeOf[T integer]() int {
	switch any(*new(T)).(type) {
	case uint8, int8:
		return 1
	case uint16, int16:
		return 2
	case uint32, int32:
		return 4
	}
	return 8
}

func (s *integers[T]) plain([]byte) bool { return true }

func (s *integers[T]) scan(at int64, got, want []byte, t *tally) {
	g, w := s.got.load(got), s.want.load(want)
	w = w[:len(g)]
	for i := range g {
		if g[i] != w[i] {
			s.look(t, at+int64(i), g[i], w[i])
		}
	}
}

// look records a pair of different integers. Their distance is exact, also where
// it doesn't fit into T; closeness is that of both numbers as float32.
func (s *integers[T]) look(t *tally, at int64, got, want T) {
	distance := uint64(got) - uint64(want)
	if got < want {
		distance = uint64(want) - uint64(got)
	}
	t.abs.raise(float64(distance), at)
	if want != 0 {
		t.rel.raise(float64(distance)/math.Abs(float64(want)), at)
	}
	j := s.judge32(float32(got), float32(want))
	if s.exact || !j.close {
		// As float32 they may be equal, although the integers are not.
		t.mismatch(at, s.excess(j), max(s.needed(j), float64(distance)-j.scale))
	}
}
