package optim

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/seed06459138/torchgo/torch/checkpoint"
)

// Scheduler changes the learning rates of an optimiser from step to step: usually
// once in each epoch, after the optimiser's own steps. Its state_dict has Python's
// layout.
type Scheduler interface {
	// Step goes on to the next learning rates.
	Step() error
	// LastEpoch tells how many steps were made.
	LastEpoch() int
	// StateDict gives what the scheduler needs to go on.
	StateDict() *checkpoint.Dict
	// LoadStateDict takes it back. The learning rates themselves are in the optimiser's.
	// One that does not fit is an error that matches ErrState, and changes nothing.
	LoadStateDict(state *checkpoint.Dict) error
}

// schedule is what schedulers have in common.
type schedule struct {
	name   string
	of     Optimizer
	groups []*Group
	base   []float64 // the learning rates of the groups at first
	last   int       // the steps that were made
	own    []option  // what the scheduler was told
	next   func(g *Group, base float64) float64
}

func newSchedule(name string, o Optimizer, own []option, next func(*schedule) func(g *Group, base float64) float64) *schedule {
	s := &schedule{name: name, of: o, groups: o.Groups(), own: own}
	for _, g := range s.groups {
		if g.initial == nil {
			g.initial = new(g.LR())
		}
		s.base = append(s.base, *g.initial)
	}
	s.next = next(s)
	s.apply()
	return s
}

func (s *schedule) apply() {
	for i, g := range s.groups {
		g.SetLR(s.next(g, s.base[i]))
	}
}

// whole refuses groups that were added since, which would not be scheduled.
func (s *schedule) whole() error {
	if n := len(s.of.Groups()); n != len(s.groups) {
		return fmt.Errorf("%s: %w", s.name, refuse("the optimizer has %d groups, and had %d when the scheduler was made: add groups before", n, len(s.groups)))
	}
	return nil
}

// Step goes on to the next learning rates.
func (s *schedule) Step() error {
	if err := s.whole(); err != nil {
		return err
	}
	s.last++
	s.apply()
	return nil
}

// LastEpoch tells how many steps were made.
func (s *schedule) LastEpoch() int { return s.last }

func (s *schedule) rates() []float64 {
	rates := make([]float64, len(s.groups))
	for i, g := range s.groups {
		rates[i] = g.LR()
	}
	return rates
}

// StateDict gives what the scheduler needs to go on.
func (s *schedule) StateDict() *checkpoint.Dict {
	count, rates := s.last+1, s.rates()
	all := append(append([]option{}, s.own...), option{"base_lrs", &s.base}, option{"last_epoch", &s.last}, option{"_step_count", &count},
		option{"_get_lr_called_within_step", false}, option{"_last_lr", &rates})
	return encodeOptions(all)
}

// LoadStateDict takes it back.
func (s *schedule) LoadStateDict(state *checkpoint.Dict) error {
	all := append(append([]option{}, s.own...), option{"base_lrs", &s.base}, option{"last_epoch", &s.last})
	return decodeOptions(s.name, state, all, func() error { return forEach(s.groups, s.base) })
}

// forEach tells whether there is a number for each group.
func forEach(groups []*Group, list []float64) error {
	if len(list) != len(groups) {
		return misfit("it has %d learning rates, the optimizer %d groups", len(list), len(groups))
	}
	return nil
}

func encodeOptions(all []option) *checkpoint.Dict {
	d := checkpoint.NewDict()
	for _, o := range all {
		_ = d.Set(checkpoint.String(o.name), o.encode()) // a string can be hashed
	}
	return d
}

// decodeOptions takes all options from a state, or leaves all as they are: when one
// does not fit, or check, which may be nil, refuses what was taken.
func decodeOptions(name string, state *checkpoint.Dict, all []option, check func() error) error {
	was := encodeOptions(all)
	err := takeOptions(state, all)
	if err == nil && check != nil {
		err = check()
	}
	if err == nil {
		return nil
	}
	_ = takeOptions(was, all) // they were there
	return fmt.Errorf("%s: %w", name, err)
}

func takeOptions(state *checkpoint.Dict, all []option) error {
	if state == nil {
		return misfit("there is none")
	}
	for _, o := range all {
		v, ok := state.Get(o.name)
		if !ok {
			return misfit("it has no %s", o.name)
		}
		if err := o.decode(v); err != nil {
			return misfit("%v", err)
		}
	}
	return nil
}

// StepLR multiplies the learning rates by gamma after each size steps.
type StepLR struct{ *schedule }

// NewStepLR makes a scheduler of an optimiser; PyTorch's gamma is 0.1.
func NewStepLR(o Optimizer, size int, gamma float64) StepLR {
	return StepLR{newSchedule("StepLR", o, []option{{"step_size", &size}, {"gamma", &gamma}}, func(s *schedule) func(*Group, float64) float64 {
		return func(g *Group, _ float64) float64 {
			if s.last == 0 || size < 1 || s.last%size != 0 {
				return g.LR()
			}
			return g.LR() * gamma
		}
	})}
}

