package verify

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/seed06459138/torchgo/internal/layout"
)

// mostListed is how many entries of a list the text shows; the JSON has all.
const mostListed = 10

// WriteText writes the report for people: what was loaded, the weights, the
// uncovered tensors, one line of SAME? for each leg, what to do, and in the last
// line the verdict.
func (r *Report) WriteText(w io.Writer, opts TextOptions) error {
	p := &page{w: w, opts: opts}
	for _, f := range r.Files {
		p.file(f)
	}
	if r.Versions.Libtorch != "" {
		p.field("libtorch", fmt.Sprintf("%s, %s kernels, %s, %s", r.Libtorchs(), r.Versions.CPU, r.Settings.Device, layout.Count(r.Settings.Threads, "thread")))
	}
	if r.Weights != nil {
		p.weights(r.Weights)
		p.uncovered(r.Uncovered, r.stateLeg())
	}
	if len(r.Comparisons) > 0 {
		p.comparisons(r)
	}
	p.latencies(r)
	for i := range r.Bisections {
		p.bisection(r, &r.Bisections[i])
	}
	p.findings(r)
	if opts.Verbose {
		for _, l := range r.Legs {
			if l.Detail != "" {
				p.printf("%s said:\n%s\n", l.Label, l.Detail)
			}
		}
	}
	p.verdict(r)
	return p.err
}

// WriteVerdict writes the last line of the text alone.
func (r *Report) WriteVerdict(w io.Writer, opts TextOptions) error {
	p := &page{w: w, opts: opts}
	p.verdict(r)
	return p.err
}

// stateLeg gives the first leg that was filled from a state.
func (r *Report) stateLeg() *Leg {
	for i := range r.Legs {
		if ofState(r.Legs[i].Kind) {
			return &r.Legs[i]
		}
	}
	return nil
}

func (r *Report) legOf(name string) *Leg {
	for i := range r.Legs {
		if r.Legs[i].Name == name {
			return &r.Legs[i]
		}
	}
	return nil
}

// LabelOf gives what people call a leg.
func (r *Report) LabelOf(name string) string {
	if l := r.legOf(name); l != nil {
		return l.Label
	}
	return name
}

func (p *page) file(f File) {
	what := fmt.Sprintf("%s, %s", f.Kind, layout.Size(f.Bytes))
	if f.Holds != "" {
		what += ": " + f.Holds
	}
	p.field(f.Role, layout.ShortenPath(f.Path, width-hang))
	p.field("", what)
}

func (p *page) weights(w *Weights) {
	where := ""
	if w.StateKey != "" {
		where = ", found in " + w.StateKey
	}
	if w.Prefix != "" {
		where += fmt.Sprintf(", without the prefix %q", w.Prefix)
	}
	unexpected := "unexpected"
	if w.Frozen {
		unexpected = "left over"
		p.field("weights", fmt.Sprintf("the scripted file is frozen: %s %s a tensor of the state%s",
			layout.Count(len(w.Covered), "constant"), equalsEqual(len(w.Covered)), where))
	} else {
		p.field("weights", fmt.Sprintf("%d of %d are equal, bit for bit%s", w.BitEqual, max(w.Scripted, w.BitEqual), where))
	}
	listItems(p, "missing", w.Missing, func(m Missing) string { return fmt.Sprintf("%s (%s)", m.Name, m.Role) })
	listItems(p, unexpected, w.Unexpected, func(name string) string { return name })
	listItems(p, "shape", w.Shapes, func(m Misshape) string {
		return fmt.Sprintf("%s: state %s, scripted %s", m.Name, layout.Shape(m.State), layout.Shape(m.Scripted))
	})
	listItems(p, "dtype", w.DTypes, func(m Mistype) string {
		return fmt.Sprintf("%s: state %s, scripted %s", m.Name, m.State, m.Scripted)
	})
	listItems(p, "unequal", w.Unequal, func(u Unequal) string {
		text := fmt.Sprintf("%s: max |Δ| %v", u.Name, u.MaxAbs)
		text += atText(u.Index)
		if u.Close {
			return text + ", within the tolerance"
		}
		return fmt.Sprintf("%s, %d of %d elements differ", text, u.Mismatches, u.Elements)
	})
	listItems(p, "covered", w.Covered, func(c Cover) string {
		if c.How == "memory" {
			return fmt.Sprintf("%s (%s) shares the memory of %s", c.Name, c.Role, c.By)
		}
		return fmt.Sprintf("%s (%s) equals %s", c.Name, c.Role, c.By)
	})
}

