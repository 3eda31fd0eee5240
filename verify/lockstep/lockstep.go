package lockstep

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/seed06459138/torchgo/internal/layout"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/verify/compare"
)

// Step is what two methods computed at a pair of steps.
type Step struct {
	Pair
	Times    int     // how often both were there; 0 of a step that only one side passed through
	Only     Sides   // that passed through while the other went on elsewhere
	MaxAbs   float64 // greatest |got − want| of finite elements, over all times and values
	MaxRel   float64 // greatest |got − want| / |want|
	BitEqual bool
	Close    bool   // within the tolerance each time
	Note     string // what differs beside numbers: a shape, a condition
}

// Sides says which side did something that the other did not.
type Sides int

// The sides.
const (
	Both Sides = iota
	Got
	Want
)

// Result tells how two methods compare.
type Result struct {
	Alignment *Alignment
	Steps     []Step // that a side passed through, in the order in which it did first
	First     int    // index of the step at which they part; -1 when they don't
}

// Run runs both sides, and compares what they compute at the steps that Align pairs.
// A difference is one that tol does not accept; NaN in the same places is none.
// When a side fails, the result tells of the steps before, and the error is that of
// the side. ctx is looked at between steps.
func Run(ctx context.Context, got, want Side, tol compare.Tolerance) (*Result, error) {
	tol.EqualNaN = true
	gotSteps, err := got.Method.Steps()
	if err != nil {
		return nil, err
	}
	wantSteps, err := want.Method.Steps()
	if err != nil {
		return nil, err
	}
	r := &Result{Alignment: Align(gotSteps, wantSteps), First: -1}
	if len(r.Alignment.Pairs) == 0 {
		return r, nil
	}
	g, err := got.start(r.Alignment.got)
	if err != nil {
		return r, err
	}
	defer g.close()
	w, err := want.start(r.Alignment.want)
	if err != nil {
		return r, err
	}
	defer w.close()
	at := make(map[int]int) // index in Steps, by pair
	step := func(pair int) *Step {
		i, known := at[pair]
		if !known {
			i = len(r.Steps)
			at[pair] = i
			r.Steps = append(r.Steps, Step{Pair: r.Alignment.Pairs[pair], BitEqual: true, Close: true})
		}
		return &r.Steps[i]
	}
	for {
		if err := ctx.Err(); err != nil {
			return r, err
		}
		pair, failure := g.pair, error(nil)
		switch {
		case g.pair == ended && w.pair == ended:
			if r.First < 0 {
				r.First = slices.IndexFunc(r.Steps, func(s Step) bool { return !s.Close })
			}
			return r, nil
		case g.pair == w.pair:
			s := step(pair)
			s.Times++
			if err := s.compare(g.values, w.values, tol); err != nil {
				return r, fmt.Errorf("comparing %s of %q: %w", s.Got.Source.Operator, s.Got.Module, err)
			}
			failure = errors.Join(g.next(), w.next())
		case g.pair < w.pair:
			step(pair).alone(Got)
			failure = g.next()
		default:
			// The one that is behind goes on, until both stand at one step again.
			pair = w.pair
			step(pair).alone(Want)
			failure = w.next()
		}
		// What only one side computes shows at the next step that both have.
		if i, known := at[pair]; known && r.First < 0 && !r.Steps[i].Close && r.Steps[i].Times > 0 {
			r.First = i
		}
		if failure != nil {
			return r, failure
		}
	}
}

// alone notes that one side passed through without the other.
func (s *Step) alone(side Sides) {
	s.Close, s.BitEqual = false, false
	if s.Only == Both {
		s.Only = side
	}
}

// unlike notes a difference that no number says.
func (s *Step) unlike(note string) {
	s.Close, s.BitEqual = false, false
	if s.Note == "" {
		s.Note = note
	}
}

// compare adds what was computed once.
func (s *Step) compare(got, want []torch.Value, tol compare.Tolerance) error {
	g, w := leaves(got), leaves(want)
	if len(g) != len(w) {
		s.unlike(fmt.Sprintf("%s and %s", layout.Count(len(g), "value"), layout.Count(len(w), "value")))
		return nil
	}
	for i := range g {
		x, tensor := g[i].(*torch.Tensor)
		y, other := w[i].(*torch.Tensor)
		switch {
		case tensor && other:
			if err := s.tensors(x, y, tol); err != nil {
				return err
			}
		case tensor != other || fmt.Sprint(g[i]) != fmt.Sprint(w[i]):
			s.unlike(fmt.Sprintf("%s and %s", wordOf(g[i]), wordOf(w[i])))
		}
	}
	return nil
}

// tensors adds a pair of tensors.
func (s *Step) tensors(got, want *torch.Tensor, tol compare.Tolerance) error {
	a, b := got.Shape(), want.Shape()
	if !slices.Equal(a, b) {
		s.unlike(fmt.Sprintf("shapes %s and %s", layout.Shape(a), layout.Shape(b)))
		return nil
	}
	var stats compare.Stats
	err := got.View(func(x []byte) error {
		return want.View(func(y []byte) (err error) {
			stats, err = compare.CompareWidened(compare.Tensor{DType: got.DType(), Shape: a, Data: x}, compare.Tensor{DType: want.DType(), Shape: b, Data: y}, tol)
			return err
		})
	})
	var types *compare.DTypeError
	switch {
	case errors.As(err, &types):
		s.unlike(fmt.Sprintf("%s and %s", got.DType(), want.DType()))
		return nil
	case err != nil:
		return err
	}
	s.MaxAbs, s.MaxRel = max(s.MaxAbs, stats.MaxAbs), max(s.MaxRel, stats.MaxRel)
	if stats.GotNaN != stats.WantNaN {
		s.MaxAbs = math.NaN()
		s.Note = fmt.Sprintf("NaN in %d and %d elements", stats.GotNaN, stats.WantNaN)
	}
	s.BitEqual = s.BitEqual && stats.BitEqual
	s.Close = s.Close && stats.Close
	if got.DType() != want.DType() && s.Note == "" {
		s.Note = fmt.Sprintf("%s and %s", got.DType(), want.DType())
	}
	return nil
}

// leaves lists the tensors and plain values in values.
func leaves(values []torch.Value) (all []torch.Value) {
	for _, v := range values {
		switch v := v.(type) {
		case torch.List:
			all = append(all, leaves(v)...)
		case torch.Tuple:
			all = append(all, leaves(v)...)
		case *torch.NamedTuple:
			for _, f := range v.Fields {
				all = append(all, leaves([]torch.Value{f.Value})...)
			}
		case *torch.Dict:
			for _, e := range v.Entries {
				all = append(all, leaves([]torch.Value{e.Value})...)
			}
		default:
			all = append(all, v)
		}
	}
	return all
}

func wordOf(v torch.Value) string {
	if _, ok := v.(*torch.Tensor); ok {
		return "a tensor"
	}
	return fmt.Sprint(v)
}
