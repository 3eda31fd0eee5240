package verify

import (
	"fmt"
	"slices"

	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
)

// diagnoseMode runs a TorchScript file in training mode, to see whether that is what
// the reference computes.
func (r *run) diagnoseMode(l leg) {
	m, ok := l.(*moduleLeg)
	if !ok || m.transform != nil {
		return
	}
	s := r.structureOf(l)
	if s == nil || !slices.ContainsFunc(s.steps, modal) {
		return
	}
	fresh, err := m.fresh()
	if err != nil {
		return
	}
	defer fresh.Close()
	if err := fresh.SetTraining(true); err != nil {
		return
	}
	out, err := call(fresh, m.method, r.inputs, m.at, (*jit.Method).CallUnoptimized)
	if err != nil {
		return
	}
	if c, _ := compareOutputs("", out, r.outputs[r.reference], r.demands(), r.lenient(l)); *c.Same {
		name := r.reference.entry().Label
		r.say(Finding{EvalMissing, Note, r.reference.entry().Name,
			fmt.Sprintf("in training mode, %s computes what %s has: model.eval() was not called before that", m.report.Label, name),
			"record outputs, and trace, after model.eval()"})
	}
}

// modal tells whether a step computes otherwise in training mode, and is not in it.
func modal(s jit.Step) bool {
	for _, name := range []string{"training", "train"} {
		if s.Setting(name) == torch.Bool(false) {
			return true
		}
	}
	return false
}
