package verify

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sampleReport has something of everything that a report can hold.
func sampleReport() *Report {
	yes, no, second := true, false, 1
	const hash = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	long := "encoder.layers.11.attention.self.query_key_value.projection.with_a_very_long_name.weight"
	r := &Report{
		Schema: Schema,
		Files: []File{
			{"scripted", "models/model_v1_scripted.pt", "TorchScript archive", 48_234_001, hash, "161 parameters, 53 buffers, 2 attributes, 12 constants"},
			{"state", "models/model_v1_state.pt", "torch.save archive", 44_961_233, hash, "214 tensors in model_state_dict"},
			{"expected", "records/expected.npz", "npz archive", 4512, hash, "[0].logits float32 [1, 1000], [1] int64 [1]"},
			{"input", "records/x.npy", "npy array", 602_240, hash, "float32 [1, 3, 224, 224]"},
		},
		Legs: []Leg{
			{Name: "expected", Label: "expected", Path: "records/expected.npz", Structure: "recorded", Outputs: 2, Runs: []LegRun{}},
			{Name: "scripted", Label: "TorchScript", Path: "models/model_v1_scripted.pt", Structure: "TorchScript", Libtorch: "2.11.0", Outputs: 2, Seconds: 0.25, Runs: []LegRun{{"first", 0.25, true, 0}, {"repeated", 0.125, true, 1e-9}}},
			{Name: "state", Label: "state_dict", Path: "models/model_v1_state.pt", Structure: "TorchScript filled from the state", Libtorch: "2.15.0", Outputs: 2, Seconds: 0.5, Detail: "a traceback", Ended: &Ended{"crash", "SIGSEGV", "crashed: SIGSEGV", "running"}, Runs: []LegRun{}},
		},
		Reference: "expected",
		Weights: &Weights{
			StateKey: "model_state_dict", Prefix: "module.", Scripted: 214, State: 214, BitEqual: 205,
			Missing:    []Missing{{"head.bias", "parameter"}, {"rope.inv_freq", "buffer"}},
			Unexpected: []string{"aux.weight"},
			Shapes:     []Misshape{{"head.weight", []int64{1000, 512}, []int64{10, 512}, false}},
			DTypes:     []Mistype{{"norm.weight", "float32", "float16"}},
			Unequal: []Unequal{
				{long, "float32", []int64{2, 2}, 4, 1, 0.001, []int64{0, 1}, false, false},
				{"fc.bias", "float32", []int64{2}, 2, 0, 1e-9, []int64{1}, true, false},
			},
			Covered: []Cover{{"CONSTANTS.c0", "constant", "fc.weight", "bytes"}, {"parts[0]", "attribute", "fc.bias", "memory"}},
		},
		Uncovered: []Uncovered{
			{"CONSTANTS.c1", []string{}, "constant", "int64", []int64{}, Unused, &no, "scalar", ""},
			{"my_embed", []string{"parts[1]"}, "attribute", "float32", []int64{2}, Used, &yes, "", ""},
			{"rope.inv_freq", []string{}, "buffer", "float32", []int64{32}, Undecided, &yes, "", ""},
			{"grid", []string{}, "attribute", "float32", []int64{3}, Reproducible, &yes, "arithmetic progression", ""},
			{"noise", []string{}, "attribute", "float32", []int64{3}, Accepted, &yes, "", "noi*"},
			{"table", []string{}, "buffer", "float32", []int64{3}, Declared, nil, "", "table"},
		},
		Comparisons: []Comparison{
			{Leg: "state", Same: &no, Reason: "without my_embed", Outputs: []OutputComparison{
				{Name: "[0].logits", DType: "float32", Shape: []int64{1, 1000}, Elements: 1000, Mismatches: 1000, GotNaN: 1000,
					Tolerance: Tolerance{RTol: 0.001, Text: "rtol 0.001, atol 0", By: "*logits"}, Metrics: []MetricResult{{"cosine", 0.75, 0.99, false}, {"topk=5", 1, 1, true}},
					WorstAt: []int64{0, 0}, Got: "NaN", Want: "0.5"},
				{Name: "[1]", DType: "int64", Shape: []int64{1}, Same: true, BitEqual: true, Elements: 1, MaxAbsAt: []int64{0}, WorstAt: []int64{0}, Got: "3", Want: "3", Metrics: []MetricResult{}},
			}},
			{Leg: "scripted", Same: &yes, Outputs: []OutputComparison{
				{Name: "[0].logits", DType: "float32", Shape: []int64{1, 1000}, Same: true, Elements: 1000, MaxAbs: 1.1920929e-07, MaxAbsAt: []int64{0, 713},
					MaxRel: 3e-7, MaxRelAt: []int64{0, 2}, MaxULP: 3, WorstAt: []int64{0, 713}, Got: "0.5", Want: "0.50000012", Metrics: []MetricResult{},
					Profile: &Profile{Equal: 996, Undefined: 1, From: -8, Step: 0.25, Counts: []int64{1, 0, 0, 0, 2}, Rows: 1, Cols: 3,
						Map: []Number{0, 1e-8, Number(math.NaN())}, Worst: []Worst{{[]int64{0, 9}, "NaN", "NaN", Number(math.NaN())}, {[]int64{0, 713}, "0.5", "0.50000012", 1.2e-7}}}},
				{Name: "[1]", DType: "int64", Shape: []int64{1}, Same: true, BitEqual: true, Elements: 1, MaxAbsAt: []int64{0}, WorstAt: []int64{0}, Got: "3", Want: "3", Metrics: []MetricResult{}},
			}},
		},
		Settings: Settings{Method: "forward", Device: "cpu", Threads: 2, RTol: 1e-5, ATol: 1e-8, AcceptUncovered: []string{"noi*"}, NonPersistent: []string{"table"},
			Tolerance: "rtol 1e-05, atol 1e-08", Tolerances: []string{"*logits: rtol 0.001, atol 0"}, Metrics: []string{"cosine>=0.99", "topk=5>=1"}, Ranges: []string{}, Isolated: true, Timeout: 90, Memory: 4 << 30, Libtorchs: []string{"2.11.0", "2.15.0"}},
		Bisections: []Bisection{{"state", "scripted", "given", "3 steps, one to one", []Layer{
			{"embed", "aten::linear", "model.py:9: return self.embed(x)", 1e-9, 1e-8, true, false, 1, ""},
			{long[:len(long)-7], "aten::linear", "model.py:12: return self.query_key_value(x)", Number(math.NaN()), 0, false, false, 4, "NaN in 1000 and 0 elements"},
			{"", "if", "", 0, 0, false, false, 1, "True and False"},
		}, &second, "stopped"}},
		Sets:     []Set{{Name: "given", Inputs: []SetInput{{"x", "float32", []int64{1, 3, 224, 224}, hash}}, Same: &no}},
		Versions: Versions{"v1.2.3", "go1.26.0", "linux/amd64", "2.15.0", "/usr/lib/libtorch_cpu.so", "/usr/lib/libtorchgo.so", "AVX2"},
		Started:  time.Date(2026, 11, 24, 1, 2, 3, 0, time.UTC), Seconds: 0.75,
	}
	r.Findings = append(r.Weights.findings(true),
		Finding{UncoveredTensor, Proof, "my_embed", "my_embed is used by forward but is not in the state", "register it as a buffer or parameter"},
		Finding{UncoveredBuffer, Open, "rope.inv_freq", "buffer rope.inv_freq is used by forward but is not in the state: persistent=False?", "then --non-persistent rope.inv_freq"},
		Finding{PatternUnused, Note, "rpe", "--non-persistent rpe fits no tensor that needs it", ""})
	r.Verdict, r.Summary = verdictOf(r.Findings, "")
	return r
}

