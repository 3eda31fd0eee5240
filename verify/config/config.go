package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/inputs"
)

// Body is what a verify.yaml says of a check, as does each check of a suite. What its
// values mean is said at the flags of the same names.
type Body struct {
	Scripted        Text     `yaml:"scripted"`
	State           Text     `yaml:"state"`
	StateKey        Text     `yaml:"state_key"`
	Expected        Text     `yaml:"expected"`
	Legs            named    `yaml:"legs"` // KIND:FILE[,option=value…] by their names
	Method          Text     `yaml:"method"`
	Devices         Texts    `yaml:"devices"` // the scripted file also runs on each but the first; or all
	RequireGPU      bool     `yaml:"require_gpu"`
	Latency         whole    `yaml:"latency"`
	Threads         whole    `yaml:"threads"`
	Runs            whole    `yaml:"runs"`
	Isolate         bool     `yaml:"isolate"`
	Libtorch        Texts    `yaml:"libtorch"`
	Inputs          Texts    `yaml:"inputs"`
	Sets            lists    `yaml:"sets"` // files by the name of their set
	Generate        generate `yaml:"generate"`
	SaveFailing     Text     `yaml:"save_failing"`
	Tolerance       Text     `yaml:"tolerance"`
	Tolerances      named    `yaml:"tolerances"` // of single outputs
	EqualNaN        bool     `yaml:"equal_nan"`
	Metrics         Texts    `yaml:"metrics"`
	AcceptUncovered Texts    `yaml:"accept_uncovered"`
	NonPersistent   Texts    `yaml:"non_persistent"`
}

// file is verify.yaml. A check of a suite has limits of its own kind.
type file struct {
	Body    `yaml:",inline"`
	Timeout Text `yaml:"timeout"`
	Memory  Text `yaml:"memory"`
}

// generate says which inputs to make.
type generate struct {
	Random whole `yaml:"random"`
	Seed   whole `yaml:"seed"`
	Shapes named `yaml:"shapes"` // SHAPE[:DTYPE] by the name of the argument
	Ranges named `yaml:"ranges"` // LOW:HIGH by the name of the argument, all for the rest
	Edges  Texts `yaml:"edges"`
}

// Load reads the description of a check. Files that it names are sought beside it.
func Load(path string) (verify.Spec, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		var cause *fs.PathError
		if errors.As(err, &cause) {
			err = cause.Err
		}
		return verify.Spec{}, fmt.Errorf("%s cannot be read: %w; verify init FILE… writes one", path, err)
	}
	spec, err := Parse(data, filepath.Dir(path))
	if err != nil {
		return verify.Spec{}, fmt.Errorf("%s: %w", path, err)
	}
	return spec, nil
}

// Parse reads the description of a check; files that it names are sought in folder.
func Parse(data []byte, folder string) (verify.Spec, error) {
	var f file
	if err := Decode(data, &f, "docs/config.schema.json"); err != nil {
		return verify.Spec{}, err
	}
	s, err := f.Spec(folder)
	if err != nil {
		return s, err
	}
	if s.Timeout, err = verify.ParseTimeout(f.Timeout.Value); err != nil {
		return s, f.Timeout.Wrong(err)
	}
	if s.Memory, err = verify.ParseMemory(f.Memory.Value); err != nil {
		return s, f.Memory.Wrong(err)
	}
	return s, nil
}

// Spec makes the question of a body; files that it names are sought in folder. An
// error says where in the file the value stands that is wrong.
func (b *Body) Spec(folder string) (verify.Spec, error) {
	beside := func(t Text) string {
		if t.Value == "" || filepath.IsAbs(t.Value) {
			return t.Value
		}
		return filepath.Join(folder, t.Value)
	}
	s := verify.Spec{
		Scripted: beside(b.Scripted), State: beside(b.State), StateKey: b.StateKey.Value, Expected: beside(b.Expected), Method: b.Method.Value,
		Threads: int(b.Threads), Runs: int(b.Runs), RequireGPU: b.RequireGPU, Latency: int(b.Latency), SaveFailing: beside(b.SaveFailing), AcceptUncovered: b.AcceptUncovered.Values(), NonPersistent: b.NonPersistent.Values(),
		Isolate: b.Isolate, Libtorch: b.Libtorch.Values(),
	}
	for _, t := range b.Inputs {
		s.Inputs = append(s.Inputs, beside(t))
	}
	for _, set := range b.Sets {
		one := verify.InputSet{Name: set.name.Value}
		for _, t := range set.items {
			one.Files = append(one.Files, beside(t))
		}
		s.Sets = append(s.Sets, one)
	}
	for _, l := range b.Legs {
		leg, err := verify.ParseLeg(l.name.Value + "=" + l.value.Value)
		if err != nil {
			return s, l.value.Wrong(err)
		}
		leg.File = beside(Text{Value: leg.File})
		s.Legs = append(s.Legs, leg)
	}
	for _, add := range []func(*verify.Spec) error{b.devices, b.judging, b.Generate.plan} {
		if err := add(&s); err != nil {
			return s, err
		}
	}
	return s, nil
}

