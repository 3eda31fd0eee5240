package html

import (
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"
	"time"

	"github.com/seed06459138/torchgo/internal/layout"
	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/history"
)

// Bounds of a page about one check.
const (
	mostLines  = 8   // in a chart
	mostNights = 100 // in the table; charts have all
)

// WriteCourse writes how a check went from night to night as a page with charts. Its
// errors are those of w.
func WriteCourse(c *history.Course, suite string, w io.Writer) error {
	if len(c.Turns) == 0 {
		return fmt.Errorf("there is no night of %s", c.Check)
	}
	v := &courseView{Course: c, Suite: suite, First: &c.Turns[0], Last: &c.Turns[len(c.Turns)-1]}
	if v.Last.Verdict != verify.Consistent {
		v.Why = strings.TrimPrefix(v.Last.Summary, string(v.Last.Verdict)+": ")
	}
	v.addSpans()
	v.addEvents()
	v.addRows()
	if err := v.addCharts(); err != nil {
		return fmt.Errorf("drawing the trends of %s: %w", c.Check, err)
	}
	return pages.ExecuteTemplate(w, "course.html", v)
}

// courseView is what the template shows.
type courseView struct {
	*history.Course
	Suite, Why  string
	First, Last *history.Turn
	Spans       []span
	Charts      []trendChart
	Told        []event
	Untold      int
	Rows        []nightRow
	Older       int
}

// span are nights in a row that have one verdict.
type span struct {
	Verdict      verify.Verdict
	From, Nights int
	Start        string
}

func (v *courseView) addSpans() {
	for i := range v.Turns {
		t := &v.Turns[i]
		if n := len(v.Spans); n > 0 && v.Spans[n-1].Verdict == t.Verdict {
			v.Spans[n-1].Nights++
			continue
		}
		v.Spans = append(v.Spans, span{t.Verdict, i, 1, date(t.Night.Started)})
	}
}

// event is a change in a night.
type event struct {
	history.Event
	Night *history.Night
}

// addEvents lists changes, the latest first.
func (v *courseView) addEvents() {
	events := v.Events()
	for i := len(events) - 1; i >= 0 && len(v.Told) < mostRows; i-- {
		v.Told = append(v.Told, event{events[i], v.Turns[events[i].Turn].Night})
	}
	v.Untold = len(events) - len(v.Told)
}

// nightRow is a night in the table.
type nightRow struct {
	*history.Turn
	Error, Slowest, Memory string
}

// addRows lists nights, the latest first, with the worst of all legs.
func (v *courseView) addRows() {
	for i := len(v.Turns) - 1; i >= 0 && len(v.Rows) < mostNights; i-- {
		row := nightRow{Turn: &v.Turns[i]}
		worst, slowest, compared := 0.0, 0.0, false
		for _, l := range row.Legs {
			if l.Same != nil {
				compared = true
				if e := float64(l.MaxAbs); math.IsNaN(e) || e > worst {
					worst = e
				}
			}
			slowest = max(slowest, l.P50)
		}
		if compared {
			row.Error = verify.Number(worst).String()
		}
		if slowest > 0 {
			row.Slowest = history.Seconds(slowest)
		}
		if row.Peak > 0 {
			row.Memory = layout.Size(row.Peak)
		}
		v.Rows = append(v.Rows, row)
	}
	v.Older = len(v.Turns) - len(v.Rows)
}

// trendChart are the trends of one number.
type trendChart struct {
	Title, Caption string
	Picture        template.HTML
	Lines          []trendLine
	Hidden         int
}

// trendLine is the legend of one trend.
type trendLine struct {
	Name, Color, Last, Range string
	number                   int // of its colour
}

// addCharts draws errors in one chart, times and memory in one for each device: those
// of a GPU would be a flat line beside those of a processor. A leg has one colour.
func (v *courseView) addCharts() error {
	colors := make(map[string]int)
	at := make(map[string]int) // charts, by title
	var shown [][]history.Trend
	for _, what := range []history.What{history.MaxError, history.P50, history.Peak} {
		for _, t := range v.Trends() {
			if t.What != what {
				continue
			}
			title, caption := chartTitle(&t)
			i, there := at[title]
			if !there {
				i = len(v.Charts)
				at[title] = i
				v.Charts, shown = append(v.Charts, trendChart{Title: title, Caption: caption}), append(shown, nil)
			}
			one := &v.Charts[i]
			if len(shown[i]) == mostLines {
				one.Hidden++
				continue
			}
			if _, there := colors[t.Title()]; !there {
				colors[t.Title()] = len(colors) % len(palette)
			}
			shown[i], one.Lines = append(shown[i], t), append(one.Lines, lineOf(&t, colors[t.Title()]))
		}
	}
	for i := range v.Charts {
		var err error
		if v.Charts[i].Picture, err = trendPicture(v.Course, shown[i], v.Charts[i].Lines); err != nil {
			return err
		}
	}
	return nil
}

// chartTitle names the chart that a trend belongs to.
func chartTitle(t *history.Trend) (title, caption string) {
	on := ""
	if t.Device != "" {
		on = " on " + t.Device
	}
	switch {
	case t.What == history.MaxError:
		return "Errors", "Greatest |Δ| against the reference"
	case t.What == history.P50:
		return "Latency" + on, "Median of a call"
	case t.Leg == "":
		return "Memory of the process", "At its most"
	}
	return "Memory" + on, "Of the device, at its most"
}

func lineOf(t *history.Trend, number int) trendLine {
	last, least, greatest, _ := t.Last()
	line := trendLine{Name: t.Title(), Color: cssColor(palette[number]), Last: t.What.Format(last), number: number}
	if from, to := t.What.Format(least), t.What.Format(greatest); from != to {
		line.Range = from + " … " + to
	}
	return line
}

func date(t time.Time) string { return t.Format("2006-01-02") }

func verdictClass(v verify.Verdict) string {
	switch v {
	case verify.Consistent:
		return "good"
	case verify.Inconsistent:
		return "bad"
	}
	return "open"
}

func verdictMark(v verify.Verdict) string {
	switch v {
	case verify.Consistent:
		return "✓"
	case verify.Inconsistent:
		return "✗"
	}
	return "?"
}
