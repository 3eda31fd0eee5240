package suite

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed06459138/torchgo/verify"
)

// find makes a suite of what lies in a folder and below.
func find(root string) (*Suite, error) {
	f := &finder{root: root, suite: &Suite{Name: nameOf(root), Path: root}, taken: make(map[string]bool)}
	folders := make(map[string][]string)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil && path == root:
			return err
		case err != nil:
			f.note("%s cannot be read: %v", path, reason(err))
			return fs.SkipDir
		case d.IsDir() && path != root && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case d.IsDir() || strings.HasPrefix(d.Name(), "."):
			return nil
		case d.Type()&fs.ModeSymlink != 0:
			// Caches keep models behind links. A link to a folder may lead in circles.
			if info, err := os.Stat(path); err != nil || info.IsDir() {
				f.note("%s is a link that is not followed", path)
				return nil
			}
		case !d.Type().IsRegular():
			return nil
		}
		folder := filepath.Dir(path)
		folders[folder] = append(folders[folder], path)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", root, reason(err))
	}
	for _, folder := range sortedKeys(folders) {
		f.folder(folder, folders[folder])
	}
	if len(f.suite.Checks) == 0 {
		return nil, fmt.Errorf("%s holds no pair of m_scripted.pt and m_state.pt and no verify.yaml, here or below", root)
	}
	switch len(f.left) {
	case 0:
	case 1:
		f.note("1 file is part of no check: %s", f.left[0])
	default:
		f.note("%d files are part of no check: %s", len(f.left), some(f.left))
	}
	return f.suite, nil
}

// finder makes checks of files.
type finder struct {
	root  string
	suite *Suite
	taken map[string]bool // names
	left  []string        // files that might be of a model and are in no check
}

func (f *finder) note(format string, args ...any) {
	f.suite.Notes = append(f.suite.Notes, fmt.Sprintf(format, args...))
}

// folder makes checks of the files of one folder: what is described first, then
// models by their names.
func (f *finder) folder(folder string, paths []string) {
	used := make(map[string]bool)
	var models []fileName
	arrays := make(arrays)
	for _, path := range paths {
		if base := filepath.Base(path); base == "verify.yaml" || strings.HasSuffix(base, ".verify.yaml") {
			used[path] = true
			f.described(folder, path, used)
		}
	}
	for _, path := range paths {
		switch n := parseName(path); {
		case used[filepath.Clean(path)]:
		case n.role == inputRole, n.role == expectedRole:
			arrays.add(n)
		case n.role != noRole:
			models = append(models, n)
		}
	}
	groups := group(models)
	bare := make(map[string]int)
	for _, g := range groups {
		bare[fold(g.first().bare())]++
	}
	for _, g := range groups {
		name := g.first().stem
		if bare[fold(g.first().bare())] == 1 {
			name = g.first().bare()
		}
		c := f.check(folder, name, g, arrays)
		for _, path := range c.Files() {
			used[path] = true
		}
		f.add(c)
	}
	for _, path := range paths {
		extension := strings.ToLower(filepath.Ext(path))
		if (modelFiles[extension] || arrayFiles[extension]) && !used[filepath.Clean(path)] {
			f.left = append(f.left, f.relative(path))
		}
	}
}

// described makes a check of a verify.yaml; what is wrong with it is the check's problem.
func (f *finder) described(folder, path string, used map[string]bool) {
	model := strings.TrimSuffix(strings.TrimSuffix(filepath.Base(path), "verify.yaml"), ".")
	c := Check{Name: f.name(folder, model), key: "described " + f.relative(path) + "\n"}
	if err := c.configured(path); err != nil {
		c.Problem = err.Error()
	}
	for _, file := range c.Files() {
		used[filepath.Clean(file)] = true
	}
	f.add(c)
}

// name calls a check after its folder and model.
func (f *finder) name(folder, model string) string {
	at := f.relative(folder)
	switch {
	case at == "." && model == "":
		return f.suite.Name
	case at == ".":
		return model
	case model == "":
		return at
	}
	return at + "/" + model
}

func (f *finder) relative(path string) string {
	if relative, err := filepath.Rel(f.root, path); err == nil {
		path = relative
	}
	return filepath.ToSlash(path)
}

// add adds a check, whose name must be its own and printable.
func (f *finder) add(c Check) {
	base := c.Name
	if err := checkName(base); err != nil {
		base = strings.Trim(fmt.Sprintf("%+.180q", base), `"`)
		f.note("the check %s has another name than its files: %v", base, err)
	}
	c.Name = base
	for n := 2; f.taken[c.Name]; n++ {
		c.Name = fmt.Sprintf("%s (%d)", base, n)
	}
	f.taken[c.Name] = true
	c.Tags = []string{}
	f.suite.Checks = append(f.suite.Checks, c)
}

