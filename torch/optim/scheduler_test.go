package optim_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/optim"
)

// stepper is a scheduler that may look at a metric.
type stepper struct {
	step  func(metric float64) error
	state func() *checkpoint.Dict
	load  func(*checkpoint.Dict) error
}

func plain(s optim.Scheduler) stepper {
	return stepper{func(float64) error { return s.Step() }, s.StateDict, s.LoadStateDict}
}

func watching(s *optim.ReduceLROnPlateau) stepper {
	return stepper{func(m float64) error { s.Step(m); return nil }, s.StateDict, s.LoadStateDict}
}

var schedulers = map[string]func(o optim.Optimizer) stepper{
	"StepLR":            func(o optim.Optimizer) stepper { return plain(optim.NewStepLR(o, 3, 0.5)) },
	"MultiStepLR":       func(o optim.Optimizer) stepper { return plain(optim.NewMultiStepLR(o, []int{2, 5, 5, 9}, 0.3)) },
	"ExponentialLR":     func(o optim.Optimizer) stepper { return plain(optim.NewExponentialLR(o, 0.9)) },
	"CosineAnnealingLR": func(o optim.Optimizer) stepper { return plain(optim.NewCosineAnnealingLR(o, 5, 0.001)) },
	"LambdaLR": func(o optim.Optimizer) stepper {
		return plain(optim.NewLambdaLR(o, func(epoch int) float64 { return 1 / float64(1+epoch) }))
	},
	"OneCycleLR":        func(o optim.Optimizer) stepper { return plain(optim.NewOneCycleLR(o, 0.5, 13)) },
	"OneCycleLR of SGD": func(o optim.Optimizer) stepper { return plain(optim.NewOneCycleLR(o, 0.5, 13)) },
	"OneCycleLR linear": func(o optim.Optimizer) stepper {
		return plain(optim.NewOneCycleLR(o, 0.5, 14, optim.OneCycleOptions{Rise: 0.4, Linear: true, ThreePhase: true, DivFactor: 10, FinalDivFactor: 100}))
	},
	"ReduceLROnPlateau": func(o optim.Optimizer) stepper {
		return watching(optim.NewReduceLROnPlateau(o, optim.PlateauOptions{Factor: 0.2, Patience: new(1), Cooldown: 1, MinLR: 0.001}))
	},
	"ReduceLROnPlateau max": func(o optim.Optimizer) stepper {
		return watching(optim.NewReduceLROnPlateau(o, optim.PlateauOptions{Maximize: true, Threshold: new(0.02), Absolute: true, Patience: new(2)}))
	},
}

var metrics = []float64{1.0, 0.9, 0.91, 0.905, 0.902, 0.7, 0.71, 0.72, 0.73, 0.74, 0.75, 0.76}

func TestSchedulersDoWhatPythonsDid(t *testing.T) {
	torchtest.Require(t)
	all := openCases(t, "schedulers.pt")
	require.Equal(t, all.Len(), len(schedulers))
	params := parameters(t, at[*checkpoint.List](t, openCases(t, "optimizers.pt"), "Adam", "params"))
	fresh := func(title string) optim.Optimizer {
		if title == "OneCycleLR of SGD" {
			return sgd(optim.SGDOptions{LR: 0.1, Momentum: 0.8})(params[:2], params[2:])
		}
		return adam(optim.AdamOptions{LR: 0.1})(params[:2], params[2:])
	}
	for k, v := range all.All() {
		title := string(k.(checkpoint.String))
		t.Run(title, func(t *testing.T) {
			opt := fresh(title)
			s := schedulers[title](opt)
			for i, metric := range metrics {
				for g, want := range at[*checkpoint.List](t, v, "rates", i).Items {
					assert.InEpsilon(t, float64(want.(checkpoint.Float)), opt.Groups()[g].LR(), 1e-12, "step %d", i)
					state, err := opt.StateDict()
					require.NoError(t, err)
					momentum := at[*checkpoint.List](t, v, "momenta", i).Items[g]
					assert.InEpsilon(t, float64(momentum.(checkpoint.Float)), momentumOf(t, state, g), 1e-12)
				}
				if i == 5 { // to go on from here is to go on
					opt2 := fresh(title)
					s2 := schedulers[title](opt2)
					state, err := opt.StateDict()
					require.NoError(t, err)
					require.NoError(t, opt2.LoadStateDict(state))
					require.NoError(t, s2.load(s.state()))
					opt, s = opt2, s2
				}
				require.NoError(t, s.step(metric))
			}
			got := s.state()
			for k, want := range at[*checkpoint.Dict](t, v, "state").All() {
				switch key := string(k.(checkpoint.String)); key {
				case "_is_initial", "_schedule_phases", "_anneal_func_type", "cycle_momentum", "use_beta1", "default_min_lr", "milestones":
					continue // what Python's constructor sets again
				default:
					have, ok := got.Get(key)
					require.True(t, ok, key)
					if list, ok := want.(*checkpoint.List); ok {
						for i, v := range list.Items {
							want, _ := number(v)
							have, _ := number(have.(*checkpoint.List).Items[i])
							assert.InDelta(t, want, have, 1e-12, key)
						}
						continue
					}
					if f, ok := number(want); ok {
						g, _ := number(have)
						assert.Equal(t, f, g, key)
						continue
					}
					assert.Equal(t, want, have, key)
				}
			}
		})
	}
	opt := fresh("StepLR")
	require.ErrorIs(t, optim.NewStepLR(opt, 1, 0.1).LoadStateDict(checkpoint.NewDict()), optim.ErrState)
	short := optim.NewOneCycleLR(opt, 1, 1)
	require.NoError(t, short.Step())
	require.Error(t, short.Step())
}

func momentumOf(t *testing.T, state *checkpoint.Dict, group int) float64 {
	t.Helper()
	g := at[*checkpoint.Dict](t, state, "param_groups", group)
	if betas, ok := g.Get("betas"); ok {
		v, _ := number(betas.(*checkpoint.Tuple).Items[0])
		return v
	}
	m, _ := g.Get("momentum")
	v, _ := number(m)
	return v
}

func number(v checkpoint.Value) (float64, bool) {
	switch v := v.(type) {
	case checkpoint.Float:
		return float64(v), true
	case checkpoint.Int:
		return float64(v), true
	}
	return 0, false
}
