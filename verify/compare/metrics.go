package compare

import (
	"math"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// Metrics say how alike two tensors are as a whole, as models are often judged.
// They are of the pairs of finite elements; complex numbers count as two elements.
type Metrics struct {
	// Cosine is the cosine of the angle between both: 1 for equal ones, 0 where one
	// of two different ones is all zeros. NaN where squares overflow a float64.
	Cosine float64

	// SNR is the ratio of signal to noise in decibels,
	// 10·log10(Σ want² / Σ (got − want)²): +Inf for equal ones.
	SNR float64
}

// moments are the sums that metrics are computed from.
type moments struct{ dot, got2, want2, err2 float64 }

func (m *moments) add(o moments) {
	m.dot += o.dot
	m.got2 += o.got2
	m.want2 += o.want2
	m.err2 += o.err2
}

// blockSums holds the moments of each block, so that their sum does not depend on
// who took which.
type blockSums struct {
	got, want dtype.DType
	blocks    []moments
}

func newBlockSums(got, want Tensor) *blockSums {
	numel, _ := want.numel()
	return &blockSums{got.DType, want.DType, make([]moments, blocksOf(numel))}
}

// worker returns what a goroutine measures blocks with, nil for a nil b.
func (b *blockSums) worker() func(block int64, got, want []byte) {
	if b == nil {
		return nil
	}
	g, w := newLoader[float64](b.got), newLoader[float64](b.want)
	return func(block int64, got, want []byte) { b.blocks[block] = momentsOf(g.load(got), w.load(want)) }
}

func momentsOf(got, want []float64) (m moments) {
	want = want[:len(got)]
	for i, g := range got {
		w := want[i]
		if d := g - w; d-d == 0 {
			m.dot += g * w
			m.got2 += g * g
			m.want2 += w * w
			m.err2 += d * d
		}
	}
	return m
}

// metrics computes the metrics; those of a nil b are zero.
func (b *blockSums) metrics() Metrics {
	if b == nil {
		return Metrics{}
	}
	var sum moments
	for _, m := range b.blocks {
		sum.add(m)
	}
	out := Metrics{Cosine: 1, SNR: math.Inf(1)}
	if sum.err2 != 0 {
		out.SNR = 10 * math.Log10(sum.want2/sum.err2)
		out.Cosine = 0
		if sum.got2 != 0 && sum.want2 != 0 {
			out.Cosine = max(-1, min(1, sum.dot/math.Sqrt(sum.got2)/math.Sqrt(sum.want2)))
		}
	}
	return out
}
