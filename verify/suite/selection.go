package suite

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// Selection says which checks of a suite are meant. The zero value is all of them.
type Selection struct {
	Only []string // names, or patterns as of path.Match in which * stands for "/" too
	Skip []string // the same, of those to leave out
	Tags []string // one of which a check must have
}

// Select gives the checks that are meant, in the order of the suite. What fits no
// check is an error, since a name that was mistyped must not pass for a success.
func (s *Suite) Select(sel Selection) ([]Check, error) {
	used := make(map[string]bool)
	fits := func(flag string, patterns []string, name string) bool {
		found := false
		for _, p := range patterns {
			if p == name || matches(p, name) {
				found, used[flag+p] = true, true
			}
		}
		return found
	}
	for _, p := range slices.Concat(sel.Only, sel.Skip) {
		if _, err := path.Match(p, ""); err != nil {
			return nil, fmt.Errorf("%q is not a pattern; write * for any text; brackets that are meant are written \\[ and \\]", p)
		}
	}
	var chosen []Check
	for _, c := range s.Checks {
		only := fits("--only ", sel.Only, c.Name)
		skip := fits("--skip ", sel.Skip, c.Name)
		tagged := false
		for _, tag := range c.Tags {
			if slices.Contains(sel.Tags, tag) {
				tagged, used["--tag "+tag] = true, true
			}
		}
		if (only || sel.Only == nil) && (tagged || sel.Tags == nil) && !skip {
			chosen = append(chosen, c)
		}
	}
	for flag, patterns := range map[string][]string{"--only ": sel.Only, "--skip ": sel.Skip, "--tag ": sel.Tags} {
		for _, p := range patterns {
			if !used[flag+p] {
				return nil, fmt.Errorf("%s%s fits no check of %s; --list shows them", flag, p, s.Name)
			}
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("no check of %s is left; --list shows them", s.Name)
	}
	return chosen, nil
}

// matches is path.Match on names that are no paths.
func matches(pattern, name string) bool {
	flat := strings.NewReplacer("/", "\x1f")
	ok, err := path.Match(flat.Replace(pattern), flat.Replace(name))
	return ok && err == nil
}