// MultiStepLR multiplies the learning rates by gamma at milestones.
type MultiStepLR struct {
	*schedule
	milestones map[int]int
}

// NewMultiStepLR makes a scheduler of an optimiser; PyTorch's gamma is 0.1.
func NewMultiStepLR(o Optimizer, milestones []int, gamma float64) MultiStepLR {
	at := make(map[int]int)
	for _, m := range milestones {
		at[m]++
	}
	return MultiStepLR{newSchedule("MultiStepLR", o, []option{{"gamma", &gamma}}, func(s *schedule) func(*Group, float64) float64 {
		return func(g *Group, _ float64) float64 {
			if n := at[s.last]; n > 0 {
				return g.LR() * math.Pow(gamma, float64(n))
			}
			return g.LR()
		}
	}), at}
}

// StateDict gives what the scheduler needs to go on.
func (m MultiStepLR) StateDict() *checkpoint.Dict {
	counted := &checkpoint.Dict{Kind: checkpoint.CounterDict}
	for _, at := range slices.Sorted(maps.Keys(m.milestones)) {
		_ = counted.Set(checkpoint.Int(at), checkpoint.Int(m.milestones[at])) // an int can be hashed
	}
	d := m.schedule.StateDict()
	_ = d.Set(checkpoint.String("milestones"), counted)
	return d
}

// LoadStateDict takes it back, with its milestones.
func (m MultiStepLR) LoadStateDict(state *checkpoint.Dict) error {
	milestones, err := readMilestones(state)
	if err != nil {
		return fmt.Errorf("%s: %w", m.name, err)
	}
	if err := m.schedule.LoadStateDict(state); err != nil {
		return err
	}
	clear(m.milestones)
	maps.Copy(m.milestones, milestones)
	return nil
}

func readMilestones(state *checkpoint.Dict) (map[int]int, error) {
	if state == nil {
		return nil, misfit("there is none")
	}
	v, _ := state.Get("milestones")
	counted, ok := v.(*checkpoint.Dict)
	if !ok {
		return nil, misfit("it has no milestones")
	}
	milestones := make(map[int]int)
	for k, v := range counted.All() {
		at, ok := k.(checkpoint.Int)
		n, too := v.(checkpoint.Int)
		if !ok || !too {
			return nil, misfit("a milestone is a %T", k)
		}
		milestones[int(at)] = int(n)
	}
	return milestones, nil
}

// ExponentialLR multiplies the learning rates by gamma at each step.
type ExponentialLR struct{ *schedule }

// NewExponentialLR makes a scheduler of an optimiser.
func NewExponentialLR(o Optimizer, gamma float64) ExponentialLR {
	return ExponentialLR{newSchedule("ExponentialLR", o, []option{{"gamma", &gamma}}, func(s *schedule) func(*Group, float64) float64 {
		return func(g *Group, _ float64) float64 {
			if s.last == 0 {
				return g.LR()
			}
			return g.LR() * gamma
		}
	})}
}

// CosineAnnealingLR lets the learning rates follow a cosine down to a least one, and
// up again (Loshchilov and Hutter, 2016, without its restarts).
type CosineAnnealingLR struct{ *schedule }

// NewCosineAnnealingLR makes a scheduler of an optimiser that comes to the least rate
// after so many steps; PyTorch's is 0.
func NewCosineAnnealingLR(o Optimizer, steps int, least float64) CosineAnnealingLR {
	return CosineAnnealingLR{newSchedule("CosineAnnealingLR", o, []option{{"T_max", &steps}, {"eta_min", &least}}, func(s *schedule) func(*Group, float64) float64 {
		return func(g *Group, base float64) float64 {
			cosine := func(at int) float64 { return 1 + math.Cos(math.Pi*float64(at)/float64(steps)) }
			switch {
			case s.last == 0 || steps < 1:
				return g.LR()
			case (s.last-1-steps)%(2*steps) == 0:
				return g.LR() + (base-least)*(1-math.Cos(math.Pi/float64(steps)))/2
			}
			return cosine(s.last)/cosine(s.last-1)*(g.LR()-least) + least
		}
	})}
}

// LambdaLR multiplies the first learning rates by a function of the number of steps.
type LambdaLR struct{ *schedule }

// NewLambdaLR makes a scheduler of an optimiser. The function is not part of its state.
func NewLambdaLR(o Optimizer, factor func(epoch int) float64) LambdaLR {
	return LambdaLR{newSchedule("LambdaLR", o, nil, func(s *schedule) func(*Group, float64) float64 {
		return func(_ *Group, base float64) float64 { return base * factor(s.last) }
	})}
}

// StateDict gives what the scheduler needs to go on. As in Python, what stands in it for
// functions is None.
func (l LambdaLR) StateDict() *checkpoint.Dict {
	d, none := l.schedule.StateDict(), &checkpoint.List{}
	for range l.groups {
		none.Items = append(none.Items, checkpoint.None{})
	}
	_ = d.Set(checkpoint.String("lr_lambdas"), none) // a string can be hashed
	return d
}
