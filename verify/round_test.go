package verify

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/dtype"
	generated "github.com/seed06459138/torchgo/verify/inputs"
)

// branchSpec compares a model that has an if on its input with its trace.
func branchSpec(t *testing.T) Spec {
	t.Helper()
	torchtest.Require(t)
	at := func(name string) string { return filepath.Join("../testdata/branch", name) }
	return Spec{Scripted: at("model_scripted.pt"), State: at("model_state.pt"), Expected: at("expected.npy"), Inputs: []string{at("x.npy")},
		Legs: []LegSpec{{Name: "trace", Kind: "traced", File: at("model_traced.pt")}}}
}

// same gives what the comparisons of a leg say, by the set of inputs.
func same(r *Report, leg string) map[string]*bool {
	all := make(map[string]*bool)
	for _, c := range r.Comparisons {
		if c.Leg == leg {
			all[c.Set] = c.Same
		}
	}
	return all
}

// TestRandomInputsFindTheBranchThatATraceLacks is what random inputs are for: those
// that were recorded take the branch that the trace has.
func TestRandomInputsFindTheBranchThatATraceLacks(t *testing.T) {
	spec := branchSpec(t)
	r, err := Run(t.Context(), spec)
	require.NoError(t, err)
	assert.Equal(t, Consistent, r.Verdict, r.Summary)
	require.Len(t, r.Sets, 1)
	assert.Equal(t, "given", r.Sets[0].Name)

	spec.Generate = &generated.Plan{Random: 6, Seed: 1, Edges: []generated.Edge{{Kind: "zeros"}, {Kind: "ones"}, {Kind: "nan"}, {Kind: "batch", Batch: 0}}}
	spec.SaveFailing = filepath.Join(t.TempDir(), "failing")
	r, err = Run(t.Context(), spec)
	require.NoError(t, err)
	assert.Equal(t, Inconsistent, r.Verdict, r.Summary)
	assert.Contains(t, r.Summary, "output of trace differs")
	assert.Len(t, r.Sets, 11)
	assert.EqualValues(t, 1, r.Settings.Seed)
	checkSchema(t, r)
	trace, state, scripted := same(r, "trace"), same(r, "state"), same(r, "scripted")
	assert.True(t, *trace["given"])
	assert.True(t, *trace["zeros"])
	assert.False(t, *trace["ones"])
	assert.False(t, *trace["random 1"])
	assert.True(t, *trace["empty-batch"])
	for set, same := range state {
		assert.True(t, *same, set)
	}
	assert.Len(t, scripted, 1, "the reference, but where outputs were recorded")
	assert.Len(t, findingsOf(r, OutputValues), 1, "it is said once: %v", r.Findings)
	var text strings.Builder
	require.NoError(t, r.WriteText(&text, TextOptions{}))
	assert.Equal(t, 3, strings.Count(text.String(), "SAME?"), "one line for each leg")
	assert.Contains(t, text.String(), "11 sets of inputs: given, zeros, ones, nan, empty-batch, 6 random\n           (seed 1)")

	t.Run("what was saved shows it again", func(t *testing.T) {
		var one Set
		for _, s := range r.Sets {
			if s.Name == "random 1" {
				one = s
			}
		}
		require.NotEmpty(t, one.Saved)
		require.NotEmpty(t, one.Smallest)
		assert.EqualValues(t, 1, one.SmallestBatch)
		for path, batch := range map[string]int64{one.Saved: 8, one.Smallest: 1} {
			z, err := checkpoint.OpenNPZ(path)
			require.NoError(t, err)
			x, err := z.Array("x")
			require.NoError(t, err)
			assert.Equal(t, []int64{batch, 4}, x.Shape())
			require.NoError(t, z.Close())
			alone := branchSpec(t)
			alone.Inputs, alone.Expected = []string{path}, ""
			r, err := Run(t.Context(), alone)
			require.NoError(t, err)
			assert.Equal(t, Inconsistent, r.Verdict)
			assert.Equal(t, "given", r.Sets[0].Name)
		}
		saved, err := os.ReadDir(spec.SaveFailing)
		require.NoError(t, err)
		assert.NotEmpty(t, saved)
	})
	t.Run("a set of files", func(t *testing.T) {
		more := branchSpec(t)
		more.Sets = []InputSet{{"night", []string{filepath.Join(spec.SaveFailing, "random-1.npz")}}}
		r, err := Run(t.Context(), more)
		require.NoError(t, err)
		assert.Equal(t, Inconsistent, r.Verdict)
		assert.False(t, *same(r, "trace")["night"])
		assert.Contains(t, r.Summary, "on night")
	})
	t.Run("the same seed gives the same bytes", func(t *testing.T) {
		again, err := Run(t.Context(), spec)
		require.NoError(t, err)
		for i := range r.Sets {
			assert.Equal(t, r.Sets[i].Inputs, again.Sets[i].Inputs)
		}
	})
}

