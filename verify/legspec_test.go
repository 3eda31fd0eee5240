package verify

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/dtype"
)

func TestParseLeg(t *testing.T) {
	gpu, half := torch.CUDA(1), dtype.Float16
	for text, want := range map[string]LegSpec{
		"frozen:m.pt":                                 {Name: "frozen", Kind: "frozen", File: "m.pt"},
		"a=scripted:dir/m.pt":                         {Name: "a", Kind: "scripted", File: "dir/m.pt"},
		"g=traced:m.pt,device=cuda:1":                 {Name: "g", Kind: "traced", File: "m.pt", Device: &gpu},
		"h=scripted:m.pt,dtype=float16,threads=2":     {Name: "h", Kind: "scripted", File: "m.pt", DType: &half, Threads: 2},
		"ema=state:c.pt,key=ema_state_dict":           {Name: "ema", Kind: "state", File: "c.pt", Options: map[string]string{"key": "ema_state_dict"}},
		"expected:with=equals.npy":                    {Name: "expected", Kind: "expected", File: "with=equals.npy"},
		"windows=scripted:C:\\models\\m.pt,threads=1": {Name: "windows", Kind: "scripted", File: "C:\\models\\m.pt", Threads: 1},
	} {
		t.Run(text, func(t *testing.T) {
			got, err := ParseLeg(text)
			require.NoError(t, err)
			assert.Equal(t, want, got)
		})
	}
	for text, part := range map[string]string{
		"":                            "names no file",
		"scripted":                    "names no file",
		"scripted:":                   "names no file",
		"=scripted:m.pt":              "empty name",
		"scriptet:m.pt":               "unknown kind",
		"scripted:m.pt,key=x":         "scripted has no option key",
		"scripted:m.pt,threads=0":     "0 threads",
		"scripted:m.pt,threads=many":  "threads=many",
		"scripted:m.pt,dtype=flat":    "dtype=flat",
		"scripted:m.pt,device=tpu":    "device=tpu",
		"scripted:m.pt,device":        "without a value",
		"state:m.pt,colour=blue,a=b,": "colour",
	} {
		t.Run("bad "+text, func(t *testing.T) {
			_, err := ParseLeg(text)
			assert.ErrorContains(t, err, part)
		})
	}
}

// withLegs is scenario 2 with recorded outputs, the scripted file, and more legs.
func withLegs(t *testing.T, legs ...string) Spec {
	t.Helper()
	torchtest.Require(t)
	spec := scenario("safe_model_save", "model_state.pt")
	for _, text := range legs {
		l, err := ParseLeg(text)
		require.NoError(t, err)
		spec.Legs = append(spec.Legs, l)
	}
	return spec
}

func legNamed(t *testing.T, r *Report, name string) Leg {
	t.Helper()
	l := r.legOf(name)
	require.NotNil(t, l, name)
	return *l
}

func TestLegsOfOneFile(t *testing.T) {
	spec := withLegs(t)
	for _, l := range []string{"frozen", "optimized", "traced", "oracle"} {
		spec.Legs = append(spec.Legs, LegSpec{Kind: l, File: spec.Scripted})
	}
	r, err := Run(t.Context(), spec)
	require.NoError(t, err)
	assert.Equal(t, Consistent, r.Verdict, r.Summary)
	assert.Len(t, r.Comparisons, 6)
	assert.Equal(t, "expected", r.Reference)
	assert.Equal(t, "TorchScript in float64", legNamed(t, r, "oracle").Structure)
	for _, c := range r.Comparisons {
		require.NotNil(t, c.Same, c.Leg)
		assert.True(t, *c.Same, c.Leg)
		if c.Leg == "oracle" {
			assert.Equal(t, "float64", c.Outputs[0].DType)
			assert.False(t, c.Outputs[0].BitEqual, "float64 rounds otherwise")
		}
	}
	assert.Len(t, r.Files, 4, "the scripted file is read and listed once")
}

