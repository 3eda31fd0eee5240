package verify

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"time"
)

// compare holds the outputs of every leg against the reference, the state first.
func (r *run) compare(ctx context.Context) {
	r.chooseReference()
	r.declined = !r.first && len(r.outputs) == 0
	for i := len(r.legs) - 1; i >= 0; i-- {
		l := r.legs[i]
		if l == r.reference && r.first && l.entry().Error != "" { // nothing could be computed, so it is as failed as the others
			e := l.entry()
			r.round.findings = append(r.round.findings, legFinding{e.Name, Finding{LegFailed, Open, e.Name, fmt.Sprintf("%s could not be run: %s", e.Label, e.Error), ""}})
		}
		further := !r.first && r.outputs[l] == nil && r.failed[l] == nil // said in the first round, or not recorded
		if l == r.reference && !r.declined || further {
			continue
		}
		c, findings := r.compareLeg(ctx, l)
		c.Set = r.round.name
		r.comparisons = append(r.comparisons, c)
		for _, f := range findings {
			r.round.findings = append(r.round.findings, legFinding{c.Leg, f})
		}
	}
}

// compareLeg holds one leg against the reference and says what follows.
func (r *run) compareLeg(ctx context.Context, l leg) (Comparison, []Finding) {
	name, e := l.entry().Label, l.entry()
	no := false
	weights, lacks := stateOf(l)
	if r.failed[l] != nil {
		return r.refusal(l)
	}
	if e.Error != "" {
		c := Comparison{Leg: e.Name, Reason: e.Error, Outputs: []OutputComparison{}}
		if weights != nil && !weights.fits() {
			c.Same = &no // the weights are findings already
			return c, nil
		}
		return c, []Finding{{LegFailed, Open, e.Name, fmt.Sprintf("%s could not be run: %s", name, e.Error), ""}}
	}
	c, findings := compareOutputs(name, r.outputs[l], r.outputs[r.reference], r.demandsOf(l), r.lenient(l))
	c.Leg = e.Name
	if r.spec.Profile {
		profileOutputs(c.Outputs, r.outputs[l], r.outputs[r.reference], r.lenient(l), r.spec.tolerance().EqualNaN)
	}
	if len(lacks.Withheld) > 0 {
		// The difference follows from the missing tensors, which are findings already.
		if !*c.Same {
			c.Reason = "without " + listText(lacks.Withheld, 3)
			findings = nil
		}
		return c, findings
	}
	if !*c.Same {
		switch name, refilled := r.unstable(ctx, l); {
		case refilled:
			c.Reason = fmt.Sprintf("%s computes something else each time it is filled from the state", e.Structure)
			return c, []Finding{{StateIncomplete, Proof, e.Name, c.Reason,
				"what it draws anew is not in the state: register it as a buffer or parameter"}}
		case name != "":
			c.Same, c.Reason = nil, fmt.Sprintf("two runs of %s on the same input differ", name)
			if slices.ContainsFunc(r.findings, func(f Finding) bool { return f.Code == RunsDiffer }) {
				return c, nil // known, with its cause
			}
			return c, []Finding{{RunsDiffer, Open, name, c.Reason,
				"is dropout left on in a trace? save the model in evaluation mode, without random operators"}}
		}
	} else if len(lacks.Doubtful) > 0 {
		c.Same, c.Reason = nil, "with the scripted file's "+listText(lacks.Doubtful, 3)
	}
	if strings.HasPrefix(e.Structure, goStructure) {
		for i := range findings {
			if findings[i].Code == OutputValues {
				findings[i].Remedy = "does its Forward compute what the model did? A value that it makes itself is not in the state"
			}
		}
	}
	return c, findings
}

// lenient tells whether names and widths of floats may differ between a leg and
// the reference: those of arrays that were recorded, or computed by others than
// libtorch, and those of legs that compute in another dtype.
func (r *run) lenient(l leg) bool {
	for _, one := range []leg{l, r.reference} {
		switch one := one.(type) {
		case *expectedLeg, *runnerLeg:
			return true
		case *moduleLeg:
			if one.at.cast != nil {
				return true
			}
		case *remoteLeg:
			if one.spec.DType != nil || one.spec.Kind == kindOracle || !ofModule(one.spec.Kind) && !ofState(one.spec.Kind) {
				return true
			}
		}
	}
	return false
}

// unstable names the leg, of l and the reference, of which two runs differ; "".
// refilled is whether it is the Go structure l, which computes the same until it is
// filled from the state once more.
func (r *run) unstable(ctx context.Context, l leg) (name string, refilled bool) {
	for _, one := range []leg{r.reference, l} {
		if _, differs := one.entry().drifted(); differs {
			return one.entry().Label, false
		}
		out, ran, err := one.again(ctx, r.inputs)
		if !ran || err != nil {
			continue
		}
		if c, _ := compareOutputs("", out, r.outputs[one], r.spec.demands().repeated(), false); !*c.Same {
			return one.entry().Label, one == l && strings.HasPrefix(one.entry().Structure, goStructure)
		}
	}
	return "", false
}

