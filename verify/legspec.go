package verify

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/dtype"
)

// The kinds of legs that need nothing but this package.
const (
	kindExpected   = "expected"   // recorded outputs
	kindScripted   = "scripted"   // a TorchScript file as it is
	kindTraced     = "traced"     // the same, from torch.jit.trace
	kindFrozen     = "frozen"     // a TorchScript file after torch.jit.freeze
	kindOptimized  = "optimized"  // the same after torch.jit.optimize_for_inference
	kindOracle     = "oracle"     // a TorchScript file computed in float64
	kindState      = "state"      // a state_dict in the structure of the scripted file
	kindCheckpoint = "checkpoint" // the same of a file that keeps it beside what training needs
)

var ownKinds = []string{kindExpected, kindScripted, kindTraced, kindFrozen, kindOptimized, kindOracle, kindState, kindCheckpoint}

// LegSpec asks for one leg.
type LegSpec struct {
	Name string // by which reports call it; "" is the kind
	Kind string // one of Kinds
	File string

	Device  *torch.Device // where it runs; nil is that of the check
	DType   *dtype.DType  // that its floating-point tensors and inputs are converted to; nil leaves them
	Threads int           // intra-op threads while it runs; 0 is those of the check

	// Libtorch is the version of libtorch that it computes with, in a child process,
	// or the path of a shim: see torch.FindShim. "" is the one of this program.
	Libtorch string

	// Options are what is left for the kind.
	Options map[string]string

	flag   string // the short flag that asked for it, or ""
	suffix string // of its label, where there are several like it
}

// ParseLeg reads NAME=KIND:FILE,option=value,… as of the flag --leg. NAME= may be
// left out. The options of every kind are device, dtype, threads and libtorch.
func ParseLeg(text string) (LegSpec, error) {
	var spec LegSpec
	wrong := func(format string, args ...any) (LegSpec, error) {
		return LegSpec{}, &Error{Msg: fmt.Sprintf("the leg %q %s", text, fmt.Sprintf(format, args...)),
			Remedy: "write NAME=KIND:FILE[,option=value…]; the kinds are " + strings.Join(Kinds(), ", ")}
	}
	head, file, ok := strings.Cut(text, ":")
	if !ok || file == "" {
		return wrong("names no file")
	}
	spec.Kind = head
	if name, kind, named := strings.Cut(head, "="); named {
		if spec.Name, spec.Kind = name, kind; name == "" {
			return wrong("has an empty name")
		}
	}
	if !slices.Contains(Kinds(), spec.Kind) {
		return wrong("has the unknown kind %q", spec.Kind)
	}
	if spec.Name == "" {
		spec.Name = spec.Kind
	}
	spec.File, file, _ = strings.Cut(file, ",")
	for option := range strings.SplitSeq(file, ",") {
		if option == "" {
			continue
		}
		key, value, ok := strings.Cut(option, "=")
		if !ok || value == "" {
			return wrong("has the option %q without a value", key)
		}
		if err := spec.set(key, value); err != nil {
			return wrong("has the option %s: %v", option, err)
		}
	}
	return spec, nil
}

// set takes one option.
func (l *LegSpec) set(key, value string) (err error) {
	switch key {
	case "device":
		var d torch.Device
		d, err = torch.ParseDevice(value)
		l.Device = &d
	case "dtype":
		var d dtype.DType
		d, err = dtype.Parse(value)
		l.DType = &d
	case "threads":
		if l.Threads, err = strconv.Atoi(value); err == nil && l.Threads < 1 {
			err = fmt.Errorf("%d threads are not possible", l.Threads)
		}
	case "libtorch":
		l.Libtorch = value
	default:
		if !slices.Contains(optionsOf(l.Kind), key) {
			return fmt.Errorf("%s has no option %s", l.Kind, key)
		}
		if l.Options == nil {
			l.Options = make(map[string]string)
		}
		l.Options[key] = value
	}
	return err
}

// optionsOf lists the options that are a kind's own.
func optionsOf(kind string) []string {
	if ofState(kind) {
		return []string{"key"}
	}
	k, _ := addedKind(kind)
	return k.Options
}

// label says the leg's name to people: what a kind is called, unless it was named.
func (l *LegSpec) label(kind string) string {
	if strings.TrimSuffix(l.Name, l.suffix) != l.Kind {
		return l.Name
	}
	return kind + l.suffix
}

// check finds what is wrong with the leg before its file is opened.
func (l *LegSpec) check() error {
	wrong := func(msg, remedy string) error {
		return &Error{Path: l.File, Msg: "the leg " + l.Name + " " + msg, Remedy: remedy}
	}
	switch {
	case l.File == "":
		return wrong("names no file", "write NAME=KIND:FILE")
	case !slices.Contains(Kinds(), l.Kind):
		return wrong(fmt.Sprintf("has the unknown kind %q", l.Kind), "the kinds are "+strings.Join(Kinds(), ", "))
	case l.Threads < 0:
		return wrong(fmt.Sprintf("cannot have %d threads", l.Threads), "")
	case l.DType != nil && !l.DType.IsFloat():
		return wrong(fmt.Sprintf("cannot be converted to %s", *l.DType), "give a floating-point dtype")
	case l.Libtorch != "" && !usesLibtorch(l.Kind):
		return wrong("has a libtorch, which "+l.Kind+" computes without", "")
	case l.DType != nil && !ofModule(l.Kind):
		return wrong("has a dtype, which legs of TorchScript files can have", "")
	}
	return nil
}

// baseOf finds the leg whose structure states borrow; -1 without one.
func baseOf(legs []LegSpec) int {
	return slices.IndexFunc(legs, func(l LegSpec) bool { return l.Kind == kindScripted || l.Kind == kindTraced })
}

// vital tells whether the check ends with the leg's failure: a short flag asked for it.
func (l *LegSpec) vital() bool { return l.flag != "" && l.Libtorch == "" }

// usesLibtorch tells whether legs of a kind compute with libtorch.
func usesLibtorch(kind string) bool {
	k, added := addedKind(kind)
	return kind != kindExpected && (!added || k.Libtorch)
}

// ofState tells whether legs of a kind fill a structure from a state_dict.
func ofState(kind string) bool { return kind == kindState || kind == kindCheckpoint }

// ofModule tells whether legs of a kind run a TorchScript file.
func ofModule(kind string) bool {
	switch kind {
	case kindScripted, kindTraced, kindFrozen, kindOptimized, kindOracle:
		return true
	}
	return false
}
