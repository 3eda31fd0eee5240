package verify

import (
	"fmt"
	"slices"

	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/verify/lockstep"
)

// mostSettings is how many differing settings are told.
const mostSettings = 5

// diagnoseSettings finds arguments of operators that two files fix to other values:
// eps, a scale, the number of groups.
func (r *run) diagnoseSettings(one, other *structural) {
	told := 0
	for _, pair := range lockstep.Align(one.steps, other.steps).Pairs {
		for _, s := range pair.Got.Settings {
			want := pair.Want.Setting(s.Name)
			if s.Name == "training" || s.Name == "train" {
				continue // see diagnoseBakedTraining
			}
			if want == nil || sameSetting(s.Value, want) {
				continue
			}
			if told++; told > mostSettings {
				return
			}
			at := ""
			if text := placeText(pair.Got.Source); text != "" {
				at = ", at " + text
			}
			r.say(Finding{SettingDiffers, Note, orText(pair.Got.Module, one.path),
				fmt.Sprintf("%s of %s is %s in %s and %s in %s%s", s.Name, stepName(pair.Got), valueOf(s.Value), r.labelOf(one.leg.entry().Name),
					valueOf(want), r.labelOf(other.leg.entry().Name), at),
				"save both files from the same code"})
		}
	}
}

func stepName(s jit.Step) string {
	if s.Module == "" {
		return s.Source.Operator
	}
	return s.Source.Operator + " in " + s.Module
}

// valueOf writes a setting's value as TorchScript does.
func valueOf(v torch.Value) string { return jit.Setting{Value: v}.String()[len("="):] }

// sameSetting tells whether two values are the same number, word or list. A dtype
// that is left open, and one that is named, may mean the same.
func sameSetting(a, b torch.Value) bool {
	x, isList := a.(torch.List)
	y, also := b.(torch.List)
	if isList && also {
		return slices.EqualFunc(x, y, sameSetting)
	}
	_, open := a.(torch.None)
	_, openToo := b.(torch.None)
	return open != openToo || number(a) == number(b)
}

// number makes comparable what a value is: 1 is 1.0.
func number(v torch.Value) torch.Value {
	if n, ok := v.(torch.Int); ok {
		return torch.Float(n)
	}
	switch v.(type) {
	case torch.List, torch.Tuple:
		return torch.String(fmt.Sprint(v))
	}
	return v
}

// diagnoseChoices finds branches that one file chooses between for each input, and
// of which the other, a trace, holds one.
func (r *run) diagnoseChoices(s, traced *structural) {
	choices := make(map[string]int) // of the traced file, by submodule
	for _, step := range traced.steps {
		if step.Source.Operator == jit.StepChoice {
			choices[step.Module]++
		}
	}
	var lost []jit.Step
	for _, step := range s.steps {
		if step.Source.Operator == jit.StepChoice && choices[step.Module] == 0 {
			lost = append(lost, step)
		}
	}
	if len(lost) == 0 {
		return
	}
	place := stepsText(lost[:1])
	if text := placeText(lost[0].Source); text != "" {
		place = text
		if lost[0].Module != "" {
			place += ", in " + lost[0].Module
		}
	}
	r.say(Finding{BranchTraced, Note, orText(lost[0].Module, traced.path),
		fmt.Sprintf("%s holds one branch only of %s, of which %s takes one or the other by its inputs", traced.path, place, r.labelOf(s.leg.entry().Name)),
		"script what branches on data, with torch.jit.script, instead of tracing it"})
}
