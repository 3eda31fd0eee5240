package verify

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/joshdk/go-junit"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// suiteOf reads a report's JUnit as a CI system does.
func suiteOf(t *testing.T, r *Report) junit.Suite {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, r.WriteJUnit(&b))
	suites, err := junit.Ingest(b.Bytes())
	require.NoError(t, err)
	require.Len(t, suites, 1)
	return suites[0]
}

func TestWriteJUnit(t *testing.T) {
	yes := true
	sound := &Report{Schema: Schema, Verdict: Consistent, Summary: "consistent: all", Reference: "scripted", Weights: &Weights{Scripted: 2, BitEqual: 2},
		Legs:        []Leg{{Name: "scripted", Label: "TorchScript", Path: "a/m.pt"}, {Name: "state", Label: "state_dict", Path: "a/s.pt"}},
		Comparisons: []Comparison{{Leg: "state", Same: &yes, Outputs: []OutputComparison{{Name: "output", Same: true, Elements: 1}}}}}
	noisy := *sound
	noisy.Findings = []Finding{{WeightRounding, Note, "w", "w differs within the tolerance", ""}}
	open := *sound
	open.Comparisons = []Comparison{{Leg: "state", Reason: "two runs differ\x00 and <b>"}}
	open.Findings = []Finding{{RunsDiffer, Open, "state", "two runs differ", "is dropout left on?"}}
	open.Verdict, open.Summary = verdictOf(open.Findings, "")
	// A code that no case is about must still fail the verdict's.
	other := *sound
	other.Findings = []Finding{{"later-code", Proof, "x", "something else differs", ""}}
	other.Verdict, other.Summary = verdictOf(other.Findings, "")

	const passed, failed, errored = junit.StatusPassed, junit.StatusFailed, junit.StatusError
	for _, c := range []struct {
		name   string
		report *Report
		title  string
		cases  []string
		status []junit.Status
	}{
		{"everything", sampleReport(), "expected.npz, model_v1_scripted.pt, model_v1_state.pt",
			[]string{"verdict", "weights", "coverage", "state_dict against expected", "TorchScript against expected"},
			[]junit.Status{failed, failed, failed, failed, passed}},
		{"sound", sound, "m.pt, s.pt", []string{"verdict", "weights", "coverage", "state_dict against TorchScript"}, []junit.Status{passed, passed, passed, passed}},
		{"only notes", &noisy, "m.pt, s.pt", []string{"verdict", "weights", "coverage", "state_dict against TorchScript"}, []junit.Status{passed, passed, passed, passed}},
		{"left open", &open, "m.pt, s.pt", []string{"verdict", "weights", "coverage", "state_dict against TorchScript"}, []junit.Status{errored, passed, passed, errored}},
		{"a finding of no case", &other, "m.pt, s.pt", []string{"verdict", "weights", "coverage", "state_dict against TorchScript"}, []junit.Status{failed, passed, passed, passed}},
		{"failed", FailedReport(Spec{}, &Error{Path: "m.pt", Msg: "no such file", Remedy: "check the name", Err: errors.New("cause")}), "verify", []string{"verdict"}, []junit.Status{errored}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := suiteOf(t, c.report)
			assert.Equal(t, c.title, s.Name)
			var cases []string
			var status []junit.Status
			count := junit.Totals{}
			for _, one := range s.Tests {
				cases, status = append(cases, one.Name), append(status, one.Status)
				count.Tests++
				switch one.Status {
				case failed:
					count.Failed++
				case errored:
					count.Error++
				case passed:
					count.Passed++
				}
			}
			assert.Equal(t, c.cases, cases)
			assert.Equal(t, c.status, status)
			s.Totals.Duration = 0
			assert.Equal(t, count, s.Totals, "the counts in the suite are those of its cases")
			assert.Equal(t, string(c.report.Verdict), s.Properties["verdict"])
			assert.Contains(t, s.SystemOut, c.report.Summary)
		})
	}

	t.Run("what is said", func(t *testing.T) {
		s := suiteOf(t, sampleReport())
		assert.Equal(t, 750*time.Millisecond, s.Tests[0].Duration)
		assert.Equal(t, 500*time.Millisecond, s.Tests[3].Duration)
		assert.Equal(t, "inconsistent", s.Tests[0].Error.(junit.Error).Type)
		assert.Equal(t, sampleReport().Summary, s.Tests[0].Error.(junit.Error).Message)
		assert.Contains(t, s.Tests[1].Error.Error(), "head.bias")
		assert.Contains(t, s.Tests[3].Error.(junit.Error).Body, "[0].logits float32 [1, 1000]: NaN in 1000 of 1000 elements")
		assert.Contains(t, s.Tests[3].Error.(junit.Error).Body, "a traceback")
		assert.Equal(t, sampleReport().Settings.Demands(), s.Properties["judged by"])
		assert.Contains(t, s.Properties["judged by"], "rtol 1e-05")
		assert.Len(t, s.Properties["SHA-256 of models/model_v1_state.pt"], 64)
		assert.Contains(t, suiteOf(t, &open).Tests[3].Error.(junit.Error).Message, "two runs differ\uFFFD and <b>", "what XML can't hold is replaced")
	})
}
