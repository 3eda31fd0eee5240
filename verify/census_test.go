package verify

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/dtype"
	"github.com/seed06459138/torchgo/verify/compare"
)

// memories tells, by name, in which memory the tensors of inModule lie.
var memories = map[string]string{}

// inModule gives a tensor of a module; those with the same memory share it.
func inModule(name, role, memory string, shape []int64, values ...float64) held {
	h := held{name: name, role: role, dtype: dtype.Float32, shape: shape}
	h.view = func(body func([]byte) error) error { return body(singles(values...)) }
	memories[name] = memory
	h.shares = func(o held) bool { return memory != "" && memories[o.name] == memory }
	return h
}

// inState gives a state_dict of float32 vectors.
func inState(t *testing.T, names []string, values ...[]float32) *checkpoint.State {
	t.Helper()
	s := checkpoint.NewState()
	for i, name := range names {
		tensor, err := checkpoint.NewTensor(values[i], int64(len(values[i])))
		require.NoError(t, err)
		require.NoError(t, s.Add(name, tensor))
	}
	return s
}

func census2(t *testing.T, module []held, state *checkpoint.State) *census {
	t.Helper()
	c, err := takeCensus(module, newStateDict(state, module), compare.Default)
	require.NoError(t, err)
	return c
}

// open lists the names of uncovered tensors.
func (c *census) open() []string {
	names := []string{}
	for _, i := range c.uncovered {
		names = append(names, c.module[i].name)
	}
	return names
}

func TestCensus(t *testing.T) {
	two := []int64{2}
	t.Run("equal", func(t *testing.T) {
		c := census2(t, []held{inModule("a", roleParameter, "", two, 1, 2), inModule("b", roleBuffer, "", two, 3, 4)},
			inState(t, []string{"a", "b"}, []float32{1, 2}, []float32{3, 4}))
		assert.Equal(t, 2, c.weights.BitEqual)
		assert.Equal(t, []bool{true, true}, c.filled)
		assert.Empty(t, c.open())
		assert.Empty(t, c.weights.findings(true))
		assert.True(t, c.weights.fits())
	})
	t.Run("every difference", func(t *testing.T) {
		c := census2(t, []held{
			inModule("far", roleParameter, "", two, 1, 2.5),
			inModule("near", roleParameter, "", two, 1, float64(math.Nextafter32(2, 3))),
			inModule("nan", roleParameter, "", two, math.NaN(), 2),
			inModule("wide", roleParameter, "", []int64{3}, 1, 2, 3),
			inModule("lost", roleParameter, "", two, 1, 2),
			inModule("table", roleBuffer, "", two, 1, 2),
			inModule("plain", "attribute", "", two, 1, 2),
		}, inState(t, []string{"far", "near", "nan", "wide", "new"},
			[]float32{1, 2}, []float32{1, 2}, []float32{float32(math.NaN()), 2}, []float32{1, 2}, []float32{0, 0}))
		w := c.weights
		assert.Equal(t, 1, w.BitEqual, "NaN with the same bits is the same weight")
		assert.Equal(t, []Missing{{"lost", roleParameter}, {"table", roleBuffer}}, w.Missing)
		assert.Equal(t, []string{"new"}, w.Unexpected)
		assert.Equal(t, []Misshape{{"wide", []int64{3}, []int64{2}, false}}, w.Shapes)
		require.Len(t, w.Unequal, 2)
		assert.Equal(t, Unequal{Name: "far", DType: "float32", Shape: two, Elements: 2, Mismatches: 1, MaxAbs: 0.5, Index: []int64{1}}, w.Unequal[0])
		assert.True(t, w.Unequal[1].Close)
		assert.Equal(t, 6, w.Scripted)
		assert.Equal(t, []string{"lost", "table", "plain"}, c.open(), "a tensor of another shape is no open question")
		assert.False(t, w.fits())

		codes := map[Code]Weight{}
		for _, f := range w.findings(true) {
			codes[f.Code] = f.Weight
		}
		assert.Equal(t, map[Code]Weight{WeightMissing: Proof, WeightUnexpected: Proof, WeightShape: Proof, WeightValues: Proof, WeightRounding: Note}, codes)
	})
	t.Run("dtype", func(t *testing.T) {
		h := inModule("a", roleParameter, "", two, 1, 2)
		s := checkpoint.NewState()
		doubles, err := checkpoint.NewTensor([]float64{1, 2}, 2)
		require.NoError(t, err)
		require.NoError(t, s.Add("a", doubles))
		c := census2(t, []held{h}, s)
		assert.Equal(t, []Mistype{{"a", "float32", "float64"}}, c.weights.DTypes)
		assert.Empty(t, c.weights.Unequal, "the values are the same")
		assert.Equal(t, Proof, c.weights.findings(true)[0].Weight)
		assert.True(t, c.weights.fits())
	})
	t.Run("prefix", func(t *testing.T) {
		state := func() *checkpoint.State {
			s := inState(t, []string{"module.a"}, []float32{1, 2})
			s.Prefix = "module."
			return s
		}
		c := census2(t, []held{inModule("a", roleParameter, "", two, 1, 2)}, state())
		assert.Equal(t, "module.", c.weights.Prefix)
		assert.Equal(t, 1, c.weights.BitEqual)
		require.Len(t, c.weights.findings(true), 1)
		assert.Equal(t, StatePrefix, c.weights.findings(true)[0].Code)

		c = census2(t, []held{inModule("module.a", roleParameter, "", two, 1, 2)}, state())
		assert.Empty(t, c.weights.Prefix, "the module has it too")
		assert.Equal(t, 1, c.weights.BitEqual)
	})
	t.Run("another model", func(t *testing.T) {
		c := census2(t, []held{inModule("a", roleParameter, "", two, 1, 2), inModule("b", roleParameter, "", two, 1, 2)},
			inState(t, []string{"x", "y"}, []float32{1, 2}, []float32{1, 2}))
		findings := c.weights.findings(true)
		require.Len(t, findings, 1, "one sentence instead of one for each tensor")
		assert.Contains(t, findings[0].Text, "no name of the state")
	})
}