func TestLegInAnotherDType(t *testing.T) {
	spec := withLegs(t)
	half := dtype.Float16
	spec.Legs = []LegSpec{{Name: "half", Kind: "scripted", File: spec.Scripted, DType: &half}}
	r, err := Run(t.Context(), spec)
	require.NoError(t, err)
	assert.Equal(t, Inconsistent, r.Verdict)
	half16 := r.Comparisons[0]
	assert.Equal(t, "half", half16.Leg)
	assert.False(t, *half16.Same)
	assert.Less(t, float64(half16.Outputs[0].MaxAbs), 1e-2)
	assert.Positive(t, float64(half16.Outputs[0].MaxAbs))
}

func TestALegThatFailsLeavesTheOthers(t *testing.T) {
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken.pt")
	require.NoError(t, os.WriteFile(broken, []byte("not a file of ours"), 0o644))
	for name, leg := range map[string]LegSpec{
		"damaged":        {Name: "other", Kind: "scripted", File: broken},
		"missing":        {Name: "other", Kind: "scripted", File: filepath.Join(dir, "nowhere.pt")},
		"no such device": {Name: "other", Kind: "scripted", Device: &torch.Device{Type: torch.DeviceCUDA, Index: 99}},
		"missing state":  {Name: "other", Kind: "state", File: filepath.Join(dir, "nowhere.pt")},
		"no arrays":      {Name: "other", Kind: "expected", File: broken},
	} {
		t.Run(name, func(t *testing.T) {
			spec := withLegs(t)
			if leg.File == "" {
				leg.File = spec.Scripted
			}
			spec.Legs = []LegSpec{leg}
			r, err := Run(t.Context(), spec)
			require.NoError(t, err)
			assert.Equal(t, Unanswered, r.Verdict)
			assert.NotEmpty(t, legNamed(t, r, "other").Error)
			for _, c := range r.Comparisons {
				if c.Leg == "other" {
					assert.Nil(t, c.Same)
				} else if assert.NotNil(t, c.Same, c.Leg) {
					assert.True(t, *c.Same, c.Leg)
				}
			}
		})
	}
}

func TestNoLegCanBeLoaded(t *testing.T) {
	torchtest.Require(t)
	_, err := Run(t.Context(), Spec{Legs: []LegSpec{
		{Name: "a", Kind: "scripted", File: "nowhere.pt"}, {Name: "b", Kind: "traced", File: "nowhere.pt"},
	}})
	assert.ErrorContains(t, err, "no leg could be loaded")
}

func TestLegsAlone(t *testing.T) {
	spec := withLegs(t)
	r, err := Run(t.Context(), Spec{Inputs: spec.Inputs, Legs: []LegSpec{
		{Name: "new", Kind: "state", File: spec.State},
		{Name: "old", Kind: "scripted", File: spec.Scripted},
	}})
	require.NoError(t, err)
	assert.Equal(t, Consistent, r.Verdict, r.Summary)
	assert.Equal(t, "new", r.Reference)
	assert.NotNil(t, r.Weights)
}

func TestTwoStates(t *testing.T) {
	spec := withLegs(t)
	spec.Legs = []LegSpec{{Name: "again", Kind: "state", File: spec.State}}
	r, err := Run(t.Context(), spec)
	require.NoError(t, err)
	assert.Equal(t, Consistent, r.Verdict, r.Summary)
	assert.Len(t, r.Comparisons, 3)
}

