package verify

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/seed06459138/torchgo/internal/layout"
	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
)

// diagnose says, of the legs that differ on the inputs of the current round, what
// in their files explains it: what their weights and uncovered tensors are is
// known already; training mode, casts, devices, settings and branches follow, and
// where it is asked for, the step at which they part.
func (r *run) diagnose(ctx context.Context) error {
	for _, c := range r.comparisons {
		if err := ctx.Err(); err != nil {
			return err
		}
		l := r.legNamed(c.Leg)
		switch {
		case l.entry().Error != "" || r.failed[l] != nil:
			if f, found := r.deviceFinding(l); found {
				r.say(f)
			}
		case c.Same == nil || !*c.Same:
			if err := r.diagnoseLeg(l, c.Same == nil); err != nil {
				return err
			}
		}
	}
	if !r.spec.Bisect {
		return nil
	}
	return r.bisect(ctx)
}

// say adds a finding unless it is known.
func (r *run) say(f Finding) {
	if !slices.ContainsFunc(r.findings, func(known Finding) bool { return known.Code == f.Code && known.Text == f.Text }) {
		r.findings = append(r.findings, f)
	}
}

// structural is a leg whose code can be read.
type structural struct {
	leg    leg
	module *jit.Module
	path   string
	steps  []jit.Step
}

// structureOf reads the code of a leg; nil for legs without TorchScript code.
func (r *run) structureOf(l leg) *structural {
	again, ok := l.(repeater)
	if !ok || l.entry().Error != "" || again.model() == nil {
		return nil
	}
	s := &structural{leg: l, module: again.model(), path: l.entry().Path}
	if state, ok := l.(*stateLeg); ok {
		s.path = state.scripted.path
	}
	method, err := s.module.Method(r.spec.method())
	if err == nil {
		s.steps, err = method.Steps()
	}
	if err != nil {
		return nil // what cannot be read explains nothing
	}
	return s
}

// diagnoseLeg reads the code of a leg and of the reference, or of a leg that agrees
// with that. What both have alike explains nothing.
func (r *run) diagnoseLeg(l leg, unstable bool) error {
	one := r.structureOf(l)
	var other *structural
	if c := r.counterpart(l); c != nil && (c == r.reference || r.agrees(c.entry().Name)) {
		other = r.structureOf(c)
	}
	if one == nil && other == nil {
		return nil
	}
	if one != nil && other != nil {
		if err := r.diagnoseWeights(one, other); err != nil {
			return err
		}
	}
	for _, pair := range [][2]*structural{{one, other}, {other, one}} {
		r.diagnoseBakedTraining(pair[0], pair[1])
	}
	if !unstable {
		r.diagnoseMode(l)
	}
	for _, pair := range [][2]*structural{{one, other}, {other, one}} {
		r.diagnoseCasts(pair[0], pair[1])
	}
	if f, found := r.deviceFinding(l); found {
		r.say(f)
	}
	if one != nil && other != nil && one.path != other.path {
		r.diagnoseSettings(one, other)
		r.diagnoseChoices(one, other)
		r.diagnoseChoices(other, one)
	}
	return nil
}

// diagnoseWeights compares the weights of two TorchScript files.
func (r *run) diagnoseWeights(one, other *structural) error {
	a, ok := one.leg.(*moduleLeg)
	b, also := other.leg.(*moduleLeg)
	if !ok || !also || a.source == b.source || a.transform != nil || b.transform != nil {
		return nil
	}
	theirs, _, done, err := b.steps()
	if err != nil {
		return err
	}
	defer done()
	ours, _, done, err := a.steps()
	if err != nil {
		return err
	}
	defer done()
	w, err := compareModules(theirs, ours, r.spec.weightTolerance())
	if err != nil {
		return fmt.Errorf("%s: %w", a.source.path, err)
	}
	for _, f := range w.findingsOf(b.report.Label, a.report.Label, false) {
		f.Weight = Note // the outputs differ; this is why
		r.say(f)
	}
	return nil
}