// listItems writes the first entries of a list and how many follow.
func listItems[T any](p *page, label string, entries []T, text func(T) string) {
	for i, e := range entries {
		if i == mostListed {
			p.item(label, fmt.Sprintf("and %d more; --json lists them all", len(entries)-mostListed))
			return
		}
		p.item(label, text(e))
	}
}

func (p *page) uncovered(all []Uncovered, state *Leg) {
	switch {
	case state != nil && state.Error != "" && len(all) == 0:
		return
	case len(all) == 0:
		p.field("uncovered", "none: the state holds all that the outputs depend on")
		return
	}
	p.field("uncovered", fmt.Sprintf("%s in the scripted file and not in the state", layout.Count(len(all), "tensor")))
	// What decides stands first.
	ranked := slices.Clone(all)
	slices.SortStableFunc(ranked, func(a, b Uncovered) int {
		return slices.Index(statusOrder, a.Status) - slices.Index(statusOrder, b.Status)
	})
	for _, status := range statusOrder {
		var some []Uncovered
		for _, u := range ranked {
			if u.Status == status {
				some = append(some, u)
			}
		}
		listItems(p, string(status), some, func(u Uncovered) string {
			names := strings.Join(append([]string{u.Name}, u.Aliases...), ", ")
			return fmt.Sprintf("%s: %s %s %s%s", names, u.Role, u.DType, layout.Shape(u.Shape), u.Reason())
		})
	}
}

var statusOrder = []Status{Used, Undecided, Accepted, Declared, Reproducible, Unused}

// Reason says why the tensor has its status, as the end of a sentence, or "".
func (u Uncovered) Reason() string {
	switch u.Status {
	case Used:
		return ", outputs depend on it"
	case Unused:
		return ", no output depends on it"
	case Accepted, Declared:
		return ", by " + u.By
	case Reproducible:
		return ", " + u.Values
	}
	if u.Depends != nil && *u.Depends {
		return ", outputs depend on it"
	}
	return ""
}

func (p *page) comparisons(r *Report) {
	p.field("outputs", fmt.Sprintf("against %s, %s", r.LabelOf(r.Reference), strings.Join(append([]string{r.Settings.Tolerance}, r.Settings.Metrics...), ", ")))
	if len(r.Sets) > 1 {
		p.field("inputs", setsText(r.Sets, r.Settings.Seed))
		p.savedSets(r.Sets)
	}
	for _, c := range r.worstOfLegs() {
		p.comparison(r.LabelOf(c.Leg), c)
	}
}

// latencies writes a line for each leg whose calls were timed.
func (p *page) latencies(r *Report) {
	heading := "latency"
	for _, l := range r.Timed() {
		text := fmt.Sprintf("%s on %s: %s", l.Label, cmp.Or(l.Device, "an unknown device"), l.Latency)
		if l.Peak > 0 {
			text += fmt.Sprintf(", at most %s of the GPU's memory", layout.Size(l.Peak))
		}
		p.field(heading, text)
		heading = ""
	}
}

// comparison writes the line of one leg and those of its outputs.
func (p *page) comparison(label string, c Comparison) {
	word, mark, col := "?", "?", yellow
	if c.Same != nil {
		word, mark, col = "False", "✗", red
		if *c.Same {
			word, mark, col = "True", "✓", green
		}
	}
	lead, columns := "SAME? ", len("SAME? : ")+len("   ")
	if p.opts.Terminal {
		lead, columns = p.paint(col, mark)+" "+lead, columns+2
	}
	text := c.Text()
	line := fmt.Sprintf("%s: %s   %s", label, p.paint(col, word), text)
	if columns+utf8.RuneCountInString(label+word+text) <= width {
		p.printf("%s%s\n", lead, line)
	} else {
		p.printf("%s%s: %s\n", lead, label, p.paint(col, word))
		p.indented("      ", text)
	}
	shown := c.ranked()
	for i, o := range shown {
		if i == mostListed {
			p.indented("      ", fmt.Sprintf("and %d more outputs; --json lists them all", len(shown)-mostListed))
			break
		}
		p.indented("      ", o.text())
	}
}

// Text says in a line how all outputs of a leg compare.
func (c Comparison) Text() string {
	if len(c.Outputs) == 0 {
		return c.Reason
	}
	worst, elements, mismatches := Number(0), int64(0), int64(0)
	for _, o := range c.Outputs {
		worst = max(worst, o.worst()) // of a NaN and a number, the NaN
		elements += o.Elements
		mismatches += o.Mismatches
	}
	text := fmt.Sprintf("max |Δ| %v, %d of %d elements differ", worst, mismatches, elements)
	if elements == 0 && c.Same != nil && !*c.Same {
		text = "shapes, dtypes or values differ"
	}
	if c.Reason != "" {
		text += ", " + c.Reason
	}
	return text
}

