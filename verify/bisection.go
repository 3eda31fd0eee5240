package verify

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/verify/compare"
	"github.com/seed06459138/torchgo/verify/lockstep"
)

// Bisection tells at which step a leg parts from another.
type Bisection struct {
	Leg     string  `json:"leg"`
	Against string  `json:"against"` // the leg that it was held against
	Set     string  `json:"set"`     // of inputs
	Paired  string  `json:"paired"`  // how many steps of both were compared, and how they were paired
	Layers  []Layer `json:"layers"`  // in the order in which both passed through them
	First   *int    `json:"first"`   // index of the layer at which they part; null when they don't
	Error   string  `json:"error"`   // why it ended before the end, or ""
}

// Layer is one step of a bisection: an operator, or what a submodule gave.
type Layer struct {
	Name     string `json:"name"` // qualified name of the submodule, "" is the module itself
	Op       string `json:"op"`   // "aten::linear"; "call" for what the submodule gave, "if" for a condition
	Line     string `json:"line"` // "model.py:12: return self.fc(x)", "model.py:12" of a trace, "" where that is not known
	MaxAbs   Number `json:"max_abs"`
	MaxRel   Number `json:"max_rel"`
	Same     bool   `json:"same"` // within the tolerance, each time
	BitEqual bool   `json:"bit_equal"`
	Times    int    `json:"times"` // how often both passed through: in loops more than once; 0 if only one did
	Note     string `json:"note"`  // what differs beside numbers
}

// recorder is a leg whose steps can be looked at.
type recorder interface {
	leg
	// steps gives the module as it was before the leg ran. done gives it back.
	steps() (m *jit.Module, at place, done func(), err error)
}

// bisect finds, for each leg that differs on the inputs of the current round, the
// step at which it parts from one that does not, or from another one that differs.
func (r *run) bisect(ctx context.Context) error {
	for _, c := range r.comparisons {
		l := r.legNamed(c.Leg)
		against := r.counterpart(l)
		if against == nil || c.Same == nil || *c.Same || r.outputs[l] == nil || r.outputs[against] == nil || r.bisected(l, against) {
			continue
		}
		b, err := r.lockstep(ctx, l.(recorder), against)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			b.Error = causeOf(err)
		}
		r.bisections = append(r.bisections, *b)
		if f := r.parting(b); f != nil {
			r.findings = append(r.findings, *f)
		}
	}
	return nil
}

func (r *run) legNamed(name string) leg {
	i := slices.IndexFunc(r.legs, func(l leg) bool { return l.entry().Name == name })
	return r.legs[i]
}

// counterpart gives the leg to hold one that differs against: the reference if it
// can be looked into, else one that agrees with it, else any; nil if there is none.
func (r *run) counterpart(l leg) recorder {
	if _, ok := l.(recorder); !ok {
		return nil
	}
	var best recorder
	rank := 0
	for _, other := range r.legs {
		one, ok := other.(recorder)
		if !ok || other == l || r.outputs[other] == nil {
			continue
		}
		now := 1
		switch {
		case other == r.reference:
			now = 3
		case r.agrees(other.entry().Name):
			now = 2
		}
		if now > rank {
			best, rank = one, now
		}
	}
	return best
}

// bisected tells whether two legs were held against each other already.
func (r *run) bisected(a, b leg) bool {
	x, y := a.entry().Name, b.entry().Name
	return slices.ContainsFunc(r.bisections, func(known Bisection) bool {
		return known.Leg == x && known.Against == y || known.Leg == y && known.Against == x
	})
}

// lockstep runs two legs side by side.
func (r *run) lockstep(ctx context.Context, got, want recorder) (*Bisection, error) {
	b := &Bisection{Leg: got.entry().Name, Against: want.entry().Name, Set: r.round.name, Layers: []Layer{}}
	g, doneGot, err := r.side(got)
	if err != nil {
		return b, err
	}
	defer doneGot()
	w, doneWant, err := r.side(want)
	if err != nil {
		return b, err
	}
	defer doneWant()
	result, err := lockstep.Run(ctx, g, w, r.stepTolerance(got, want))
	if result == nil {
		return b, err
	}
	b.Paired = result.Alignment.String()
	for _, s := range result.Steps {
		l := layerOf(s)
		switch s.Only {
		case lockstep.Got:
			l.Note = "only in " + got.entry().Label
		case lockstep.Want:
			l.Note = "only in " + want.entry().Label
		}
		b.Layers = append(b.Layers, l)
	}
	if result.First >= 0 {
		b.First = &result.First
	}
	return b, err
}