func TestLegsThatCannotBeAsked(t *testing.T) {
	spec := withLegs(t)
	eight := dtype.Int8
	half := dtype.Float16
	for name, c := range map[string]struct {
		legs []LegSpec
		part string
	}{
		"a name twice":      {[]LegSpec{{Name: "state", Kind: "frozen", File: "m.pt"}}, "two legs are called state"},
		"an integer dtype":  {[]LegSpec{{Kind: "frozen", File: "m.pt", DType: &eight}}, "floating-point"},
		"a dtype of arrays": {[]LegSpec{{Name: "e", Kind: "expected", File: "y.npy", DType: &half}}, "has a dtype"},
		"no kind":           {[]LegSpec{{Name: "x", File: "m.pt"}}, "unknown kind"},
		"no file":           {[]LegSpec{{Name: "x", Kind: "frozen"}}, "names no file"},
	} {
		t.Run(name, func(t *testing.T) {
			bad := spec
			bad.Legs = c.legs
			_, err := Run(t.Context(), bad)
			assert.ErrorContains(t, err, c.part)
		})
	}
}

// TestExpectedOfOtherFiles gives recorded outputs and inputs as torch.save and
// safetensors write them.
func TestExpectedOfOtherFiles(t *testing.T) {
	spec := withLegs(t)
	tensor := func(path string) *checkpoint.Tensor {
		a, err := checkpoint.ReadNPY(path)
		require.NoError(t, err)
		x, err := a.Tensor()
		require.NoError(t, err)
		return x
	}
	x, y := tensor(spec.Inputs[0]), tensor(spec.Expected)
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	require.NoError(t, checkpoint.Save(path("x.pt"), &checkpoint.Tuple{Items: []checkpoint.Value{x}}))
	require.NoError(t, checkpoint.Save(path("y.pt"), y))
	one := checkpoint.NewState()
	require.NoError(t, one.Add("output", y))
	require.NoError(t, checkpoint.SaveSafetensors(path("y.safetensors"), one, nil))
	require.NoError(t, checkpoint.Save(path("lr.pt"), checkpoint.Float(1)))

	for _, expected := range []string{"y.pt", "y.safetensors"} {
		t.Run(expected, func(t *testing.T) {
			spec := spec
			spec.Inputs, spec.Expected = []string{path("x.pt")}, path(expected)
			r, err := Run(t.Context(), spec)
			require.NoError(t, err)
			assert.Equal(t, Consistent, r.Verdict, r.Summary)
		})
	}
	spec.Expected = path("lr.pt")
	_, err := Run(t.Context(), spec)
	assert.ErrorContains(t, err, "is no tensor")
}

// TestCheckpointLegs takes a state_dict out of what training saved, and refuses one
// that stands alone under that name.
func TestCheckpointLegs(t *testing.T) {
	torchtest.Require(t)
	const trained, alone = "../testdata/scenarios/train_and_save/", "../testdata/scenarios/safe_model_save/"
	leg, err := ParseLeg("checkpoint:" + trained + "checkpoint.pt")
	require.NoError(t, err)
	r, err := Run(t.Context(), Spec{Scripted: trained + "model_scripted.pt", Expected: trained + "expected.npy", Inputs: []string{trained + "x.npy"}, Legs: []LegSpec{leg}})
	require.NoError(t, err)
	assert.Equal(t, Consistent, r.Verdict, r.Summary)
	assert.Equal(t, "checkpoint", legNamed(t, r, "checkpoint").Label)
	assert.Equal(t, "model_state_dict", r.Weights.StateKey)
	holds := ""
	for _, f := range r.Files {
		if f.Role == "checkpoint" {
			holds = f.Holds
		}
	}
	assert.Equal(t, "4 tensors in model_state_dict, beside model_name, model_version, optimizer_state_dict, epoch and 3 more", holds)

	r, err = Run(t.Context(), Spec{Scripted: alone + "model_scripted.pt", Expected: alone + "expected.npy", Inputs: []string{alone + "x.npy"},
		Legs: []LegSpec{{Name: "checkpoint", Kind: "checkpoint", File: alone + "model_state.pt"}}})
	require.NoError(t, err)
	assert.Contains(t, legNamed(t, r, "checkpoint").Error, "is no checkpoint")
	assert.Equal(t, Unanswered, r.Verdict)
}
