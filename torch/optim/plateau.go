package optim

import (
	"math"

	"github.com/seed06459138/torchgo/torch/checkpoint"
)

// PlateauOptions are the options of NewReduceLROnPlateau.
type PlateauOptions struct {
	Maximize  bool     // the metric is to rise (mode="max")
	Factor    float64  // of the rates, where the metric is no better; 0.1 unless given
	Patience  *int     // epochs without a better metric that are let pass; 10 unless given
	Threshold *float64 // what counts as better; 1e-4 unless given
	Absolute  bool     // Threshold is a difference, not a part
	Cooldown  int      // epochs after a reduction that do not count
	MinLR     float64
	Eps       *float64 // reductions that are smaller are not made; 1e-8 unless given
}

// ReduceLROnPlateau reduces learning rates when a metric no longer gets better.
type ReduceLROnPlateau struct {
	groups                                 []*Group
	least                                  []float64 // of each group (min_lrs)
	factor, threshold, eps                 float64
	best                                   float64
	patience, cooldown, bad, cooling, last int
	mode, by                               string
}

// NewReduceLROnPlateau makes a scheduler of an optimiser.
func NewReduceLROnPlateau(o Optimizer, opts ...PlateauOptions) *ReduceLROnPlateau {
	with := given(opts)
	s := &ReduceLROnPlateau{groups: o.Groups(), factor: nonzero(with.Factor, 0.1), threshold: or(with.Threshold, 1e-4), eps: or(with.Eps, 1e-8),
		patience: or(with.Patience, 10), cooldown: with.Cooldown, mode: "min", by: "rel", best: math.Inf(1)}
	for range s.groups {
		s.least = append(s.least, with.MinLR)
	}
	if with.Maximize {
		s.mode, s.best = "max", math.Inf(-1)
	}
	if with.Absolute {
		s.by = "abs"
	}
	return s
}

func (s *ReduceLROnPlateau) better(metric float64) bool {
	switch s.mode + s.by {
	case "minrel":
		return metric < s.best*(1-s.threshold)
	case "minabs":
		return metric < s.best-s.threshold
	case "maxrel":
		return metric > s.best*(1+s.threshold)
	}
	return metric > s.best+s.threshold
}

// Step looks at a metric, and reduces the rates if it has been no better for too long.
func (s *ReduceLROnPlateau) Step(metric float64) {
	s.last++
	if s.better(metric) {
		s.best, s.bad = metric, 0
	} else {
		s.bad++
	}
	if s.cooling > 0 {
		s.cooling--
		s.bad = 0
	}
	if s.bad <= s.patience {
		return
	}
	for i, g := range s.groups {
		if lower := max(g.LR()*s.factor, s.least[i]); g.LR()-lower > s.eps {
			g.SetLR(lower)
		}
	}
	s.cooling, s.bad = s.cooldown, 0
}

// LastEpoch tells how many steps were made.
func (s *ReduceLROnPlateau) LastEpoch() int { return s.last }

func (s *ReduceLROnPlateau) fields() []option {
	return []option{{"factor", &s.factor}, {"min_lrs", &s.least}, {"patience", &s.patience}, {"cooldown", &s.cooldown}, {"eps", &s.eps}, {"last_epoch", &s.last}, {"mode", &s.mode},
		{"threshold", &s.threshold}, {"threshold_mode", &s.by}, {"best", &s.best}, {"cooldown_counter", &s.cooling}, {"num_bad_epochs", &s.bad}}
}

// StateDict gives what the scheduler needs to go on.
func (s *ReduceLROnPlateau) StateDict() *checkpoint.Dict {
	rates := make([]float64, len(s.groups))
	for i, g := range s.groups {
		rates[i] = g.LR()
	}
	worst := math.Inf(1)
	if s.mode == "max" {
		worst = math.Inf(-1)
	}
	return encodeOptions(append(s.fields(), option{"_last_lr", &rates}, option{"mode_worse", &worst}))
}

// LoadStateDict takes it back.
func (s *ReduceLROnPlateau) LoadStateDict(state *checkpoint.Dict) error {
	return decodeOptions("ReduceLROnPlateau", state, s.fields(), func() error {
		if (s.mode != "min" && s.mode != "max") || (s.by != "rel" && s.by != "abs") {
			return misfit("mode %q and threshold_mode %q are unknown", s.mode, s.by)
		}
		return forEach(s.groups, s.least)
	})
}
