package html

import (
	"html/template"

	"github.com/seed06459138/torchgo/verify"
)

// mostSteps bounds the table of steps; the chart has all of them.
const mostSteps = 100

// walk is two legs held against each other, step by step.
type walk struct {
	verify.Bisection
	Plot  template.HTML // "" when no numbers differ
	Steps []step        // that are not equal, the first ones
	Equal int           // bit for bit
	More  int           // that the table leaves out
}

// step is a row of the table.
type step struct {
	verify.Layer
	Index int
	First bool // where the legs part
}

func (v *view) addWalks() error {
	for _, b := range v.Bisections {
		w := walk{Bisection: b}
		values := make([]verify.Number, len(b.Layers))
		for i, l := range b.Layers {
			values[i] = l.MaxAbs
			first := b.First != nil && *b.First == i
			switch {
			case l.BitEqual:
				w.Equal++
			case len(w.Steps) < mostSteps || first:
				w.Steps = append(w.Steps, step{Layer: l, Index: i, First: first})
			default:
				w.More++
			}
		}
		var err error
		if w.Plot, err = bars(values, func(i int) bool { return !b.Layers[i].Same }, "step", "how much each step differs"); err != nil {
			return err
		}
		v.Walks = append(v.Walks, w)
	}
	return nil
}
