package record

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch/dtype"
	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/inputs"
	"github.com/seed06459138/torchgo/verify/night"
)

func TestMain(m *testing.M) { torchtest.Main(m) }

func scenario(file string) string { return filepath.Join("../../testdata/scenarios", file) }

// model asks for a model alone, with inputs of a file and some that are made.
func model(t *testing.T) verify.Spec {
	torchtest.Require(t)
	edges, err := inputs.ParseEdges("zeros,nan")
	require.NoError(t, err)
	return verify.Spec{Scripted: scenario("safe_model_save/model_scripted.pt"), Inputs: []string{scenario("safe_model_save/x.npy")},
		Generate: &inputs.Plan{Seed: 7, Random: 2, Edges: edges}}
}

// begun records the model as vision/m, on a pretended machine.
func begun(t *testing.T) Folder {
	f := At(filepath.Join(t.TempDir(), "records"))
	report, recorded, err := f.Check(t.Context(), "vision/m", model(t), night.Machine{Host: "box", Libtorch: "2.15.0"})
	require.NoError(t, err)
	require.True(t, recorded, report.Summary)
	assert.Equal(t, "consistent: TorchScript computes the same each time, on 5 sets of inputs", report.Summary)
	return f
}

// against holds a check against what was recorded.
func against(t *testing.T, f Folder, spec verify.Spec) *verify.Report {
	spec.Legs = append(spec.Legs, f.Leg("vision/m"))
	report, err := verify.Run(t.Context(), spec)
	require.NoError(t, err)
	return report
}

func blobs(t *testing.T, f Folder) []string {
	found, err := filepath.Glob(filepath.Join(f.path, "blobs", "*", "*.safetensors"))
	require.NoError(t, err)
	return found
}

func TestRecordAndCompare(t *testing.T) {
	f := begun(t)
	r, err := Read(f.Path("vision/m"))
	require.NoError(t, err)
	assert.Equal(t, []string{"given", "random 1", "random 2"}, []string{r.Sets[0].Name, r.Sets[1].Name, r.Sets[2].Name})
	assert.Equal(t, "float32", r.Sets[0].Of[0].DType)
	assert.Len(t, r.Sets, 5)
	assert.EqualValues(t, 2, r.Sets[4].Of[0].NaN, "inputs of NaN give NaN")
	assert.Equal(t, uint64(7), r.Seed)
	assert.Equal(t, "cpu", r.Device)
	assert.Len(t, r.Files, 2)

	spec := model(t)
	spec.Latency = 3
	report := against(t, f, spec)
	assert.Equal(t, verify.Consistent, report.Verdict, report.Summary)
	assert.Equal(t, "record", report.Reference)
	assert.Len(t, report.Comparisons, 5)
	assert.Empty(t, report.Findings)
	assert.Empty(t, report.Legs[0].Device, "nothing ran")
	assert.Nil(t, report.Legs[0].Latency)
	assert.Equal(t, []string{"cpu"}, night.ResultOf("vision/m", report).Devices)
	var text strings.Builder
	require.NoError(t, report.WriteText(&text, verify.TextOptions{}))
	t.Log(text.String())
}

func TestBlobsAreShared(t *testing.T) {
	f := begun(t)
	before := blobs(t, f)
	assert.Len(t, before, 10)
	_, recorded, err := f.Check(t.Context(), "vision/m", model(t), night.Machine{Host: "box", Libtorch: "2.15.0"})
	require.NoError(t, err)
	require.True(t, recorded)
	assert.Equal(t, before, blobs(t, f), "the same, recorded again")
	_, _, err = f.Check(t.Context(), "other", model(t), night.Machine{Host: "box", Libtorch: "2.15.0"})
	require.NoError(t, err)
	assert.Len(t, blobs(t, f), 15, "the inputs are shared")
}

