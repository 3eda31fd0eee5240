package html

import (
	"bytes"
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/verify"
)

// sample has something of everything that a page can show.
func sample() *verify.Report {
	yes, no := true, false
	const hash = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	image := &verify.Profile{Equal: 40_000, Undefined: 3, From: -9, Step: 0.25, Rows: 64, Cols: 64,
		Worst: []verify.Worst{{Index: []int64{0, 2, 17, 180}, Got: "NaN", Want: "0.25", Abs: verify.Number(math.NaN())}, {Index: []int64{0, 0, 3, 4}, Got: "0.5012", Want: "0.5", Abs: 0.0012}}}
	for i := range 25 {
		image.Counts = append(image.Counts, int64(20_000*math.Exp(-float64((i-12)*(i-12))/20)))
	}
	for i := range 64 * 64 {
		row, col := i/64, i%64
		diff := 1e-8 * math.Exp(5*math.Sin(float64(row)/9)*math.Cos(float64(col)/7)) * float64(1+col%3)
		switch {
		case row > 54:
			diff = 0
		case row == 5 && col > 50 && col < 54:
			diff = math.NaN()
		case row < 4 && col < 6:
			diff = 1e-3
		}
		image.Map = append(image.Map, verify.Number(diff))
	}
	row := &verify.Profile{Equal: 990, From: -7.25, Step: 0.25, Counts: []int64{4, 0, 6}, Rows: 1, Cols: 64, Map: make([]verify.Number, 64),
		Worst: []verify.Worst{{Index: []int64{0, 713}, Got: "0.5", Want: "0.50000012", Abs: 1.2e-7}}}
	row.Map[45], row.Map[3] = 1.2e-7, 6e-8
	r := &verify.Report{
		Schema: verify.Schema, Verdict: verify.Inconsistent, Summary: "inconsistent: parameter head.bias is not in the state (and 3 more)",
		Files: []verify.File{
			{Role: "scripted", Path: "models/model_v1_scripted.pt", Kind: "TorchScript archive", Bytes: 48_234_001, SHA256: hash, Holds: "161 parameters, 53 buffers"},
			{Role: "state", Path: "models/model_v1_state.pt", Kind: "torch.save archive", Bytes: 44_961_233, SHA256: hash, Holds: "214 tensors in model_state_dict"},
			{Role: "expected", Path: "records/expected.npz", Kind: "npz archive", Bytes: 4512, SHA256: hash, Holds: "logits float32 [1, 1000], mask float32 [1, 3, 256, 256]"},
			{Role: "input", Path: "records/x.npy", Kind: "npy array", Bytes: 602_240, SHA256: hash, Holds: "float32 [1, 3, 224, 224]"}},
		Legs: []verify.Leg{
			{Name: "expected", Label: "expected", Path: "records/expected.npz", Structure: "recorded"},
			{Name: "scripted", Label: "TorchScript", Path: "models/model_v1_scripted.pt", Structure: "TorchScript", Seconds: 0.25, Device: "cuda:0", Peak: 3 << 30,
				Latency: &verify.Latency{Calls: 200, Mean: 0.0123, P50: 0.0121, P90: 0.0131, P99: 0.0205, Clock: "CUDA events"}},
			{Name: "state", Label: "state_dict", Path: "models/model_v1_state.pt", Structure: "TorchScript filled from the state", Seconds: 0.5},
			{Name: "onnx", Label: "ONNX", Path: "models/model.onnx", Structure: "ONNX (providers CPUExecutionProvider)", Error: "no libonnxruntime.so"}},
		Reference: "expected",
		Weights: &verify.Weights{StateKey: "model_state_dict", Prefix: "module.", Scripted: 214, State: 214, BitEqual: 205,
			Missing: []verify.Missing{{Name: "head.bias", Role: "parameter"}}, Unexpected: []string{"aux.weight"},
			Shapes: []verify.Misshape{{Name: "head.weight", Scripted: []int64{1000, 512}, State: []int64{10, 512}}},
			Unequal: []verify.Unequal{{Name: "encoder.layers.11.attention.self.query_key_value.projection.weight", DType: "float32", Shape: []int64{2, 2}, Elements: 4, Mismatches: 1, MaxAbs: 0.001},
				{Name: "fc.bias", DType: "float32", Shape: []int64{2}, Elements: 2, MaxAbs: 1e-9, Close: true}, {Name: "bn.running_mean", DType: "float32", Shape: []int64{64}, Elements: 64, Mismatches: 64, MaxAbs: 0.2}},
			Covered: []verify.Cover{{Name: "CONSTANTS.c0", Role: "constant", By: "fc.weight", How: "bytes"}}},
		Uncovered: []verify.Uncovered{{Name: "my_embed", Aliases: []string{"parts[1]"}, Role: "attribute", DType: "float32", Shape: []int64{2}, Status: verify.Used}},
		Comparisons: []verify.Comparison{
			{Leg: "state", Same: &no, Reason: "without my_embed", Outputs: []verify.OutputComparison{
				{Name: "mask", DType: "float32", Shape: []int64{1, 3, 256, 256}, Elements: 196_608, Mismatches: 1234, MaxAbs: 0.0012, MaxAbsAt: []int64{0, 0, 3, 4}, MaxRel: 0.0024,
					MaxRelAt: []int64{0, 0, 3, 4}, WorstAt: []int64{0, 2, 17, 180}, Got: "NaN", Want: "0.25", GotNaN: 3, Profile: image},
				{Name: "logits", DType: "float32", Shape: []int64{1, 1000}, Same: true, BitEqual: true, Elements: 1000}}},
			{Leg: "scripted", Same: &yes, Outputs: []verify.OutputComparison{
				{Name: "logits", DType: "float32", Shape: []int64{1, 1000}, Same: true, Elements: 1000, MaxAbs: 1.2e-7, MaxAbsAt: []int64{0, 713}, MaxRel: 3e-7, MaxRelAt: []int64{0, 2}, MaxULP: 3, Profile: row}}},
			{Leg: "onnx", Reason: "ONNX could not be run: no libonnxruntime.so"}},
		Settings: verify.Settings{Method: "forward", Device: "cpu", Threads: 2, RTol: 1e-5, ATol: 1e-8, Tolerance: "rtol 1e-05, atol 1e-08", Tolerances: []string{"mask: exact"}, Metrics: []string{"cosine>=0.999"}},
		Versions: verify.Versions{Torchgo: "v1.2.3", Go: "go1.26.0", Platform: "linux/amd64", Libtorch: "2.15.0", CPU: "AVX2"},
		Started:  time.Date(2026, 11, 24, 1, 2, 3, 0, time.UTC), Seconds: 0.75,
		Truth: &verify.Truth{Outputs: []verify.TrueOutput{{Name: "mask", Greatest: 3.5, Unit: "float32", Moves: 2e-6, Legs: []verify.FromIt{{Leg: "state", MaxAbs: 0.0012}, {Leg: "scripted", MaxAbs: 4e-7}}}}},
	}
	for i := range 60 {
		r.Weights.Unequal = append(r.Weights.Unequal, verify.Unequal{Name: fmt.Sprintf("layers.%d.weight", i), DType: "float32", Shape: []int64{8, 8}, Elements: 64, Mismatches: 64,
			MaxAbs: verify.Number(1e-8 * math.Exp(float64(i)/5))})
	}
	first := 21
	steps := verify.Bisection{Leg: "state", Against: "scripted", Set: "given", Paired: "48 steps, one to one", First: &first}
	for i := range 48 {
		l := verify.Layer{Name: fmt.Sprintf("encoder.layers.%d.attention", i/4), Op: "aten::linear", Line: "attention.py:41: return self.projection(x)", Same: i < first, BitEqual: i < 9, Times: 1}
		if !l.BitEqual {
			l.MaxAbs, l.MaxRel = verify.Number(3e-8*math.Exp(float64(i)/4)), verify.Number(1e-7*math.Exp(float64(i)/4))
		}
		if i > 44 {
			l.MaxAbs, l.Note = verify.Number(math.NaN()), "NaN in 3 and 0 elements"
		}
		steps.Layers = append(steps.Layers, l)
	}
	r.Bisections = []verify.Bisection{steps}
	r.Findings = []verify.Finding{
		{Code: verify.WeightMissing, Weight: verify.Proof, Subject: "head.bias", Text: "parameter head.bias is not in the state", Remedy: "save both files from the same model at the same step"},
		{Code: verify.LegFailed, Weight: verify.Open, Subject: "onnx", Text: "ONNX could not be run: no libonnxruntime.so"},
		{Code: verify.StatePrefix, Weight: verify.Note, Text: `every name in the state starts with "module."; it was taken off`}}
	return r
}

