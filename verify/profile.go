package verify

import (
	"github.com/seed06459138/torchgo/verify/compare"
)

// mostWorst is how many of the worst elements a profile names.
const mostWorst = 10

// Profile tells how the differences of one output are spread, for looking at.
type Profile struct {
	Equal     int64    `json:"equal"`     // elements that do not differ
	Undefined int64    `json:"undefined"` // elements without a distance, since one is NaN or infinite
	From      float64  `json:"from"`      // log10 of where the first bin of counts begins
	Step      float64  `json:"step"`      // width of a bin in log10
	Counts    []int64  `json:"counts"`    // the other elements by |got − want|
	Rows      int      `json:"rows"`      // of the map of the last two dimensions, of at most 64 rows and columns
	Cols      int      `json:"cols"`
	Map       []Number `json:"map"`   // row-major: greatest |got − want| of the elements in each cell, NaN without a distance
	Worst     []Worst  `json:"worst"` // at most 10, those without a distance first
}

// Worst is one of the elements that differ most.
type Worst struct {
	Index []int64 `json:"index"`
	Got   string  `json:"got"`
	Want  string  `json:"want"`
	Abs   Number  `json:"abs"` // |got − want|, NaN without a distance
}

// profileOutputs adds profiles to what was compared of two legs.
func profileOutputs(compared []OutputComparison, got, want []output, recorded, equalNaN bool) {
	if recorded {
		want = adoptNames(want, got)
	}
	find := func(all []output, label string) *output {
		for i := range all {
			if all[i].label() == label {
				return &all[i]
			}
		}
		return nil
	}
	for i := range compared {
		g, w := find(got, compared[i].Name), find(want, compared[i].Name)
		if g == nil || w == nil || g.text != "" || w.text != "" {
			continue
		}
		compared[i].Profile = profileOf(*g, *w, equalNaN)
	}
}

// profileOf profiles one output; nil when its elements are not paired.
func profileOf(got, want output, equalNaN bool) *Profile {
	p, err := compare.NewProfile(
		compare.Tensor{DType: got.dtype, Shape: got.shape, Data: got.data},
		compare.Tensor{DType: want.dtype, Shape: want.shape, Data: want.data}, equalNaN, mostWorst)
	if err != nil {
		return nil // the comparison says why
	}
	out := &Profile{Equal: p.Equal, Undefined: p.Undefined, From: p.From, Step: 1.0 / compare.BinsPerDecade, Counts: notNil(p.Counts),
		Rows: p.Map.Rows, Cols: p.Map.Cols, Map: make([]Number, len(p.Map.Cells)), Worst: []Worst{}}
	for i, diff := range p.Map.Cells {
		out.Map[i] = Number(diff)
	}
	for _, w := range p.Worst {
		out.Worst = append(out.Worst, Worst{w.Index, w.Got.String(), w.Want.String(), Number(w.Diff)})
	}
	return out
}
