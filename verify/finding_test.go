package verify

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestVerdictOf(t *testing.T) {
	proof := Finding{Code: WeightMissing, Weight: Proof, Text: "b is gone"}
	open := Finding{Code: UncoveredBuffer, Weight: Open, Text: "who knows"}
	note := Finding{Code: StatePrefix, Weight: Note, Text: "by the way"}
	for _, c := range []struct {
		name     string
		findings []Finding
		verdict  Verdict
		exit     int
		summary  string
	}{
		{"nothing found", nil, Consistent, 0, "consistent: all agree"},
		{"notes change nothing", []Finding{note, note}, Consistent, 0, "consistent: all agree"},
		{"an open question", []Finding{note, open}, Unanswered, 2, "can't answer: who knows"},
		{"a proof", []Finding{proof}, Inconsistent, 1, "inconsistent: b is gone"},
		{"a proof beside an open question", []Finding{open, proof}, Inconsistent, 1, "inconsistent: b is gone"},
		{"several", []Finding{open, open, open}, Unanswered, 2, "can't answer: who knows (and 2 more)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			verdict, summary := verdictOf(c.findings, "all agree")
			assert.Equal(t, c.verdict, verdict)
			assert.Equal(t, c.summary, summary)
			assert.Equal(t, c.exit, verdict.ExitCode())
		})
	}
}
