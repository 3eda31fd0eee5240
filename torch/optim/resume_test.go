package optim_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/nn"
	"github.com/seed06459138/torchgo/torch/optim"
)

// middle is the step before which Python's states were recorded.
const middle = 5

// scheduled makes the optimiser that a scheduler of Python's had.
func scheduled(title string, params []*nn.Parameter) optim.Optimizer {
	if title == "OneCycleLR of SGD" {
		return sgd(optim.SGDOptions{LR: 0.1, Momentum: 0.8})(params[:2], params[2:])
	}
	return adam(optim.AdamOptions{LR: 0.1})(params[:2], params[2:])
}

// ratesOf gives the learning rates and momenta of an optimiser's groups.
func ratesOf(t *testing.T, o optim.Optimizer) (rates, momenta []float64) {
	t.Helper()
	state, err := o.StateDict()
	require.NoError(t, err)
	for i, g := range o.Groups() {
		rates, momenta = append(rates, g.LR()), append(momenta, momentumOf(t, state, i))
	}
	return rates, momenta
}

func numbers(t *testing.T, v checkpoint.Value) (all []float64) {
	t.Helper()
	for _, item := range v.(*checkpoint.List).Items {
		n, ok := number(item)
		require.True(t, ok)
		all = append(all, n)
	}
	return all
}

func TestSchedulersGoOnFromPythonsStates(t *testing.T) {
	torchtest.Require(t)
	params := parameters(t, at[*checkpoint.List](t, openCases(t, "optimizers.pt"), "Adam", "params"))
	for k, v := range openCases(t, "schedulers.pt").All() {
		title := string(k.(checkpoint.String))
		t.Run(title, func(t *testing.T) {
			opt := scheduled(title, params)
			defer opt.Close()
			s := schedulers[title](opt)
			require.NoError(t, opt.LoadStateDict(at[*checkpoint.Dict](t, v, "middle", "optimizer")))
			require.NoError(t, s.load(at[*checkpoint.Dict](t, v, "middle", "scheduler")))
			for i, metric := range metrics[middle:] {
				rates, momenta := ratesOf(t, opt)
				assert.InEpsilonSlice(t, numbers(t, at[*checkpoint.List](t, v, "rates", middle+i)), rates, 1e-12, "step %d", middle+i)
				assert.InEpsilonSlice(t, numbers(t, at[*checkpoint.List](t, v, "momenta", middle+i)), momenta, 1e-12, "step %d", middle+i)
				require.NoError(t, s.step(metric))
			}
		})
	}
}

// goOn lets a script of Python's go on from states that it finds in states.pt, and gives
// what it prints.
func goOn[T any](t *testing.T, states *checkpoint.Dict, script string, args ...string) (found T) {
	t.Helper()
	python := os.Getenv("PYTHON")
	if python == "" {
		t.Skip("$PYTHON names no interpreter with torch; make test-python sets one up")
	}
	dir := t.TempDir()
	require.NoError(t, checkpoint.Save(filepath.Join(dir, "states.pt"), states))
	path, err := filepath.Abs(filepath.Join("..", "..", "scripts", "fixtures", script))
	require.NoError(t, err)
	command := exec.Command(python, append([]string{path}, args...)...)
	command.Dir, command.Stderr = dir, os.Stderr
	out, err := command.Output()
	require.NoError(t, err, "%s", out)
	require.NoError(t, json.Unmarshal(out, &found))
	return found
}

func entry(name string, v checkpoint.Value) checkpoint.Entry {
	return checkpoint.Entry{Key: checkpoint.String(name), Value: v}
}

func TestPythonsSchedulersGoOnFromOurStates(t *testing.T) {
	torchtest.Require(t)
	params := parameters(t, at[*checkpoint.List](t, openCases(t, "optimizers.pt"), "Adam", "params"))
	all := checkpoint.NewDict()
	type curve struct{ rates, momenta [][]float64 }
	ours := make(map[string]curve)
	for title, make := range schedulers {
		opt := scheduled(title, params)
		defer opt.Close()
		s := make(opt)
		var c curve
		for i, metric := range metrics {
			if i == middle {
				state, err := opt.StateDict()
				require.NoError(t, err)
				require.NoError(t, all.Set(checkpoint.String(title), checkpoint.NewDict(entry("optimizer", state), entry("scheduler", s.state()))))
			}
			if i >= middle {
				rates, momenta := ratesOf(t, opt)
				c.rates, c.momenta = append(c.rates, rates), append(c.momenta, momenta)
			}
			require.NoError(t, s.step(metric))
		}
		ours[title] = c
	}
	theirs := goOn[map[string][2][][]float64](t, all, "resume_schedulers.py")
	for title, c := range ours {
		require.Len(t, theirs[title][0], len(c.rates), title)
		for i := range c.rates {
			assert.InEpsilonSlice(t, c.rates[i], theirs[title][0][i], 1e-12, "%s, step %d", title, middle+i)
			assert.InEpsilonSlice(t, c.momenta[i], theirs[title][1][i], 1e-12, "%s, step %d", title, middle+i)
		}
	}
}