func TestCensusCovers(t *testing.T) {
	two := []int64{2}
	t.Run("memory", func(t *testing.T) {
		c := census2(t, []held{
			inModule("a", roleParameter, "p", two, 1, 2),
			inModule("pieces[0]", "attribute", "p", two, 1, 2),
			inModule("out.weight", roleParameter, "p", two, 1, 2),
			inModule("pieces[1]", "attribute", "q", two, 1, 2),
		}, inState(t, []string{"a"}, []float32{1, 2}))
		assert.Equal(t, []Cover{{"pieces[0]", "attribute", "a", "memory"}, {"out.weight", roleParameter, "a", "memory"}}, c.weights.Covered)
		assert.Equal(t, []string{"pieces[1]"}, c.open(), "equal values of an attribute prove nothing")
		assert.Empty(t, c.weights.Missing, "tied weights are there under the other name")
	})
	t.Run("bytes of constants", func(t *testing.T) {
		c := census2(t, []held{
			inModule("a", roleParameter, "", two, 1, 2),
			inModule("CONSTANTS.c0", roleConstant, "", two, 1, 2),
			inModule("CONSTANTS.c1", roleConstant, "", two, 1, 2.5),
			inModule("CONSTANTS.c2", roleConstant, "", nil, 1),
		}, inState(t, []string{"a"}, []float32{1, 2}))
		assert.Equal(t, []Cover{{"CONSTANTS.c0", roleConstant, "a", "bytes"}}, c.weights.Covered)
		assert.Equal(t, []string{"CONSTANTS.c1", "CONSTANTS.c2"}, c.open())
		assert.False(t, c.weights.Frozen)
	})
	frozen := []held{inModule("CONSTANTS.c0", roleConstant, "", two, 1, 2), inModule("CONSTANTS.c1", roleConstant, "", two, 3, 4)}
	for _, c := range []struct {
		name      string
		state     *checkpoint.State
		codes     []Code
		weight    Weight
		uncovered []string
	}{
		{"frozen, all there", inState(t, []string{"w", "b"}, []float32{1, 2}, []float32{3, 4}), nil, "", []string{}},
		{"frozen, one left over", inState(t, []string{"w", "b"}, []float32{1, 2}, []float32{9, 9}), []Code{WeightUnexpected}, Note, []string{"CONSTANTS.c1"}},
		{"frozen, none there", inState(t, []string{"w", "b"}, []float32{7, 7}, []float32{9, 9}), []Code{UncoveredFrozen}, Open, []string{"CONSTANTS.c0", "CONSTANTS.c1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := census2(t, frozen, c.state)
			assert.True(t, got.weights.Frozen)
			assert.Equal(t, c.uncovered, got.open())
			assert.True(t, got.weights.fits())
			var codes []Code
			for _, f := range got.weights.findings(true) {
				codes = append(codes, f.Code)
				assert.Equal(t, c.weight, f.Weight)
			}
			assert.Equal(t, c.codes, codes)
		})
	}
}
