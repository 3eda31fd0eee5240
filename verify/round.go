package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/seed06459138/torchgo/torch"
)

// round is one set of inputs, and what the legs make of it.
type round struct {
	name     string
	inputs   *inputs
	first    bool // legs are also run again, to see whether they are stable
	recorded bool // the inputs that outputs were recorded for, if any were
	declined bool // no leg takes the inputs
	edge     bool // made to be odd, so that NaN in the same places is agreement

	outputs     map[leg][]output
	failed      map[leg]error // legs that computed other rounds
	reference   leg
	comparisons []Comparison
	findings    []legFinding
	saved       savedSet
}

// legFinding is a finding about the outputs of a leg.
type legFinding struct {
	leg string
	Finding
}

// differs tells whether some leg computes something else, or nothing where another
// does.
func (d *round) differs() bool {
	return slices.ContainsFunc(d.comparisons, func(c Comparison) bool { return c.Same != nil && !*c.Same })
}

// proceed computes and compares all rounds. Behind it, the current round is the first
// in which legs differ, or the first there is.
func (r *run) proceed(ctx context.Context) error {
	shown := r.round
	for next := range r.sets() {
		r.round = next
		if err := r.compute(ctx); err != nil {
			return err
		}
		if next.first {
			r.findDrift()
		}
		r.compare(ctx)
		if err := r.keep(); err != nil {
			return err
		}
		r.rounds = append(r.rounds, next)
		if next.differs() {
			if err := r.saveFailing(ctx); err != nil {
				return err
			}
		}
		switch {
		case next == shown:
		case next.differs() && !shown.differs():
			shown.outputs = nil
			shown = next
		default:
			next.outputs = nil // they would fill the memory
		}
	}
	r.round = shown
	r.conclude()
	return nil
}

// failure says why a leg has no outputs in this round, "" when it has or was not
// asked for any.
func (r *run) failure(l leg) string {
	if text := l.entry().Error; text != "" {
		return text
	}
	if err := r.failed[l]; err != nil {
		return causeOf(err)
	}
	return ""
}

// chooseReference takes the first leg that has outputs.
func (r *run) chooseReference() {
	for _, l := range r.legs {
		if r.outputs[l] != nil {
			r.round.reference = l
			return
		}
	}
	r.round.reference = r.loaded
}

// demands are those of the current round.
func (r *run) demands() demands {
	d := r.spec.demands()
	if r.round.edge {
		d = d.withNaN()
	}
	return d
}

// refusal says what follows when a leg fails on inputs of a further round.
func (r *run) refusal(l leg) (Comparison, []Finding) {
	c := Comparison{Leg: l.entry().Name, Reason: r.failure(l), Outputs: []OutputComparison{}}
	var failure *torch.Error
	var died *WorkerError
	switch {
	case r.declined:
		return c, nil // see conclude
	case recorded(l.entry().Kind) > 0, errors.As(r.failed[l], &died), errors.As(r.failed[l], &failure) && failure.Code == torch.CodeOutOfMemory:
		return c, []Finding{{LegFailed, Open, c.Leg, fmt.Sprintf("%s could not be run: %s", l.entry().Label, c.Reason), ""}}
	}
	c.Same = new(bool)
	return c, []Finding{{LegRefuses, Proof, c.Leg, fmt.Sprintf("%s fails on inputs that %s computes with: %s",
		l.entry().Label, r.round.reference.entry().Label, c.Reason), ""}}
}

// conclude puts the findings of all rounds behind those of the files: what several
// rounds show is said once.
func (r *run) conclude() {
	for _, state := range r.states {
		for _, f := range state.lacks().Findings {
			r.say(f)
		}
	}
	type subject struct{ code, leg, of string }
	seen := make(map[subject]int)
	more := make(map[int][]string)
	for _, d := range r.rounds {
		if d.declined {
			r.findings = append(r.findings, Finding{InputsRefused, Note, d.name, fmt.Sprintf("no leg takes the inputs %s: %s", d.name, d.comparisons[0].Reason), ""})
			continue
		}
		for _, f := range d.findings {
			key := subject{string(f.Code), f.leg, f.Subject}
			if at, known := seen[key]; known {
				more[at] = append(more[at], d.name)
				continue
			}
			seen[key] = len(r.findings)
			if !d.first {
				f.Text += ", on " + d.name
			}
			r.findings = append(r.findings, f.Finding)
		}
	}
	for at, names := range more {
		r.findings[at].Text += fmt.Sprintf(" (and on %s)", listText(names, 3))
	}
	r.findings = append(r.findings, r.spec.demands().unused(r.allComparisons())...)
}

func (r *run) allComparisons() (all []Comparison) {
	for _, d := range r.rounds {
		all = append(all, d.comparisons...)
	}
	return all
}