// report puts everything together.
func (r *run) report(started time.Time) (*Report, error) {
	on, err := r.runsOn()
	if err != nil {
		return nil, err
	}
	out := emptyReport(r.spec, started)
	out.Versions = on.Versions
	out.Settings.Threads, out.Settings.TF32, out.Settings.Deterministic = on.Threads, on.TF32, on.Deterministic
	out.Reference = r.rounds[0].reference.entry().Name
	out.Findings = append(out.Findings, r.findings...)
	out.Comparisons = append(out.Comparisons, r.allComparisons()...)
	for _, d := range r.rounds {
		out.Sets = append(out.Sets, d.entry())
	}
	out.Weights, out.Truth = r.weights, r.truth
	out.Bisections = append(out.Bisections, r.bisections...)
	if err := r.describeScripted(); err != nil {
		return nil, err
	}
	for _, f := range r.files.all {
		if f.err != nil {
			continue // its leg says why
		}
		if f.entry.SHA256, err = f.digest(); err != nil {
			return nil, &Error{Path: f.path, Msg: "cannot be read a second time", Err: err}
		}
		out.Files = append(out.Files, f.entry)
	}
	for _, l := range r.legs {
		e := *l.entry()
		e.Runs = notNil(e.Runs)
		if e.Error != "" {
			e.Device = "" // it did not run
		}
		out.Legs = append(out.Legs, e)
	}
	for _, state := range r.states {
		for _, u := range state.lacks().Gaps {
			if !slices.ContainsFunc(out.Uncovered, func(known Uncovered) bool { return reflect.DeepEqual(known, u) }) {
				out.Uncovered = append(out.Uncovered, u)
			}
		}
	}
	for _, l := range r.legs {
		if leg, ok := l.(*runnerLeg); ok && leg.report.Error == "" {
			if knows, ok := leg.runner.(Commenting); ok {
				out.Findings = append(out.Findings, knows.Comment(out.Files)...)
			}
		}
	}
	out.Verdict, out.Summary = verdictOf(out.Findings, r.agreed())
	out.Seconds = time.Since(started).Seconds()
	return out, nil
}

// describeScripted counts what the scripted file holds.
func (r *run) describeScripted() error {
	if r.base == nil {
		return nil
	}
	var err error
	r.structure.entry.Holds, err = r.factsOf(r.base).holds()
	return err
}

// agreed says in words what is so when nothing speaks against it.
func (r *run) agreed() string {
	reference := r.rounds[0].reference
	var names []string
	for i := len(r.legs) - 1; i >= 0; i-- {
		if r.legs[i] != reference {
			names = append(names, r.legs[i].entry().Label)
		}
	}
	verb := "computes"
	if len(names) > 1 {
		verb = "compute"
	}
	what := "what " + reference.entry().Label + " computes"
	if _, recorded := reference.(*expectedLeg); recorded && reference.entry().Label == "expected" {
		what = "what was expected"
	}
	if recorded(reference.entry().Kind) == 1 {
		what = "what was recorded"
	}
	text := reference.entry().Label + " computes the same each time"
	if last := len(names) - 1; last >= 0 {
		who := names[last]
		if last > 0 {
			who = strings.Join(names[:last], ", ") + " and " + who
		}
		text = fmt.Sprintf("%s %s %s", who, verb, what)
	}
	if more := len(r.rounds) - 1; more > 0 {
		return fmt.Sprintf("%s, on %d sets of inputs", text, more+1)
	}
	return text
}

// emptyReport gives a report of a question, without an answer.
func emptyReport(spec *Spec, started time.Time) *Report {
	tol := spec.tolerance()
	settings := Settings{
		Method: spec.method(), Device: spec.Device.String(), Threads: spec.Threads,
		RTol: Number(tol.RTol), ATol: Number(tol.ATol), EqualNaN: tol.EqualNaN,
		Tolerance: tol.String(), Tolerances: textsOf(spec.Tolerances), Metrics: textsOf(spec.Metrics), Ranges: []string{},
		Isolated: spec.isolated(), Timeout: spec.Timeout.Seconds(), Memory: spec.Memory, Libtorchs: notNil(spec.Libtorch),
		StateKey: spec.StateKey, AcceptUncovered: notNil(spec.AcceptUncovered), NonPersistent: notNil(spec.NonPersistent),
	}
	if spec.Generate != nil {
		settings.Seed, settings.Ranges = spec.Generate.Seed, textsOf(spec.Generate.Ranges)
	}
	return &Report{
		Schema: Schema, Findings: []Finding{}, Files: []File{}, Legs: []Leg{}, Uncovered: []Uncovered{}, Comparisons: []Comparison{}, Sets: []Set{}, Bisections: []Bisection{},
		Settings: settings,
		Versions: Versions{Torchgo: Version(), Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH},
		Started:  started.UTC(),
	}
}

// textsOf writes each of a list.
func textsOf[T fmt.Stringer](all []T) []string {
	texts := make([]string, len(all))
	for i, one := range all {
		texts[i] = one.String()
	}
	return texts
}

// FailedReport gives the report of a question that Run could not put, for
// programs that read reports: unanswered, with the error as its one finding.
func FailedReport(spec Spec, err error) *Report {
	r := emptyReport(&spec, time.Now())
	f := Finding{Code: Failed, Weight: Open, Text: oneLine(err.Error())}
	var known *Error
	if errors.As(err, &known) {
		plain := *known
		plain.Remedy = ""
		f.Subject, f.Text, f.Remedy = known.Path, plain.Error(), known.Remedy
	}
	r.Findings = append(r.Findings, f)
	r.Verdict, r.Summary = verdictOf(r.Findings, "")
	return r
}
