// Command demozoo is the zoo of scripts/nightly-demo: 40 models, two of which go wrong
// before each night but the first.
//
//	demozoo make FOLDER NIGHT    writes it as it is before a night, and prints what it planted
//	demozoo judge CHANGES…       prints what the rules found, and fails if that is anything else
package main

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/dtype"
	"github.com/seed06459138/torchgo/verify/convert"
)

const models = 40

func main() {
	switch args := os.Args[1:]; {
	case len(args) == 3 && args[0] == "make":
		night, err := strconv.Atoi(args[2])
		fail(err)
		fail(write(args[1], night))
	case len(args) > 1 && args[0] == "judge":
		fail(judge(args[1:]))
	default:
		fail(errors.New("usage: demozoo make FOLDER NIGHT, or demozoo judge CHANGES"))
	}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "demozoo:", err)
		os.Exit(1)
	}
}

// model is where the files of a model come from.
type model struct {
	name, scripted, state, expected string
	inputs                          []string
}

// scenarios are those of the article, and one that has a crashing relative.
var scenarios = []model{
	{"safe_model", "scenarios/safe_model_save/model_scripted.pt", "scenarios/safe_model_save/model_state.pt", "scenarios/safe_model_save/expected.npy", []string{"scenarios/safe_model_save/x.npy"}},
	{"dynamic_model", "scenarios/dynamic_model_safe_save/buffer/model_scripted.pt", "scenarios/dynamic_model_safe_save/buffer/checkpoint.pt", "scenarios/dynamic_model_safe_save/buffer/expected.npy", []string{"scenarios/dynamic_model_safe_save/buffer/x.npy"}},
	{"trained_model", "scenarios/train_and_save/model_scripted.pt", "scenarios/train_and_save/checkpoint.pt", "scenarios/train_and_save/expected.npy", []string{"scenarios/train_and_save/x.npy"}},
	{"branching_model", "branch/model_scripted.pt", "branch/model_state.pt", "branch/expected.npy", []string{"branch/x.npy"}},
	{"crash_prone_model", "crashes/good.pt", "crashes/model_state.pt", "crashes/expected.npy", []string{"crashes/x.npy"}},
}

// regression is something that goes wrong before a night and stays so.
type regression struct {
	night      int
	model, why string
	plant      func(files string) error // given the beginning of the names of the model's files
}

var regressions = []regression{
	{2, "dynamic_model", "a buffer became a plain attribute, which no state_dict holds", func(files string) error {
		from := "testdata/scenarios/dynamic_model_safe_save/attribute/"
		return errors.Join(copyFile(from+"model_scripted.pt", files+"_scripted.pt"), copyFile(from+"checkpoint.pt", files+"_state.pt"), copyFile(from+"expected.npy", files+"_expected.npy"))
	}},
	{2, "crash_prone_model", "a call writes outside of a tensor", func(files string) error {
		return copyFile("testdata/crashes/crashing.pt", files+"_scripted.pt")
	}},
	{3, "convolution", "one weight of the state is another", func(files string) error {
		return edit(files, func(i int, w float64) float64 {
			if i == 0 {
				return w + 0.5
			}
			return w
		})
	}},
	{3, "safe_model", "an error grew, and is still inside the tolerance", func(files string) error {
		return edit(files, func(_ int, w float64) float64 { return w * (1 + 5e-6) })
	}},
}

// write makes the zoo of a night.
func write(folder string, night int) error {
	zoo, err := zooModels()
	if err != nil {
		return err
	}
	for i, m := range zoo {
		// Names as teams give them: a folder for each kind of model, a version in the name.
		files := filepath.Join(folder, []string{"text", "vision", "audio"}[i%3], fmt.Sprintf("%s_v%d", m.name, 1+i%4))
		if err := m.copy(files, i%5 == 0); err != nil {
			return err
		}
		for _, r := range regressions {
			if r.model != m.name || r.night > night {
				continue
			}
			if err := r.plant(files); err != nil {
				return err
			}
			if r.night == night {
				name, err := filepath.Rel(folder, files)
				if err != nil {
					return err
				}
				fmt.Printf("before night %d  %s: %s\n", night, filepath.ToSlash(name), r.why)
			}
		}
	}
	return nil
}

