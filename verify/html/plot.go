package html

import (
	"bytes"
	"fmt"
	"html/template"
	"image/color"
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/palette/moreland"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/seed06459138/torchgo/verify"
)

// Colours that stand out from white and from near-black paper alike. Axes and text
// take the colour of the page's text.
var (
	fill    = color.RGBA{0x4c, 0x8b, 0xc4, 0xff}
	equal   = color.NRGBA{0x80, 0x80, 0x80, 0x30}
	beyond  = color.RGBA{0xd9, 0x7a, 0x1e, 0xff}
	noValue = color.RGBA{0xe0, 0x30, 0x90, 0xff}
	// From dark to bright, the same for readers who don't see red and green apart.
	scale = []color.Color{color.RGBA{68, 1, 84, 255}, color.RGBA{59, 82, 139, 255}, color.RGBA{33, 145, 140, 255}, color.RGBA{94, 201, 98, 255}, color.RGBA{253, 231, 37, 255}}
)

// A chart of half a page's width, whose text then is about as large as the page's.
// The margin is for labels that stand out over the end of an axis.
const (
	width, height = 12 * vg.Centimeter, 7 * vg.Centimeter
	side          = 1.6 * vg.Centimeter // for the scale of colours
	margin        = 0.4 * vg.Centimeter
)

// histogram draws how many elements differ by how much.
func histogram(p *verify.Profile) (template.HTML, error) {
	if len(p.Counts) == 0 {
		return "", nil
	}
	chart := newChart("|Δ|", "elements")
	most := int64(1)
	bars := &plotter.Histogram{Width: p.Step, FillColor: fill, LogY: true}
	for i, n := range p.Counts {
		from := p.From + float64(i)*p.Step
		if n > 0 {
			bars.Bins = append(bars.Bins, plotter.HistogramBin{Min: from, Max: from + p.Step, Weight: float64(n)})
		}
		most = max(most, n)
	}
	chart.Add(bars)
	chart.X.Min, chart.X.Max = math.Floor(p.From), math.Ceil(p.From+float64(len(p.Counts))*p.Step)
	chart.X.Tick.Marker = powers{}
	chart.Y.Scale = plot.LogScale{}
	chart.Y.Tick.Marker = counts{}
	chart.Y.Min, chart.Y.Max = 0.5, 1.5*float64(most)
	canvas := vgsvg.New(width, height)
	chart.Draw(draw.Crop(draw.New(canvas), 0, -margin, 0, 0))
	return svg(canvas, "how many elements differ by how much")
}

// heatMap draws where the last two dimensions differ, and the scale beside it.
func heatMap(p *verify.Profile, shape []int64) (template.HTML, error) {
	low, high := math.Inf(1), math.Inf(-1)
	for _, diff := range p.Map {
		if x := math.Log10(float64(diff)); diff > 0 {
			low, high = min(low, x), max(high, x)
		}
	}
	if low > high {
		low, high = 0, 1 // all that differs has no distance
	}
	low, high = math.Floor(low), math.Ceil(high)
	if low == high {
		high++
	}
	colors, err := moreland.NewLuminance(scale)
	if err != nil {
		return "", err
	}
	colors.SetMin(low)
	colors.SetMax(high)

	g := newGrid(p, shape)
	chart := newChart(g.xLabel, g.yLabel)
	cells := plotter.NewHeatMap(g, colors.Palette(128))
	cells.Rasterized, cells.Min, cells.Max = true, low, high
	cells.Underflow, cells.NaN = equal, noValue
	chart.Add(cells)
	chart.X.Tick.Marker, chart.Y.Tick.Marker = indices{g.width}, indices{g.height}

	legend := newChart("", "")
	legend.HideX()
	legend.Y.Tick.Marker = powers{}
	legend.Add(&plotter.ColorBar{ColorMap: colors, Vertical: true})

	canvas := vgsvg.New(width, height)
	whole := draw.New(canvas)
	chart.Draw(draw.Crop(whole, 0, -side-margin, 0, 0))
	legend.Draw(draw.Crop(whole, width-side, 0, margin, -margin))
	return svg(canvas, "where elements differ")
}

// bars draws differences one beside another: of a model's tensors, or of the steps
// of a call. What marked names, and what is no number, stands out; the latter is as
// high as the chart.
func bars(values []verify.Number, marked func(i int) bool, each, label string) (template.HTML, error) {
	low, high := math.Inf(1), math.Inf(-1)
	drawn := false
	for _, v := range values {
		x := math.Log10(float64(v))
		if v > 0 && !math.IsInf(x, 0) {
			low, high = min(low, x), max(high, x)
		}
		drawn = drawn || v != 0
	}
	switch {
	case !drawn:
		return "", nil
	case low > high:
		low, high = 0, 1 // no difference has a size
	}
	low, high = math.Floor(low)-0.5, math.Ceil(high)
	chart := newChart(each, "max |Δ|")
	plain := &plotter.Histogram{Width: 1, FillColor: fill}
	standing := &plotter.Histogram{Width: 1, FillColor: beyond}
	nameless := &plotter.Histogram{Width: 1, FillColor: noValue}
	for i, v := range values {
		bin := plotter.HistogramBin{Min: float64(i), Max: float64(i + 1)}
		x := math.Log10(float64(v))
		switch {
		case math.IsNaN(x) || math.IsInf(x, 1):
			bin.Weight = high - low
			nameless.Bins = append(nameless.Bins, bin)
		case v > 0 && marked(i):
			bin.Weight = x - low
			standing.Bins = append(standing.Bins, bin)
		case v > 0:
			bin.Weight = x - low
			plain.Bins = append(plain.Bins, bin)
		}
	}
	for _, one := range []*plotter.Histogram{plain, standing, nameless} {
		if len(one.Bins) > 0 {
			chart.Add(one)
		}
	}
	chart.X.Min, chart.X.Max = 0, float64(len(values))
	chart.X.Tick.Marker = indices{int64(len(values))}
	chart.Y.Min, chart.Y.Max = 0, high-low
	chart.Y.Tick.Marker = powers{low}
	canvas := vgsvg.New(2*width, 0.7*height)
	chart.Draw(draw.Crop(draw.New(canvas), 0, -margin, 0, 0))
	return svg(canvas, label)
}