func TestPythonsOptimizersGoOnFromOurStates(t *testing.T) {
	torchtest.Require(t)
	states := checkpoint.NewDict()
	for k, v := range openCases(t, "optimizers.pt").All() {
		title := string(k.(checkpoint.String))
		params := parameters(t, at[*checkpoint.List](t, v, "params"))
		opt := optimizers[title](params[:2], params[2:])
		defer opt.Close()
		for i := range 3 {
			setGrads(t, params, at[*checkpoint.List](t, v, "steps", i, "grads"))
			require.NoError(t, opt.Step())
		}
		state, err := opt.StateDict()
		require.NoError(t, err)
		list := &checkpoint.List{}
		module, err := nn.StateDict(&struct{ P []*nn.Parameter }{params})
		require.NoError(t, err)
		for _, name := range module.Names() {
			saved, _ := module.Tensor(name)
			saved.Parameter, saved.RequiresGrad = false, false
			list.Items = append(list.Items, saved)
		}
		require.NoError(t, states.Set(k, checkpoint.NewDict(entry("params", list), entry("optimizer", state))))
	}
	recorded, err := filepath.Abs(filepath.Join("testdata", "optimizers.pt"))
	require.NoError(t, err)
	found := goOn[map[string]float64](t, states, "resume_optimizers.py", recorded)
	require.Len(t, found, len(optimizers))
	for title, worst := range found {
		assert.LessOrEqual(t, worst, 1e-6, title)
	}
}

// edited gives a state_dict with entries of a dict in it replaced; nil leaves one out.
func edited(t *testing.T, d *checkpoint.Dict, changes map[string]checkpoint.Value) *checkpoint.Dict {
	t.Helper()
	out := checkpoint.NewDict()
	for k, v := range d.All() {
		if change, ok := changes[string(k.(checkpoint.String))]; ok {
			v = change
		}
		if v != nil {
			require.NoError(t, out.Set(k, v))
		}
	}
	return out
}

func TestASchedulersStateThatDoesNotFitChangesNothing(t *testing.T) {
	torchtest.Require(t)
	params := parameters(t, at[*checkpoint.List](t, openCases(t, "optimizers.pt"), "Adam", "params"))
	word, short := checkpoint.String("word"), &checkpoint.List{Items: []checkpoint.Value{checkpoint.Float(1)}}
	for k, v := range openCases(t, "schedulers.pt").All() {
		title := string(k.(checkpoint.String))
		opt := scheduled(title, params)
		s := schedulers[title](opt)
		before := s.state()
		theirs := at[*checkpoint.Dict](t, v, "middle", "scheduler")
		spoilt := []*checkpoint.Dict{nil, edited(t, theirs, map[string]checkpoint.Value{"last_epoch": nil}), edited(t, theirs, map[string]checkpoint.Value{"last_epoch": word})}
		for _, key := range []string{"base_lrs", "milestones", "min_lrs", "mode", "_schedule_phases"} {
			if _, ok := theirs.Get(key); ok {
				spoilt = append(spoilt, edited(t, theirs, map[string]checkpoint.Value{key: word}), edited(t, theirs, map[string]checkpoint.Value{key: short}))
			}
		}
		for i, state := range spoilt {
			require.ErrorIs(t, s.load(state), optim.ErrState, "%s, %d", title, i)
			compareValues(t, title, before, s.state())
		}
		opt.Close()
	}
}

// The limits of groups are in the optimiser's state, the number of steps in the scheduler's.
func TestOneCycleGoesOnAsItBegan(t *testing.T) {
	torchtest.Require(t)
	params := parameters(t, at[*checkpoint.List](t, openCases(t, "optimizers.pt"), "Adam", "params"))
	begun, other := scheduled("", params), scheduled("", params)
	s := optim.NewOneCycleLR(begun, 0.5, 20, optim.OneCycleOptions{Linear: true})
	again := optim.NewOneCycleLR(other, 7, 3)
	for range 4 {
		require.NoError(t, s.Step())
	}
	state, err := begun.StateDict()
	require.NoError(t, err)
	require.NoError(t, other.LoadStateDict(state))
	require.NoError(t, again.LoadStateDict(s.StateDict()))
	for range 16 {
		require.NoError(t, s.Step())
		require.NoError(t, again.Step())
		assert.Equal(t, begun.Groups()[1].LR(), other.Groups()[1].LR())
	}
	require.Error(t, again.Step())
}

