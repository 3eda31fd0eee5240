package verify

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/seed06459138/torchgo/internal/layout"
)

// Set is one set of inputs that every leg got, byte by byte.
type Set struct {
	Name   string     `json:"name"` // "given", "random 1", "batch=7"
	Inputs []SetInput `json:"inputs"`
	Same   *bool      `json:"same"` // all legs agree; null when that cannot be told

	Saved         string `json:"saved"`          // the file with the inputs, when legs differ and Spec.SaveFailing names a folder
	Smallest      string `json:"smallest"`       // the file with the smallest part of the batch on which they still differ, or ""
	SmallestBatch int64  `json:"smallest_batch"` // its size; 0 without
}

// SetInput is one input of a set.
type SetInput struct {
	Name   string  `json:"name"` // of the argument, or ""
	DType  string  `json:"dtype"`
	Shape  []int64 `json:"shape"`
	SHA256 string  `json:"sha256"` // of its elements, row-major and little-endian
}

// entry describes the round in the report.
func (d *round) entry() Set {
	set := Set{Name: d.name, Inputs: []SetInput{}, Saved: d.saved.path, Smallest: d.saved.smallest, SmallestBatch: d.saved.batch}
	for i, a := range d.inputs.arrays {
		sum := sha256.Sum256(a.Data)
		set.Inputs = append(set.Inputs, SetInput{d.inputs.argumentName(i), a.DType.String(), notNil(a.Shape), hex.EncodeToString(sum[:])})
	}
	same, known := true, true
	for _, c := range d.comparisons {
		known = known && c.Same != nil
		same = same && c.Same != nil && *c.Same
	}
	if differs := d.differs(); known || differs {
		same = same && !differs
		set.Same = &same
	}
	return set
}

// setsText says in a line which sets there are.
func setsText(sets []Set, seed uint64) string {
	var names []string
	random := 0
	for _, s := range sets {
		if strings.HasPrefix(s.Name, "random ") {
			random++
			continue
		}
		names = append(names, s.Name)
	}
	if random > 0 {
		names = append(names, fmt.Sprintf("%d random (seed %d)", random, seed))
	}
	return layout.Count(len(sets), "set") + " of inputs: " + strings.Join(names, ", ")
}

// savedSets writes where the inputs are on which legs differ: one is enough to look
// into.
func (p *page) savedSets(sets []Set) {
	saved := slices.DeleteFunc(slices.Clone(sets), func(s Set) bool { return s.Saved == "" })
	if len(saved) == 0 {
		return
	}
	p.item("saved", saved[0].savedText())
	if more := len(saved) - 1; more > 0 {
		p.item("saved", fmt.Sprintf("and %d more sets beside it", more))
	}
}

// savedText says where the inputs of a set are.
func (s Set) savedText() string {
	if s.Smallest == "" {
		return s.Saved
	}
	return fmt.Sprintf("%s, and %s of its batch on which legs still differ: %s", s.Saved, layout.Count(int(s.SmallestBatch), "row"), s.Smallest)
}

// Title says which leg and, when there are several sets of inputs, on which of them.
func (r *Report) Title(c Comparison) string {
	if len(r.Sets) > 1 {
		return r.LabelOf(c.Leg) + " on " + c.Set
	}
	return r.LabelOf(c.Leg)
}

// worstOfLegs gives one comparison for each leg, that of the set of inputs that says
// most against it, and how the other sets compare as its reason.
func (r *Report) worstOfLegs() []Comparison {
	var worst []Comparison
	differing, all := make(map[string]int), make(map[string]int)
	for _, c := range r.Comparisons {
		all[c.Leg]++
		if c.Same != nil && !*c.Same {
			differing[c.Leg]++
		}
		at := slices.IndexFunc(worst, func(w Comparison) bool { return w.Leg == c.Leg })
		switch {
		case at < 0:
			worst = append(worst, c)
		case c.rank() < worst[at].rank(), c.rank() == worst[at].rank() && c.worst() > worst[at].worst() && differing[c.Leg] == 0:
			worst[at] = c
		}
	}
	for i, c := range worst {
		if len(r.Sets) < 2 {
			continue
		}
		note := "on " + c.Set
		switch n := differing[c.Leg]; {
		case all[c.Leg] == 1:
		case n == 0 && c.worst() == 0:
			note = "on " + layout.Count(all[c.Leg], "set")
		case n == 0:
			note += ", the most of " + layout.Count(all[c.Leg], "set")
		default:
			note = fmt.Sprintf("on %s; %d of %s differ", c.Set, n, layout.Count(all[c.Leg], "set"))
		}
		if c.Reason != "" {
			note = c.Reason + ", " + note
		}
		worst[i].Reason = note
	}
	return worst
}

// rank orders comparisons by what they mean: a difference, no answer, agreement.
func (c Comparison) rank() int {
	switch {
	case c.Same == nil:
		return 1
	case *c.Same:
		return 2
	}
	return 0
}

// worst gives the greatest difference of all outputs.
func (c Comparison) worst() Number {
	most := Number(0)
	for _, o := range c.Outputs {
		most = max(most, o.worst())
	}
	return most
}
