package suite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v4"

	"github.com/seed06459138/torchgo/internal/layout"
	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/config"
)

// schema lists the keys that a file may have.
const schema = "docs/suite.schema.json"

// file is a suite as it is written.
type file struct {
	Suite    config.Text `yaml:"suite"`
	Memory   config.Text `yaml:"memory"`
	Defaults yaml.Node   `yaml:"defaults"`
	Checks   yaml.Node   `yaml:"checks"`
}

// described is a check as it is written: as in verify.yaml, and besides what only
// one of a suite has.
type described struct {
	config.Body `yaml:",inline"`
	limits      `yaml:",inline"`
	Config      config.Text `yaml:"config"` // a verify.yaml that has the body
}

// limits are what a check of a suite has besides its body.
type limits struct {
	Tags    config.Texts `yaml:"tags"`
	Timeout config.Text  `yaml:"timeout"`
	Memory  config.Text  `yaml:"memory"`
}

// shared is what defaults may hold.
type shared struct {
	config.Body `yaml:",inline"`
	limits      `yaml:",inline"`
}

// read reads a suite from a file.
func read(path string) (*Suite, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", path, reason(err))
	}
	s, err := Parse(data, filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if s.Path = path; s.Name == "" {
		s.Name = nameOf(path)
	}
	return s, nil
}

// Parse reads a suite from YAML; files that it names are sought in folder. Errors that
// have a place are of type *config.Fault.
func Parse(data []byte, folder string) (*Suite, error) {
	var f file
	if err := config.Decode(data, &f, schema); err != nil {
		return nil, err
	}
	s := &Suite{Name: f.Suite.Value}
	var err error
	if s.Memory, err = sizeOf(f.Memory); err != nil {
		return nil, err
	}
	var defaults shared
	if f.Defaults.Kind != 0 {
		if err := config.DecodeNode(&f.Defaults, &defaults, schema); err != nil {
			return nil, err
		}
	}
	r := reader{suite: s, folder: folder, defaults: defaults, defaultsKey: canonical(&f.Defaults), seen: make(map[string]int)}
	switch {
	case f.Checks.Kind == 0:
		return nil, errors.New("there are no checks; give each a name, under checks")
	case f.Checks.Kind != yaml.MappingNode:
		return nil, &config.Fault{Line: f.Checks.Line, Column: f.Checks.Column, Err: errors.New("the names of checks and what they check belong here")}
	}
	for i := 0; i+1 < len(f.Checks.Content); i += 2 {
		if err := r.take(f.Checks.Content[i], f.Checks.Content[i+1]); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// reader takes in check after check.
type reader struct {
	suite       *Suite
	folder      string
	defaults    shared
	defaultsKey string
	seen        map[string]int // lines of names
}

func (r *reader) take(name, body *yaml.Node) error {
	wrong := func(err error) error { return &config.Fault{Line: name.Line, Column: name.Column, Err: err} }
	if err := checkName(name.Value); err != nil {
		return wrong(err)
	}
	if line, twice := r.seen[name.Value]; twice {
		return wrong(fmt.Errorf("the name %s stands at line %d already", name.Value, line))
	}
	r.seen[name.Value] = name.Line
	d := described{Body: r.defaults.Body, limits: r.defaults.limits}
	if err := config.DecodeNode(body, &d, schema); err != nil {
		return err
	}
	c := Check{Name: name.Value, Tags: append([]string{}, d.Tags.Values()...), AnyGPU: d.AnyGPU(), key: r.defaultsKey + canonical(body)}
	if err := d.limits.apply(&c); err != nil {
		return err
	}
	if d.Config.Value == "" {
		spec, err := d.Spec(r.folder)
		c.Spec = spec
		r.suite.Checks = append(r.suite.Checks, c)
		return err
	}
	if err := onlyConfig(body); err != nil {
		return err
	}
	if err := c.configured(r.beside(d.Config.Value)); err != nil {
		return d.Config.Wrong(err)
	}
	r.suite.Checks = append(r.suite.Checks, c)
	return nil
}

func (r *reader) beside(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(r.folder, path)
}

// onlyConfig refuses keys of a body beside config, which describes it all.
func onlyConfig(body *yaml.Node) error {
	for i := 0; i+1 < len(body.Content); i += 2 {
		switch key := body.Content[i]; key.Value {
		case "config", "tags", "timeout", "memory":
		default:
			return &config.Fault{Line: key.Line, Column: key.Column, Err: fmt.Errorf("%s stands beside config, whose file describes the check; write it there", key.Value)}
		}
	}
	return nil
}

// configured takes the question from a verify.yaml.
func (c *Check) configured(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("%s cannot be read: %w", path, reason(err))
	}
	spec, err := config.Parse(data, filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	var document yaml.Node
	if err := yaml.Load(data, &document); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	// What verify.yaml allows a leg a suite allows the check, which has a process of its own.
	if c.Timeout == 0 {
		c.Timeout = spec.Timeout
	}
	if c.Memory == 0 {
		c.Memory = spec.Memory
	}
	spec.Timeout, spec.Memory = 0, 0
	c.Spec, c.key = spec, c.key+canonical(&document)
	return nil
}

func (l *limits) apply(c *Check) (err error) {
	for _, tag := range l.Tags {
		if err := checkName(tag.Value); err != nil {
			return tag.Wrong(err)
		}
	}
	if c.Memory, err = sizeOf(l.Memory); err != nil {
		return err
	}
	if c.Timeout, err = verify.ParseTimeout(l.Timeout.Value); err != nil {
		return l.Timeout.Wrong(err)
	}
	return nil
}

func sizeOf(t config.Text) (int64, error) {
	if t.Value == "" {
		return 0, nil
	}
	size, err := layout.ParseSize(t.Value)
	if err != nil {
		return 0, t.Wrong(err)
	}
	return size, nil
}

// mostName bounds names, which stand in lines of text, file names and labels.
const mostName = 200

// checkName refuses names that can't stand in a line.
func checkName(name string) error {
	switch {
	case strings.TrimSpace(name) != name || name == "":
		return fmt.Errorf("the name %q is empty or has space around it", name)
	case len(name) > mostName:
		return fmt.Errorf("the name %.40s… has more than %d bytes", name, mostName)
	case strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return fmt.Errorf("the name %q has characters that can't be printed", name)
	}
	return nil
}

// canonical writes what a node means, without comments and styles.
func canonical(node *yaml.Node) string {
	var b strings.Builder
	writeCanonical(&b, node)
	return b.String()
}

func writeCanonical(b *strings.Builder, node *yaml.Node) {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	fmt.Fprintf(b, "%d %d:%s\n", node.Kind, len(node.Value), node.Value)
	for _, item := range node.Content {
		writeCanonical(b, item)
	}
	b.WriteString(".")
}

// reason takes the path out of an error, which says it already.
func reason(err error) error {
	var cause *fs.PathError
	if errors.As(err, &cause) {
		return cause.Err
	}
	return err
}