func newChart(x, y string) *plot.Plot {
	chart := plot.New()
	chart.BackgroundColor = color.Transparent
	chart.X.Label.Text, chart.Y.Label.Text = x, y
	chart.X.Padding, chart.Y.Padding = 0, 0
	return chart
}

// grid gives the cells of a profile's map at the indices that they stand for, with
// row 0 at the top: y is negative.
type grid struct {
	p              *verify.Profile
	width, height  int64
	xLabel, yLabel string
}

func newGrid(p *verify.Profile, shape []int64) grid {
	g := grid{p: p, width: 1, height: 1}
	if n := len(shape); n > 0 {
		g.width, g.xLabel = shape[n-1], fmt.Sprintf("dimension %d", n-1)
		if n > 1 {
			g.height, g.yLabel = shape[n-2], fmt.Sprintf("dimension %d", n-2)
		}
	}
	return g
}

func (g grid) Dims() (c, r int) { return g.p.Cols, g.p.Rows }
func (g grid) X(c int) float64  { return (float64(c) + 0.5) * float64(g.width) / float64(g.p.Cols) }
func (g grid) Y(r int) float64 {
	return -(float64(g.p.Rows-1-r) + 0.5) * float64(g.height) / float64(g.p.Rows)
}

// Z gives the logarithm of a difference, -Inf for none.
func (g grid) Z(c, r int) float64 {
	switch diff := float64(g.p.Map[(g.p.Rows-1-r)*g.p.Cols+c]); {
	case math.IsNaN(diff):
		return diff
	case diff == 0:
		return math.Inf(-1)
	default:
		return math.Log10(diff)
	}
}

// powers are ticks at powers of ten, on an axis of their logarithms above a base.
type powers struct{ base float64 }

func (p powers) Ticks(low, high float64) []plot.Tick {
	low, high = low+p.base, high+p.base
	var ticks []plot.Tick
	step := max(1, math.Ceil((high-low)/6))
	for x := math.Ceil(low); x <= high; x++ {
		t := plot.Tick{Value: x - p.base}
		if math.Mod(x-math.Ceil(low), step) == 0 {
			t.Label = "1e" + strconv.Itoa(int(x))
		}
		ticks = append(ticks, t)
	}
	return ticks
}

// counts are ticks of a logarithmic axis: 1, 10, 100, …, and 2 and 5 between where
// there is room.
type counts struct{}

func (counts) Ticks(_, high float64) []plot.Tick {
	var ticks []plot.Tick
	step := max(1, int(math.Ceil(math.Log10(high)/6)))
	for power := 0; math.Pow10(power) <= high; power++ {
		for _, digit := range []float64{1, 2, 5} {
			t := plot.Tick{Value: digit * math.Pow10(power)}
			if t.Value > high || digit > 1 && high > 300 {
				continue
			}
			if power%step == 0 {
				t.Label = strconv.FormatFloat(t.Value, 'g', -1, 64)
			}
			ticks = append(ticks, t)
		}
	}
	return ticks
}

// indices are ticks at the whole numbers of a dimension, of either sign.
type indices struct{ length int64 }

func (t indices) Ticks(low, high float64) []plot.Tick {
	var ticks []plot.Tick
	step := 1.0
	for i := 0; step*6 < float64(t.length); i++ {
		step *= []float64{2, 2.5, 2}[i%3] // 1, 2, 5, 10, …
	}
	for i := 0.0; i < float64(t.length); i += step {
		at := i + 0.5
		if low < 0 {
			at = -at
		}
		ticks = append(ticks, plot.Tick{Value: at, Label: strconv.Itoa(int(i))})
	}
	return ticks
}

// svg gives a canvas as an element of a page, which is drawn in the page's colour
// and font.
func svg(canvas *vgsvg.Canvas, label string) (template.HTML, error) {
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return "", err
	}
	text := b.String()
	start := strings.Index(text, "<svg ")
	if start < 0 {
		return "", fmt.Errorf("the canvas gave no SVG")
	}
	text = strings.NewReplacer("data:image/jpg;", "data:image/png;", // which it is
		"<image ", `<image preserveAspectRatio="none" `, // cells need not be square
		"stroke:#000000", "stroke:currentColor", "fill:#000000", "fill:currentColor",
		"font-family:Liberation Serif;font-variant:normal;font-weight:normal;font-style:normal;", "").Replace(text[start+len("<svg "):])
	return template.HTML(`<svg role="img" aria-label="` + template.HTMLEscapeString(label) + `" ` + text), nil
}