// zooModels are those of the scenarios, and of testdata/zoo those that are consistent
// and need no flags.
func zooModels() ([]model, error) {
	data, err := os.ReadFile("testdata/zoo/manifest.json")
	if err != nil {
		return nil, err
	}
	var cases []struct {
		Name, Scripted, State, Expected, Method, Verdict string

		Inputs          []string
		StateKey        string   `json:"state_key"`
		NonPersistent   []string `json:"non_persistent"`
		AcceptUncovered []string `json:"accept_uncovered"`
		EqualNaN        bool     `json:"equal_nan"`
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		return nil, err
	}
	all := slices.Clone(scenarios)
	for _, c := range cases {
		if c.Verdict != "consistent" || c.Method != "" || c.StateKey != "" || c.NonPersistent != nil || c.AcceptUncovered != nil || c.EqualNaN || len(all) == models {
			continue
		}
		m := model{name: c.Name, scripted: "zoo/" + c.Scripted, state: "zoo/" + c.State, expected: "zoo/" + c.Expected}
		for _, in := range c.Inputs {
			m.inputs = append(m.inputs, "zoo/"+in)
		}
		all = append(all, m)
	}
	if len(all) < models {
		return nil, fmt.Errorf("testdata has %d models that will do, not %d", len(all), models)
	}
	return all, nil
}

// copy puts a model's files beside each other; some have their state as safetensors,
// where that loses nothing.
func (m *model) copy(files string, safetensors bool) error {
	if err := os.MkdirAll(filepath.Dir(files), 0o777); err != nil {
		return err
	}
	role := "_scripted"
	if strings.Contains(m.scripted, "traced") {
		role = "_traced"
	}
	err := errors.Join(copyFile("testdata/"+m.scripted, files+role+".pt"), copyFile("testdata/"+m.expected, files+"_expected"+filepath.Ext(m.expected)))
	for i, in := range m.inputs {
		name := files + "_input" + filepath.Ext(in)
		if len(m.inputs) > 1 {
			name = fmt.Sprintf("%s_x%d%s", files, i, filepath.Ext(in))
		}
		err = errors.Join(err, copyFile("testdata/"+in, name))
	}
	state := files + "_state" + filepath.Ext(m.state)
	if safetensors && filepath.Ext(m.state) == ".pt" {
		if _, lost := convert.Convert("testdata/"+m.state, files+"_state.safetensors", convert.Options{Overwrite: true}); lost == nil {
			return err
		}
	}
	return errors.Join(err, copyFile("testdata/"+m.state, state))
}

// copyFile copies a file; what was there is replaced.
func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o666)
}

// edit changes the float32 elements of a model's state, which becomes safetensors.
func edit(files string, f func(i int, w float64) float64) error {
	path := files + "_state.safetensors"
	if _, err := os.Stat(path); err != nil {
		if _, err := convert.Convert(files+"_state.pt", path, convert.Options{}); err != nil {
			return err
		}
		if err := os.Remove(files + "_state.pt"); err != nil {
			return err
		}
	}
	file, err := checkpoint.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	state, err := file.State("")
	if err != nil {
		return err
	}
	edited, next := checkpoint.NewState(), 0
	for _, name := range state.Names() {
		t, _ := state.Tensor(name)
		if t.DType() == dtype.Float32 {
			data, err := t.Bytes()
			if err != nil {
				return err
			}
			data = slices.Clone(data)
			for at := 0; at < len(data); at += 4 {
				w := math.Float32frombits(binary.LittleEndian.Uint32(data[at:]))
				binary.LittleEndian.PutUint32(data[at:], math.Float32bits(float32(f(next, float64(w)))))
				next++
			}
			if t, err = checkpoint.TensorFromBytes(dtype.Float32, t.Shape(), data); err != nil {
				return err
			}
		}
		if err := edited.Add(name, t); err != nil {
			return err
		}
	}
	return checkpoint.SaveSafetensors(path, edited, nil)
}