func TestAnotherModel(t *testing.T) {
	f := begun(t)
	spec := model(t)
	spec.Scripted = scenario("dynamic_model_safe_save/buffer/model_scripted.pt")
	report := against(t, f, spec)
	assert.Equal(t, verify.Inconsistent, report.Verdict)
	last := report.Findings[len(report.Findings)-1]
	assert.Equal(t, verify.FileChanged, last.Code)
	assert.Equal(t, verify.Note, last.Weight)
	assert.Contains(t, last.Text, "is another file than on 20")
}

func TestInconsistentIsNotRecorded(t *testing.T) {
	f := begun(t)
	before, err := os.ReadFile(f.Path("vision/m"))
	require.NoError(t, err)
	spec := model(t)
	spec.Expected = scenario("dynamic_model_safe_save/buffer/expected.npy")
	report, recorded, err := f.Check(t.Context(), "vision/m", spec, night.Machine{})
	require.NoError(t, err)
	assert.False(t, recorded)
	assert.Equal(t, verify.Inconsistent, report.Verdict)
	after, err := os.ReadFile(f.Path("vision/m"))
	require.NoError(t, err)
	assert.Equal(t, before, after)
}

func TestDamage(t *testing.T) {
	for name, c := range map[string]struct {
		harm func(t *testing.T, f Folder, blob string)
		want string
	}{
		"a byte": {func(t *testing.T, _ Folder, blob string) {
			change(t, blob, func(b []byte) []byte { b[len(b)-1] ^= 1; return b })
		}, "is damaged: its SHA-256 is"},
		"cut":        {func(t *testing.T, _ Folder, blob string) { change(t, blob, func(b []byte) []byte { return b[:20] }) }, "is damaged"},
		"missing":    {func(t *testing.T, _ Folder, blob string) { require.NoError(t, os.Remove(blob)) }, "what was recorded is missing; copy the folder of records again"},
		"the record": {func(t *testing.T, f Folder, _ string) { require.NoError(t, os.Remove(f.Path("vision/m"))) }, "no such file"},
		"no JSON": {func(t *testing.T, f Folder, _ string) {
			change(t, f.Path("vision/m"), func(b []byte) []byte { return b[:50] })
		}, "is no record"},
	} {
		t.Run(name, func(t *testing.T) {
			f := begun(t)
			r, err := Read(f.Path("vision/m"))
			require.NoError(t, err)
			c.harm(t, f, f.blob(r.Sets[0].Outputs))
			spec := model(t)
			spec.State = scenario("safe_model_save/model_state.pt")
			report := against(t, f, spec)
			assert.Equal(t, verify.Unanswered, report.Verdict)
			assert.Contains(t, report.Summary, c.want)

			_, recorded, err := f.Check(t.Context(), "vision/m", model(t), night.Machine{Host: "box", Libtorch: "2.15.0"})
			require.NoError(t, err)
			assert.True(t, recorded)
			assert.Equal(t, verify.Consistent, against(t, f, spec).Verdict, "recording again mends it")
		})
	}
}

func change(t *testing.T, path string, how func([]byte) []byte) {
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, how(data), 0o644))
}

func TestOtherInputs(t *testing.T) {
	f := begun(t)
	spec := model(t)
	spec.Generate.Seed = 8
	spec.State = scenario("safe_model_save/model_state.pt")
	report := against(t, f, spec)
	assert.Equal(t, verify.Unanswered, report.Verdict)
	assert.Contains(t, report.Summary, "nothing was recorded for these inputs (x float32 [1, 4]), but for others: given, random 1")
}

// What a GPU gave is what a CPU may differ from by more.
func TestRecordOfAGPU(t *testing.T) {
	f := begun(t)
	change(t, f.Path("vision/m"), func(b []byte) []byte {
		return []byte(strings.Replace(string(b), `"device": "cpu"`, `"device": "cuda:0"`, 1))
	})
	report := against(t, f, model(t))
	assert.Equal(t, verify.Consistent, report.Verdict)
	assert.Equal(t, "gpu", report.Comparisons[0].Outputs[0].Tolerance.By)
	assert.Equal(t, []string{"cpu"}, night.ResultOf("vision/m", report).Devices, "no GPU ran tonight")
}

