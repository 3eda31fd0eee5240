package optim

import (
	"fmt"
	"math"

	"github.com/seed06459138/torchgo/torch/checkpoint"
)

// OneCycleOptions are the options of NewOneCycleLR.
type OneCycleOptions struct {
	Rise           float64  // the part of the steps in which the rate rises (pct_start); 0.3 unless given
	Linear         bool     // go in lines, not in cosines
	KeepMomentum   bool     // leave the momentum as it is (cycle_momentum=False)
	BaseMomentum   *float64 // 0.85 unless given
	MaxMomentum    *float64 // 0.95 unless given
	DivFactor      float64  // of the greatest rate to the first; 25 unless given
	FinalDivFactor float64  // of the first rate to the last; 1e4 unless given
	ThreePhase     bool     // as far down as it went up, and then to the last rate
}

// OneCycleLR lets the learning rates rise to a greatest one and fall, and the
// momentum the other way (Smith and Topin, 2017). Step it after each batch.
type OneCycleLR struct {
	schedule
	total  int
	phases []phase
	anneal func(from, to, part float64) float64
	cycles bool
}

// phase goes from a rate and momentum to another, up to a step.
type phase struct{ end, from, to, fromMomentum, toMomentum float64 }

// NewOneCycleLR makes a scheduler of an optimiser for so many steps in all.
func NewOneCycleLR(o Optimizer, maxLR float64, steps int, opts ...OneCycleOptions) *OneCycleLR {
	with := given(opts)
	rise := nonzero(with.Rise, 0.3)
	first := maxLR / nonzero(with.DivFactor, 25)
	last := first / nonzero(with.FinalDivFactor, 1e4)
	low, high := or(with.BaseMomentum, 0.85), or(with.MaxMomentum, 0.95)
	n := float64(steps)
	s := &OneCycleLR{schedule: schedule{name: "OneCycleLR", groups: o.Groups()}, total: steps, cycles: !with.KeepMomentum, anneal: byCosine}
	if with.Linear {
		s.anneal = byLine
	}
	if with.ThreePhase {
		s.phases = []phase{{rise*n - 1, first, maxLR, high, low}, {2*rise*n - 2, maxLR, first, low, high}, {n - 1, first, last, high, high}}
	} else {
		s.phases = []phase{{rise*n - 1, first, maxLR, high, low}, {n - 1, maxLR, last, low, high}}
	}
	for _, g := range s.groups {
		g.initial = &first
		s.schedule.base = append(s.schedule.base, first)
	}
	s.set()
	return s
}

func byCosine(from, to, part float64) float64 {
	return to + (from-to)/2*(math.Cos(math.Pi*part)+1)
}

func byLine(from, to, part float64) float64 { return (to-from)*part + from }

// set puts rates and momenta where the steps are.
func (s *OneCycleLR) set() {
	at, begin := float64(s.last), 0.0
	for i, p := range s.phases {
		if at > p.end && i < len(s.phases)-1 {
			begin = p.end
			continue
		}
		part := (at - begin) / (p.end - begin)
		for _, g := range s.groups {
			g.SetLR(s.anneal(p.from, p.to, part))
			if m := g.options.momentum(); m != nil && s.cycles {
				*m = s.anneal(p.fromMomentum, p.toMomentum, part)
			}
		}
		return
	}
}

// Step goes on to the next learning rates; an error after the last.
func (s *OneCycleLR) Step() error {
	if s.last+1 > s.total {
		return fmt.Errorf("%s: %w", s.name, refuse("step %d of %d", s.last+1, s.total))
	}
	s.last++
	s.set()
	return nil
}

// StateDict gives what the scheduler needs to go on.
func (s *OneCycleLR) StateDict() *checkpoint.Dict {
	s.own = []option{{"total_steps", &s.total}}
	return s.schedule.StateDict()
}

// LoadStateDict takes it back.
func (s *OneCycleLR) LoadStateDict(state *checkpoint.Dict) error {
	s.own = []option{{"total_steps", &s.total}}
	return s.schedule.LoadStateDict(state)
}
