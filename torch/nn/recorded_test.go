package nn_test

import (
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/nn"
)

var update = flag.Bool("update", false, "write docs/modules.md anew")

// recorded is what Python recorded of one module.
type recorded struct {
	printed                     string
	state, after                *checkpoint.Dict
	inputs, outputs, inputGrads []*torch.Tensor // nil where there is no gradient
	grads                       map[string]*torch.Tensor
}

// openRecorded reads a file of cases.
func openRecorded(t *testing.T, file string) *checkpoint.Dict {
	t.Helper()
	f, err := checkpoint.Open(filepath.Join("testdata", file))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	return f.Value().(*checkpoint.Dict)
}

func tensorFrom(t *testing.T, v checkpoint.Value) *torch.Tensor {
	t.Helper()
	if _, none := v.(checkpoint.None); none {
		return nil
	}
	mapped, err := torch.FromCheckpoint(v.(*checkpoint.Tensor))
	require.NoError(t, err)
	defer mapped.Close()
	x, err := mapped.Clone()
	require.NoError(t, err)
	t.Cleanup(x.Close)
	return x
}

func recordedCase(t *testing.T, d *checkpoint.Dict, name string) *recorded {
	t.Helper()
	v, ok := d.Get(name)
	require.True(t, ok, "%s was not recorded", name)
	c := v.(*checkpoint.Dict)
	get := func(key string) checkpoint.Value {
		v, ok := c.Get(key)
		require.True(t, ok)
		return v
	}
	list := func(key string) (all []*torch.Tensor) {
		for _, v := range get(key).(*checkpoint.List).Items {
			all = append(all, tensorFrom(t, v))
		}
		return all
	}
	r := &recorded{printed: string(get("repr").(checkpoint.String)), state: get("state").(*checkpoint.Dict), after: get("after").(*checkpoint.Dict),
		inputs: list("inputs"), outputs: list("outputs"), inputGrads: list("input_grads"), grads: make(map[string]*torch.Tensor)}
	for k, v := range get("grads").(*checkpoint.Dict).All() {
		r.grads[string(k.(checkpoint.String))] = tensorFrom(t, v)
	}
	return r
}

// maxError gives the largest difference of two tensors, relative to 1 or the size
// of what was wanted.
func maxError(t *testing.T, want, got *torch.Tensor, what string) float64 {
	t.Helper()
	require.NotNil(t, got, what)
	require.Equal(t, want.Shape(), got.Shape(), what)
	require.Equal(t, want.DType(), got.DType(), what)
	a, err := want.ToDType(torch.Float64)
	require.NoError(t, err)
	defer a.Close()
	plain, err := got.Detach()
	require.NoError(t, err)
	defer plain.Close()
	b, err := plain.ToDType(torch.Float64)
	require.NoError(t, err)
	defer b.Close()
	x, err := torch.Slice[float64](a)
	require.NoError(t, err)
	y, err := torch.Slice[float64](b)
	require.NoError(t, err)
	worst := 0.0
	for i := range x {
		if x[i] == y[i] || (math.IsNaN(x[i]) && math.IsNaN(y[i])) {
			continue
		}
		e := math.Abs(x[i]-y[i]) / max(1, math.Abs(x[i]))
		if math.IsNaN(e) {
			e = math.Inf(1)
		}
		worst = max(worst, e)
	}
	return worst
}

// compareState compares a state_dict of Python's with the module's.
func compareState(t *testing.T, want *checkpoint.Dict, module any) float64 {
	t.Helper()
	state, err := nn.StateDict(module)
	require.NoError(t, err)
	var names []string
	worst := 0.0
	for k, v := range want.All() {
		name := string(k.(checkpoint.String))
		names = append(names, name)
		saved, ok := state.Tensor(name)
		require.True(t, ok, "the module lacks %s; it has %v", name, state.Names())
		worst = max(worst, maxError(t, tensorFrom(t, v), tensorFrom(t, saved), name))
	}
	if len(names) > 0 || state.Len() > 0 {
		require.Equal(t, names, state.Names(), "names in their order")
	}
	return worst
}

// deviation is the largest difference from what Python recorded.
type deviation struct {
	name                            string
	init, forward, backward, params float64
}

