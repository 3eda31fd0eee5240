package html

import (
	"fmt"
	"html/template"
	"image/color"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/history"
)

// palette are the colours of lines, which stand out from light and dark paper.
var palette = [mostLines]color.RGBA{
	fill, {0xd8, 0x7a, 0x1f, 0xff}, {0x3f, 0x9b, 0x5a, 0xff}, {0xa0, 0x6c, 0xc8, 0xff},
	{0xd0, 0x55, 0x6e, 0xff}, {0x2a, 0xa1, 0xa1, 0xff}, {0xa6, 0x76, 0x1d, 0xff}, {0x88, 0x88, 0x88, 0xff},
}

var (
	badNights = color.NRGBA{0xd0, 0x30, 0x30, 0x2c}
	border    = color.NRGBA{0x80, 0x80, 0x80, 0xb0} // between machines and libtorches
)

func cssColor(c color.RGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// trendPicture draws numbers of one kind over nights, errors on a logarithmic scale.
func trendPicture(c *history.Course, trends []history.Trend, lines []trendLine) (template.HTML, error) {
	what := trends[0].What
	logarithmic := what == history.MaxError
	low, high := math.Inf(1), math.Inf(-1)
	for _, t := range trends {
		for _, v := range t.Values {
			if y := scaled(v, logarithmic); !math.IsNaN(y) && !math.IsInf(y, 0) {
				low, high = min(low, y), max(high, y)
			}
		}
	}
	switch {
	case low > high: // zeros and infinities alone
		low, high = -8, 0
	case logarithmic:
		low, high = math.Floor(low-0.5), math.Ceil(high+0.5)
	default:
		margin := max((high-low)/10, high/20)
		low, high = max(0, low-margin), high+margin
	}
	chart := newChart("", "")
	chart.X.Min, chart.X.Max, chart.Y.Min, chart.Y.Max = -0.5, float64(len(c.Turns))-0.5, low, high
	chart.X.Tick.Marker = nightTicks{c}
	chart.Y.Tick.Marker = valueTicks{what, high}
	if logarithmic {
		chart.Y.Tick.Marker = powers{}
	}
	if err := addBackground(chart, c, low, high); err != nil {
		return "", err
	}
	for i, t := range trends {
		for _, part := range parts(t.Values, logarithmic, low, high) {
			line, points, err := plotter.NewLinePoints(part)
			if err != nil {
				return "", err
			}
			line.Color, line.Width = palette[lines[i].number], vg.Points(1.3)
			points.Color, points.Shape, points.Radius = palette[lines[i].number], draw.CircleGlyph{}, vg.Points(1.4)
			if chart.Add(line); len(c.Turns) <= 100 || len(part) == 1 {
				chart.Add(points)
			}
		}
	}
	canvas := vgsvg.New(2*width, 0.7*height)
	chart.Draw(draw.Crop(draw.New(canvas), 0, -margin, 0, -margin/2))
	return svg(canvas, string(what)+" over nights")
}

func scaled(v float64, logarithmic bool) float64 {
	if logarithmic {
		return math.Log10(v)
	}
	return v
}

// parts divides values where there are none; what is off the scale lies at its end.
func parts(values []float64, logarithmic bool, low, high float64) (all []plotter.XYs) {
	open := false
	for i, v := range values {
		if math.IsNaN(v) {
			open = false
			continue
		}
		if !open {
			all, open = append(all, nil), true
		}
		all[len(all)-1] = append(all[len(all)-1], plotter.XY{X: float64(i), Y: min(high, max(low, scaled(v, logarithmic)))})
	}
	return all
}

// addBackground shades nights that are not consistent, and draws a line where numbers
// stop being comparable.
func addBackground(chart *plot.Plot, c *history.Course, low, high float64) error {
	for i := 0; i < len(c.Turns); i++ {
		first := i
		for i < len(c.Turns) && c.Turns[i].Verdict != verify.Consistent {
			i++
		}
		if i > first {
			from, to := float64(first)-0.5, float64(i)-0.5
			area, err := plotter.NewPolygon(plotter.XYs{{X: from, Y: low}, {X: to, Y: low}, {X: to, Y: high}, {X: from, Y: high}})
			if err != nil {
				return err
			}
			area.Color, area.LineStyle.Width = badNights, 0
			chart.Add(area)
		}
	}
	for i := 1; i < len(c.Turns); i++ {
		a, b := c.Turns[i-1].On, c.Turns[i].On
		if a.Hardware == b.Hardware && a.Libtorch == b.Libtorch {
			continue
		}
		line, err := plotter.NewLine(plotter.XYs{{X: float64(i) - 0.5, Y: low}, {X: float64(i) - 0.5, Y: high}})
		if err != nil {
			return err
		}
		line.Color, line.Width, line.Dashes = border, vg.Points(0.8), []vg.Length{vg.Points(3), vg.Points(2)}
		chart.Add(line)
	}
	return nil
}

// nightTicks name nights by their dates, as many as there is room for.
type nightTicks struct{ c *history.Course }

func (t nightTicks) Ticks(_, _ float64) []plot.Tick {
	var ticks []plot.Tick
	n := len(t.c.Turns)
	step := max(1, (n+6)/7)
	for i := 0; i < n; i += step {
		ticks = append(ticks, plot.Tick{Value: float64(i), Label: date(t.c.Turns[i].Night.Started)})
	}
	return ticks
}

// valueTicks label round numbers in one unit.
type valueTicks struct {
	what history.What
	high float64
}

func (t valueTicks) Ticks(low, high float64) []plot.Tick {
	unit, name := 1.0, "B"
	scales := []struct {
		unit float64
		name string
	}{{1e3, "kB"}, {1e6, "MB"}, {1e9, "GB"}}
	if t.what == history.P50 {
		unit, name = 1e-9, "ns"
		scales[0].unit, scales[0].name, scales[1].unit, scales[1].name, scales[2].unit, scales[2].name = 1e-6, "µs", 1e-3, "ms", 1, "s"
	}
	for _, s := range scales {
		if t.high >= s.unit {
			unit, name = s.unit, s.name
		}
	}
	ticks := plot.DefaultTicks{}.Ticks(low/unit, high/unit)
	for i := range ticks {
		if ticks[i].Label != "" {
			ticks[i].Label = strconv.FormatFloat(ticks[i].Value, 'g', 4, 64) + " " + name
		}
		ticks[i].Value *= unit
	}
	return ticks
}