// AnyGPU tells whether a GPU is asked for, and none by its number.
func (b *Body) AnyGPU() bool {
	asked := false
	for _, t := range b.Devices {
		switch {
		case t.Value == "cuda":
			asked = true
		case strings.HasPrefix(t.Value, "cuda:"):
			return false
		}
	}
	for _, l := range b.Legs {
		switch {
		case strings.Contains(l.value.Value, ",device=cuda:"):
			return false
		case strings.Contains(l.value.Value, ",device=cuda"):
			asked = true
		}
	}
	return asked
}

// devices takes the first device for all legs, and adds a leg of the scripted file
// for each other.
func (b *Body) devices(s *verify.Spec) error {
	for i, t := range b.Devices {
		if len(b.Devices) == 1 {
			if err := s.PutOn(t.Value); err != nil {
				return t.Wrong(err)
			}
			return nil
		}
		device, err := torch.ParseDevice(t.Value)
		switch {
		case err != nil:
			return t.Wrong(err)
		case i == 0:
			s.Device = device
			continue
		case s.Scripted == "":
			return t.Wrong(errors.New("there is no scripted file to run on another device; give legs, with device=" + t.Value))
		}
		s.Legs = append(s.Legs, verify.LegSpec{Name: "on " + t.Value, Kind: "scripted", File: s.Scripted, Device: &device})
	}
	return nil
}

// judging says what outputs may differ by.
func (b *Body) judging(s *verify.Spec) error {
	s.EqualNaN = b.EqualNaN
	if b.Tolerance.Value != "" {
		all, err := verify.ParseTolerance(b.Tolerance.Value)
		if err != nil {
			return b.Tolerance.Wrong(err)
		}
		if all.Output != "" {
			return b.Tolerance.Wrong(errors.New("the tolerance of a single output belongs under tolerances"))
		}
		all.Tolerance.EqualNaN = all.Tolerance.EqualNaN || b.EqualNaN
		s.Tolerance = &all.Tolerance
	}
	for _, t := range b.Tolerances {
		one, err := verify.ParseTolerance(t.name.Value + ":" + t.value.Value)
		if err != nil {
			return t.value.Wrong(err)
		}
		one.Tolerance.EqualNaN = one.Tolerance.EqualNaN || b.EqualNaN
		s.Tolerances = append(s.Tolerances, one)
	}
	for _, t := range b.Metrics {
		m, err := verify.ParseMetric(t.Value)
		if err != nil {
			return t.Wrong(err)
		}
		s.Metrics = append(s.Metrics, m)
	}
	return nil
}

// plan says which inputs to make.
func (g *generate) plan(s *verify.Spec) error {
	plan := inputs.Plan{Seed: uint64(g.Seed), Random: int(g.Random)}
	for _, t := range g.Shapes {
		field, err := inputs.ParseField(t.name.Value + "=" + t.value.Value)
		if err != nil {
			return t.value.Wrong(err)
		}
		plan.Fields = append(plan.Fields, field)
	}
	for _, t := range g.Ranges {
		prefix := t.name.Value + "="
		if t.name.Value == "all" {
			prefix = ""
		}
		r, err := inputs.ParseRange(prefix + t.value.Value)
		if err != nil {
			return t.value.Wrong(err)
		}
		plan.Ranges = append(plan.Ranges, r)
	}
	for _, t := range g.Edges {
		edges, err := inputs.ParseEdges(t.Value)
		if err != nil {
			return t.Wrong(err)
		}
		plan.Edges = append(plan.Edges, edges...)
	}
	if plan.Random != 0 || plan.Seed != 0 || plan.Fields != nil || plan.Ranges != nil || plan.Edges != nil {
		s.Generate = &plan
	}
	return nil
}
