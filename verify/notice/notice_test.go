package notice

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/history"
	"github.com/seed06459138/torchgo/verify/night"
)

var update = flag.Bool("update", false, "write the golden files anew")

var begun = time.Date(2026, 11, 28, 3, 0, 0, 0, time.UTC)

// tonight is a night in which there is something of everything.
func tonight() *Notice {
	yes, no := true, false
	n := &night.Night{
		Header: night.Header{Schema: night.Schema, ID: "2026-11-28", Suite: "zoo", Started: begun, Commit: "4f2a91c", Checks: []string{"bert", "vision/m_v1", "resnet", "wild|*name*", "gone"},
			Machine: night.Machine{Host: "box", Platform: "linux/amd64", CPU: "EPYC", Kernels: "AVX2", Libtorch: "2.15.0", Torchgo: "v0.3.0", Go: "go1.26",
				Devices: []night.Device{{Name: "cuda:0", Model: "H100", Driver: "580.1", Memory: 80 << 30}}}},
		Results: []night.Result{
			{Check: "resnet", Verdict: verify.Consistent, Summary: "consistent: state_dict computes what TorchScript computes", Seconds: 12.34, Peak: 3 << 30, Attempts: []string{"CUDA out of memory"},
				Legs: []night.Leg{{Name: "scripted", Device: "cuda:0", P50: 0.0121, Peak: 2 << 30}, {Name: "state", Device: "cuda:0", Same: &yes, MaxAbs: 1.5e-6, P50: 0.0122}}},
			{Check: "wild|*name*", Verdict: verify.Unanswered, Summary: "can't answer: libtorch <aborted> & went", Ended: "crashed: SIGSEGV", Seconds: 1},
			{Check: "vision/m_v1", Verdict: verify.Inconsistent, Summary: "inconsistent: output of state_dict differs: max |Δ| 0.5, 7 of 10 elements", Seconds: 2.5,
				Findings: []verify.Finding{{Code: verify.OutputValues, Weight: verify.Proof, Text: "output of state_dict differs: max |Δ| 0.5", Remedy: "save both again"}},
				Legs:     []night.Leg{{Name: "state", Device: "cpu", Same: &no, MaxAbs: verify.Number(math.NaN())}}},
			{Check: "bert", Verdict: verify.Consistent, Seconds: 100},
		},
		End: &night.End{Ended: begun.Add(2 * time.Minute), Seconds: 120.4, Notes: []string{"the clock jumped by 3600 s"}},
	}
	changes := &history.Report{Before: &history.Mark{Night: "2026-11-27"}, Changes: []history.Change{
		{Rule: history.VerdictRule, Weight: history.Worse, New: true, Check: "vision/m_v1", Before: "consistent", Now: "inconsistent"},
		{Rule: history.LatencyRule, Weight: history.Worse, New: true, Check: "resnet", Leg: "state", Device: "cuda:0", Before: "10 ms", Now: "12.2 ms",
			Values: &history.Values{Before: 0.01, Now: 0.0122, Unit: "s"}, Nights: 7, Machine: "box"},
		{Rule: history.VerdictRule, Weight: history.Open, New: false, Check: "wild|*name*", Before: "consistent", Now: "unanswered", Since: history.Mark{Night: "2026-11-20"}},
		{Rule: history.MachineRule, Weight: history.Note, New: true, Before: "libtorch 2.14.0", Now: "libtorch 2.15.0", Machine: "box"},
	}}
	return &Notice{n, changes}
}

// quiet is a night of which nothing is to be said.
func quiet() *Notice {
	return &Notice{Night: &night.Night{Header: night.Header{ID: "n", Suite: "zoo", Started: begun, Checks: []string{"a", "b"}},
		Results: []night.Result{{Check: "a", Verdict: verify.Consistent}, {Check: "b", Verdict: verify.Consistent}}, End: &night.End{Seconds: 1}}}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}

func TestHeadline(t *testing.T) {
	assert.Equal(t, "zoo: of 5 checks 1 is inconsistent, 1 has no answer, 1 did not run", tonight().Headline())
	n := quiet()
	assert.Equal(t, "zoo: all 2 checks are consistent", n.Headline())
	n.Night.End = nil
	assert.Equal(t, "zoo: the night did not come to its end; 2 checks so far, consistent", n.Headline())
	n = quiet()
	n.Night.Total, n.Night.Others = 5, []night.Machine{{Host: "other", Devices: make([]night.Device, 2)}}
	assert.Equal(t, "zoo: of 5 checks 3 did not run", n.Headline(), "shards have not come")
	var b bytes.Buffer
	require.NoError(t, n.WriteMetrics(&b))
	assert.Contains(t, b.String(), "torchgo_night_gpus{suite=\"zoo\"} 2\n")
	require.NoError(t, n.WriteJUnit(&b))
	assert.Contains(t, b.String(), "3 checks did not run: shards have not come")
	require.NoError(t, n.WriteMarkdown(&b))
	assert.Contains(t, b.String(), "| 3 other checks | of shards that have not come |")
	assert.Equal(t, "s: there were no checks", (&Notice{Night: &night.Night{Header: night.Header{Suite: "s"}}}).Headline())
}