// deep is a report of a model of 200 layers, of which every weight and output differs.
func deep() *verify.Report {
	r := sample()
	image := r.Comparisons[0].Outputs[0]
	for i := range 200 {
		for _, name := range []string{"weight", "bias", "running_mean", "running_var"} {
			r.Weights.Unequal = append(r.Weights.Unequal, verify.Unequal{Name: fmt.Sprintf("backbone.stage.%d.block.normalization.%s", i, name), DType: "float32",
				Shape: []int64{256, 256, 3, 3}, Elements: 589_824, Mismatches: 1000, MaxAbs: verify.Number(1e-6 * math.Exp(float64(i)/40))})
			r.Findings = append(r.Findings, verify.Finding{Code: verify.WeightValues, Weight: verify.Proof, Text: r.Weights.Unequal[len(r.Weights.Unequal)-1].Name + " differs between the files"})
		}
		for _, op := range []string{"call", "aten::batch_norm", "aten::relu_", "aten::conv2d"} {
			r.Bisections[0].Layers = append(r.Bisections[0].Layers, verify.Layer{Name: fmt.Sprintf("backbone.stage.%d.block", i), Op: op, Line: "backbone.py:77: x = self.normalization(self.convolution(x))", MaxAbs: 1e-3, Times: 1})
		}
		one := image
		one.Name = fmt.Sprintf("features.%d", i)
		r.Comparisons[0].Outputs = append(r.Comparisons[0].Outputs, one)
	}
	return r
}

