package verify

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/torch/dtype"
	"github.com/seed06459138/torchgo/verify/compare"
)

func TestParseTolerance(t *testing.T) {
	for text, want := range map[string]OutputTolerance{
		"allclose":                      {"", compare.Default},
		"assert_close":                  {"", compare.AssertClose},
		"gpu":                           {"", compare.OnGPU},
		"exact":                         {"", compare.Tolerance{}},
		"exact,equal-nan":               {"", compare.Tolerance{EqualNaN: true}},
		"rtol=1e-3":                     {"", compare.Tolerance{RTol: 1e-3, ATol: 1e-8}},
		"allclose,atol=inf":             {"", compare.Tolerance{RTol: 1e-5, ATol: math.Inf(1)}},
		"ulp=4":                         {"", compare.Tolerance{ULP: 4}},
		"ulp=4,atol=1e-8":               {"", compare.Tolerance{ULP: 4, ATol: 1e-8}},
		"allclose,ulp=4":                {"", compare.Tolerance{RTol: 1e-5, ATol: 1e-8, ULP: 4}},
		"logits:assert_close,ulp=1":     {"logits", compare.Tolerance{ByDType: true, ULP: 1}},
		"[0].boxes:rtol=0,atol=0.5":     {"[0].boxes", compare.Tolerance{ATol: 0.5}},
		`["a:b"]:exact`:                 {`["a:b"]`, compare.Tolerance{}},
		"head_*:rtol=1e-3,atol=1e-3":    {"head_*", compare.Tolerance{RTol: 1e-3, ATol: 1e-3}},
		"output:equal-nan":              {"output", compare.Tolerance{RTol: 1e-5, ATol: 1e-8, EqualNaN: true}},
		"scores:atol=1e-4,rtol=1e-2":    {"scores", compare.Tolerance{RTol: 1e-2, ATol: 1e-4}},
		"assert_close,ulp=3,equal-nan":  {"", compare.Tolerance{ByDType: true, ULP: 3, EqualNaN: true}},
		"allclose,rtol=0,atol=0,ulp=10": {"", compare.Tolerance{ULP: 10}},
	} {
		t.Run(text, func(t *testing.T) {
			got, err := ParseTolerance(text)
			require.NoError(t, err)
			assert.Equal(t, want, got)
		})
	}
	for text, part := range map[string]string{
		"":                      "unknown word",
		"close":                 `unknown word "close"`,
		":exact":                "names no output",
		"rtol=x":                "no number",
		"ulp=-1":                "no number",
		"rtol=-1":               "less than zero",
		"atol=nan":              "less than zero, or not a number",
		"exact=1":               "gives a value to exact",
		"exact,rtol=1e-3":       "exact and allows",
		"exact,ulp=1":           "exact and allows",
		"assert_close,atol=1":   "beside those of assert_close",
		"exact,allclose":        "more than one",
		"rtol=1e-3,rtol=1e-4":   "rtol twice",
		"allclose,equal-nan=no": "gives a value to equal-nan",
	} {
		t.Run("bad "+text, func(t *testing.T) {
			_, err := ParseTolerance(text)
			assert.ErrorContains(t, err, part)
		})
	}
}

func TestParseMetric(t *testing.T) {
	for text, want := range map[string]Metric{
		"cosine>=0.999":       {Name: "cosine", AtLeast: 0.999},
		"snr>=40":             {Name: "snr", AtLeast: 40},
		"topk=5":              {Name: "topk", K: 5, AtLeast: 1},
		"topk=5>=0.9":         {Name: "topk", K: 5, AtLeast: 0.9},
		"logits:topk=1":       {Output: "logits", Name: "topk", K: 1, AtLeast: 1},
		"[0].logits:snr>=-10": {Output: "[0].logits", Name: "snr", AtLeast: -10},
	} {
		t.Run(text, func(t *testing.T) {
			got, err := ParseMetric(text)
			require.NoError(t, err)
			assert.Equal(t, want, got)
			again, err := ParseMetric(got.String())
			require.NoError(t, err)
			assert.Equal(t, got, again)
		})
	}
	for text, part := range map[string]string{
		"": "unknown name", "cosine": "no bound", "cosine=1": "no bound", "cosine>=": "no number", "cosine>=2": "can't be reached",
		"topk": "how many", "topk=0": "how many", "topk=5>=2": "can't be reached", "psnr>=3": "unknown name", "snr>=NaN": "no number", ":snr>=1": "names no output",
	} {
		t.Run("bad "+text, func(t *testing.T) {
			_, err := ParseMetric(text)
			assert.ErrorContains(t, err, part)
		})
	}
}

// vectors makes two named outputs.
func vectors(a, b []float64) []output { return []output{vector("a", a...), vector("b", b...)} }

