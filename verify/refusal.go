package verify

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/nn"
)

const saveScripted = "save the model with torch.jit.script(model).save(…)"

// kindError says that a file is of another kind than its role asks for.
type kindError struct {
	source *source
	kind   checkpoint.Kind
}

// Error says what the file is and what was asked for.
func (e *kindError) Error() string { return e.explain(nil).Error() }

// explain words the error; other is the file of the other role, when both were
// given and may have been swapped.
func (e *kindError) explain(other *source) *Error {
	s := e.source
	out := &Error{Path: s.path, Msg: "is " + article(e.kind.String())}
	switch {
	case ofModule(s.kind):
		out.Msg += ", not a TorchScript archive"
		out.Remedy = saveScripted
		if e.kind == checkpoint.KindTorch || e.kind == checkpoint.KindLegacy || e.kind == checkpoint.KindSafetensors {
			out.Remedy = "a state_dict has no code to run; give it as --state"
		}
	case ofState(s.kind):
		out.Msg += ", not a state_dict"
		out.Remedy = "save it with torch.save(model.state_dict(), …)"
		if e.kind == checkpoint.KindScript {
			out.Remedy = "give it as --scripted, and as --state what torch.save(model.state_dict(), …) wrote"
		}
	default:
		out.Msg += fmt.Sprintf(", not an array for --%s", s.kind)
		out.Remedy = "save it with numpy.save(…, tensor.numpy())"
	}
	if other != nil && other.isWantedAs(s.kind) {
		out.Msg = fmt.Sprintf("--scripted and --state are swapped: %s is %s", s.path, article(e.kind.String()))
		out.Path = ""
		out.Remedy = fmt.Sprintf("give --%s %s --%s %s", other.role, s.path, s.role, other.path)
	}
	return out
}

// isWantedAs tells whether the file, given for another kind of leg, would do for wanted.
func (s *source) isWantedAs(wanted string) bool {
	kind := checkpoint.Sniff(s.path)
	if wanted == kindScripted {
		return kind == checkpoint.KindScript
	}
	return kind == checkpoint.KindTorch || kind == checkpoint.KindLegacy || kind == checkpoint.KindSafetensors
}

// explainSwap looks at both files when one is of the wrong kind.
func (s *sources) explainSwap(err error) error {
	var wrong *kindError
	if !errors.As(err, &wrong) {
		return err
	}
	byKind := func(kind string) *source {
		if i := slices.IndexFunc(s.legs, func(l *source) bool { return l.kind == kind }); i >= 0 {
			return s.legs[i]
		}
		return nil
	}
	switch wrong.source.kind {
	case kindScripted:
		return wrong.explain(byKind(kindState))
	case kindState, kindCheckpoint:
		return wrong.explain(byKind(kindScripted))
	}
	return wrong.explain(nil)
}

// refuse words an error of reading the file.
func (s *source) refuse(err error) error {
	var unsafe *checkpoint.UnsafeError
	switch {
	case errors.As(err, &unsafe) && ofModule(s.kind):
		what := "a pickle"
		if unsafe.Class != "" {
			what = "a pickle of a whole object of class " + unsafe.Class
		}
		return &Error{Path: s.path, Msg: "is " + what + ", not a TorchScript archive", Remedy: saveScripted}
	case errors.As(err, &unsafe):
		return &Error{Path: s.path, Err: unsafe}
	case errors.Is(err, checkpoint.ErrNotTorch), errors.Is(err, checkpoint.ErrKind):
		if kind := checkpoint.Sniff(s.path); kind != checkpoint.KindUnknown && s.file == nil && !kind.Readable() {
			return &kindError{s, kind}
		}
	}
	return &Error{Err: err}
}

// causeOf gives one line for a cause.
func causeOf(err error) string {
	if err == nil {
		return ""
	}
	var failure *torch.Error
	if errors.As(err, &failure) {
		text := shortMessage(failure)
		if at := failure.ScriptLine(); at != "" {
			text += " (" + at + ")"
		}
		return text
	}
	var misfit *nn.StateError
	if errors.As(err, &misfit) {
		return nn.ErrState.Error() + ": " + listText(strings.Split(misfit.Mismatch.String(), "\n"), 3)
	}
	var load *jit.LoadError
	if errors.As(err, &load) {
		err = load.Err
	}
	return oneLine(err.Error())
}

// Detail gives what an error has to tell beyond its one line: the TorchScript
// traceback and libtorch's C++ backtrace; "" when there is nothing.
func Detail(err error) string {
	var failure *torch.Error
	if !errors.As(err, &failure) {
		return ""
	}
	var parts []string
	for _, part := range []string{failure.Msg, failure.Script, failure.Native} {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "\n")
}

// sourceLine finds where in TorchScript source a message points to.
var sourceLine = regexp.MustCompile(`File "([^"]+)", line (\d+)`)

// shortMessage takes of libtorch's message what says something: the first line,
// bounded, and where in the file's source a compile error is.
func shortMessage(failure *torch.Error) string {
	const most = 240
	first, rest, _ := strings.Cut(strings.TrimSpace(failure.Msg), "\n")
	text := strings.TrimRight(oneLine(first), " :.")
	if len([]rune(text)) > most {
		text = string([]rune(text)[:most]) + "…"
	}
	if found := sourceLine.FindAllStringSubmatch(rest, -1); found != nil && failure.Script == "" {
		last := found[len(found)-1]
		text += fmt.Sprintf(" (%s:%s)", last[1], last[2])
	}
	return text
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// article puts a or an before a kind of file, unless it is a mass.
func article(noun string) string {
	switch noun {
	case checkpoint.KindText.String(), checkpoint.KindGzip.String(), checkpoint.KindONNX.String(), checkpoint.KindHDF5.String(),
		checkpoint.KindGGUF.String(), checkpoint.KindZstd.String(), checkpoint.KindSafetensors.String():
		return noun
	}
	if noun != "" && strings.ContainsRune("aeiouAEIOU", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}
