package training

import (
	"errors"
	"fmt"
	"image/color"
	"os"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/seed06459138/torchgo/torch/checkpoint"
)

// curves are what was measured of each epoch. They go into the checkpoint, so that a
// plot begins with the first epoch, wherever the training was gone on with.
type curves struct {
	names  []string
	points map[string]plotter.XYs // the epoch, from 1, and the number
}

// curvesKey is where a checkpoint keeps them: a dict of lists of pairs.
const curvesKey = "curves"

func readCurves(extra *checkpoint.Dict) (*curves, error) {
	c := &curves{points: make(map[string]plotter.XYs)}
	if extra == nil {
		return c, nil
	}
	v, ok := extra.Get(curvesKey)
	if !ok {
		return c, nil
	}
	dict, ok := v.(*checkpoint.Dict)
	if !ok {
		return nil, fmt.Errorf("the checkpoint's %s are a %T, not a dict", curvesKey, v)
	}
	for key, v := range dict.All() {
		name, ok := key.(checkpoint.String)
		list, too := v.(*checkpoint.List)
		if !ok || !too {
			return nil, fmt.Errorf("the checkpoint's %s hold %v: %T, not a list under a name", curvesKey, key, v)
		}
		for _, item := range list.Items {
			pair, ok := item.(*checkpoint.Tuple)
			if !ok || len(pair.Items) != 2 {
				return nil, fmt.Errorf("the checkpoint's curve %s holds a %T, not a pair", name, item)
			}
			epoch, ok := pair.Items[0].(checkpoint.Int)
			value, too := pair.Items[1].(checkpoint.Float)
			if !ok || !too {
				return nil, fmt.Errorf("the checkpoint's curve %s holds a pair that is not of an int and a float", name)
			}
			c.addPoint(string(name), float64(epoch), float64(value))
		}
	}
	return c, nil
}

func (c *curves) add(epoch int64, numbers []Number) {
	for _, n := range numbers {
		c.addPoint(n.Name, float64(epoch), n.Value)
	}
}

func (c *curves) addPoint(name string, epoch, value float64) {
	if _, ok := c.points[name]; !ok {
		c.names = append(c.names, name)
	}
	c.points[name] = append(c.points[name], plotter.XY{X: epoch, Y: value})
}

// put gives the entries of a checkpoint with the curves among them.
func (c *curves) put(extra *checkpoint.Dict) *checkpoint.Dict {
	dict := checkpoint.NewDict()
	for _, name := range c.names {
		list := &checkpoint.List{}
		for _, p := range c.points[name] {
			list.Items = append(list.Items, &checkpoint.Tuple{Items: []checkpoint.Value{checkpoint.Int(p.X), checkpoint.Float(p.Y)}})
		}
		_ = dict.Set(checkpoint.String(name), list) // a string can be hashed
	}
	if extra == nil {
		extra = checkpoint.NewDict()
	}
	_ = extra.Set(checkpoint.String(curvesKey), dict)
	return extra
}

// Colours that readers who don't see red and green apart can tell apart.
var colors = []color.Color{color.RGBA{0x1b, 0x6c, 0xa8, 0xff}, color.RGBA{0xe0, 0x8a, 0x1e, 0xff}, color.RGBA{0x5b, 0x3a, 0x8c, 0xff}, color.RGBA{0x2a, 0x9d, 0x8f, 0xff}}

// plot draws the curves into loss.svg and loss.png.
func (c *curves) plot(dir string) error {
	p := plot.New()
	p.X.Label.Text = "epoch"
	p.X.Tick.Marker = epochs{}
	p.Legend.Top = true
	p.Add(plotter.NewGrid())
	for i, name := range c.names {
		line, points, err := plotter.NewLinePoints(c.points[name])
		if err != nil {
			return fmt.Errorf("plot %s: %w", name, err)
		}
		shade := colors[i%len(colors)]
		line.Color, line.Width = shade, vg.Points(1.5)
		points.Color, points.Radius, points.Shape = shade, vg.Points(2), draw.CircleGlyph{}
		p.Add(line, points)
		p.Legend.Add(name, line)
	}
	p.Y.Max += 0.25 * (p.Y.Max - p.Y.Min) // room for the legend
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, format := range []string{"svg", "png"} {
		if err := save(p, filepath.Join(dir, "loss."+format), format); err != nil {
			return fmt.Errorf("plot: %w", err)
		}
	}
	return nil
}

// save writes a plot with a margin around it, which plot.Plot.Save leaves out.
func save(p *plot.Plot, path, format string) error {
	canvas, err := draw.NewFormattedCanvas(14*vg.Centimeter, 9*vg.Centimeter, format)
	if err != nil {
		return err
	}
	const margin = 3 * vg.Millimeter
	p.Draw(draw.Crop(draw.New(canvas), margin, -margin, margin, -margin))
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = canvas.WriteTo(f)
	return errors.Join(err, f.Close())
}

// epochs puts ticks at whole epochs, few enough to be read.
type epochs struct{}

// Ticks gives them.
func (epochs) Ticks(low, high float64) []plot.Tick {
	step := 1
	for (high-low)/float64(step) > 10 {
		step = map[bool]int{true: step * 5 / 2, false: step * 2}[step%10 == 2]
	}
	var ticks []plot.Tick
	for at := int(low); at <= int(high); at++ {
		if at%step == 0 {
			ticks = append(ticks, plot.Tick{Value: float64(at), Label: fmt.Sprint(at)})
		}
	}
	return ticks
}
