package suite

import (
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// role is what a file is for.
type role int

const (
	noRole role = iota
	scriptedRole
	tracedRole
	stateRole
	inputRole
	expectedRole
)

func (r role) String() string {
	return [...]string{"", "scripted", "traced", "state", "input", "expected"}[r]
}

// words tell roles.
var words = map[string]role{
	"scripted": scriptedRole, "script": scriptedRole, "torchscript": scriptedRole, "jit": scriptedRole,
	"traced": tracedRole, "trace": tracedRole,
	"state": stateRole, "state_dict": stateRole, "statedict": stateRole, "checkpoint": stateRole,
	"x": inputRole, "input": inputRole, "inputs": inputRole,
	"y": expectedRole, "expected": expectedRole, "output": expectedRole, "outputs": expectedRole,
}

// modelFiles and arrayFiles are the extensions looked at. A file of the former may
// hold inputs and outputs too.
var (
	modelFiles = map[string]bool{".pt": true, ".pth": true, ".ts": true, ".ckpt": true, ".safetensors": true}
	arrayFiles = map[string]bool{".npy": true, ".npz": true}
)

// fileName is what a name tells.
type fileName struct {
	path   string
	role   role
	number int    // of an input: x0, input_1; -1 without
	stem   string // what is left without role and extension: the model's name, version and hash
}

// key is what files of one model have in common.
func (n fileName) key() string { return fold(n.stem) }

// bare is the name without its hash.
func (n fileName) bare() string {
	return without(n.stem, func(text string, _ bool) bool { return isHash(text) })
}

// family is the name without hash and version.
func (n fileName) family() string {
	return fold(without(n.bare(), func(text string, behind bool) bool {
		return version.MatchString(text) || behind && digits.MatchString(text) // v1.2
	}))
}

// without drops words, and the dividers before them. drop is told whether it dropped
// the word before.
func without(name string, drop func(text string, behind bool) bool) string {
	kept, from, behind := "", 0, false
	for _, span := range word.FindAllStringIndex(name, -1) {
		if behind = drop(name[span[0]:span[1]], behind); !behind {
			kept += name[from:span[1]]
		}
		from = span[1]
	}
	return strings.Trim(kept, "_-.")
}

// isHash tells whether a word is a hash of git or of sha256sum, whole or cut, or a
// date: seven hexadecimal digits or more, one of them a number.
func isHash(text string) bool {
	return len(text) >= 7 && strings.Trim(text, "0123456789abcdef") == "" && strings.ContainsAny(text, "0123456789")
}

var (
	word    = regexp.MustCompile(`[^_.\-]+`)
	number  = regexp.MustCompile(`^(\D+)(\d{1,4})$`)
	version = regexp.MustCompile(`^[vV]\d+$`)
	digits  = regexp.MustCompile(`^\d{1,6}$`)
)

// fold makes names equal that differ in dividers and case.
func fold(name string) string {
	return strings.ToLower(strings.NewReplacer("-", "_", ".", "_").Replace(name))
}

// parseName reads the name of a file. The last word that is a role is that of the
// file; a role that needs code or weights goes before inputs and outputs.
func parseName(path string) fileName {
	n := fileName{path: path, number: -1}
	base := filepath.Base(path)
	extension := filepath.Ext(base)
	base = strings.TrimSuffix(base, extension)
	n.stem = base
	extension = strings.ToLower(extension)
	if !modelFiles[extension] && !arrayFiles[extension] {
		return n
	}
	spans := word.FindAllStringIndex(base, -1)
	for _, ofModel := range []bool{true, false} {
		if ofModel && arrayFiles[extension] {
			continue
		}
		for i := len(spans) - 1; i >= 0 && n.role == noRole; i-- {
			n.try(base, spans, i, ofModel)
		}
	}
	return n
}

// try takes the word at i, with the one before it or a number behind it, for a role.
func (n *fileName) try(base string, spans [][]int, i int, ofModel bool) {
	from, to := spans[i][0], spans[i][1]
	text := strings.ToLower(base[from:to])
	if text == "dict" && i > 0 && strings.EqualFold(base[spans[i-1][0]:spans[i-1][1]], "state") {
		from, text = spans[i-1][0], "state_dict"
	}
	found, known := words[text]
	if !known {
		if m := number.FindStringSubmatch(text); m != nil && words[m[1]] == inputRole {
			found, known = inputRole, true
			n.number, _ = strconv.Atoi(m[2]) // at most four digits
		}
	}
	if !known || ofModel != (found <= stateRole) {
		n.number = -1
		return
	}
	if found == inputRole && n.number < 0 && i+1 < len(spans) {
		if next := base[spans[i+1][0]:spans[i+1][1]]; len(next) <= 4 {
			if count, err := strconv.Atoi(next); err == nil {
				n.number, to = count, spans[i+1][1]
			}
		}
	}
	n.role = found
	// The divider before the word goes with it, or the one behind it.
	switch {
	case from > 0:
		from--
	case to < len(base):
		to++
	}
	n.stem = base[:from] + base[to:]
}
