package verify

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"
)

func markdownOf(t *testing.T, r *Report) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, r.WriteMarkdown(&b))
	return b.String()
}

// rendered gives Markdown as a browser gets it.
func rendered(t *testing.T, text string) string {
	t.Helper()
	var b strings.Builder
	// HTML is let through, so that what is not escaped is seen.
	md := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(html.WithUnsafe()))
	require.NoError(t, md.Convert([]byte(text), &b))
	return b.String()
}

func TestWriteMarkdown(t *testing.T) {
	for name, report := range map[string]*Report{
		"everything": sampleReport(),
		"failed":     FailedReport(Spec{}, &Error{Path: "m_1.pt", Msg: "no such file", Remedy: "check the name", Err: errors.New("cause")}),
	} {
		t.Run(name, func(t *testing.T) {
			text := markdownOf(t, report)
			if name == "everything" { // the other one names the Go version and the time
				golden(t, name+".md", text)
			}
			first, _, _ := strings.Cut(text, "\n")
			page := rendered(t, first)
			assert.Contains(t, page, report.Summary, "the verdict stands first")
			assert.Contains(t, page, "<h2>")
		})
	}
}

func TestMarkdownOfHostileNames(t *testing.T) {
	r := sampleReport()
	for i, name := range []string{"a|b", "`tick`", "<script>alert(1)</script>", "line\nbreak", "[x](y)", " lead", "tail\\"} {
		r.Comparisons[0].Outputs = append(r.Comparisons[0].Outputs, OutputComparison{Name: name, Elements: int64(i), Note: name})
		r.Findings = append(r.Findings, Finding{OutputValues, Proof, name, name + " differs", ""})
	}
	text := markdownOf(t, r)
	page := rendered(t, text)
	assert.NotContains(t, page, "<script")
	assert.Contains(t, page, "<details>")
	for _, cell := range []string{"<code>a|b</code>", "<code>`tick`</code>", "<code>line break</code>", "<code>[x](y)</code>", `<code>tail\</code>`, "a|b differs"} {
		assert.Contains(t, page, cell)
	}
	// Every row has as many cells as its table has columns.
	for table := range strings.SplitSeq(page, "<table>") {
		columns := strings.Count(table, "<th>")
		for _, row := range strings.Split(table, "<tr>")[1:] {
			if n := strings.Count(row, "<td>"); n > 0 {
				assert.Equal(t, columns, n, row)
			}
		}
	}
}

// GitHub takes comments of at most 65536 characters.
func TestMarkdownIsBounded(t *testing.T) {
	r := sampleReport()
	for i := range 5000 {
		name := fmt.Sprintf("encoder.layers.%d.attention.self.query.weight", i)
		r.Weights.Unexpected = append(r.Weights.Unexpected, name)
		r.Comparisons[0].Outputs = append(r.Comparisons[0].Outputs, OutputComparison{Name: name, DType: "float32", Shape: []int64{1, 2}, Elements: 2, Mismatches: 2,
			MaxAbsAt: []int64{0, 1}, MaxRelAt: []int64{0, 1}, WorstAt: []int64{0, 1}, Got: "0.50000012", Want: "0.25"})
		r.Uncovered = append(r.Uncovered, Uncovered{Name: name, Role: "attribute", DType: "float32", Shape: []int64{1, 2}, Status: Used})
		r.Findings = append(r.Findings, Finding{WeightUnexpected, Proof, name, name + " of the state is not in the scripted file", ""})
	}
	text := markdownOf(t, r)
	assert.Less(t, len([]rune(text)), 65536)
	assert.Contains(t, text, "more; `--json` lists them all")
	assert.ErrorContains(t, r.WriteMarkdown(fullDisk{}), "no space")
	assert.ErrorContains(t, r.WriteJUnit(fullDisk{}), "no space")
}