// golden compares text with a file under testdata, or writes it with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "go test -update writes it")
	assert.Equal(t, string(want), got, "go test -update writes %s again", path)
}

func TestWriteText(t *testing.T) {
	several := &Report{Schema: Schema, Verdict: Unanswered, Summary: "can't answer: two runs of TorchScript on the same input differ",
		Reference: "scripted", Legs: []Leg{{Name: "scripted", Label: "TorchScript"}, {Name: "state", Label: "state_dict", Error: "out of memory"}},
		Settings:    Settings{RTol: 0.001, EqualNaN: true, Tolerance: "rtol 0.001, atol 0, NaN equals NaN"},
		Comparisons: []Comparison{{Leg: "state", Reason: "out of memory"}}}
	for i := range 14 {
		several.Comparisons[0].Outputs = append(several.Comparisons[0].Outputs, OutputComparison{
			Name: "[" + strings.Repeat("9", i+1) + "]", DType: "float32", Shape: []int64{}, Elements: 1, Mismatches: int64(i % 2), Same: i%2 == 0,
			MaxAbs: Number(i), MaxAbsAt: []int64{}, WorstAt: []int64{}, Got: "1", Want: "2", MaxRel: Number(math.Inf(1)), GotNaN: 1, WantNaN: 1, Note: "a note"})
	}
	for _, c := range []struct {
		name   string
		report *Report
		opts   TextOptions
	}{
		{"everything", sampleReport(), TextOptions{}},
		{"everything-terminal", sampleReport(), TextOptions{Terminal: true, Color: true, Verbose: true}},
		{"several-outputs", several, TextOptions{Terminal: true}},
		{"failed", FailedReport(Spec{}, &Error{Path: "m.pt", Msg: "no such file", Remedy: "check the name", Err: errors.New("cause")}), TextOptions{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b strings.Builder
			require.NoError(t, c.report.WriteText(&b, c.opts))
			golden(t, c.name+".txt", b.String())
			lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
			for _, line := range lines[:len(lines)-1] {
				for _, code := range []color{red, green, yellow, "\x1b[0m"} {
					line = strings.ReplaceAll(line, string(code), "")
				}
				assert.LessOrEqual(t, utf8.RuneCountInString(line), width, line)
			}
			assert.Contains(t, lines[len(lines)-1], c.report.Summary, "the last line says the verdict")

			b.Reset()
			require.NoError(t, c.report.WriteVerdict(&b, c.opts))
			assert.Equal(t, lines[len(lines)-1]+"\n", b.String())
		})
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestWriteErrors(t *testing.T) {
	assert.ErrorContains(t, sampleReport().WriteText(fullDisk{}, TextOptions{}), "no space")
	assert.ErrorContains(t, sampleReport().WriteVerdict(fullDisk{}, TextOptions{}), "no space")
	assert.ErrorContains(t, sampleReport().WriteJSON(fullDisk{}), "no space")
}
