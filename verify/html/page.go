package html

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"strconv"

	"github.com/seed06459138/torchgo/internal/layout"
	"github.com/seed06459138/torchgo/verify"
)

// Tables and charts are bounded, so that a page stays one that a browser opens at
// once; the JSON has everything.
const (
	mostRows   = 1000
	mostCharts = 32 // outputs with charts, those that differ first
	mostAlike  = 5  // findings of one kind; the tables below have the others
)

//go:embed *.html
var sources embed.FS

// pages are the templates, by the names of their files; all have their style from one.
var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"shape":        func(s []int64) string { return layout.Shape(s) },
	"size":         layout.Size,
	"seconds":      verify.SecondsText,
	"number":       func(n verify.Number) string { return n.String() },
	"mark":         mark,
	"class":        class,
	"count":        layout.Count,
	"date":         date,
	"verdictClass": verdictClass,
	"verdictMark":  verdictMark,
	"rest":         func(n int) int { return max(0, n-mostRows) },
}).ParseFS(sources, "*.html"))

// Write writes the page. Its errors are those of w.
func Write(r *verify.Report, w io.Writer) error {
	v := &view{Report: r}
	v.addFindings()
	if err := v.addOutputs(); err != nil {
		return err
	}
	if err := v.addWeights(); err != nil {
		return fmt.Errorf("drawing the weights: %w", err)
	}
	if err := v.addWalks(); err != nil {
		return fmt.Errorf("drawing the steps: %w", err)
	}
	return pages.ExecuteTemplate(w, "page.html", v)
}

// view is what the template shows.
type view struct {
	*verify.Report
	Told       []finding
	Outputs    []output
	Weighed    []weight
	WeightPlot template.HTML
	Walks      []walk
}

// finding is one that is told, and how many like it are not.
type finding struct {
	verify.Finding
	Alike int
}

// addFindings tells the first findings of each kind: hundreds of weights that
// differ must not bury what else is so.
func (v *view) addFindings() {
	last := make(map[verify.Code]int) // of the told ones, by kind
	count := make(map[verify.Code]int)
	for _, f := range v.Findings {
		if count[f.Code]++; count[f.Code] > mostAlike {
			v.Told[last[f.Code]].Alike++
			continue
		}
		last[f.Code] = len(v.Told)
		v.Told = append(v.Told, finding{Finding: f})
	}
}

// output is what a leg and the reference say of one output.
type output struct {
	verify.OutputComparison
	Leg            string
	Histogram, Map template.HTML // "" without a chart
	Percent        string        // of elements that differ
}

// addOutputs lists what was compared, the outputs that differ first.
func (v *view) addOutputs() error {
	charts := 0
	for _, same := range []bool{false, true} {
		for _, c := range v.Comparisons {
			for _, o := range c.Outputs {
				if o.Same != same {
					continue
				}
				one := output{OutputComparison: o, Leg: v.Title(c)}
				if o.Elements > 0 {
					one.Percent = strconv.FormatFloat(100*float64(o.Mismatches)/float64(o.Elements), 'g', 3, 64) + " %"
				}
				if p := o.Profile; p != nil && p.Equal < o.Elements && charts < mostCharts {
					charts++
					var err error
					if one.Histogram, err = histogram(p); err != nil {
						return fmt.Errorf("drawing the errors of %s: %w", o.Name, err)
					}
					if one.Map, err = heatMap(p, o.Shape); err != nil {
						return fmt.Errorf("drawing the map of %s: %w", o.Name, err)
					}
				}
				v.Outputs = append(v.Outputs, one)
			}
		}
	}
	return nil
}

// weight is a row about a tensor that is not simply equal.
type weight struct {
	Name, What string
	MaxAbs     string // "" where nothing was subtracted
	Differ     string
	Class      string
}

func (v *view) addWeights() (err error) {
	w := v.Weights
	if w == nil {
		return nil
	}
	add := func(class, name, what string) {
		v.Weighed = append(v.Weighed, weight{Name: name, What: what, Class: class})
	}
	for _, m := range w.Missing {
		add("open", m.Name, m.Role+", missing in the state")
	}
	for _, name := range w.Unexpected {
		add("bad", name, "in the state only")
	}
	for _, m := range w.Shapes {
		add("bad", m.Name, fmt.Sprintf("state %s, scripted %s", layout.Shape(m.State), layout.Shape(m.Scripted)))
	}
	for _, m := range w.DTypes {
		add("bad", m.Name, fmt.Sprintf("state %s, scripted %s", m.State, m.Scripted))
	}
	var differences []verify.Number
	for _, u := range w.Unequal {
		differences = append(differences, u.MaxAbs)
		one := weight{Name: u.Name, What: u.DType + " " + layout.Shape(u.Shape), MaxAbs: u.MaxAbs.String(), Differ: fmt.Sprintf("%d of %d", u.Mismatches, u.Elements), Class: "bad"}
		if u.Close {
			one.What, one.Class = one.What+", within the tolerance", "good"
		}
		v.Weighed = append(v.Weighed, one)
	}
	for _, c := range w.Covered {
		how := "equal to "
		if c.How == "memory" {
			how = "shares the memory of "
		}
		add("good", c.Name, c.Role+", "+how+c.By)
	}
	if len(differences) > 4 { // fewer are read from the table
		v.WeightPlot, err = bars(differences, func(int) bool { return false }, "tensor", "how much each tensor differs")
	}
	return err
}

// Weighable is how many weights there are to be equal.
func (v *view) Weighable() int { return max(v.Weights.Scripted, v.Weights.BitEqual) }

// Against names the reference.
func (v *view) Against() string { return v.LabelOf(v.Reference) }

// LegOf gives a leg's entry, of the zero value when there is none.
func (v *view) LegOf(name string) verify.Leg {
	for _, l := range v.Legs {
		if l.Name == name {
			return l
		}
	}
	return verify.Leg{}
}

// Worst is the greatest difference of all outputs, NaN where one side has a NaN
// that nothing excuses.
func (v *view) Worst(c verify.Comparison) string {
	if len(c.Outputs) == 0 {
		return ""
	}
	worst := 0.0
	for _, o := range c.Outputs {
		if worst = max(worst, float64(o.MaxAbs)); !o.Same && o.GotNaN+o.WantNaN > 0 {
			worst = math.NaN()
		}
	}
	return verify.Number(worst).String()
}

// Differ tells how many of all elements are outside of the tolerance.
func (v *view) Differ(c verify.Comparison) string {
	mismatches, elements := int64(0), int64(0)
	for _, o := range c.Outputs {
		mismatches, elements = mismatches+o.Mismatches, elements+o.Elements
	}
	if elements == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d", mismatches, elements)
}

// mark and class show an answer: yes, no, or not known.
func mark(same *bool) string {
	switch {
	case same == nil:
		return "?"
	case *same:
		return "✓"
	}
	return "✗"
}

func class(same *bool) string {
	switch {
	case same == nil:
		return "open"
	case *same:
		return "good"
	}
	return "bad"
}
