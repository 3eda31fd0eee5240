package history

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/seed06459138/torchgo/internal/layout"
	"github.com/seed06459138/torchgo/verify"
)

// Runs joins the nights of shards into those of whole runs, in the order in which the
// first of each was taken in.
func Runs(nights []*Night) (runs []*Night) {
	at := make(map[[2]string]int) // by suite and ID
	for _, n := range nights {
		key := [2]string{n.Suite, n.ID}
		i, there := at[key]
		if !there {
			at[key] = len(runs)
			whole := *n
			whole.Counts, whole.Machines = make(map[verify.Verdict]int), nil
			runs = append(runs, &whole)
			i = len(runs) - 1
			whole.Missing = 0
		}
		run := runs[i]
		for v, count := range n.Counts {
			run.Counts[v] += count
		}
		run.Missing += n.Missing
		run.Seconds = max(run.Seconds, n.Seconds)
		if run.Stopped == "" {
			run.Stopped = n.Stopped
		}
		if n.Started.Before(run.Started) {
			run.Started = n.Started
		}
		for _, m := range n.Machines {
			if !slices.Contains(run.Machines, m) {
				run.Machines = append(run.Machines, m)
			}
		}
	}
	return runs
}

// WriteNights writes the last runs for people, in 80 columns, the latest below; all of
// them when most is 0.
func WriteNights(w io.Writer, where string, nights []*Night, most int) error {
	runs := Runs(nights)
	var b bytes.Buffer
	several := slices.ContainsFunc(runs, func(n *Night) bool { return n.Suite != runs[0].Suite })
	title := layout.Count(len(runs), "night")
	if !several && len(runs) > 0 {
		title = runs[0].Suite + ", " + title
	}
	fmt.Fprintf(&b, "%s in %s\n\n", title, layout.ShortenPath(where, layout.Width-len(title)-4))
	if hidden := len(runs) - most; most > 0 && hidden > 0 {
		runs = runs[hidden:]
		fmt.Fprintf(&b, "  and %d earlier ones; --last 0 lists them all\n", hidden)
	}
	const format = "%s %s %6s %5s %6s %6s  %s\n"
	fmt.Fprintf(&b, format, layout.Pad("night", 16), layout.Pad("began", 16), "good", "bad", "open", "took", "on")
	for _, n := range runs {
		name := n.ID
		if several {
			name = n.Suite + "/" + n.ID
		}
		open := n.Counts[verify.Unstable] + n.Counts[verify.Unanswered] + n.Missing
		text := fmt.Sprintf(format, layout.Pad(layout.Shorten(name, 15), 16), n.Started.Format(stamp),
			fmt.Sprint(n.Counts[verify.Consistent]), orDash(n.Counts[verify.Inconsistent]), orDash(open), took(n.Seconds), n.where())
		b.WriteString(text)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// WriteNightsJSON writes runs for programs.
func WriteNightsJSON(w io.Writer, nights []*Night) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(struct {
		Schema string   `json:"schema"`
		Nights []*Night `json:"nights"`
	}{NightsSchema, append([]*Night{}, nights...)})
}

// NightsSchema names the format of WriteNightsJSON.
const NightsSchema = "torchgo.verify.nights/1"

// where says on what a run ran, within the columns that are left.
func (n *Night) where() string {
	const columns = 18
	var hosts []string
	for _, m := range n.Machines {
		if !slices.Contains(hosts, m.Host) {
			hosts = append(hosts, m.Host)
		}
	}
	if len(hosts) > 1 {
		return layout.Count(len(hosts), "machine")
	}
	return layout.Shorten(strings.Join(hosts, ""), columns)
}

func orDash(n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

// took writes how long a run took: "12m5s", "3h2m".
func took(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	switch {
	case d == 0:
		return "-"
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm%ds", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%dh%dm", int(d.Hours()), int(d.Minutes())%60)
}
