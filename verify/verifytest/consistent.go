package verifytest

import (
	"context"
	"strings"

	"github.com/stretchr/testify/assert"

	"github.com/seed06459138/torchgo/verify"
)

// Consistent asserts that the files of a question compute the same, as the
// command verify does. Where they don't, it prints the report; where the question
// could not be put, why. It returns whether they do. A test that is stopped ends
// the check between two steps.
func Consistent(t assert.TestingT, spec verify.Spec) bool {
	helper(t)
	ctx := context.Background()
	if c, ok := t.(interface{ Context() context.Context }); ok {
		ctx = c.Context()
	}
	report, err := verify.Run(ctx, spec)
	if err != nil {
		return assert.Fail(t, "it can't be told whether the files are consistent: "+err.Error())
	}
	if report.Verdict == verify.Consistent {
		return true
	}
	var text strings.Builder
	if err := report.WriteText(&text, verify.TextOptions{}); err != nil {
		return assert.Fail(t, report.Summary)
	}
	return assert.Fail(t, report.Summary+"\n\n"+strings.TrimSuffix(text.String(), "\n"))
}