func write(t testing.TB, r *verify.Report) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, Write(r, &b))
	return b.String()
}

func TestWrite(t *testing.T) {
	page := write(t, sample())
	body := page[strings.Index(page, "<body>"):]
	verdict := strings.Index(body, "inconsistent: parameter head.bias")
	require.Positive(t, verdict)
	assert.Less(t, verdict, 200, "the verdict stands first")
	for _, text := range []string{"without my_embed", "max |Δ|", "[0, 2, 17, 180]", "0.5012", "head.weight", "state [10, 512], scripted [1000, 512]", "my_embed, parts[1]",
		"Step by step: state_dict against TorchScript", "48 steps, one to one; 9 equal, bit for bit", "parts here", "attention.py:41", "NaN in 3 and 0 elements",
		"0123456789abcdef0123456789abcdef", "AVX2", "no libonnxruntime.so", "40000 elements are equal, 3 have no distance", "save both files", "model_state_dict", "TorchScript 4e-07",
		"12.1 ms", "20.5 ms", "CUDA events", "3.2 GB", "judged by rtol 1e-05, atol 1e-08; mask: exact; cosine&gt;=0.999"} {
		assert.Contains(t, body, text)
	}
	assert.Equal(t, 6, strings.Count(body, "<svg "), "two charts of each output that differs, one of the weights, one of the steps")
	assert.Contains(t, body, "how much each step differs")
	assert.Equal(t, 1, strings.Count(body, "parts here"))
	assert.NotContains(t, page, "#000000", "charts take the colour of the page")
	assert.NotContains(t, page, "ZgotmplZ")

	t.Run("nothing is fetched", func(t *testing.T) {
		assert.NotRegexp(t, `(?i)<(script|link|iframe|object|embed|base)\b|@import|url\(`, page)
		for _, m := range regexp.MustCompile(`(?i)\b(?:src|href|xlink:href|action)\s*=\s*"([^"]*)"`).FindAllStringSubmatch(page, -1) {
			assert.True(t, strings.HasPrefix(m[1], "data:image/png;base64,"), m[1][:min(len(m[1]), 60)])
		}
	})
	t.Run("without profiles", func(t *testing.T) {
		r := sample()
		for _, c := range r.Comparisons {
			for i := range c.Outputs {
				c.Outputs[i].Profile = nil
			}
		}
		page := write(t, r)
		assert.Equal(t, 2, strings.Count(page, "<svg "), "the weights and the steps")
		assert.Contains(t, page, "NaN in 3 (reference 0)")
	})
	t.Run("of a question that could not be put", func(t *testing.T) {
		page := write(t, verify.FailedReport(verify.Spec{}, &verify.Error{Path: "m.pt", Msg: "no such file", Remedy: "check the name"}))
		assert.Contains(t, page, "m.pt: no such file")
		assert.Contains(t, page, `class="verdict open"`)
	})
	t.Run("hostile names", func(t *testing.T) {
		r := sample()
		const evil = `</td><script>alert("1")</script>`
		r.Summary, r.Files[0].Path, r.Weights.Unexpected[0], r.Comparisons[0].Outputs[0].Name = evil, evil, evil, evil
		r.Findings[0].Text, r.Uncovered[0].Name, r.Legs[1].Label = evil, evil, evil
		l := &r.Bisections[0].Layers[30]
		l.Name, l.Op, l.Line, l.Note = evil, evil, evil, evil
		assert.NotContains(t, write(t, r), "<script")
	})
	t.Run("nothing finite", func(t *testing.T) {
		r := sample()
		nan := verify.Number(math.NaN())
		r.Comparisons[0].Outputs[0].Profile = &verify.Profile{Undefined: 2, Step: 0.25, Counts: []int64{}, Rows: 1, Cols: 2, Map: []verify.Number{nan, nan}, Worst: []verify.Worst{}}
		r.Comparisons[0].Outputs[0].Shape = []int64{2}
		assert.Equal(t, 5, strings.Count(write(t, r), "<svg "), "a map, and no counts")
	})
	t.Run("a scalar", func(t *testing.T) {
		r := sample()
		r.Comparisons[0].Outputs[0].Profile = &verify.Profile{From: -324, Step: 0.25, Counts: []int64{1}, Rows: 1, Cols: 1, Map: []verify.Number{5e-324}, Worst: []verify.Worst{}}
		r.Comparisons[0].Outputs[0].Shape = []int64{}
		assert.Equal(t, 6, strings.Count(write(t, r), "<svg "))
	})
	t.Run("steps that are equal", func(t *testing.T) {
		r := sample()
		r.Bisections = []verify.Bisection{{Leg: "state", Against: "scripted", Paired: "1 step, one to one", Layers: []verify.Layer{{Op: "aten::relu", Same: true, BitEqual: true}}, Error: "out of memory"}}
		page := write(t, r)
		assert.Contains(t, page, "1 step, one to one; 1 equal, bit for bit; they do not part")
		assert.Contains(t, page, "ended: out of memory")
		assert.NotContains(t, page, "how much each step differs")
	})
	t.Run("steps whose differences have no size", func(t *testing.T) {
		r := sample()
		r.Bisections[0].Layers = []verify.Layer{{Op: "aten::log", MaxAbs: verify.Number(math.NaN())}, {Op: "aten::exp", MaxAbs: verify.Number(math.Inf(1))}}
		assert.Contains(t, write(t, r), "how much each step differs")
	})
}

func TestPageOfADeepModelIsSmall(t *testing.T) {
	page := write(t, deep())
	t.Logf("%d bytes", len(page))
	assert.Less(t, len(page), 3_000_000)
	assert.Equal(t, 2*mostCharts+2, strings.Count(page, "<svg "))
	assert.Contains(t, page, "and 739 more; --json lists them all", "of the steps")
	assert.Contains(t, page, "features.199", "every output is listed")
	assert.Contains(t, page, "and 795 more of this kind", "800 findings must not bury the rest")
}

func BenchmarkWrite(b *testing.B) {
	r := deep()
	for b.Loop() {
		write(b, r)
	}
}