// side gets a leg ready to be looked into.
func (r *run) side(l recorder) (lockstep.Side, func(), error) {
	var side lockstep.Side
	m, at, done, err := l.steps()
	if err != nil {
		return side, nil, err
	}
	if side.Method, err = m.Method(r.spec.method()); err == nil {
		side.Args, err = r.inputs.values(at)
	}
	if err != nil {
		done()
		return side, nil, err
	}
	for _, spec := range r.spec.legs() {
		if spec.Name == l.entry().Name {
			side.Threads = spec.Threads
		}
	}
	return side, func() { torch.CloseAll(side.Args...); done() }, nil
}

// stepTolerance gives what steps may differ by: that of weights, and between legs of
// different dtypes that of the narrower one, as assert_close has it.
func (r *run) stepTolerance(legs ...recorder) compare.Tolerance {
	for _, l := range legs {
		if m, ok := l.(*moduleLeg); ok && m.at.cast != nil {
			return compare.AssertClose
		}
	}
	return r.spec.weightTolerance()
}

func layerOf(s lockstep.Step) Layer {
	op := s.Got.Source.Operator
	switch op {
	case jit.StepCall:
		op = "call"
	case jit.StepChoice:
		op = "if"
	}
	line := placeText(s.Got.Source)
	if other := placeText(s.Want.Source); len(other) > len(line) { // a trace knows less of its source
		line = other
	}
	return Layer{Name: s.Got.Module, Op: op, Line: line, MaxAbs: Number(s.MaxAbs), MaxRel: Number(s.MaxRel),
		Same: s.Close, BitEqual: s.BitEqual, Times: s.Times, Note: s.Note}
}

// placeText writes a place in a source, "" for what comes from none.
func placeText(s jit.Source) string {
	if s.File == "" {
		return ""
	}
	place := fmt.Sprintf("%s:%d", s.File, s.Line)
	if s.Text == "" || strings.HasPrefix(s.Text, s.File+"(") { // of a trace, a line of the stack
		return place
	}
	return place + ": " + s.Text
}

// Where names the layer: "fc1, aten::linear".
func (l Layer) Where() string {
	switch {
	case l.Name == "":
		return l.Op
	case l.Op == "call":
		return l.Name
	}
	return l.Name + ", " + l.Op
}

// Detail says how far apart the legs are there.
func (l Layer) Detail() string {
	switch {
	case l.BitEqual:
		return "equal, bit for bit"
	case l.Note != "" && l.MaxAbs == 0:
		return l.Note
	}
	text := fmt.Sprintf("max |Δ| %v, max rel %v", l.MaxAbs, l.MaxRel)
	if l.Note != "" {
		text += ", " + l.Note
	}
	return text
}

// Worst gives the layer of the greatest difference, nil when all are equal.
func (b *Bisection) Worst() *Layer {
	var worst *Layer
	for i := range b.Layers {
		l := &b.Layers[i]
		if !l.BitEqual && (worst == nil || l.MaxAbs > worst.MaxAbs || l.MaxAbs != l.MaxAbs) {
			worst = l
		}
	}
	return worst
}

// bisection writes where two legs part, and where they are furthest apart.
func (p *page) bisection(r *Report, b *Bisection) {
	text := fmt.Sprintf("%s against %s", r.LabelOf(b.Leg), r.LabelOf(b.Against))
	if b.Paired != "" {
		text += ": " + b.Paired
	}
	p.field("bisect", text)
	layer := func(label string, l *Layer) {
		p.item(label, l.Where()+": "+l.Detail())
		if l.Line != "" {
			p.item("", l.Line)
		}
	}
	worst := b.Worst()
	switch {
	case b.First != nil:
		layer("first", &b.Layers[*b.First])
		if worst != nil && worst != &b.Layers[*b.First] {
			layer("worst", worst)
		}
	case worst != nil:
		layer("no parting", worst)
	case len(b.Layers) > 0:
		p.item("no parting", "all of them are equal, bit for bit")
	}
	if b.Error != "" {
		p.item("ended", b.Error)
	}
}

// parting says where the legs part.
func (r *run) parting(b *Bisection) *Finding {
	leg, against := r.labelOf(b.Leg), r.labelOf(b.Against)
	if b.First == nil {
		if b.Error != "" || len(b.Layers) == 0 {
			return nil
		}
		return &Finding{FirstDivergence, Note, b.Leg,
			fmt.Sprintf("%s and %s compute the same at each step that both have (%s)", leg, against, b.Paired), ""}
	}
	l := b.Layers[*b.First]
	text := fmt.Sprintf("%s parts from %s at %s: %s", leg, against, l.Where(), l.Detail())
	if l.Line != "" {
		text += ", at " + l.Line
	}
	return &Finding{FirstDivergence, Note, orText(l.Name, b.Leg), text, ""}
}

func orText(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