// ranked gives the outputs, those that differ first.
func (c Comparison) ranked() []OutputComparison {
	shown := slices.Clone(c.Outputs)
	slices.SortStableFunc(shown, func(a, b OutputComparison) int { return b2i(a.Same) - b2i(b.Same) })
	return shown
}

// worst is the greatest difference as torch computes it: NaN when one side has a
// NaN that the other does not excuse.
func (o OutputComparison) worst() Number {
	if !o.Same && o.GotNaN+o.WantNaN > 0 {
		return Number(math.NaN())
	}
	return o.MaxAbs
}

// text says in a line how one output compares.
func (o OutputComparison) text() string {
	return fmt.Sprintf("%s %s %s: %s", o.Name, o.DType, layout.Shape(o.Shape), o.Detail())
}

// Detail says how the output compares, without saying which one it is.
func (o OutputComparison) Detail() string { return o.difference() + o.judged() }

// difference says how the elements compare.
func (o OutputComparison) difference() string {
	switch {
	case o.BitEqual && o.Same:
		return "equal, bit for bit"
	case o.BitEqual:
		return fmt.Sprintf("equal, bit for bit, with NaN in %d of %s", o.GotNaN, layout.Count(int(o.Elements), "element"))
	case o.Note != "" && !o.Same && o.Elements == 0:
		return o.Note
	case o.WantNaN == 0 && o.GotNaN > 0 && o.GotNaN == o.Mismatches:
		return fmt.Sprintf("NaN in %d of %s", o.GotNaN, layout.Count(int(o.Elements), "element"))
	}
	text := fmt.Sprintf("max |Δ| %v%s, max rel %v%s", o.MaxAbs, atText(o.MaxAbsAt), o.MaxRel, atText(o.MaxRelAt))
	if !o.Same {
		text += fmt.Sprintf(", %d of %d differ", o.Mismatches, o.Elements)
		if o.WorstAt != nil {
			text += fmt.Sprintf(",%s %s instead of %s", atText(o.WorstAt), o.Got, o.Want)
		}
	}
	if o.GotNaN+o.WantNaN > 0 {
		text += fmt.Sprintf(", NaN in %d (reference %d)", o.GotNaN, o.WantNaN)
	}
	if o.Note != "" {
		text += ", " + o.Note
	}
	return text
}

// judged says what the output was judged by that others were not.
func (o OutputComparison) judged() string {
	text := ""
	for _, m := range o.Metrics {
		text += ", " + m.text()
	}
	if o.Tolerance.By != "" {
		text += ", by " + o.Tolerance.Text
	}
	return text
}

// atText says where an element is; of a scalar there is nothing to say.
func atText(index []int64) string {
	if len(index) == 0 {
		return ""
	}
	return " at " + layout.Shape(index)
}

// findings writes what decides and what is worth knowing; differences of
// weights are listed above, of them only the remedy is said.
func (p *page) findings(r *Report) {
	listed := 0
	said := make(map[string]bool)
	for _, f := range r.Findings {
		text, remedy := f.Text, f.Remedy
		if said[remedy] {
			remedy = ""
		}
		switch f.Code {
		case WeightMissing, WeightUnexpected, WeightShape, WeightDType, WeightValues, WeightRounding:
			if f.Weight == Proof || f.Code == WeightRounding {
				text = ""
			}
		case RunsDiffer, FirstDivergence, StatePrefix, UncoveredHarmless, OutputWidened, UncoveredAccepted:
			// The lines above tell it.
			if f.Weight == Note {
				continue
			}
		case UncoveredFrozen:
			if said[string(f.Code)] {
				continue // one says it of all
			}
			said[string(f.Code)] = true
		}
		switch {
		case remedy == "" || text == "":
		case strings.HasSuffix(text, "?"):
			text += " "
		default:
			text += ": "
		}
		if text += remedy; text == "" {
			continue
		}
		said[remedy] = true
		if listed++; listed > mostListed {
			p.indented("- ", "and more; --json lists them all")
			return
		}
		p.indented("- ", text)
	}
}

func (p *page) verdict(r *Report) {
	mark, col := "? ", yellow
	switch r.Verdict {
	case Consistent:
		mark, col = "✓ ", green
	case Inconsistent:
		mark, col = "✗ ", red
	}
	if !p.opts.Terminal {
		mark = ""
	}
	p.printf("%s\n", p.paint(col, mark+r.Summary))
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