// TestInputsFromTheSchemaAlone makes inputs for a method without an example.
func TestInputsFromTheSchemaAlone(t *testing.T) {
	torchtest.Require(t)
	m, err := jit.Compile("def forward(self, x: Tensor, n: int, flag: bool, scale: float = 2.0) -> Tensor:\n    return x * (n + int(flag)) * scale\n")
	require.NoError(t, err)
	defer m.Close()
	file := filepath.Join(t.TempDir(), "m.pt")
	require.NoError(t, m.Save(file))
	spec := Spec{Scripted: file, Legs: []LegSpec{{Name: "other", Kind: "traced", File: file}},
		Generate: &generated.Plan{Random: 2, Fields: []generated.Field{{Name: "x", DType: dtype.Float64, Shape: []int64{2, 3}}}}}
	r, err := Run(t.Context(), spec)
	require.NoError(t, err)
	assert.Equal(t, Consistent, r.Verdict, r.Summary)
	assert.Equal(t, "consistent: other computes what TorchScript computes, on 2 sets of inputs", r.Summary)
	require.Len(t, r.Sets, 2)
	var inputs []string
	for _, in := range r.Sets[0].Inputs {
		inputs = append(inputs, in.Name+" "+in.DType)
	}
	assert.Equal(t, []string{"x float64", "n int64", "flag bool"}, inputs)

	for part, fields := range map[string][]generated.Field{
		"neither a shape nor an example": nil,
		"which forward does not take":    {{Name: "y", DType: dtype.Float32}},
	} {
		spec.Generate = &generated.Plan{Random: 1, Fields: fields}
		_, err := Run(t.Context(), spec)
		assert.ErrorContains(t, err, part)
	}
}

// TestALegThatRefusesInputs tells a leg that fails where others compute from inputs
// that no leg takes.
func TestALegThatRefusesInputs(t *testing.T) {
	torchtest.Require(t)
	dir := t.TempDir()
	save := func(name, source string) string {
		m, err := jit.Compile(source)
		require.NoError(t, err)
		defer m.Close()
		require.NoError(t, m.Save(filepath.Join(dir, name)))
		return filepath.Join(dir, name)
	}
	any, two := save("any.pt", "def forward(self, x: Tensor) -> Tensor:\n    assert x.size(0) > 0\n    return x + 1\n"),
		save("two.pt", "def forward(self, x: Tensor) -> Tensor:\n    return x.view(2, 3) + 1\n")
	spec := Spec{Scripted: any, Legs: []LegSpec{{Name: "two", Kind: "traced", File: two}},
		Generate: &generated.Plan{Fields: []generated.Field{{Name: "x", DType: dtype.Float32, Shape: []int64{2, 3}}}, Random: 1,
			Edges: []generated.Edge{{Kind: "batch", Batch: 0}, {Kind: "batch", Batch: 7}}}}
	r, err := Run(t.Context(), spec)
	require.NoError(t, err)
	assert.Equal(t, Inconsistent, r.Verdict, r.Summary)
	refused := findingsOf(r, LegRefuses)
	require.Len(t, refused, 1)
	assert.Contains(t, refused[0].Text, "two fails on inputs that TorchScript computes with")
	assert.Contains(t, refused[0].Text, "batch=7")
	none := findingsOf(r, InputsRefused)
	require.Len(t, none, 1)
	assert.Equal(t, "empty-batch", none[0].Subject)
	checkSchema(t, r)

	spec.Generate.Edges = []generated.Edge{{Kind: "batch", Batch: 0}}
	r, err = Run(t.Context(), spec)
	require.NoError(t, err)
	assert.Equal(t, Consistent, r.Verdict, "what no leg takes says nothing: %s", r.Summary)
}

// TestModulesThatCountStartAnew holds a module that writes to itself against another
// load: what one set of inputs left behind must not reach the next.
func TestModulesThatCountStartAnew(t *testing.T) {
	torchtest.Require(t)
	file := "../testdata/jit/counter.pt"
	spec := Spec{Scripted: file, Legs: []LegSpec{{Name: "other", Kind: "traced", File: file}},
		Generate: &generated.Plan{Random: 3, Fields: []generated.Field{{Name: "x", DType: dtype.Float32, Shape: []int64{2, 2}}}}}
	r, err := Run(t.Context(), spec)
	require.NoError(t, err)
	for set, same := range same(r, "other") {
		assert.True(t, same != nil && *same, set)
	}
}

func TestSetsThatCannotBeAskedFor(t *testing.T) {
	plan := &generated.Plan{Random: 1}
	for part, change := range map[string]func(*Spec){
		"no second leg":              func(s *Spec) { s.State, s.Legs, s.Generate = "", nil, plan },
		"are for inputs that are ma": func(s *Spec) { s.Generate = &generated.Plan{Seed: 3} },
		"inputs that are not given":  func(s *Spec) { s.Inputs, s.Generate = nil, plan },
		"no name or no files":        func(s *Spec) { s.Sets = []InputSet{{"night", nil}} },
		"are called given":           func(s *Spec) { s.Sets = []InputSet{{"given", []string{"x.npy"}}} },
	} {
		spec := Spec{Scripted: "m.pt", State: "s.pt", Expected: "y.npy", Inputs: []string{"x.npy"}}
		change(&spec)
		_, err := Run(t.Context(), spec)
		assert.ErrorContains(t, err, part)
	}
}