func TestMarkdown(t *testing.T) {
	var all, little bytes.Buffer
	require.NoError(t, tonight().WriteMarkdown(&all))
	golden(t, "night.md", all.String())
	assert.Less(t, strings.Index(all.String(), "New since the night before"), strings.Index(all.String(), "Checks that are not consistent"))
	require.NoError(t, quiet().WriteMarkdown(&little))
	golden(t, "quiet.md", little.String())
}

func TestJUnit(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, tonight().WriteJUnit(&b))
	golden(t, "night.xml", b.String())
	var read struct {
		Suites []struct {
			Tests    int        `xml:"tests,attr"`
			Failures int        `xml:"failures,attr"`
			Errors   int        `xml:"errors,attr"`
			Cases    []struct{} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	require.NoError(t, xml.Unmarshal(b.Bytes(), &read))
	assert.Equal(t, []int{5, 1, 2, 5}, []int{read.Suites[0].Tests, read.Suites[0].Failures, read.Suites[0].Errors, len(read.Suites[0].Cases)})

	n := quiet()
	n.Night.End = nil
	b.Reset()
	require.NoError(t, n.WriteJUnit(&b))
	assert.Contains(t, b.String(), "the run did not come to its end")
}

// What Prometheus' own parser reads is what there is.
func TestMetrics(t *testing.T) {
	path := filepath.Join(t.TempDir(), "zoo.prom")
	require.NoError(t, os.WriteFile(path, []byte("old"), 0o644))
	require.NoError(t, tonight().WriteMetricsFile(path))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	golden(t, "night.prom", string(data))
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(data))
	require.NoError(t, err)
	for name, f := range families {
		assert.NotEmpty(t, f.GetHelp(), name)
		assert.Equal(t, "GAUGE", f.GetType().String())
		assert.Regexp(t, `^torchgo_(night|check|leg)_[a-z0-9_]+$`, name)
		for _, m := range f.Metric {
			assert.Equal(t, "suite", m.Label[0].GetName())
		}
	}
	assert.Equal(t, 120.4, families["torchgo_night_duration_seconds"].Metric[0].Gauge.GetValue())
	assert.EqualValues(t, begun.Unix(), families["torchgo_night_start_timestamp_seconds"].Metric[0].Gauge.GetValue())
	assert.Len(t, families["torchgo_check_consistent"].Metric, 4)
	assert.Len(t, families["torchgo_leg_latency_p50_seconds"].Metric, 2)
	found := false
	for _, m := range families["torchgo_leg_error_max_abs"].Metric {
		found = found || math.IsNaN(m.Gauge.GetValue())
	}
	assert.True(t, found, "NaN is a value")
	left, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".*"))
	require.NoError(t, err)
	assert.Empty(t, left)

	odd := quiet()
	odd.Night.Results[0].Check = "back\\slash \"quoted\"\nline ä"
	var b bytes.Buffer
	require.NoError(t, odd.WriteMetrics(&b))
	families, err = parser.TextToMetricFamilies(&b)
	require.NoError(t, err)
	assert.Equal(t, odd.Night.Results[0].Check, families["torchgo_check_consistent"].Metric[1].Label[1].GetValue())
	assert.Error(t, tonight().WriteMetricsFile(filepath.Join(path, "no", "x.prom")))
}

func TestMessages(t *testing.T) {
	n := tonight()
	data, err := n.JSON()
	require.NoError(t, err)
	var indented bytes.Buffer
	require.NoError(t, json.Indent(&indented, data, "", "  "))
	golden(t, "message.json", indented.String()+"\n")
	data, err = n.Slack()
	require.NoError(t, err)
	indented.Reset()
	require.NoError(t, json.Indent(&indented, data, "", "  "))
	golden(t, "slack.json", indented.String()+"\n")
}

// However much there is to say, Slack's bounds hold: of 50 blocks, 150 letters in a
// header and 3000 in a section.
func TestSlackBounds(t *testing.T) {
	n := tonight()
	for range 500 {
		n.Changes.Changes = append(n.Changes.Changes, history.Change{Rule: history.VerdictRule, Weight: history.Worse, New: true, Check: strings.Repeat("ä", 200), Now: strings.Repeat("<&>", 900)})
	}
	n.Night.Suite = strings.Repeat("s", 500)
	data, err := n.Slack()
	require.NoError(t, err)
	var read struct {
		Blocks []struct {
			Type string
			Text struct{ Text string }
		}
	}
	require.NoError(t, json.Unmarshal(data, &read))
	assert.LessOrEqual(t, len(read.Blocks), 50)
	for _, b := range read.Blocks {
		most := 3000
		if b.Type == "header" {
			most = 150
		}
		assert.LessOrEqual(t, len([]rune(b.Text.Text)), most)
	}
	message := n.Message()
	assert.Len(t, message.Changes, 100)
}
