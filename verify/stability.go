package verify

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
)

// defaultRuns is how often each leg runs. TorchScript's executor profiles the
// first call and optimises the second; what it made of the graph runs from the
// third on, and once more to see that it stays.
const defaultRuns = 4

// LegRun is one run of a leg on the inputs.
type LegRun struct {
	Mode    string  `json:"mode"` // "first", "repeated", "unoptimized": the graph as it was written
	Seconds float64 `json:"seconds"`
	Same    bool    `json:"same"`    // within the tolerance of the first run
	MaxAbs  Number  `json:"max_abs"` // greatest difference from the first run
}

// The modes of runs.
const (
	modeFirst       = "first"
	modeRepeated    = "repeated"
	modeUnoptimized = "unoptimized"
)

// repeater is a leg that computes, and can do so again without being made anew.
type repeater interface {
	leg
	repeat(ctx context.Context, in *inputs, mode string) ([]output, error)

	// model gives the module that runs, nil for legs that have none in this process.
	model() *jit.Module
}

// caller is a way to call a method.
type caller func(*jit.Method, ...torch.Value) (torch.Value, error)

// callerOf gives the way to call in runs of a mode.
func callerOf(mode string) caller {
	if mode == modeUnoptimized {
		return (*jit.Method).CallUnoptimized
	}
	return (*jit.Method).Call
}

// steady runs a leg again, and once as its graph was written, and notes how far
// the runs are from the first.
func (r *run) steady(ctx context.Context, l repeater, first []output) error {
	e := l.entry()
	e.Runs = []LegRun{{Mode: modeFirst, Seconds: e.Seconds, Same: true}}
	modes := slices.Repeat([]string{modeRepeated}, r.spec.runs()-1)
	if r.factsOf(l) != nil {
		modes = append(modes, modeUnoptimized)
	}
	for _, mode := range modes {
		if err := ctx.Err(); err != nil {
			return err
		}
		begun := time.Now()
		out, err := l.repeat(ctx, r.inputs, mode)
		if err != nil {
			return fmt.Errorf("a %s run: %w", mode, err)
		}
		run := LegRun{Mode: mode, Seconds: time.Since(begun).Seconds()}
		run.Same, run.MaxAbs = r.drift(out, first)
		e.Runs = append(e.Runs, run)
	}
	return nil
}

// drift tells how far a run is from the first.
func (r *run) drift(out, first []output) (same bool, most Number) {
	c, _ := compareOutputs("", out, first, r.spec.demands().repeated(), false)
	for _, o := range c.Outputs {
		most = max(most, o.MaxAbs)
	}
	return *c.Same, most
}

// drifted gives the first run that is not within the tolerance of the first one.
func (l *Leg) drifted() (LegRun, bool) {
	i := slices.IndexFunc(l.Runs, func(run LegRun) bool { return !run.Same })
	if i < 0 {
		return LegRun{}, false
	}
	return l.Runs[i], true
}

// findDrift says which legs do not compute the same each time, and why.
func (r *run) findDrift() {
	mutated := make(map[string]bool) // by the text, so that legs of one file say it once
	for _, l := range r.legs {
		again, ok := l.(repeater)
		if !ok || l.entry().Error != "" {
			continue
		}
		e := l.entry()
		writes := r.writesOf(again)
		if text := strings.Join(writes, ", "); text != "" && !mutated[text] {
			mutated[text] = true
			r.findings = append(r.findings, Finding{BufferMutated, Note, e.Name,
				fmt.Sprintf("%s of %s writes %s: a call begins with what the last one left", r.spec.method(), e.Path, listText(writes, 3)), ""})
		}
		run, differs := e.drifted()
		if !differs || len(writes) > 0 && run.Mode == modeRepeated {
			continue // each call of a module that counts gives another result, and should
		}
		text := fmt.Sprintf("two runs of %s on the same input differ: max |Δ| %v", e.Label, run.MaxAbs)
		if run.Mode == modeUnoptimized {
			text = fmt.Sprintf("%s computes something else when its graph is optimized: max |Δ| %v", e.Label, run.MaxAbs)
		}
		r.findings = append(r.findings, Finding{RunsDiffer, Open, e.Name, text, causeOfDrift(r.factsOf(again), run)})
	}
}

// mutations names what a method writes.
func mutations(m *jit.Module, method string) []string {
	all, err := m.Mutates()
	if err != nil {
		return nil // the analysis does not understand every graph
	}
	var names []string
	for _, one := range all {
		if one.Method == method && !slices.Contains(names, one.Attribute) {
			names = append(names, one.Attribute)
		}
	}
	return names
}

// random finds operators that give other numbers each time.
var random = regexp.MustCompile(`\b(?:torch|ops\.aten)\.((?:alpha_|feature_|feature_alpha_)?dropout_?|rand\w*|bernoulli\w*|normal\w*|multinomial|poisson|rrelu\w*)\(`)

// causeOfDrift says what most likely makes runs differ.
func causeOfDrift(f facts, run LegRun) string {
	if run.Mode == modeUnoptimized {
		return "a fused kernel rounds otherwise, or is wrong: run it unoptimized, or judge it by a tolerance that you can accept"
	}
	if f != nil {
		switch name := f.draws(); {
		case strings.HasSuffix(name, "dropout"):
			return "the code calls " + name + ": was it traced in training mode? call model.eval() before torch.jit.trace"
		case name != "":
			return "the code calls " + name + ", which draws random numbers"
		}
	}
	return "is dropout left on in a trace? save the model in evaluation mode, without random operators"
}
