package history

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/seed06459138/torchgo/internal/layout"
)

// Schema names the format of a Report as JSON. A field may be added under the same
// number; any other change raises it.
const Schema = "torchgo.verify.changes/1"

// Report is what changed in a night.
type Report struct {
	Schema  string   `json:"schema"`
	Suite   string   `json:"suite"`
	Night   Mark     `json:"night"`   // the one that was judged
	Before  *Mark    `json:"before"`  // the one before it; null when there is none
	Checks  int      `json:"checks"`  // with a result in the night
	Nights  int      `json:"nights"`  // earlier ones that were looked at
	Changes []Change `json:"changes"` // the worst first, of those the new ones first
	Notes   []string `json:"notes"`   // what a reader must know besides
}

// Judge applies the rules to the last night. It changes nothing in p.
func Judge(p *Past) *Report {
	r := &Report{Schema: Schema, Changes: []Change{}, Notes: []string{}}
	tonight := p.tonight()
	if len(tonight) == 0 {
		return r
	}
	first := tonight[0]
	r.Suite, r.Night = first.Suite, first.mark(first.Machines[0])
	runs := make(map[string]bool)
	for _, n := range p.Nights {
		if n.ID != first.ID {
			runs[n.ID] = true
			before := n.mark(n.Machines[0])
			r.Before = &before
		}
	}
	r.Nights = len(runs)

	numbers := rises{crowds: make(map[crowdKey]*crowdOf)}
	add := func(one Change, told bool) {
		if told {
			r.Changes = append(r.Changes, one)
		}
	}
	for i := range p.Courses {
		c := &p.Courses[i]
		now, before := c.split(first.ID)
		if now == nil {
			continue
		}
		r.Checks++
		verdict, other := verdictChange(c.Check, now, before)
		uncovered, more := uncoveredChange(c.Check, now, before)
		if other && more && verdict.New && verdict.Weight == Worse { // one cause pages once
			verdict.Detail, more = verdict.Detail+" ("+uncovered.Now+": "+uncovered.Detail+")", false
		}
		add(verdict, other)
		add(uncovered, more)
		add(filesChange(c.Check, now, before))
		r.Changes = append(r.Changes, errorChanges(c.Check, now, before)...)
		numbers.add(c.Check, now, before)
	}
	risen, notes := numbers.changes()
	r.Changes, r.Notes = append(r.Changes, risen...), append(r.Notes, notes...)
	r.Changes = append(r.Changes, p.presenceChanges()...)
	r.Changes = append(r.Changes, p.machineChanges()...)
	slices.SortStableFunc(r.Changes, compareChanges)
	r.Changes = fold(r.Changes)
	r.addNotes(p)
	return r
}

// compareChanges orders by weight, new ones first, rule, size, name.
func compareChanges(a, b Change) int {
	size := func(c *Change) float64 {
		if c.Values == nil || c.Values.Before <= 0 {
			return 0
		}
		return float64(c.Values.Now / c.Values.Before)
	}
	old := func(c *Change) int {
		if c.New {
			return 0
		}
		return 1
	}
	return cmp.Or(
		cmp.Compare(slices.Index(weights, a.Weight), slices.Index(weights, b.Weight)),
		cmp.Compare(old(&a), old(&b)),
		cmp.Compare(slices.Index(rules, a.Rule), slices.Index(rules, b.Rule)),
		cmp.Compare(size(&b), size(&a)),
		cmp.Compare(a.Check, b.Check), cmp.Compare(a.Leg, b.Leg))
}

// fold tells the legs of one check that a rule finds in one change, that of the first:
// most likely they have one cause, which should page once.
func fold(all []Change) (folded []Change) {
	type key struct {
		rule   Rule
		weight Weight
		fresh  bool
		check  string
	}
	at := make(map[key]int)
	for _, c := range all {
		k := key{c.Rule, c.Weight, c.New, c.Check}
		i, there := at[k]
		if c.Values == nil || !there {
			if c.Values != nil {
				at[k] = len(folded)
			}
			folded = append(folded, c)
			continue
		}
		first := &folded[i]
		if first.Detail != "" {
			first.Detail += ", "
		}
		other := c
		other.Check = ""
		what := other.Subject()
		if what == "" {
			what = "the process"
		}
		first.Detail += fmt.Sprintf("and %s %s → %s", what, c.Before, c.Now)
	}
	return folded
}

// addNotes says what limits the answer.
func (r *Report) addNotes(p *Past) {
	if r.Before == nil {
		r.Notes = append(r.Notes, "there is no earlier night to compare with")
	}
	for i := 1; i < len(p.Nights); i++ {
		a, b := p.Nights[i-1], p.Nights[i]
		if b.ID != a.ID && b.Started.Before(a.Started) {
			r.Notes = append(r.Notes, fmt.Sprintf("night %s was taken in after %s and began before it: a clock jumped, or nights came out of order; they are compared as they came", b.ID, a.ID))
		}
	}
}

// New gives the changes of a weight that the night is the first to show.
func (r *Report) New(w Weight) []Change {
	var all []Change
	for _, c := range r.Changes {
		if c.New && c.Weight == w {
			all = append(all, c)
		}
	}
	return all
}

// ExitCode gives what a command returns: 1 when something is newly worse, 2 when
// something cannot be told, else 0.
func (r *Report) ExitCode() int {
	switch {
	case len(r.New(Worse)) > 0:
		return 1
	case len(r.New(Open)) > 0:
		return 2
	}
	return 0
}

// WriteJSON writes the report for programs; docs/changes.schema.json describes it.
func (r *Report) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}

// Summary says it in one line.
func (r *Report) Summary() string {
	worse, open, standing := len(r.New(Worse)), len(r.New(Open)), 0
	for _, c := range r.Changes {
		if c.Weight == Worse && !c.New {
			standing++
		}
	}
	text := fmt.Sprintf("night %s of %s: ", r.Night.Night, r.Suite)
	switch {
	case worse > 0:
		text += fmt.Sprintf("%d newly worse", worse)
	case open > 0:
		text += fmt.Sprintf("nothing newly worse, %d open", open)
	default:
		text += "nothing newly worse"
	}
	if standing > 0 {
		text += fmt.Sprintf(", %d as in earlier nights", standing)
	}
	if better := len(r.New(Better)); better > 0 {
		text += fmt.Sprintf(", %d better", better)
	}
	return text + " (" + layout.Count(r.Checks, "check") + ")"
}
