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
// momentum the other way (Smith and Topin, 2017). Step it after each batch. As in
// Python, the rates that it goes between are in the optimiser's state, the phases in
// its own: both are to be loaded.
type OneCycleLR struct {
	schedule
	total  int
	phases []phase
	anneal string             // "cos" or "linear"
	cycles bool               // the momentum
	limits map[string]float64 // by their names in groups, where a group has none of its own
}

// phase goes from a rate and momentum to another, up to a step; all four by the names
// under which groups have them.
type phase struct {
	end                                float64
	from, to, fromMomentum, toMomentum string
}

// Names of what phases go between.
const (
	firstLR      = "initial_lr"
	maxLR        = "max_lr"
	lastLR       = "min_lr"
	maxMomentum  = "max_momentum"
	baseMomentum = "base_momentum"
)

// NewOneCycleLR makes a scheduler of an optimiser for so many steps in all.
func NewOneCycleLR(o Optimizer, most float64, steps int, opts ...OneCycleOptions) *OneCycleLR {
	with := given(opts)
	rise := nonzero(with.Rise, 0.3)
	first := most / nonzero(with.DivFactor, 25)
	s := &OneCycleLR{schedule: schedule{name: "OneCycleLR", of: o, groups: o.Groups()}, total: steps, cycles: !with.KeepMomentum, anneal: "cos",
		limits: map[string]float64{firstLR: first, maxLR: most, lastLR: first / nonzero(with.FinalDivFactor, 1e4),
			maxMomentum: or(with.MaxMomentum, 0.95), baseMomentum: or(with.BaseMomentum, 0.85)}}
	if with.Linear {
		s.anneal = "linear"
	}
	n := float64(steps)
	s.phases = []phase{{rise*n - 1, firstLR, maxLR, maxMomentum, baseMomentum}, {n - 1, maxLR, lastLR, baseMomentum, maxMomentum}}
	if with.ThreePhase {
		s.phases = []phase{s.phases[0], {2*rise*n - 2, maxLR, firstLR, baseMomentum, maxMomentum}, {n - 1, firstLR, lastLR, maxMomentum, maxMomentum}}
	}
	kept := []string{maxLR, lastLR}
	if s.cycles {
		kept = append(kept, maxMomentum, baseMomentum)
	}
	for _, g := range s.groups {
		g.initial = &first
		s.base = append(s.base, first)
		for _, name := range kept {
			g.keep(name, checkpoint.Float(s.limits[name]))
		}
	}
	s.set()
	return s
}

// limit gives what a phase goes between, in a group.
func (s *OneCycleLR) limit(g *Group, name string) float64 {
	if name == firstLR && g.initial != nil {
		return *g.initial
	}
	if n, ok := number(g.kept(name)); ok {
		return n
	}
	return s.limits[name]
}

func (s *OneCycleLR) between(from, to, part float64) float64 {
	if s.anneal == "linear" {
		return (to-from)*part + from
	}
	return to + (from-to)/2*(math.Cos(math.Pi*part)+1)
}

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
			g.SetLR(s.between(s.limit(g, p.from), s.limit(g, p.to), part))
			if m := g.options.momentum(); m != nil && s.cycles {
				*m = s.between(s.limit(g, p.fromMomentum), s.limit(g, p.toMomentum), part)
			}
		}
		return
	}
}

// Step goes on to the next learning rates; an error after the last.
func (s *OneCycleLR) Step() error {
	if err := s.whole(); err != nil {
		return err
	}
	if s.last+1 > s.total {
		return fmt.Errorf("%s: %w", s.name, refuse("step %d of %d", s.last+1, s.total))
	}
	s.last++
	s.set()
	return nil
}

// fields are those of one phase, under Python's names.
func (p *phase) fields() []option {
	return []option{{"end_step", &p.end}, {"start_lr", &p.from}, {"end_lr", &p.to}, {"start_momentum", &p.fromMomentum}, {"end_momentum", &p.toMomentum}}
}

func (s *OneCycleLR) fields() []option {
	return []option{{"total_steps", &s.total}, {"_anneal_func_type", &s.anneal}, {"cycle_momentum", &s.cycles}}
}

const phasesKey = "_schedule_phases"

// StateDict gives what the scheduler needs to go on.
func (s *OneCycleLR) StateDict() *checkpoint.Dict {
	s.own = s.fields()
	d, list := s.schedule.StateDict(), &checkpoint.List{}
	for i := range s.phases {
		list.Items = append(list.Items, encodeOptions(s.phases[i].fields()))
	}
	_ = d.Set(checkpoint.String(phasesKey), list) // a string can be hashed
	return d
}

// LoadStateDict takes it back, with its phases.
func (s *OneCycleLR) LoadStateDict(state *checkpoint.Dict) error {
	var phases []phase
	if state != nil {
		v, _ := state.Get(phasesKey)
		for _, item := range sequence(v) {
			var p phase
			d, ok := item.(*checkpoint.Dict)
			if !ok {
				return fmt.Errorf("%s: %w", s.name, misfit("a phase is a %T, not a dict", item))
			}
			if err := decodeOptions(s.name, d, p.fields(), nil); err != nil {
				return err
			}
			for _, name := range []string{p.from, p.to, p.fromMomentum, p.toMomentum} {
				if _, ok := s.limits[name]; !ok {
					return fmt.Errorf("%s: %w", s.name, misfit("a phase goes to %q, which is unknown", name))
				}
			}
			phases = append(phases, p)
		}
	}
	if len(phases) == 0 {
		return fmt.Errorf("%s: %w", s.name, misfit("it has no %s", phasesKey))
	}
	s.own = s.fields()
	if err := s.schedule.LoadStateDict(state); err != nil {
		return err
	}
	s.phases = phases
	return nil
}