// check makes the check of a model with what lies beside it.
func (f *finder) check(folder, name string, g *model, arrays arrays) Check {
	c := Check{Name: f.name(folder, name)}
	s := &c.Spec
	for _, n := range g.files {
		called := filepath.Base(n.path)
		switch {
		case n.role == stateRole && s.State == "":
			s.State = n.path
		case n.role == stateRole:
			s.Legs = append(s.Legs, verify.LegSpec{Name: called, Kind: "state", File: n.path})
		case s.Scripted == "":
			s.Scripted = n.path
		default:
			s.Legs = append(s.Legs, verify.LegSpec{Name: called, Kind: n.role.String(), File: n.path})
		}
	}
	inputs := arrays.beside(g.first(), inputRole)
	expected := arrays.beside(g.first(), expectedRole)
	switch {
	case len(expected) > 1:
		c.Problem = fmt.Sprintf("the outputs may be those of %s or of %s; keep one, or write a verify.yaml", f.relative(expected[0].path), f.relative(expected[1].path))
	case len(expected) == 1:
		s.Expected = expected[0].path
	}
	for i, n := range inputs {
		if i > 0 && inputs[i-1].number == n.number {
			c.Problem = fmt.Sprintf("the inputs may be those of %s or of %s; keep one, or write a verify.yaml", f.relative(inputs[i-1].path), f.relative(n.path))
		}
		s.Inputs = append(s.Inputs, n.path)
	}
	c.guess = len(inputs) == 0 && s.Scripted != ""
	for _, path := range c.Files() {
		c.key += f.relative(path) + "\n"
	}
	c.key = "found\n" + c.key
	return c
}

// arrays are those of a folder by what they are for and whose they are.
type arrays map[arrayKey][]fileName

type arrayKey struct {
	role role
	key  string
}

func (a arrays) add(n fileName) {
	at := arrayKey{n.role, n.key()}
	a[at] = append(a[at], n)
}

// beside finds the arrays of a role that belong to a model: those of its very name, or
// of less of it.
func (a arrays) beside(m fileName, of role) []fileName {
	for _, key := range []string{m.key(), fold(m.bare()), m.family(), ""} {
		if found := a[arrayKey{of, key}]; len(found) > 0 {
			return slices.SortedStableFunc(slices.Values(found), func(a, b fileName) int { return cmp.Compare(a.number, b.number) })
		}
	}
	return nil
}

// model are the files of one model.
type model struct{ files []fileName }

// first is the file that the model is called after.
func (m *model) first() fileName { return m.files[0] }

func (m *model) has(state bool) bool {
	return slices.ContainsFunc(m.files, func(n fileName) bool { return (n.role == stateRole) == state })
}

// group pairs files: those of the same name first, then code and weights that differ
// in their hashes alone, where there is one of each.
func group(files []fileName) []*model {
	byKey := make(map[string]*model)
	for _, n := range files {
		if byKey[n.key()] == nil {
			byKey[n.key()] = &model{}
		}
		byKey[n.key()].files = append(byKey[n.key()].files, n)
	}
	halves := make(map[string][]*model)
	var all []*model
	for _, key := range sortedKeys(byKey) {
		m := byKey[key]
		if m.has(true) && m.has(false) {
			all = append(all, m)
			continue
		}
		bare := fold(m.first().bare())
		halves[bare] = append(halves[bare], m)
	}
	var rest []*model
	for _, bare := range sortedKeys(halves) {
		rest = append(rest, joined(halves[bare])...)
	}
	if slices.ContainsFunc(rest, func(m *model) bool { return m.first().stem == "" }) {
		rest = joined(rest) // m_scripted.pt and checkpoint.pt, alone in their folder
	}
	all = append(all, rest...)
	for _, m := range all {
		slices.SortStableFunc(m.files, func(a, b fileName) int {
			return cmp.Or(cmp.Compare(a.role, b.role), cmp.Compare(a.path, b.path))
		})
	}
	slices.SortFunc(all, func(a, b *model) int { return cmp.Compare(a.first().path, b.first().path) })
	return all
}

// joined makes one model of two halves; what is anything else stays as it is.
func joined(m []*model) []*model {
	if len(m) != 2 || m[0].has(true) == m[1].has(true) {
		return m
	}
	return []*model{{files: append(slices.Clone(m[0].files), m[1].files...)}}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// some names the first of many.
func some(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
