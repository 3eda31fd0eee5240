package config

import (
	"fmt"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// text is a scalar and where it stands.
type text struct {
	value string
	line  int
}

// wrong says where a value stands that can't be used.
func (t text) wrong(err error) error { return fmt.Errorf("line %d: %w", t.line, err) }

// UnmarshalYAML takes scalars of every type as they are written.
func (t *text) UnmarshalYAML(node *yaml.Node) error {
	node = resolved(node)
	if node.Kind != yaml.ScalarNode {
		return fmt.Errorf("line %d: a list or keys stand where one value belongs", node.Line)
	}
	*t = text{value: node.Value, line: node.Line}
	if node.Tag == "!!null" {
		t.value = ""
	}
	return nil
}

// whole is a number of zero or more.
type whole uint64

// UnmarshalYAML takes decimal digits, and nothing else.
func (w *whole) UnmarshalYAML(node *yaml.Node) error {
	var t text
	if err := t.UnmarshalYAML(node); err != nil || t.value == "" {
		return err
	}
	n, err := strconv.ParseUint(t.value, 10, 64)
	if err != nil {
		return t.wrong(fmt.Errorf("%s is not a whole number of zero or more", t.value))
	}
	*w = whole(n)
	return nil
}

// texts are several values, or one alone.
type texts []text

// UnmarshalYAML takes a list of scalars, or a scalar.
func (t *texts) UnmarshalYAML(node *yaml.Node) error {
	node = resolved(node)
	items := []*yaml.Node{node}
	if node.Kind == yaml.SequenceNode {
		items = node.Content
	} else if node.Tag == "!!null" {
		items = nil
	}
	for _, item := range items {
		var one text
		if err := one.UnmarshalYAML(item); err != nil {
			return err
		}
		*t = append(*t, one)
	}
	return nil
}

func (t texts) values() []string {
	var all []string
	for _, one := range t {
		all = append(all, one.value)
	}
	return all
}

// named are values by their names, in their order.
type named []pair

type pair struct{ name, value text }

// UnmarshalYAML takes keys and scalars.
func (n *named) UnmarshalYAML(node *yaml.Node) error {
	return eachPair(node, func(name text, value *yaml.Node) error {
		one := pair{name: name}
		if err := one.value.UnmarshalYAML(value); err != nil {
			return err
		}
		*n = append(*n, one)
		return nil
	})
}

// lists are several values by their names, in their order.
type lists []list

type list struct {
	name  text
	items texts
}

// UnmarshalYAML takes keys, and scalars or lists of them.
func (l *lists) UnmarshalYAML(node *yaml.Node) error {
	return eachPair(node, func(name text, value *yaml.Node) error {
		one := list{name: name}
		if err := one.items.UnmarshalYAML(value); err != nil {
			return err
		}
		*l = append(*l, one)
		return nil
	})
}

// eachPair goes through the keys of a mapping.
func eachPair(node *yaml.Node, take func(name text, value *yaml.Node) error) error {
	node = resolved(node)
	if node.Tag == "!!null" {
		return nil
	}
	if node.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: names and their values belong here", node.Line)
	}
	seen := make(map[string]bool)
	for i := 0; i+1 < len(node.Content); i += 2 {
		var name text
		if err := name.UnmarshalYAML(node.Content[i]); err != nil {
			return err
		}
		if seen[name.value] {
			return fmt.Errorf("line %d: %s stands here twice", name.line, name.value)
		}
		seen[name.value] = true
		if err := take(name, node.Content[i+1]); err != nil {
			return err
		}
	}
	return nil
}

// resolved follows an alias; aliases of aliases do not exist.
func resolved(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}