func TestOutputsHaveTheirOwnTolerance(t *testing.T) {
	held := demands{tolerance: compare.Default, outputs: []OutputTolerance{{"*", compare.AssertClose}, {"b", compare.Tolerance{ATol: 0.5}}, {"typo", compare.Tolerance{}}}}
	c, findings := compareOutputs("leg", vectors([]float64{1}, []float64{1}), vectors([]float64{1.000001}, []float64{1.4}), held, false)
	assert.True(t, *c.Same, findings)
	assert.Equal(t, Tolerance{RTol: 1.3e-6, ATol: 1e-5, Text: "rtol 1.3e-06, atol 1e-05", By: "*"}, c.Outputs[0].Tolerance)
	assert.Equal(t, Tolerance{ATol: 0.5, Text: "rtol 0, atol 0.5", By: "b"}, c.Outputs[1].Tolerance)
	assert.Contains(t, c.Outputs[1].text(), "by rtol 0, atol 0.5")
	unused := held.unused([]Comparison{c})
	require.Len(t, unused, 1)
	assert.Equal(t, "--tolerance typo:… fits no output", unused[0].Text)

	nan := math.NaN()
	c, _ = compareOutputs("leg", vectors([]float64{nan}, []float64{nan}), vectors([]float64{nan}, []float64{nan}), held.repeated(), false)
	assert.True(t, *c.Same, "NaN twice is the same result")
	assert.False(t, held.outputs[0].Tolerance.EqualNaN)
}

func TestMetricsJudgeOutputs(t *testing.T) {
	held := demands{tolerance: compare.Tolerance{ATol: math.Inf(1)}, metrics: []Metric{
		{Name: "cosine", AtLeast: 0.9}, {Name: "topk", K: 1, AtLeast: 1, Output: "a"}, {Name: "snr", AtLeast: 10, Output: "c"}}}
	got := append(vectors([]float64{1, 3}, []float64{1, 0}), output{name: "n", dtype: dtype.Bool, shape: []int64{1}, data: []byte{1}})
	want := append(vectors([]float64{2, 3}, []float64{1, 1}), output{name: "n", dtype: dtype.Bool, shape: []int64{1}, data: []byte{1}})
	c, findings := compareOutputs("leg", got, want, held, false)
	assert.False(t, *c.Same)
	a, b, n := c.Outputs[0], c.Outputs[1], c.Outputs[2]
	assert.True(t, a.Same)
	assert.Zero(t, a.Mismatches)
	require.Len(t, a.Metrics, 2)
	assert.True(t, a.Metrics[1].Reached)
	assert.False(t, b.Same)
	require.Len(t, findings, 1)
	assert.Equal(t, OutputMetric, findings[0].Code)
	assert.Equal(t, "b of leg: cosine 0.707107, less than 0.9", findings[0].Text)
	assert.Contains(t, b.text(), "cosine 0.707107, less than 0.9")
	assert.Empty(t, n.Metrics, "a bool has no angle")
	unused := held.unused([]Comparison{c})
	require.Len(t, unused, 1)
	assert.Contains(t, unused[0].Text, "--metric c:snr>=10 fits no output")
}

func TestWeightsAreJudgedWhereOutputsAreNot(t *testing.T) {
	any := compare.Tolerance{ATol: math.Inf(1)}
	assert.Equal(t, compare.Default, (&Spec{Tolerance: &any}).weightTolerance())
	assert.Equal(t, compare.AssertClose, (&Spec{Tolerance: &compare.AssertClose}).weightTolerance())
}

func TestRunJudges(t *testing.T) {
	half := dtype.Float16
	spec := withLegs(t)
	spec.Legs = []LegSpec{{Name: "half", Kind: "scripted", File: spec.Scripted, DType: &half}}
	spec.Tolerance = &compare.Tolerance{ATol: math.Inf(1)}
	spec.Metrics = []Metric{{Name: "cosine", AtLeast: 0.999}}
	r, err := Run(t.Context(), spec)
	require.NoError(t, err)
	assert.Equal(t, Consistent, r.Verdict, r.Summary)
	assert.Equal(t, []string{"cosine>=0.999"}, r.Settings.Metrics)
	checkSchema(t, r)
	spec.Metrics[0].AtLeast = 1
	r, err = Run(t.Context(), spec)
	require.NoError(t, err)
	assert.Equal(t, Inconsistent, r.Verdict)
	for _, c := range r.Comparisons {
		assert.Equal(t, c.Leg != "half", *c.Same, c.Leg)
	}

	spec.Metrics[0] = Metric{Name: "angle"}
	_, err = Run(t.Context(), spec)
	assert.ErrorContains(t, err, "unknown name")
	spec = withLegs(t)
	spec.Tolerance = &compare.Tolerance{ByDType: true, RTol: 1}
	_, err = Run(t.Context(), spec)
	assert.ErrorContains(t, err, "assert_close has its own")
}
