package certificate

import (
	"fmt"
	"io"

	"github.com/seed06459138/torchgo/internal/layout"
)

// hang is the column at which the text of fields begins.
const hang = 11

// WriteText writes the result for people in lines of 80 columns, each file first
// and in the last line the verdict.
func (r *Result) WriteText(w io.Writer) (err error) {
	line := func(text string) {
		if err == nil {
			_, err = fmt.Fprintln(w, text)
		}
	}
	report := r.Statement.Predicate.Report
	line(layout.Hang(layout.Pad("verified", hang), fmt.Sprintf("%s, %s, libtorch %s on %s, judged by %s", report.Started.Format("2006-01-02 15:04 MST"),
		report.Verdict, report.Versions.Libtorch, report.Settings.Device, report.Settings.Demands())))
	for _, f := range r.Files {
		line(layout.Hang(layout.Pad(string(f.State), hang), layout.ShortenPath(f.Path, layout.Width-hang)))
		if f.Note != "" {
			line(layout.Hang(layout.Pad("", hang), f.Note))
		}
	}
	line(r.Summary)
	return err
}