// diagnoseBakedTraining finds operators that compute as in training mode whatever
// mode the module is in, which other code has not.
func (r *run) diagnoseBakedTraining(s, other *structural) {
	if s == nil {
		return
	}
	baked := func(step jit.Step) bool {
		_, name, _ := strings.Cut(step.Source.Operator, "::")
		setting := map[string]string{"batch_norm": "training", "_batch_norm_impl_index": "training", "dropout": "train", "feature_dropout": "train",
			"alpha_dropout": "train", "feature_alpha_dropout": "train", "native_dropout": "train", "rrelu": "training", "dropout_": "train"}[name]
		return setting != "" && step.Setting(setting) == torch.Bool(true)
	}
	found := only(s, other, baked)
	if len(found) == 0 {
		return
	}
	r.say(Finding{TrainingBaked, Note, orText(found[0].Module, s.path),
		fmt.Sprintf("%s computes as in training mode, whatever mode it is put into: %s", s.path, stepsText(found)),
		"call model.eval() before torch.jit.trace or freeze"})
}

// narrowing tells to which dtype a step casts that is narrower than the module's own.
func narrowing(step jit.Step, own torch.DType) (to torch.DType, ok bool) {
	_, name, _ := strings.Cut(step.Source.Operator, "::")
	number, is := step.Setting("dtype").(torch.Int)
	to = torch.DType(number)
	for _, made := range []string{"zeros", "ones", "full", "empty", "arange", "linspace", "rand", "eye", "tensor", "_like", "new_"} {
		is = is && !strings.Contains(name, made)
	}
	return to, is && to.IsFloat() && epsilonOf(to) > epsilonOf(own)
}

// diagnoseCasts finds casts to a dtype that holds less than the module's weights,
// which other code has not.
func (r *run) diagnoseCasts(s, other *structural) {
	if s == nil {
		return
	}
	own, err := widest(s.module)
	if err != nil {
		return
	}
	found := only(s, other, func(step jit.Step) bool { _, ok := narrowing(step, own); return ok })
	if len(found) == 0 {
		return
	}
	to, _ := narrowing(found[0], own)
	r.say(Finding{CastInside, Note, orText(found[0].Module, s.path),
		fmt.Sprintf("%s casts to %s inside: %s", s.path, to, stepsText(found)),
		fmt.Sprintf("leave the cast out, or judge the outputs by a tolerance of %s", to)})
}

// widest gives the floating-point dtype of a module's weights that holds most;
// float32 when it has none.
func widest(m *jit.Module) (torch.DType, error) {
	tensors, err := m.Tensors()
	if err != nil {
		return torch.Float32, err
	}
	most := torch.DType(-1)
	for _, t := range tensors {
		if d := t.Tensor.DType(); d.IsFloat() && (most < 0 || epsilonOf(d) < epsilonOf(most)) {
			most = d
		}
		t.Tensor.Close()
	}
	if most < 0 {
		return torch.Float32, nil
	}
	return most, nil
}

// deviceFinding tells of the first device that a leg's code names and that is not
// the one it runs on.
func (r *run) deviceFinding(l leg) (Finding, bool) {
	about := r.factsOf(l)
	if about == nil {
		return Finding{}, false
	}
	at := r.spec.Device
	switch l := l.(type) {
	case *moduleLeg:
		at = l.at.device
	case *stateLeg:
		at = l.at.device
	case *remoteLeg:
		at = r.placeOf(l.spec).device
	}
	all, err := about.devices()
	if err != nil {
		return Finding{}, false
	}
	path := l.entry().Path
	for _, d := range all {
		if named, err := torch.ParseDevice(d.Device); d.Method != r.spec.method() || err != nil || named == at || d.Device == at.Type.String() {
			continue
		}
		return Finding{DeviceConstant, Note, path,
			fmt.Sprintf("the code of %s names the device %s while it runs on %s: at %s", path, d.Device, at, d.Source),
			"take the device from an input: device=x.device"}, true
	}
	return Finding{}, false
}

// only lists the steps of s that fit, unless other code has as many like them.
func only(s, other *structural, fits func(jit.Step) bool) (found []jit.Step) {
	for _, step := range s.steps {
		if fits(step) {
			found = append(found, step)
		}
	}
	if other == nil {
		return found
	}
	count := 0
	for _, step := range other.steps {
		count += b2i(fits(step))
	}
	if count == len(found) {
		return nil
	}
	return found
}

// stepsText writes the first steps of a list.
func stepsText(steps []jit.Step) string {
	texts := make([]string, len(steps))
	for i, s := range steps {
		texts[i] = s.Source.Operator
		if s.Module != "" {
			texts[i] = s.Module + ", " + texts[i]
		}
		if s.Source.File != "" {
			texts[i] += " at " + placeText(s.Source)
		}
	}
	if len(texts) == 1 {
		return texts[0]
	}
	return fmt.Sprintf("%s (and %s)", texts[0], layout.Count(len(texts)-1, "other"))
}
