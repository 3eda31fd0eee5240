package config

import (
	"fmt"
	"strconv"

	"go.yaml.in/yaml/v4"
)

// Text is a scalar and where it stands, both from 1.
type Text struct {
	Value        string
	Line, Column int
}

// Wrong says where a value stands that can't be used.
func (t Text) Wrong(err error) error { return &Fault{t.Line, t.Column, err} }

// UnmarshalYAML takes scalars of every type as they are written.
func (t *Text) UnmarshalYAML(node *yaml.Node) error {
	node = resolved(node)
	if node.Kind != yaml.ScalarNode {
		return faultAt(node, "a list or keys stand where one value belongs")
	}
	*t = Text{node.Value, node.Line, node.Column}
	if node.Tag == "!!null" {
		t.Value = ""
	}
	return nil
}

// whole is a number of zero or more.
type whole uint64

// UnmarshalYAML takes decimal digits, and nothing else.
func (w *whole) UnmarshalYAML(node *yaml.Node) error {
	var t Text
	if err := t.UnmarshalYAML(node); err != nil || t.Value == "" {
		return err
	}
	n, err := strconv.ParseUint(t.Value, 10, 64)
	if err != nil {
		return t.Wrong(fmt.Errorf("%s is not a whole number of zero or more", t.Value))
	}
	*w = whole(n)
	return nil
}

// Texts are several values, or one alone.
type Texts []Text

// UnmarshalYAML takes a list of scalars, or a scalar.
func (t *Texts) UnmarshalYAML(node *yaml.Node) error {
	node = resolved(node)
	items := []*yaml.Node{node}
	if node.Kind == yaml.SequenceNode {
		items = node.Content
	} else if node.Tag == "!!null" {
		items = nil
	}
	*t = nil // what was there are defaults
	for _, item := range items {
		var one Text
		if err := one.UnmarshalYAML(item); err != nil {
			return err
		}
		*t = append(*t, one)
	}
	return nil
}

// Values gives the scalars alone.
func (t Texts) Values() []string {
	var all []string
	for _, one := range t {
		all = append(all, one.Value)
	}
	return all
}

// named are values by their names, in their order.
type named []pair

type pair struct{ name, value Text }

// UnmarshalYAML takes keys and scalars.
func (n *named) UnmarshalYAML(node *yaml.Node) error {
	*n = nil // what was there are defaults
	return eachPair(node, func(name Text, value *yaml.Node) error {
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
	name  Text
	items Texts
}

// UnmarshalYAML takes keys, and scalars or lists of them.
func (l *lists) UnmarshalYAML(node *yaml.Node) error {
	*l = nil // what was there are defaults
	return eachPair(node, func(name Text, value *yaml.Node) error {
		one := list{name: name}
		if err := one.items.UnmarshalYAML(value); err != nil {
			return err
		}
		*l = append(*l, one)
		return nil
	})
}

// eachPair goes through the keys of a mapping.
func eachPair(node *yaml.Node, take func(name Text, value *yaml.Node) error) error {
	node = resolved(node)
	if node.Tag == "!!null" {
		return nil
	}
	if node.Kind != yaml.MappingNode {
		return faultAt(node, "names and their values belong here")
	}
	seen := make(map[string]bool)
	for i := 0; i+1 < len(node.Content); i += 2 {
		var name Text
		if err := name.UnmarshalYAML(node.Content[i]); err != nil {
			return err
		}
		if seen[name.Value] {
			return name.Wrong(fmt.Errorf("%s stands here twice", name.Value))
		}
		seen[name.Value] = true
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
