package history

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"

	"github.com/seed06459138/torchgo/internal/layout"
	"github.com/seed06459138/torchgo/verify"
)

// The picture of a trend has so many columns, and of events the latest so many.
const (
	sparkColumns = 34
	mostEvents   = 20
)

// WriteText writes how the check went, for people, in 80 columns.
func (c *Course) WriteText(w io.Writer, suite string) error {
	var b bytes.Buffer
	if len(c.Turns) == 0 {
		return nil
	}
	first, last := &c.Turns[0], &c.Turns[len(c.Turns)-1]
	fmt.Fprintln(&b, layout.Hang("", fmt.Sprintf("%s of %s: %s, %s since %s", c.Check, suite, last.Verdict, layout.Count(len(c.Turns), "night"), first.Night.Started.Format("2006-01-02"))))
	fmt.Fprintf(&b, "\n%s%s\n", layout.Pad("verdict", 14), c.verdicts())
	title := ""
	for _, t := range c.Trends() {
		if t.Title() != title {
			title = t.Title()
			fmt.Fprintln(&b, layout.Shorten(title, layout.Width))
		}
		now, least, greatest, _ := t.Last()
		text := t.What.Format(now)
		if from, to := t.What.Format(least), t.What.Format(greatest); from != to {
			text += " (" + from + " … " + to + ")"
		}
		fmt.Fprintf(&b, "  %s%s%s\n", layout.Pad(string(t.What), 12), layout.Pad(Spark(t.Values, sparkColumns, t.What == MaxError), min(sparkColumns, len(c.Turns))+2), text)
	}
	events := c.Events()
	fmt.Fprintln(&b)
	if hidden := len(events) - mostEvents; hidden > 0 {
		events = events[hidden:]
		fmt.Fprintf(&b, "%d earlier events; --html shows them all\n", hidden)
	}
	for _, e := range events {
		n := c.Turns[e.Turn].Night
		mark := " "
		if e.Bad {
			mark = "!"
		}
		fmt.Fprintln(&b, layout.Hang(fmt.Sprintf("%s %s %s", mark, n.Started.Format("2006-01-02"), layout.Pad(layout.Shorten(n.ID, 12), 13)), e.Text))
	}
	_, err := w.Write(b.Bytes())
	return err
}

// WriteJSON writes all that nights say of the check, for programs.
func (c *Course) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(struct {
		Schema string `json:"schema"`
		Check  string `json:"check"`
		Turns  []Turn `json:"nights"`
	}{CourseSchema, c.Check, c.Turns})
}

// CourseSchema names the format of Course.WriteJSON.
const CourseSchema = "torchgo.verify.course/1"

// verdicts gives a mark for each night, or the worst of several.
func (c *Course) verdicts() string {
	marks := map[verify.Verdict]string{verify.Consistent: "✓", verify.Inconsistent: "✗", verify.Unstable: "~", verify.Unanswered: "?"}
	text := ""
	for i, n := range buckets(len(c.Turns), sparkColumns) {
		worst := c.Turns[i].Verdict
		for _, t := range c.Turns[i:n] {
			if severity(t.Verdict) > severity(worst) {
				worst = t.Verdict
			}
		}
		text += marks[worst]
	}
	return text
}

// buckets divides things over columns: the first of each, and the one behind its last.
func buckets(n, columns int) func(yield func(first, end int) bool) {
	columns = min(n, columns)
	return func(yield func(first, end int) bool) {
		for i := range columns {
			if !yield(i*n/columns, (i+1)*n/columns) {
				return
			}
		}
	}
}

// Spark draws numbers as a line of blocks, the greatest of several in one column; a
// space is what has no number. On a logarithmic scale a step is no less than a factor
// of two, so that small noise is flat.
func Spark(values []float64, columns int, logarithmic bool) string {
	const blocks = "▁▂▃▄▅▆▇█"
	scale := func(v float64) float64 {
		if logarithmic {
			return math.Log2(v)
		}
		return v
	}
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if v == v && !math.IsInf(scale(v), 0) {
			low, high = min(low, scale(v)), max(high, scale(v))
		}
	}
	step := (high - low) / 7
	if logarithmic {
		step = max(step, 1)
	} else {
		step = max(step, math.Abs(high)/50) // a few percent are flat too
	}
	text := ""
	for first, end := range buckets(len(values), columns) {
		v := math.NaN()
		for _, other := range values[first:end] {
			if other == other && !(v >= other) {
				v = other
			}
		}
		switch x := scale(v); {
		case v != v:
			text += " "
		case math.IsInf(x, 1):
			text += "!"
		case math.IsInf(x, -1) || step == 0:
			text += "▁"
		default:
			text += string([]rune(blocks)[min(7, max(0, int(math.Round((x-low)/step))))])
		}
	}
	return text
}
