package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/compare"
	"github.com/seed06459138/torchgo/verify/inputs"
)

// file is verify.yaml. What its values mean is said at the flags of the same names.
type file struct {
	Scripted        text     `yaml:"scripted"`
	State           text     `yaml:"state"`
	StateKey        text     `yaml:"state_key"`
	Expected        text     `yaml:"expected"`
	Legs            named    `yaml:"legs"` // KIND:FILE[,option=value…] by their names
	Method          text     `yaml:"method"`
	Devices         texts    `yaml:"devices"` // the scripted file also runs on each but the first
	Threads         whole    `yaml:"threads"`
	Runs            whole    `yaml:"runs"`
	Inputs          texts    `yaml:"inputs"`
	Sets            lists    `yaml:"sets"` // files by the name of their set
	Generate        generate `yaml:"generate"`
	SaveFailing     text     `yaml:"save_failing"`
	Tolerance       text     `yaml:"tolerance"`
	Tolerances      named    `yaml:"tolerances"` // of single outputs
	EqualNaN        bool     `yaml:"equal_nan"`
	Metrics         texts    `yaml:"metrics"`
	AcceptUncovered texts    `yaml:"accept_uncovered"`
	NonPersistent   texts    `yaml:"non_persistent"`
}

// generate says which inputs to make.
type generate struct {
	Random whole `yaml:"random"`
	Seed   whole `yaml:"seed"`
	Shapes named `yaml:"shapes"` // SHAPE[:DTYPE] by the name of the argument
	Ranges named `yaml:"ranges"` // LOW:HIGH by the name of the argument, all for the rest
	Edges  texts `yaml:"edges"`
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
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(&f); err != nil && !errors.Is(err, io.EOF) {
		return verify.Spec{}, explain(err)
	}
	if err := decoder.Decode(&yaml.Node{}); !errors.Is(err, io.EOF) {
		return verify.Spec{}, errors.New("holds more than one document; write one check into a file")
	}
	return f.spec(folder)
}

var (
	unknownKey = regexp.MustCompile(`line (\d+): field (.+) not found in type \S+`)
	wrongType  = regexp.MustCompile("line (\\d+): cannot unmarshal !!\\w+ `?([^`]*)`? ?into (\\S+)")
)

// explain words an error of the decoder, of which the first fault is told.
func explain(err error) error {
	var faults *yaml.TypeError
	if !errors.As(err, &faults) || len(faults.Errors) == 0 {
		text := strings.TrimPrefix(err.Error(), "yaml: ")
		if !strings.HasPrefix(text, "line ") {
			text = "line 1: " + text // the scanner counts from 0, and leaves that out
		}
		return errors.New(text)
	}
	first := faults.Errors[0]
	if m := unknownKey.FindStringSubmatch(first); m != nil {
		return fmt.Errorf("line %s: unknown key %s; docs/config.schema.json lists those there are", m[1], m[2])
	}
	if m := wrongType.FindStringSubmatch(first); m != nil {
		wanted := "keys and values"
		if m[3] == "bool" {
			wanted = "true or false"
		}
		return fmt.Errorf("line %s: %s is not %s", m[1], strings.TrimSpace(m[2]), wanted)
	}
	return errors.New(first)
}

// spec makes the question of the file.
func (f *file) spec(folder string) (verify.Spec, error) {
	beside := func(t text) string {
		if t.value == "" || filepath.IsAbs(t.value) {
			return t.value
		}
		return filepath.Join(folder, t.value)
	}
	s := verify.Spec{
		Scripted: beside(f.Scripted), State: beside(f.State), StateKey: f.StateKey.value, Expected: beside(f.Expected), Method: f.Method.value,
		Threads: int(f.Threads), Runs: int(f.Runs), SaveFailing: beside(f.SaveFailing), AcceptUncovered: f.AcceptUncovered.values(), NonPersistent: f.NonPersistent.values(),
	}
	for _, t := range f.Inputs {
		s.Inputs = append(s.Inputs, beside(t))
	}
	for _, set := range f.Sets {
		one := verify.InputSet{Name: set.name.value}
		for _, t := range set.items {
			one.Files = append(one.Files, beside(t))
		}
		s.Sets = append(s.Sets, one)
	}
	for _, l := range f.Legs {
		leg, err := verify.ParseLeg(l.name.value + "=" + l.value.value)
		if err != nil {
			return s, l.value.wrong(err)
		}
		leg.File = beside(text{value: leg.File})
		s.Legs = append(s.Legs, leg)
	}
	for _, add := range []func(*verify.Spec) error{f.devices, f.judging, f.Generate.plan} {
		if err := add(&s); err != nil {
			return s, err
		}
	}
	return s, nil
}

// devices takes the first device for all legs, and adds a leg of the scripted file
// for each other.
func (f *file) devices(s *verify.Spec) error {
	for i, t := range f.Devices {
		device, err := torch.ParseDevice(t.value)
		switch {
		case err != nil:
			return t.wrong(err)
		case i == 0:
			s.Device = device
			continue
		case s.Scripted == "":
			return t.wrong(errors.New("there is no scripted file to run on another device; give legs, with device=" + t.value))
		}
		s.Legs = append(s.Legs, verify.LegSpec{Name: "on " + t.value, Kind: "scripted", File: s.Scripted, Device: &device})
	}
	return nil
}

// judging says what outputs may differ by.
func (f *file) judging(s *verify.Spec) error {
	all := verify.OutputTolerance{Tolerance: compare.Default}
	if f.Tolerance.value != "" {
		var err error
		if all, err = verify.ParseTolerance(f.Tolerance.value); err != nil {
			return f.Tolerance.wrong(err)
		}
		if all.Output != "" {
			return f.Tolerance.wrong(errors.New("the tolerance of a single output belongs under tolerances"))
		}
	}
	all.Tolerance.EqualNaN = all.Tolerance.EqualNaN || f.EqualNaN
	s.Tolerance = &all.Tolerance
	for _, t := range f.Tolerances {
		one, err := verify.ParseTolerance(t.name.value + ":" + t.value.value)
		if err != nil {
			return t.value.wrong(err)
		}
		one.Tolerance.EqualNaN = one.Tolerance.EqualNaN || f.EqualNaN
		s.Tolerances = append(s.Tolerances, one)
	}
	for _, t := range f.Metrics {
		m, err := verify.ParseMetric(t.value)
		if err != nil {
			return t.wrong(err)
		}
		s.Metrics = append(s.Metrics, m)
	}
	return nil
}

// plan says which inputs to make.
func (g *generate) plan(s *verify.Spec) error {
	plan := inputs.Plan{Seed: uint64(g.Seed), Random: int(g.Random)}
	for _, t := range g.Shapes {
		field, err := inputs.ParseField(t.name.value + "=" + t.value.value)
		if err != nil {
			return t.value.wrong(err)
		}
		plan.Fields = append(plan.Fields, field)
	}
	for _, t := range g.Ranges {
		prefix := t.name.value + "="
		if t.name.value == "all" {
			prefix = ""
		}
		r, err := inputs.ParseRange(prefix + t.value.value)
		if err != nil {
			return t.value.wrong(err)
		}
		plan.Ranges = append(plan.Ranges, r)
	}
	for _, t := range g.Edges {
		edges, err := inputs.ParseEdges(t.value)
		if err != nil {
			return t.wrong(err)
		}
		plan.Edges = append(plan.Edges, edges...)
	}
	if plan.Random != 0 || plan.Seed != 0 || plan.Fields != nil || plan.Ranges != nil || plan.Edges != nil {
		s.Generate = &plan
	}
	return nil
}
