package history

import (
	"bytes"
	"fmt"
	"io"
	"time"

	"github.com/seed06459138/torchgo/internal/layout"
)

// mostTold bounds a section of the text; the JSON has everything.
const mostTold = 50

// stamp is how people read when a night began.
const stamp = "2006-01-02 15:04"

// WriteText writes the report for people, in 80 columns.
func (r *Report) WriteText(w io.Writer) error {
	var b bytes.Buffer
	fmt.Fprintln(&b, layout.Hang("", r.Summary()))
	if r.Before != nil {
		fmt.Fprintln(&b, layout.Hang("  ", fmt.Sprintf("held against %s, the last %s of %s", countNights(r.Nights), r.Before.Night, when(r.Before.Started))))
	}
	for _, s := range []struct {
		title  string
		weight Weight
		fresh  bool
	}{
		{"newly worse", Worse, true}, {"open", Open, true}, {"worse since earlier nights", Worse, false},
		{"open since earlier nights", Open, false}, {"better", Better, true}, {"to know", Note, true},
	} {
		n := 0
		for _, c := range r.Changes {
			if c.Weight != s.weight || c.New != s.fresh {
				continue
			}
			if n++; n == 1 {
				fmt.Fprintf(&b, "\n%s\n", s.title)
			}
			if n > mostTold {
				continue
			}
			subject := c.Subject()
			if subject == "" {
				subject = "the night"
			}
			fmt.Fprintln(&b, "  "+layout.Shorten(subject, layout.Width-2))
			fmt.Fprintln(&b, layout.Hang("      ", c.Text()))
		}
		if n > mostTold {
			fmt.Fprintf(&b, "  and %d more; --json lists them all\n", n-mostTold)
		}
	}
	if len(r.Notes) > 0 {
		fmt.Fprintln(&b)
	}
	for _, note := range r.Notes {
		fmt.Fprintln(&b, layout.Hang("note  ", note))
	}
	_, err := w.Write(b.Bytes())
	return err
}

func when(t time.Time) string { return t.Format(stamp) }