func TestPrune(t *testing.T) {
	f := begun(t)
	_, _, err := f.Check(t.Context(), "other", model(t), night.Machine{})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(f.path, "blobs", ".1.tmp"), []byte("four"), 0o644))
	require.NoError(t, os.Remove(f.Path("other")))
	p, err := f.Prune()
	require.NoError(t, err)
	assert.Equal(t, 1, p.Records)
	assert.Equal(t, 10, p.Kept)
	assert.Equal(t, 6, p.Removed, "five outputs and a leftover")
	assert.Zero(t, p.Missing)
	assert.Equal(t, verify.Consistent, against(t, f, model(t)).Verdict)

	change(t, f.Path("vision/m"), func(b []byte) []byte { return b[:99] })
	_, err = f.Prune()
	assert.ErrorContains(t, err, "is no record")
	assert.Len(t, blobs(t, f), 10, "nothing is removed when a record can't be read")
	_, err = At(filepath.Join(f.path, "nowhere")).Prune()
	assert.ErrorContains(t, err, "no such file")
}

func TestPruneWaitsForNobody(t *testing.T) {
	f := begun(t)
	release, err := f.lock(1) // shared
	require.NoError(t, err)
	defer release()
	_, err = f.Prune()
	assert.ErrorContains(t, err, "is in use by another verify record")
}

func TestBlobsOfEveryKind(t *testing.T) {
	f := At(t.TempDir())
	release, err := f.lock(1)
	require.NoError(t, err)
	defer release()
	arrays := []verify.Array{
		{Name: "", DType: dtype.Float16, Shape: []int64{2, 0}, Data: []byte{}},
		{Name: "a", DType: dtype.Bool, Shape: []int64{}, Data: []byte{1}},
		{Name: "a", DType: dtype.Complex64, Shape: []int64{1}, Data: []byte{0, 0, 128, 63, 0, 0, 0, 0}},
		{Name: "t", DType: dtype.Invalid, Text: `"some\ntext"`},
		{Name: "n", DType: dtype.BFloat16, Shape: []int64{1}, Data: []byte{192, 127}},
	}
	sum, err := f.writeBlob(arrays, map[string]string{"machine": "box"})
	require.NoError(t, err)
	again, err := f.readBlob(sum)
	require.NoError(t, err)
	require.Len(t, again, len(arrays))
	for i := range arrays {
		arrays[i].Data, again[i].Data = append([]byte{}, arrays[i].Data...), append([]byte{}, again[i].Data...)
	}
	assert.Equal(t, arrays, again)
	s := statistics(arrays[4])
	assert.EqualValues(t, 1, s.NaN)
	assert.True(t, math.IsNaN(float64(s.Mean)))
	_, err = json.Marshal(s)
	assert.NoError(t, err)
}

func TestPaths(t *testing.T) {
	f := At("r")
	assert.Equal(t, "r/checks/vision%2Fm%20v1.json", f.Path("vision/m v1"))
	assert.Equal(t, "r/checks/...json", f.Path(".."))
	long := strings.Repeat("ä", 99)
	assert.Less(t, len(filepath.Base(f.Path(long))), 200)
	assert.NotEqual(t, f.Path(long), f.Path(long+"b"))
}

func FuzzParse(f *testing.F) {
	sum := strings.Repeat("a", 64)
	good, err := json.Marshal(&Record{Schema: Schema, Check: "m", Sets: []Set{{Inputs: sum, Outputs: sum}}})
	require.NoError(f, err)
	f.Add(good)
	f.Add([]byte(`{"schema":"torchgo.verify.record/1","sets":[{"inputs":"../../etc/passwd","outputs":""}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := parse(data)
		if err != nil {
			return
		}
		for _, s := range r.Sets {
			assert.Len(t, s.Inputs, 64)
			assert.NotContains(t, s.Outputs, "/")
		}
	})
}
