package store

import (
	"math"

	"github.com/seed06459138/torchgo/verify"
)

// cells are the columns of a row, read as the driver gives them: of a million numbers,
// turning each into a type of ours takes longer than reading them.
type cells struct {
	values []any
	into   []any // pointers to values, for Scan
}

func newCells(n int) *cells {
	c := &cells{make([]any, n), make([]any, n)}
	for i := range c.values {
		c.into[i] = &c.values[i]
	}
	return c
}

// int gives a whole number, 0 for null.
func (c *cells) int(i int) int64 {
	switch v := c.values[i].(type) {
	case int64:
		return v
	case float64: // SQLite's columns hold what they are given
		return int64(v)
	}
	return 0
}

// number gives a number, of which null is NaN.
func (c *cells) number(i int) verify.Number {
	switch v := c.values[i].(type) {
	case float64:
		return verify.Number(v)
	case int64:
		return verify.Number(v)
	}
	return verify.Number(math.NaN())
}

// text gives a text, "" for null.
func (c *cells) text(i int) string {
	switch v := c.values[i].(type) {
	case string:
		return v
	case []byte:
		return string(v)
	}
	return ""
}

// verdictOf gives a verdict without a string of its own.
func verdictOf(text string) verify.Verdict {
	for _, v := range []verify.Verdict{verify.Consistent, verify.Inconsistent, verify.Unstable, verify.Unanswered} {
		if text == string(v) {
			return v
		}
	}
	return verify.Verdict(text)
}
