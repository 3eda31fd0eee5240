package convert

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/seed06459138/torchgo/torch/checkpoint"
)

// beside says what a file holds beside the state_dict that was found in it.
func (c *conversion) beside(key string) []string {
	switch c.From {
	case checkpoint.KindScript:
		return c.besideScript()
	case checkpoint.KindSafetensors:
		if c.To == checkpoint.KindSafetensors {
			return nil
		}
		names := slices.Sorted(maps.Keys(c.from.Metadata()))
		names = slices.DeleteFunc(names, func(name string) bool { return name == "format" }) // "pt", "np": who wrote it
		return enumerate("its metadata", names)
	}
	return enumerate("what is beside the state_dict", besideKey("", c.from.Value(), key))
}

// enumerate makes one loss of several of a sort.
func enumerate(what string, names []string) []string {
	if len(names) == 0 {
		return nil
	}
	const most = 8
	text := strings.Join(names[:min(most, len(names))], ", ")
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return []string{what + ": " + text}
}

// besideKey lists what is passed by on the way down to a state_dict.
func besideKey(path string, v checkpoint.Value, key string) []string {
	d, ok := v.(*checkpoint.Dict)
	if !ok || key == "" {
		return nil
	}
	var passed []string
	for k, inner := range d.All() {
		name := fmt.Sprint(k)
		rest, on := strings.CutPrefix(key, name)
		if on && (rest == "" || rest[0] == '.') {
			passed = append(passed, besideKey(path+name+".", inner, strings.TrimPrefix(rest, "."))...)
		} else {
			passed = append(passed, printable(path+name))
		}
	}
	return passed
}

// besideScript says what of a TorchScript archive is no parameter or buffer.
func (c *conversion) besideScript() []string {
	losses := []string{"its code"}
	tensors, err := c.from.ScriptTensors()
	if err != nil {
		return append(losses, err.Error())
	}
	var attributes, constants []string
	for _, t := range tensors {
		if t.Role == checkpoint.RoleAttribute {
			attributes = append(attributes, printable(t.Name))
		}
	}
	if all, err := c.from.Constants(); err == nil {
		for n, t := range all {
			if t != nil {
				constants = append(constants, fmt.Sprintf("CONSTANTS.c%d", n))
			}
		}
	}
	losses = append(losses, enumerate("attributes", attributes)...)
	losses = append(losses, enumerate("constants", constants)...)
	return append(losses, enumerate("extra files", c.from.ExtraFiles())...)
}

// printable writes a name out of a file without control characters, cut where it
// is long.
func printable(name string) string {
	const longest = 60
	if len(name) > longest {
		name = name[:longest] + "…"
	}
	quoted := strconv.Quote(name)
	return quoted[1 : len(quoted)-1]
}
