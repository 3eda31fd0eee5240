package verify

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestJudgement(t *testing.T) {
	yes, no := true, false
	attribute := func(depends *bool, values string) Uncovered {
		return Uncovered{Name: "parts[0]", Aliases: []string{"other"}, Role: "attribute", Depends: depends, Values: values}
	}
	buffer := func(depends *bool) Uncovered {
		return Uncovered{Name: "rope.inv_freq", Role: roleBuffer, Depends: depends}
	}
	constant := Uncovered{Name: "CONSTANTS.c3", Role: roleConstant, Depends: &yes}
	for _, c := range []struct {
		name   string
		judge  judgement
		gap    Uncovered
		status Status
		code   Code // of the first finding; "" for none
		weight Weight
		text   string // part of its text and remedy
	}{
		{"an attribute", judgement{}, attribute(&yes, ""), Used, UncoveredTensor, Proof, "parts[0] is used by forward but is not in the state: register it as a buffer or parameter"},
		{"a constant", judgement{}, constant, Used, UncoveredTensor, Proof, "CONSTANTS.c3 is used by forward but is not in the state: make the tensor"},
		{"a constant that the file does not number", judgement{}, Uncovered{Name: "self.x + 1", Role: roleConstant, Depends: &yes}, Used, UncoveredTensor, Proof, "constant self.x + 1 is used"},
		{"a buffer", judgement{}, buffer(&yes), Undecided, UncoveredBuffer, Open, "persistent=False?: then --non-persistent rope.inv_freq"},
		{"unused", judgement{}, attribute(&no, ""), Unused, "", "", ""},
		{"an unused buffer", judgement{}, buffer(&no), Unused, "", "", ""},
		{"reproducible", judgement{}, attribute(&yes, "all equal"), Reproducible, UncoveredHarmless, Note, "(all equal)"},
		{"reproducible, never overwritten", judgement{}, attribute(nil, "integer"), Reproducible, UncoveredHarmless, Note, "(integer)"},
		{"accepted by pattern", judgement{accept: []string{"x", "oth*"}}, attribute(&yes, ""), Accepted, UncoveredAccepted, Note, "--accept-uncovered oth*"},
		{"accepted by name with brackets", judgement{accept: []string{"parts[0]"}}, attribute(&yes, ""), Accepted, UncoveredAccepted, Note, "--accept-uncovered parts[0]"},
		{"accepted buffer", judgement{accept: []string{"rope.*"}}, buffer(&yes), Accepted, UncoveredAccepted, Note, "rope.*"},
		{"declared", judgement{nonPersistent: []string{"rope.inv_freq"}}, buffer(&yes), Declared, UncoveredAccepted, Note, "--non-persistent"},
		{"declared, but no buffer", judgement{nonPersistent: []string{"other"}}, attribute(&yes, ""), Used, UncoveredTensor, Proof, "parts[0]"},
		{"runs differ", judgement{unstable: true}, attribute(nil, ""), Undecided, UncoveredTensor, Open, "as runs differ"},
		{"runs differ, a buffer", judgement{unstable: true}, buffer(nil), Undecided, UncoveredTensor, Open, "persistent=False then --non-persistent"},
		{"cannot be overwritten", judgement{}, attribute(nil, ""), Undecided, UncoveredTensor, Open, "cannot be overwritten"},
		{"frozen, with weights left over", judgement{leftover: []string{"fc.weight"}}, constant, Undecided, UncoveredFrozen, Open, "folded, or other weights: compare"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.judge.method = "forward"
			g := &gap{report: c.gap}
			findings := c.judge.decide([]*gap{g})
			assert.Equal(t, c.status, g.report.Status)
			if c.code == "" {
				assert.Empty(t, findings)
				return
			}
			require.NotEmpty(t, findings)
			assert.Equal(t, c.code, findings[0].Code)
			assert.Equal(t, c.weight, findings[0].Weight)
			assert.Contains(t, findings[0].Text+": "+findings[0].Remedy, c.text)
		})
	}
}

func TestJudgementNotesWhatFitsNothing(t *testing.T) {
	yes := true
	g := &gap{report: Uncovered{Name: "my_embed", Role: "attribute", Depends: &yes}}
	j := judgement{accept: []string{"my_*", "your_*"}, nonPersistent: []string{"my_embed", "cache"}}
	var notes []string
	for _, f := range j.decide([]*gap{g}) {
		if f.Code == PatternUnused {
			notes = append(notes, f.Text)
		}
	}
	assert.Equal(t, []string{
		"--accept-uncovered your_* fits no tensor that needs it",
		"my_embed is no registered buffer, so --non-persistent does not apply to it",
		"--non-persistent cache fits no tensor that needs it",
	}, notes)
}