// check builds a module after Python's seed, runs it after Python's other seed and
// goes back, and compares everything.
func check(t *testing.T, name string, r *recorded, module any, forward func(x []*torch.Tensor) ([]*torch.Tensor, error)) deviation {
	t.Helper()
	e := deviation{name: name}
	require.NoError(t, torch.ManualSeed(11))
	_, err := nn.Init(module)
	require.NoError(t, err)
	defer nn.Close(module)
	assert.Equal(t, r.printed, nn.Print(module))
	e.init = compareState(t, r.state, module)
	s := torch.NewScope()
	defer s.Close()
	for i, x := range r.inputs {
		if s.Add(x); r.inputGrads[i] != nil {
			require.NoError(t, x.SetRequiresGrad(true))
		}
	}
	require.NoError(t, torch.ManualSeed(22))
	out, err := forward(r.inputs)
	require.NoError(t, err)
	require.Len(t, out, len(r.outputs))
	var roots, weights []*torch.Tensor
	for i, y := range out {
		e.forward = max(e.forward, maxError(t, r.outputs[i], y, "output"))
		if !y.RequiresGrad() {
			continue
		}
		n := y.Numel()
		w := make([]float32, n)
		for k := range w {
			w[k] = -1
			if n > 1 {
				w[k] = float32(-1 + 2*float64(k)/float64(n-1))
			}
		}
		weight, err := torch.FromSlice(w)
		require.NoError(t, err)
		s.Add(weight)
		weight, err = weight.Reshape(y.Shape()...)
		require.NoError(t, err)
		roots, weights = append(roots, y), append(weights, weight)
	}
	require.NoError(t, torch.Backward(roots, &torch.BackwardOptions{Gradients: weights}))
	e.params = compareState(t, r.after, module)
	for i, want := range r.inputGrads {
		if want != nil {
			e.backward = max(e.backward, maxError(t, want, gradOf(t, r.inputs[i]), "gradient of an input"))
		}
	}
	seen := 0
	for name, p := range nn.NamedParameters(module) {
		if want := r.grads[name]; want != nil {
			e.backward = max(e.backward, maxError(t, want, gradOf(t, p.Tensor), "gradient of "+name))
			seen++
		}
	}
	assert.Len(t, r.grads, seen)
	assert.Zero(t, e.init, "weights after the same seed")
	if drawing[name] && !recordingVersion(t) {
		return e // other libtorchs draw other dropout from the same seed
	}
	for what, worst := range map[string]float64{"forward": e.forward, "backward": e.backward, "state": e.params} {
		assert.LessOrEqual(t, worst, 2e-6, what)
	}
	return e
}

// drawing are the modules that draw random numbers in their forward pass.
var drawing = map[string]bool{"Dropout": true, "Dropout1d": true, "Dropout2d": true, "Dropout3d": true, "AlphaDropout": true, "LSTM deep": true,
	"TransformerEncoderLayer": true, "TransformerEncoder": true}

// recordingVersion tells whether this libtorch is the one that recorded.
func recordingVersion(t *testing.T) bool {
	t.Helper()
	v, err := torch.Version()
	require.NoError(t, err)
	return v.Libtorch == "2.15.0"
}

func gradOf(t *testing.T, x *torch.Tensor) *torch.Tensor {
	t.Helper()
	g, err := x.Grad()
	require.NoError(t, err)
	if g == nil {
		return nil
	}
	t.Cleanup(g.Close)
	return g
}

// moduleCase is a module of Go for one that Python recorded.
type moduleCase struct {
	name    string
	module  any
	forward func(x []*torch.Tensor) ([]*torch.Tensor, error) // nil for a Layer
}

func one(y *torch.Tensor, err error) ([]*torch.Tensor, error) { return []*torch.Tensor{y}, err }

func TestModulesComputeWhatPythonDid(t *testing.T) {
	torchtest.Require(t)
	var table []deviation
	for file, cases := range map[string][]moduleCase{"modules.pt": moduleCases(), "losses.pt": lossCases()} {
		all := openRecorded(t, file)
		known := make(map[string]bool)
		for _, c := range cases {
			known[c.name] = true
			t.Run(c.name, func(t *testing.T) {
				forward := c.forward
				if forward == nil {
					forward = func(x []*torch.Tensor) ([]*torch.Tensor, error) { return one(c.module.(nn.Layer).Forward(x[0])) }
				}
				table = append(table, check(t, c.name, recordedCase(t, all, c.name), c.module, forward))
			})
		}
		for k := range all.All() {
			assert.True(t, known[string(k.(checkpoint.String))], "no case for %s", k)
		}
	}
	if *update {
		writeTable(t, table)
	}
}

// writeTable writes the errors of each module to the documentation.
func writeTable(t *testing.T, table []deviation) {
	slices.SortFunc(table, func(a, b deviation) int { return strings.Compare(a.name, b.name) })
	var b strings.Builder
	b.WriteString("# Modules against Python\n\n<!-- Written by go test ./torch/nn -run Modules -update. -->\n\n")
	b.WriteString("Each module was made after Python's seed and run on Python's inputs, on the CPU; `scripts/fixtures/nn_modules.py` recorded both. " +
		"Errors are the largest |a−b| / max(1, |b|): of the weights after the seed, the outputs, the gradients of inputs and parameters, and the state after the forward pass.\n\n")
	b.WriteString("| module | weights | forward | backward | state after |\n|---|---|---|---|---|\n")
	for _, e := range table {
		fmt.Fprintf(&b, "| %s | %.1g | %.1g | %.1g | %.1g |\n", e.name, e.init, e.forward, e.backward, e.params)
	}
	require.NoError(t, os.WriteFile(filepath.Join("..", "..", "docs", "modules.md"), []byte(b.String()), 0o644))
}