func TestEachGroupHasItsLeastRate(t *testing.T) {
	torchtest.Require(t)
	params := parameters(t, at[*checkpoint.List](t, openCases(t, "optimizers.pt"), "Adam", "params"))
	opt := scheduled("", params)
	s := optim.NewReduceLROnPlateau(opt, optim.PlateauOptions{Patience: new(0)})
	theirs := &checkpoint.List{Items: []checkpoint.Value{checkpoint.Float(0.03), checkpoint.Float(0.015)}}
	require.NoError(t, s.LoadStateDict(edited(t, s.StateDict(), map[string]checkpoint.Value{"min_lrs": theirs})))
	for range 6 {
		s.Step(1)
	}
	assert.Equal(t, 0.03, opt.Groups()[0].LR())
	assert.Equal(t, 0.015, opt.Groups()[1].LR())
	compareValues(t, "state", theirs, at[*checkpoint.List](t, s.StateDict(), "min_lrs"))
}

// What says how Python makes a step comes back, wherever the step's tensor was.
func TestOptionsOfPythonsStepsAreKept(t *testing.T) {
	torchtest.Require(t)
	v, _ := openCases(t, "optimizers.pt").Get("Adam")
	params := parameters(t, at[*checkpoint.List](t, v, "params"))
	state := at[*checkpoint.Dict](t, v, "steps", 2, "state")
	yes := map[string]checkpoint.Value{"capturable": checkpoint.Bool(true), "fused": checkpoint.Bool(true), "foreach": checkpoint.Bool(false)}
	groups := &checkpoint.List{}
	for _, g := range at[*checkpoint.List](t, state, "param_groups").Items {
		groups.Items = append(groups.Items, edited(t, g.(*checkpoint.Dict), yes))
	}
	state = edited(t, state, map[string]checkpoint.Value{"param_groups": groups})
	opt := scheduled("", params)
	defer opt.Close()
	require.NoError(t, opt.LoadStateDict(state))
	got, err := opt.StateDict()
	require.NoError(t, err)
	compareValues(t, "state", state, got)
}

func TestMomentumMayBeginLater(t *testing.T) {
	torchtest.Require(t)
	v, _ := openCases(t, "optimizers.pt").Get("RMSprop")
	params := parameters(t, at[*checkpoint.List](t, v, "params"))
	opt := optim.NewRMSprop(params, optim.RMSpropOptions{Centered: true})
	defer opt.Close()
	setGrads(t, params, at[*checkpoint.List](t, v, "steps", 0, "grads"))
	require.NoError(t, opt.Step())
	optim.NewOneCycleLR(opt, 0.1, 10)
	require.NoError(t, opt.Step())
	state, err := opt.StateDict()
	require.NoError(t, err)
	first, _ := at[*checkpoint.Dict](t, state, "state").Lookup(checkpoint.Int(0))
	at[*checkpoint.Tensor](t, first, "momentum_buffer")
}

func TestAdagradRemembersFromTheBeginning(t *testing.T) {
	torchtest.Require(t)
	v, _ := openCases(t, "optimizers.pt").Get("Adagrad")
	params := parameters(t, at[*checkpoint.List](t, v, "params"))
	opt := optim.NewAdagrad(params, optim.AdagradOptions{InitialAccumulator: 0.5})
	defer opt.Close()
	state, err := opt.StateDict()
	require.NoError(t, err)
	memories := at[*checkpoint.Dict](t, state, "state")
	require.Equal(t, len(params), memories.Len())
	first, _ := memories.Lookup(checkpoint.Int(1))
	assert.Equal(t, []float32{0.5, 0.5, 0.5}, floats(t, at[*checkpoint.Tensor](t, first, "sum")))
}

func TestGroupsAreAddedBeforeTheScheduler(t *testing.T) {
	torchtest.Require(t)
	params := parameters(t, at[*checkpoint.List](t, openCases(t, "optimizers.pt"), "Adam", "params"))
	opt := optim.NewAdam(params[:2])
	step, cycle := optim.NewStepLR(opt, 1, 0.1), optim.NewOneCycleLR(opt, 1, 9)
	opt.AddGroup(params[2:], optim.AdamOptions{})
	for _, s := range []optim.Scheduler{step, cycle} {
		assert.ErrorContains(t, s.Step(), "the optimizer has 2 groups, and had 1 when the scheduler was made")
		assert.Zero(t, s.LastEpoch())
	}
}
