package command

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/verify"
)

// inputFile is an input as the program gets it.
type inputFile struct{ name, path string }

// writeInputs writes each input to a file of its own.
func writeInputs(folder string, in []verify.Array) ([]inputFile, error) {
	named := make(map[string]bool)
	for _, a := range in {
		if a.Name == "" || named[a.Name] || a.Name != filepath.Base(a.Name) || strings.HasPrefix(a.Name, ".") {
			named = nil
			break
		}
		named[a.Name] = true
	}
	files := make([]inputFile, len(in))
	for i, a := range in {
		name := strconv.Itoa(i)
		if named != nil {
			name = a.Name
		}
		files[i] = inputFile{name, filepath.Join(folder, name+".npy")}
		if err := checkpoint.WriteNPY(files[i].path, a.DType, a.Shape, a.Data); err != nil {
			return nil, &verify.Error{Msg: "input " + name + " cannot be given to a command", Err: err}
		}
	}
	return files, nil
}

// words makes the arguments that the program is started with.
func (r *runner) words(input, output string, files []inputFile) ([]string, error) {
	pairs := []string{"{input}", input, "{output}", output, "{device}", r.device}
	for _, f := range files {
		pairs = append(pairs, "{input:"+f.name+"}", f.path)
	}
	places := strings.NewReplacer(pairs...)
	var words []string
	for _, word := range r.args {
		if word == "{inputs}" {
			for _, f := range files {
				words = append(words, f.path)
			}
			continue
		}
		// What is put in may have brackets of its own, so it is the word that is looked at.
		if left := strings.NewReplacer(blank(pairs)...).Replace(word); strings.ContainsAny(left, "{}") {
			return nil, &verify.Error{Msg: fmt.Sprintf("the argument %s of a command has a place that is not known", word),
				Remedy: "write {input}, {output}, {inputs} as a word, {input:NAME} or {device}"}
		}
		words = append(words, places.Replace(word))
	}
	return words, nil
}

// blank gives the pairs with nothing to put in.
func blank(pairs []string) []string {
	out := slices.Clone(pairs)
	for i := 1; i < len(out); i += 2 {
		out[i] = ""
	}
	return out
}

// readOutputs reads the one npz file that was left, or all npy files.
func readOutputs(folder string) ([]verify.Array, error) {
	zips, err := filepath.Glob(filepath.Join(folder, "*.npz"))
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.npy"))
	if err != nil {
		return nil, err
	}
	switch {
	case len(zips) == 1 && len(files) == 0:
		return readNPZ(zips[0])
	case len(zips) > 0:
		return nil, fmt.Errorf("it left %d npz files and %d npy files, where one npz or only npy belong", len(zips), len(files))
	case len(files) == 0:
		return nil, errors.New("it left neither npy nor npz files in the folder of outputs")
	}
	slices.SortFunc(files, byNumber)
	var all []verify.Array
	for _, file := range files {
		a, err := checkpoint.ReadNPY(file)
		if err != nil {
			return nil, err
		}
		all = append(all, arrayOf(outputName(file), a))
	}
	return all, nil
}

func readNPZ(path string) (_ []verify.Array, err error) {
	z, err := checkpoint.OpenNPZ(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, z.Close()) }()
	var all []verify.Array
	for _, name := range z.Names() {
		a, err := z.Array(name)
		if err != nil {
			return nil, err
		}
		all = append(all, arrayOf(name, a))
	}
	return all, nil
}

func arrayOf(name string, a *checkpoint.Array) verify.Array {
	return verify.Array{Name: name, DType: a.DType(), Shape: a.Shape(), Data: a.Bytes()}
}

func baseName(file string) string { return strings.TrimSuffix(filepath.Base(file), ".npy") }

// outputName names an output as legs of libtorch do: "" of the only one, "[0]" by its number.
func outputName(file string) string {
	name := baseName(file)
	if name == "output" {
		return ""
	}
	if _, err := strconv.ParseUint(name, 10, 31); err == nil {
		return "[" + name + "]"
	}
	return name
}

// byNumber orders files named by numbers by these, and others by name.
func byNumber(a, b string) int {
	m, errA := strconv.Atoi(baseName(a))
	n, errB := strconv.Atoi(baseName(b))
	if errA == nil && errB == nil {
		return cmp.Compare(m, n)
	}
	return strings.Compare(a, b)
}
