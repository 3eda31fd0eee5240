package compare

import (
	"bytes"
	"cmp"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// Profile tells how the differences of two tensors are spread: over orders of
// magnitude, over the tensor, and which elements differ most. It is for looking
// at; whether they are close Stats says.
type Profile struct {
	Equal     int64 // elements that don't differ
	Undefined int64 // elements without a finite distance: one is NaN or infinite, or their type has none

	// Counts are the other elements by |got − want|: the first of its bins begins at
	// 10^From, and each is BinsPerDecade to the power of ten wide.
	From   float64
	Counts []int64

	Map   Map
	Worst []Pair // those without a distance first, then by |got − want|, then by position
}

// BinsPerDecade is how many bins of a Profile's counts there are from one power of
// ten to the next.
const BinsPerDecade = 4

// Map shows the last two dimensions of a tensor, of one of a single dimension as
// one row, in at most MapSide rows and columns. A cell is the greatest
// |got − want| of the elements that fall into it, over all other dimensions: 0 for
// equal ones, NaN where one has no distance.
type Map struct {
	Rows, Cols int
	Cells      []float64 // row-major
}

// MapSide is how many rows and columns a Map has at most.
const MapSide = 64

// Pair is an element of both tensors.
type Pair struct {
	Index     []int64
	Got, Want Scalar
	Diff      float64 // |got − want|; NaN where there is no distance
}

// NewProfile looks at each pair of elements once, and keeps the worst of them. The
// tensors may have different types, as long as both are real or both complex. Its
// errors are those of Compare. NaN differs from NaN unless equalNaN says otherwise.
func NewProfile(got, want Tensor, equalNaN bool, worst int) (Profile, error) {
	if err := check(got, want); err != nil {
		return Profile{}, err
	}
	if got.DType != want.DType {
		if _, ok := wider(got.DType, want.DType); !ok {
			return Profile{}, &DTypeError{Got: got.DType, Want: want.DType}
		}
	}
	numel, _ := want.numel()
	blocks := (numel + blockLen - 1) / blockLen
	workers := max(1, min(int64(runtime.GOMAXPROCS(0)), blocks/share))
	sketches := make([]*sketch, workers)
	var next atomic.Int64
	var wg sync.WaitGroup
	for i := range sketches {
		wg.Go(func() {
			s := newSketch(got, want, equalNaN, worst)
			for block := next.Add(1) - 1; block < blocks; block = next.Add(1) - 1 {
				s.scan(block*blockLen, min(blockLen, numel-block*blockLen))
			}
			sketches[i] = s
		})
	}
	wg.Wait()
	for _, s := range sketches[1:] {
		sketches[0].merge(s)
	}
	return sketches[0].profile(), nil
}

// The bins of all float64 there are, by their quarter of a power of ten.
const (
	firstBin = -324 * BinsPerDecade
	binCount = (324 + 309) * BinsPerDecade
)

// sketch is what one worker has seen of a Profile.
type sketch struct {
	got, want Tensor
	distances func(dst []float64, got, want []byte)
	diffs     [blockLen]float64
	finite    func(raw []byte) bool // certainly; equal blocks are skipped then

	equal, undefined int64
	bins             []int64
	height, width    int64 // of the last two dimensions
	cells            []float64
	rows, cols       int64
	worst            []spot
	most             int
}

// spot is a position and its difference, without a distance +Inf.
type spot struct {
	at   int64
	diff float64
}

func newSketch(got, want Tensor, equalNaN bool, worst int) *sketch {
	s := &sketch{got: got, want: want, distances: distancesOf(got.DType, want.DType, equalNaN), finite: finiteOf(want.DType),
		bins: make([]int64, binCount), height: 1, width: 1, most: worst}
	if d := want.DType; d.IsInteger() || d == dtype.Bool {
		s.finite = func([]byte) bool { return true }
	}
	if n := len(want.Shape); n > 0 {
		s.width = max(1, want.Shape[n-1])
		if n > 1 {
			s.height = max(1, want.Shape[n-2])
		}
	}
	s.rows, s.cols = min(s.height, MapSide), min(s.width, MapSide)
	s.cells = make([]float64, s.rows*s.cols)
	return s
}

func (s *sketch) scan(first, n int64) {
	got, want := cut(s.got, first, n), cut(s.want, first, n)
	if s.got.DType == s.want.DType && bytes.Equal(got, want) && s.finite(want) {
		s.equal += n
		return
	}
	diffs := s.diffs[:n]
	s.distances(diffs, got, want)
	for i, diff := range diffs {
		at := first + int64(i)
		switch {
		case diff == 0:
			s.equal++
			continue
		case math.IsNaN(diff), math.IsInf(diff, 0):
			s.undefined++
			diff = math.Inf(1)
		default:
			bin := int(math.Floor(math.Log10(diff)*BinsPerDecade)) - firstBin
			s.bins[min(max(bin, 0), binCount-1)]++
		}
		inner := at % (s.height * s.width)
		cell := inner/s.width*s.rows/s.height*s.cols + inner%s.width*s.cols/s.width
		s.cells[cell] = max(s.cells[cell], diff)
		s.note(spot{at, diff})
	}
}

// note keeps a position when it is among the worst.
func (s *sketch) note(one spot) {
	if s.most <= 0 || len(s.worst) == s.most && ranks(one, s.worst[s.most-1]) > 0 {
		return
	}
	if len(s.worst) == s.most {
		s.worst = s.worst[:s.most-1]
	}
	place, _ := slices.BinarySearchFunc(s.worst, one, ranks)
	s.worst = slices.Insert(s.worst, place, one)
}

func ranks(a, b spot) int { return cmp.Or(cmp.Compare(b.diff, a.diff), cmp.Compare(a.at, b.at)) }

func (s *sketch) merge(o *sketch) {
	s.equal += o.equal
	s.undefined += o.undefined
	for i, n := range o.bins {
		s.bins[i] += n
	}
	for i, diff := range o.cells {
		s.cells[i] = max(s.cells[i], diff)
	}
	for _, one := range o.worst {
		s.note(one)
	}
}

func (s *sketch) profile() Profile {
	p := Profile{Equal: s.equal, Undefined: s.undefined, Map: Map{int(s.rows), int(s.cols), s.cells}}
	some := func(n int64) bool { return n != 0 }
	if first := slices.IndexFunc(s.bins, some); first >= 0 {
		last := len(s.bins)
		for !some(s.bins[last-1]) {
			last--
		}
		p.From, p.Counts = float64(first+firstBin)/BinsPerDecade, s.bins[first:last]
	}
	for i, diff := range s.cells {
		if math.IsInf(diff, 1) {
			s.cells[i] = math.NaN()
		}
	}
	for _, one := range s.worst {
		pair := Pair{unravel(one.at, s.want.Shape), scalarAt(s.got, one.at), scalarAt(s.want, one.at), one.diff}
		if math.IsInf(pair.Diff, 1) {
			pair.Diff = math.NaN()
		}
		p.Worst = append(p.Worst, pair)
	}
	return p
}
